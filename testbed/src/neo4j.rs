//! A real Neo4j Community server as a child process. Its jars come from Maven once, into a cache
//! folder of the user; each server has a home of its own that goes with it. Needs `java` (17 or
//! newer) and `mvn` on the path.

use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::json;
use tempfile::TempDir;

use crate::server::runtime;

const VERSION: &str = "5.26.16";
/// Between two checks whether the server is up.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Ports to choose from, below the ephemeral ports of the system.
const PORTS: Range<u16> = 15_000..32_000;
/// Attempts to start.
const STARTS: usize = 3;
/// Packages that Neo4j needs opened.
const OPENED: &[&str] = &["java.nio", "java.io", "sun.nio.ch", "java.lang"];

/// How a server is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// The password of the user `neo4j`, at least 8 characters; `None`: no credentials are required.
    pub password: Option<String>,
    /// Heap, in MiB.
    pub heap_mb: u32,
    /// How long the start may take, without the download of the jars.
    pub start_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            password: None,
            heap_mb: 512,
            start_timeout: Duration::from_secs(300),
        }
    }
}

/// A running server. Dropping it kills it and removes its data.
pub struct Server {
    child: Mutex<Option<Child>>,
    home: TempDir,
    jars: PathBuf,
    port: u16,
    options: Options,
}

/// Whether `java` and `mvn` are on the path.
pub fn available() -> bool {
    let found = |name: &str| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
    };
    found("java") && found("mvn")
}

impl Server {
    /// Fetches the jars if need be, starts a server on free ports and waits until it responds.
    /// Blocks; from async code call it on a thread for blocking work.
    ///
    /// # Errors
    /// If Maven fails, or the server does not respond within `start_timeout`; its last output is in the text.
    pub fn start(options: Options) -> io::Result<Self> {
        let jars = jars()?;
        let start = || Self::start_once(jars.clone(), options.clone());
        // Another process can take a port between its choice and the server's start.
        let deadline = Instant::now() + options.start_timeout;
        let again = |error| match Instant::now() < deadline {
            true => start(),
            false => Err(error),
        };
        (1..STARTS).fold(start(), |server, _| server.or_else(again))
    }

    fn start_once(jars: PathBuf, options: Options) -> io::Result<Self> {
        let (port, bolt) = (free_port()?, free_port()?);
        let home = tempfile::tempdir()?;
        fs::create_dir_all(home.path().join("conf"))?;
        fs::write(
            home.path().join("conf/neo4j.conf"),
            conf(port, bolt, &options),
        )?;
        let server = Self {
            child: Mutex::new(None),
            home,
            jars,
            port,
            options,
        };
        server.restart()?;
        server.set_password()?;
        Ok(server)
    }

    /// `http://127.0.0.1:port`, without a slash at the end. It stays the same over `restart`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends the process at once, as a crash does. The data are kept.
    pub fn kill(&self) {
        if let Some(mut child) = self.child.lock().take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts the process on the same data and ports, and waits until it responds.
    ///
    /// # Errors
    /// If it does not respond within `start_timeout`.
    pub fn restart(&self) -> io::Result<()> {
        self.kill();
        let log = File::create(self.log())?;
        let child = self
            .command()
            .stdout(log.try_clone()?)
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()?;
        *self.child.lock() = Some(child);
        let deadline = Instant::now() + self.options.start_timeout;
        while !self.responds() {
            let ended = self
                .child
                .lock()
                .as_mut()
                .is_none_or(|child| child.try_wait().is_ok_and(|end| end.is_some()));
            if ended || Instant::now() > deadline {
                self.kill();
                return Err(self.failed());
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        Ok(())
    }

    fn command(&self) -> Command {
        let mut command = Command::new("java");
        command.arg(format!("-Xmx{}m", self.options.heap_mb));
        command.args(
            OPENED
                .iter()
                .map(|package| format!("--add-opens=java.base/{package}=ALL-UNNAMED")),
        );
        command
            .arg("-cp")
            .arg(self.jars.join("*"))
            .arg("org.neo4j.server.CommunityEntryPoint");
        command.arg(format!("--home-dir={}", self.home.path().display()));
        command.arg(format!(
            "--config-dir={}",
            self.home.path().join("conf").display()
        ));
        command
    }

    fn responds(&self) -> bool {
        let request = reqwest::Client::new()
            .get(self.url())
            .timeout(Duration::from_secs(2));
        waited(async move {
            let text = async { request.send().await?.error_for_status()?.text().await };
            // Another server on that port would not say this.
            text.await.is_ok_and(|text| text.contains("neo4j_version"))
        })
    }

    /// A new server requires its first password to be changed.
    fn set_password(&self) -> io::Result<()> {
        let Some(password) = self.options.password.clone() else {
            return Ok(());
        };
        let body = json!({
            "statement": "ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO $new",
            "parameters": { "new": password },
        });
        let request = reqwest::Client::new()
            .post(format!("{}/db/system/query/v2", self.url()))
            .basic_auth("neo4j", Some("neo4j"))
            .header("accept", "application/json")
            .json(&body);
        let status = waited(async move { request.send().await.map(|response| response.status()) });
        match status {
            Ok(status) if status.is_success() => Ok(()),
            Ok(status) => Err(io::Error::other(format!(
                "the password was not set: {status}"
            ))),
            Err(error) => Err(io::Error::other(error)),
        }
    }

    fn log(&self) -> PathBuf {
        self.home.path().join("console.log")
    }

    fn failed(&self) -> io::Error {
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        let tail: Vec<&str> = text.lines().rev().take(20).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        io::Error::new(
            ErrorKind::TimedOut,
            format!("Neo4j did not start:\n{}", tail.join("\n")),
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn conf(port: u16, bolt: u16, options: &Options) -> String {
    let auth = options.password.is_some();
    format!(
        "server.http.enabled=true\nserver.http.listen_address=127.0.0.1:{port}\nserver.https.enabled=false\n\
         server.bolt.enabled=true\nserver.bolt.listen_address=127.0.0.1:{bolt}\n\
         dbms.security.auth_enabled={auth}\ndbms.usage_report.enabled=false\n\
         server.memory.pagecache.size=64m\n"
    )
}

/// A port that is free now and not one of the system's ephemeral ports.
fn free_port() -> io::Result<u16> {
    let count = u64::from(PORTS.end - PORTS.start);
    let any = |_| PORTS.start + (RandomState::new().hash_one(()) % count) as u16;
    let free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let none = || io::Error::new(ErrorKind::AddrInUse, "no free port");
    (0..1_000).map(any).find(free).ok_or_else(none)
}

/// The folder of the jars, filled on first use. Concurrent processes wait.
fn jars() -> io::Result<PathBuf> {
    let cache = cache()?.join(format!("neo4j-{VERSION}"));
    fs::create_dir_all(&cache)?;
    let lock = File::create(cache.join("lock"))?;
    lock.lock()?;
    let (jars, complete) = (cache.join("lib"), cache.join("complete"));
    if !complete.exists() {
        fetch(&cache, &jars)?;
        fs::write(&complete, VERSION)?;
    }
    Ok(jars)
}

fn fetch(cache: &Path, jars: &Path) -> io::Result<()> {
    let pom = cache.join("pom.xml");
    fs::write(&pom, pom_text())?;
    let status = Command::new("mvn")
        .args(["-q", "-B", "dependency:copy-dependencies"])
        .arg(format!("-DoutputDirectory={}", jars.display()))
        .arg("-f")
        .arg(&pom)
        .stdin(Stdio::null())
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("mvn failed: {status}")))
    }
}

fn pom_text() -> String {
    format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n  <modelVersion>4.0.0</modelVersion>\n  \
         <groupId>testbed</groupId>\n  <artifactId>neo4j</artifactId>\n  <version>1</version>\n  \
         <dependencies>\n    <dependency>\n      <groupId>org.neo4j.test</groupId>\n      \
         <artifactId>neo4j-harness</artifactId>\n      <version>{VERSION}</version>\n    </dependency>\n  \
         </dependencies>\n</project>\n"
    )
}

/// `POINTSMAN_TESTBED_CACHE`, or the user's cache folder.
fn cache() -> io::Result<PathBuf> {
    let of = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let user = || of("XDG_CACHE_HOME").or_else(|| of("HOME").map(|home| home.join(".cache")));
    of("POINTSMAN_TESTBED_CACHE")
        .or_else(|| user().map(|cache| cache.join("pointsman-testbed")))
        .ok_or_else(|| {
            io::Error::new(
                ErrorKind::NotFound,
                "no cache folder: set POINTSMAN_TESTBED_CACHE",
            )
        })
}

/// Runs a future to its end, also when the caller is async itself.
fn waited<T: Send>(future: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        scope
            .spawn(|| runtime().block_on(future))
            .join()
            .expect("no panic in a request")
    })
}
