//! A key with one of its two values, and how long to wait for what only one of them brings about.

use crate::support::{Origin, SERVICE, Setup, TIMEOUT};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// A key with one of its values, for the server that is observed.
#[derive(Clone)]
pub struct Given {
    pub key: &'static str,
    pub value: &'static str,
    window: Arc<Window>,
}

/// What one of two observers waits for in vain is waited for until it came to the other one, and then for
/// some times as long as that took: a busy machine makes the wait longer, and fails no test.
struct Window(watch::Sender<Option<Duration>>);

/// The least that a window is open beyond what the other observer took.
const MARGIN: Duration = Duration::from_millis(300);
/// How many times as long as the other observer a window is open.
const TIMES: u32 = 4;

impl Window {
    /// Returns when what was begun then comes no more.
    async fn closed(&self, begun: Instant) {
        let mut came = self.0.subscribe();
        // Where it comes to neither, both wait for as long as a test may.
        let _ = timeout(TIMEOUT, came.wait_for(Option::is_some)).await;
        let took = came.borrow().unwrap_or_default();
        sleep_until(begun + MARGIN + took * TIMES).await;
    }
}

impl Given {
    /// A key with each of two values.
    pub fn both(key: &'static str, values: [&'static str; 2]) -> [Self; 2] {
        let window = Arc::new(Window(watch::Sender::new(None)));
        values.map(|value| Self {
            key,
            value,
            window: Arc::clone(&window),
        })
    }

    /// A service over these origins, with the key.
    pub fn over(&self, dialect: &'static str, origins: &[&Origin]) -> Setup {
        let endpoint = |origin: &&Origin| format!("{{url: \"{}\"}}", origin.url());
        let endpoints: Vec<String> = origins.iter().map(endpoint).collect();
        Setup::new(dialect, &endpoints).set(&self.path(), self.value)
    }

    /// The key, of the one service.
    pub fn path(&self) -> String {
        self.key.replace("NAME", SERVICE)
    }

    /// The outcome of what may come under one of the values only.
    pub async fn happens<T>(&self, what: impl Future<Output = T>) -> Option<T> {
        let begun = Instant::now();
        tokio::select! {
            biased;
            outcome = what => {
                self.window.0.send_replace(Some(begun.elapsed()));
                Some(outcome)
            }
            () = self.window.closed(begun) => None,
        }
    }

    /// Whether that comes to hold which may under one of the values only.
    pub async fn comes<F: Future<Output = bool>>(&self, mut holds: impl FnMut() -> F) -> bool {
        let wait = async {
            while !holds().await {
                sleep(Duration::from_millis(5)).await;
            }
        };
        self.happens(wait).await.is_some()
    }
}
