//! Many runs on several threads.

use crate::contender::Contender;
use crate::engine::run;
use crate::outcome::Outcome;
use crate::scenario::Scenario;
use crate::settings::Settings;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// One run to make.
#[derive(Debug, Clone, Copy)]
pub struct Job {
    pub scenario: &'static Scenario,
    pub contender: Contender,
    pub seed: u64,
}

/// Every contender in every scenario with every seed.
pub fn jobs(scenarios: &[&'static Scenario], contenders: &[Contender], seeds: &[u64]) -> Vec<Job> {
    let mut jobs = Vec::new();
    for scenario in scenarios {
        for contender in contenders {
            jobs.extend(seeds.iter().map(|seed| Job {
                scenario,
                contender: *contender,
                seed: *seed,
            }));
        }
    }
    jobs
}

/// The outcomes, in the order of the jobs.
pub fn run_all(jobs: &[Job], settings: &Settings, threads: usize) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            done.push((job, run(job.scenario, job.contender, settings, job.seed)));
        }
        done
    };
    let mut done: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_default())
            .collect()
    });
    done.sort_by_key(|(job, _)| *job as *const Job);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}
