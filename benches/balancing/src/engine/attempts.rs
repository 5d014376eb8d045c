//! Attempts of calls at replicas: how they begin and end, and whether another one follows or is made beside it.

use super::{Event, Simulation};
use crate::balancer::{End, Place, Wanted};
use crate::call::{Attempt, Call};
use crate::shipped::MAX_ATTEMPTS;
use balancing::{Ask, Completion, Fault, RetryCause, SlowAttempt, Slowness, Start};

/// The stage at which a replica is taken to hang.
const HANGS: usize = 3;

/// How an attempt ended for its proxy.
enum How {
    /// With this result.
    Response,
    /// Another one was faster.
    Outpaced,
    /// Another one was faster, and this one hangs.
    Hung,
}

impl Simulation {
    /// Sends a call to a replica.
    pub(super) fn begin(&mut self, call: usize, place: Place) {
        let first = self.calls[call].attempts == 0;
        let ask = self.calls[call].ask(self.now);
        self.send(call, place, ask);
        let proxy = &self.proxies[self.calls[call].arrival.proxy];
        if let Some(extra) = proxy.extra.as_ref().filter(|_| first && ask.is_read) {
            self.calls[call].stages = extra.stages(ask.shape);
            // A read of what was just written is sent elsewhere only when its home hangs.
            let after_write = proxy.balancer.is_after_write(self.now);
            self.plan_stage(call, if after_write { HANGS } else { 0 });
        }
    }

    fn send(&mut self, call: usize, place: Place, ask: Ask) {
        let Place { replica, trial } = place;
        let Call { arrival, .. } = &self.calls[call];
        let size = arrival.size;
        let balancer = &mut self.proxies[arrival.proxy].balancer;
        let start = Start {
            endpoint: replica,
            in_flight: balancer.in_flight(replica) + 1,
            ask,
            now: self.now,
        };
        balancer.start(&start);
        self.tally.started(&start, arrival);
        let failure = self.replicas[replica].failure;
        let attempt = self.attempts.insert(Attempt {
            call: Some(call),
            size,
            start,
            trial,
            fault: failure.map_or(Fault::None, |failure| failure.fault),
        });
        self.calls[call].attempts += 1;
        self.calls[call].under_way.push(attempt);
        if let Some(failure) = failure {
            self.at(self.now + failure.after, Event::Failed(attempt));
        } else if self.replicas[replica].give(attempt, size, self.now) {
            self.schedule_end(replica);
        }
    }

    fn plan_stage(&mut self, call: usize, stage: usize) {
        let Call {
            stages,
            number,
            under_way,
            ..
        } = &self.calls[call];
        let after = stages.and_then(|stages| stages.get(stage).copied());
        if let (Some((after, _)), Some(first)) = (after, under_way.first()) {
            let at = self.attempts[*first].start.now + after;
            let number = *number;
            let slow = Event::Slow {
                call,
                number,
                stage,
            };
            self.at(at, slow);
        }
    }

    /// The first attempt of a call is slow: where the crate finds a replica for it, a second one is made.
    pub(super) fn slow(&mut self, key: usize, number: u64, stage: usize) {
        let Some(call) = self.calls.get(key).filter(|call| call.number == number) else {
            return;
        };
        let (Some(stages), [first], 1) = (call.stages, call.under_way.as_slice(), call.attempts)
        else {
            return;
        };
        let (waited, slowness) = stages[stage];
        let proxy = &mut self.proxies[call.arrival.proxy];
        let Some(extra) = &proxy.extra else { return };
        let ask = Ask {
            is_retry: true,
            arrived: self.now,
            ..call.arrival.ask
        };
        let wanted = Wanted {
            replicas: &self.replicas,
            size: call.arrival.size,
            ask,
            tried: &[self.attempts[*first].start.endpoint],
        };
        let spend = || extra.second(slowness, self.now);
        let attempt = SlowAttempt {
            waited,
            slowness,
            others_wait: !proxy.line.is_empty(),
        };
        let place = proxy
            .balancer
            .pick_second(&wanted, attempt, self.now, &spend);
        match place {
            Some(place) => {
                self.calls[key].first_hangs = slowness == Slowness::Hanging;
                self.tally.hedged(&self.calls[key].arrival);
                self.send(key, place, ask);
            }
            None => self.plan_stage(key, stage + 1),
        }
    }

    pub(super) fn end_at(&mut self, replica: usize) {
        let ended = self.replicas[replica].end(self.now);
        self.schedule_end(replica);
        if let Some(attempt) = ended {
            self.finish(attempt);
        }
    }

    /// A replica has ended with an attempt.
    pub(super) fn finish(&mut self, key: usize) {
        let attempt = self.attempts.remove(key);
        let Some(call) = attempt.call else { return };
        let index = self.calls[call].arrival.proxy;
        self.calls[call].under_way.retain(|one| *one != key);
        let completion = self.tell(index, &attempt, How::Response);
        self.release(index, attempt, completion, false);
        match completion.fault {
            Some(Fault::None) => self.succeeded(call, &completion),
            _ => self.failed(call, &completion),
        }
        self.plan_probe(index);
        self.hand_out(index);
    }

    fn succeeded(&mut self, key: usize, completion: &Completion) {
        let call = self.calls.remove(key);
        let index = call.arrival.proxy;
        for other in call.under_way {
            // The replica goes on with it, or its failure comes later.
            let other = &mut self.attempts[other];
            other.call = None;
            let outpaced = Attempt {
                trial: other.trial.take(),
                ..*other
            };
            let how = match call.first_hangs && other.start.now < completion.start.now {
                true => How::Hung,
                false => How::Outpaced,
            };
            let hung = matches!(how, How::Hung);
            let completion = self.tell(index, &outpaced, how);
            self.release(index, outpaced, completion, hung);
        }
        if let Some(first_arrived) = self.clients.answered(&call.arrival, self.now) {
            self.tally
                .succeeded(&call.arrival, completion, first_arrived);
        }
    }

    /// An attempt failed: while another one is under way, it is waited for; otherwise the call is tried elsewhere, as far as
    /// the crate allows.
    fn failed(&mut self, key: usize, completion: &Completion) {
        let call = &mut self.calls[key];
        call.tried.push(completion.start.endpoint);
        if !call.under_way.is_empty() {
            return;
        }
        let extra = self.proxies[call.arrival.proxy].extra.as_ref();
        // What is the client's own doing, or its credential's, is the same elsewhere.
        let may_help = !matches!(completion.fault, Some(Fault::Client | Fault::Access));
        let is_read = call.arrival.ask.is_read;
        let may_retry = is_read && may_help && call.attempts < MAX_ATTEMPTS;
        if may_retry && extra.is_some_and(|extra| extra.retry(RetryCause::Failure, self.now)) {
            return self.place(key);
        }
        self.calls.remove(key);
    }

    /// Tells the extra attempts of a proxy how one ended; gives the completion.
    fn tell(&self, index: usize, attempt: &Attempt, how: How) -> Completion {
        let service_time = self.now - attempt.start.now;
        let (fault, outpaced) = match how {
            How::Response => (Some(attempt.fault), false),
            How::Outpaced => (None, true),
            How::Hung => (Some(Fault::Endpoint), true),
        };
        if let Some(extra) = &self.proxies[index].extra {
            let shape = attempt.start.ask.shape;
            match fault {
                None => extra.outpaced(shape, service_time),
                Some(fault) => extra.ended(&attempt.start.ask, fault),
            }
            if fault == Some(Fault::None) {
                extra.read(shape, service_time);
            }
        }
        Completion {
            start: attempt.start,
            now: self.now,
            service_time,
            fault,
            outpaced,
        }
    }

    /// An attempt is no longer in flight.
    fn release(&mut self, index: usize, attempt: Attempt, completion: Completion, hung: bool) {
        let replica = &self.replicas[attempt.start.endpoint];
        let busy = match attempt.fault {
            Fault::None => attempt.size / replica.speed(),
            _ => completion.service_time.as_secs_f64(),
        };
        self.proxies[index].balancer.finish(End {
            completion,
            trial: attempt.trial,
            timed_out: hung,
            queued: replica.queued(),
            busy,
        });
    }
}
