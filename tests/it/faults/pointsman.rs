//! pointsman as a process of its own, with the default configuration.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::mpsc;

/// Clock ticks a second of the times in `/proc`.
const TICKS: f64 = 100.0;

/// How long the process may take to listen and to be ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program that is measured.
#[derive(Clone, Debug)]
pub struct Program(pub PathBuf);

/// What stands behind it: all that the configuration says. The rest is its default.
pub struct Service {
    pub dialect: &'static str,
    pub endpoints: Vec<String>,
    /// Further lines of the service, which describe the database.
    pub more: &'static str,
    /// The limit of open files; `None`: the system's.
    pub open_files: Option<u32>,
}

impl Service {
    fn yaml(&self) -> String {
        format!(
            "services:\n  db:\n    dialect: {}\n    listen: 127.0.0.1:0\n    endpoints: [{}]\n{}admin: {{listen: 127.0.0.1:0}}\n",
            self.dialect,
            self.endpoints.join(", "),
            self.more
        )
    }
}

impl Program {
    fn command(&self, open_files: Option<u32>) -> Command {
        let mut command = match open_files {
            None => Command::new(&self.0),
            Some(limit) => {
                let mut shell = Command::new("/bin/sh");
                let script = format!("ulimit -n {limit} && exec \"$0\" \"$@\"");
                shell.arg("-c").arg(script).arg(&self.0);
                shell
            }
        };
        command.env_clear().stdin(Stdio::null());
        command
    }

    /// What `check` says of a configuration.
    pub fn check(&self, yaml: &str) -> Output {
        let folder = tempfile::tempdir().expect("a folder");
        let file = write(folder.path(), yaml);
        let mut command = self.command(None);
        let output = command.arg("check").arg("-c").arg(file).output();
        output.expect("the program runs")
    }
}

fn write(folder: &Path, yaml: &str) -> PathBuf {
    let file = folder.join("pointsman.yaml");
    std::fs::write(&file, yaml).expect("a file");
    file
}

/// A running process; it is killed when it is dropped.
pub struct Pointsman {
    child: Child,
    /// Base URL of the service.
    pub url: String,
    /// Base URL of the admin API.
    pub admin: String,
    client: reqwest::Client,
    _folder: tempfile::TempDir,
}

impl Pointsman {
    /// Starts it and waits until it is ready.
    pub async fn start(program: &Program, service: &Service) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = write(folder.path(), &service.yaml());
        let mut command = program.command(service.open_files);
        command
            .arg("run")
            .arg("-c")
            .arg(file)
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program runs");
        let lines = child.stderr.take().expect("a pipe");
        let (listening, mut lines_said) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            // Read to its end, so that the process never waits for its log.
            for line in BufReader::new(lines).lines().map_while(Result::ok) {
                if line.contains("listening") {
                    let _ = listening.send(line);
                }
            }
        });
        let url = address(&mut lines_said, "service=").await;
        let admin = address(&mut lines_said, "admin API").await;
        let client = reqwest::Client::builder().timeout(Duration::from_secs(5));
        let process = Self {
            child,
            url,
            admin,
            client: client.build().expect("a client"),
            _folder: folder,
        };
        let deadline = Instant::now() + PATIENCE;
        while !process.is_ready().await {
            assert!(Instant::now() < deadline, "pointsman is not ready");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        process
    }

    /// Whether the admin API responds, and says that the process is ready.
    pub async fn is_ready(&self) -> bool {
        self.get("/readyz").await.is_some()
    }

    /// How often endpoints were taken out, in whatever way; not told if the admin API does not say.
    pub async fn taken_out(&self) -> f64 {
        let out = ["unhealthy", "ejected", "breaker_opened"];
        let events = self.events().await;
        let taken_out =
            |all: Vec<String>| all.iter().filter(|what| out.contains(&&***what)).count();
        events.map_or(f64::NAN, |all| taken_out(all) as f64)
    }

    /// How often the state of an endpoint changed, in whatever way; not told if the admin API does not say.
    pub async fn changes(&self) -> f64 {
        let events = self.events().await;
        events.map_or(f64::NAN, |all| all.len() as f64)
    }

    /// What happened to endpoints, one after the other.
    async fn events(&self) -> Option<Vec<String>> {
        let text = self.get("/api/coordination/events").await?;
        let events: Value = serde_json::from_str(&text).ok()?;
        let of_endpoints = |event: &&Value| !event["endpoint"].is_null();
        let all = events["data"].as_array()?.iter().filter(of_endpoints);
        all.map(|event| event["what"].as_str().map(str::to_owned))
            .collect()
    }

    /// Processor time that it took so far, in seconds; not told where there is no `/proc`.
    pub fn processor_time(&self) -> f64 {
        let path = format!("/proc/{}/stat", self.child.id());
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let fields = text.rsplit(')').next().unwrap_or_default();
        let ticks = |place| fields.split_whitespace().nth(place)?.parse::<f64>().ok();
        let both = ticks(11).zip(ticks(12));
        both.map_or(f64::NAN, |(user, system)| (user + system) / TICKS)
    }

    async fn get(&self, path: &str) -> Option<String> {
        let response = self
            .client
            .get(format!("{}{path}", self.admin))
            .send()
            .await;
        let response = response.ok().filter(|response| response.status() == 200)?;
        response.text().await.ok()
    }
}

impl Drop for Pointsman {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The base URL in the next line of the log that holds this.
async fn address(lines: &mut mpsc::UnboundedReceiver<String>, words: &str) -> String {
    let find = async {
        loop {
            let line = lines.recv().await.expect("pointsman listens");
            if let Some(address) = line.split("address=").nth(1)
                && line.contains(words)
            {
                return format!("http://{}", address.trim());
            }
        }
    };
    let found = tokio::time::timeout(PATIENCE, find).await;
    found.expect("pointsman listens in time")
}
