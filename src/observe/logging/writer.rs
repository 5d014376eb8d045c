//! The queue between the path and the log's reader. A write copies the line into the queue or drops
//! it; it never waits. Control characters inside a line are escaped here, so that no value that
//! a client chose can forge a line.

use super::Sink;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// Lines that may wait.
const MAX_LINES: usize = 16_384;
/// Bytes that may wait.
const MAX_BYTES: usize = 8 << 20;
/// Bytes of one line; a longer one is cut.
const MAX_LINE: usize = 16 << 10;
/// How long the end of the process waits for the last lines.
const FLUSH_LIMIT: Duration = Duration::from_secs(1);

static DROPPED: AtomicU64 = AtomicU64::new(0);

/// Lines dropped since the start of the process.
pub fn dropped() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

enum Message {
    Line(Vec<u8>),
    /// Everything before this was written.
    Flush(SyncSender<()>),
}

/// The path's end of the queue.
#[derive(Clone)]
pub struct LogQueue {
    sender: SyncSender<Message>,
    waiting: Arc<AtomicUsize>,
}

/// Writes out what waits when it is dropped, for at most a second.
pub struct Flush(LogQueue);

/// Starts the thread that writes into `sink`.
pub fn start(sink: impl Sink) -> io::Result<(LogQueue, Flush)> {
    let (sender, receiver) = sync_channel(MAX_LINES);
    let waiting = Arc::new(AtomicUsize::new(0));
    let queue = LogQueue {
        sender,
        waiting: Arc::clone(&waiting),
    };
    thread::Builder::new()
        .name("log".into())
        .spawn(move || drain(&receiver, sink, &waiting))?;
    Ok((queue.clone(), Flush(queue)))
}

fn drain(receiver: &Receiver<Message>, mut sink: impl Sink, waiting: &AtomicUsize) {
    while let Ok(message) = receiver.recv() {
        match message {
            Message::Line(line) => {
                if sink.write_all(&line).is_err() {
                    DROPPED.fetch_add(1, Ordering::Relaxed);
                }
                waiting.fetch_sub(line.len(), Ordering::Relaxed);
            }
            Message::Flush(done) => {
                let _ = sink.flush();
                let _ = done.try_send(());
            }
        }
    }
}

impl LogQueue {
    fn push(&self, line: Vec<u8>) {
        let length = line.len();
        let before = self.waiting.fetch_add(length, Ordering::Relaxed);
        let full = before.saturating_add(length) > MAX_BYTES;
        if full || self.sender.try_send(Message::Line(line)).is_err() {
            self.waiting.fetch_sub(length, Ordering::Relaxed);
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Write for LogQueue {
    /// Takes one line. The log's layer writes each line in one piece.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(one_line(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        let (done, written) = sync_channel(1);
        if self.0.sender.try_send(Message::Flush(done)).is_ok() {
            let _ = written.recv_timeout(FLUSH_LIMIT);
        }
    }
}

/// `line` as one bounded line with its end, control characters escaped.
fn one_line(line: &[u8]) -> Vec<u8> {
    let bare = line.strip_suffix(b"\n").unwrap_or(line);
    let text = String::from_utf8_lossy(bare);
    let mut out = crate::observe::safe::text(&text, MAX_LINE)
        .into_owned()
        .into_bytes();
    out.push(b'\n');
    out
}
