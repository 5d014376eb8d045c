//! The binary as it is run: its log, its signals and its end.

use super::{Addresses, SERVICE, TIMEOUT, eventually};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A running binary; it is killed when it is dropped.
pub struct Process {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    /// Set: the log is not read any more, and its pipe is closed.
    deaf: Arc<AtomicBool>,
    pub file: PathBuf,
    _folder: tempfile::TempDir,
}

/// The binary, with a limit of open files.
fn binary(open_files: Option<u32>) -> Command {
    let program = env!("CARGO_BIN_EXE_pointsman");
    match open_files {
        None => Command::new(program),
        Some(limit) => {
            let mut shell = Command::new("/bin/sh");
            let script = format!("ulimit -n {limit} && exec \"$0\" \"$@\"");
            shell.arg("-c").arg(script).arg(program);
            shell
        }
    }
}

/// `pointsman run` with a file and flags `--set`.
fn run(file: &Path, sets: &[(String, String)], open_files: Option<u32>) -> Command {
    let mut command = binary(open_files);
    command.env_clear().arg("run").arg("-c").arg(file);
    for (key, value) in sets {
        command.arg("--set").arg(format!("{key}={value}"));
    }
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    command
}

impl Process {
    /// Starts it with the text of a configuration.
    pub fn start(text: &str) -> Self {
        Self::with(text, &[], None)
    }

    /// As `start`, with a limit of open files.
    pub fn limited(text: &str, open_files: u32) -> Self {
        Self::with(text, &[], Some(open_files))
    }

    /// As `start`, with keys by their path.
    pub fn with_keys(text: &str, sets: &[(String, String)]) -> Self {
        Self::with(text, sets, None)
    }

    fn with(text: &str, sets: &[(String, String)], open_files: Option<u32>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pointsman.yaml");
        std::fs::write(&file, text).unwrap();
        let mut child = run(&file, sets, open_files).spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (lines, copy) = (child.stderr.take().unwrap(), Arc::clone(&log));
        let deaf = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&deaf);
        std::thread::spawn(move || {
            for line in BufReader::new(lines).lines().map_while(Result::ok) {
                copy.lock().unwrap().push(line);
                if stop.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        Self {
            child,
            log,
            deaf,
            file,
            _folder: folder,
        }
    }

    /// Closes the log's pipe after its next line.
    pub fn stop_reading_the_log(&self) {
        self.deaf.store(true, Ordering::Relaxed);
    }

    /// All lines of the log so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// The first line of the log with all these words.
    pub fn line(&self, words: &[&str]) -> Option<String> {
        let log = self.log.lock().unwrap();
        let has = |line: &&String| words.iter().all(|word| line.contains(word));
        log.iter().find(has).cloned()
    }

    /// Waits for a line of the log with all these words.
    pub async fn says(&self, words: &[&str]) -> String {
        eventually(&format!("{words:?} in the log"), || async {
            self.line(words).is_some()
        })
        .await;
        self.line(words).unwrap()
    }

    /// The base URL that a line of the log names.
    pub async fn url(&self, words: &[&str]) -> String {
        let line = self.says(words).await;
        let address = line.split("address=").nth(1).unwrap();
        format!("http://{}", address.split_whitespace().next().unwrap())
    }

    /// The base URL of the admin API, once it says that the process is ready.
    pub async fn ready_admin(&self) -> String {
        let admin = self.url(&["admin API listening"]).await;
        let ready = format!("{admin}/readyz");
        eventually("readiness", || async {
            reqwest::get(&ready)
                .await
                .is_ok_and(|got| got.status() == 200)
        })
        .await;
        admin
    }

    /// Where it listens.
    pub async fn addresses(&self) -> Addresses {
        let parse = |url: String| url.trim_start_matches("http://").parse().unwrap();
        let service = format!("service=\"{SERVICE}\"");
        Addresses {
            address: parse(self.url(&["listening", &service]).await),
            admin: parse(self.ready_admin().await),
        }
    }

    /// How many files it may open from now on.
    pub fn set_open_files(&self, soft: u64) {
        let (mut before, mut hard) = (0, 0);
        let id = i32::try_from(self.id()).unwrap();
        let files = rlimit::Resource::NOFILE;
        rlimit::prlimit(id, files, None, Some((&mut before, &mut hard))).unwrap();
        rlimit::prlimit(id, files, Some((soft.min(hard), hard)), None).unwrap();
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.id().to_string())
            .status();
        assert!(sent.unwrap().success());
    }

    /// Waits until it has ended.
    pub async fn end(&mut self) -> ExitStatus {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
