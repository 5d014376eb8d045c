//! Writes arrivals to a file, by a thread of its own. Where the disk cannot keep up, arrivals are left out; no request waits.
//! The file is bounded: a full one becomes `FILE.1`, whose place it takes.

use super::arrival_line::ArrivalLine;
use super::arrivals::Arrival;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Arrivals that wait to be written at most.
const WAITING: usize = 8192;
/// Bytes of one file at most; there are two.
pub const MAX_BYTES: u64 = 64 << 20;

/// A file that is written.
#[derive(Debug)]
pub struct ArrivalFile {
    path: PathBuf,
    waiting: SyncSender<Arrival>,
}

impl ArrivalFile {
    /// Writes to this file from now on, after what it holds. It ends when the value is dropped.
    pub fn begin(path: &Path) -> Self {
        let (waiting, arrivals) = sync_channel(WAITING);
        let file = path.to_owned();
        let thread = std::thread::Builder::new().name("pointsman-arrivals".into());
        let begun = thread.spawn(move || {
            if let Err(error) = write(&file, MAX_BYTES, &arrivals) {
                tracing::error!(file = %file.display(), "arrivals are not written any more: {error}");
            }
        });
        if let Err(error) = begun {
            tracing::error!("arrivals are not written, for a thread cannot be started: {error}");
        }
        Self {
            path: path.to_owned(),
            waiting,
        }
    }

    /// Which file it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lets an arrival be written; one that finds no place is left out.
    pub fn push(&self, arrival: &Arrival) {
        let _ = self.waiting.try_send(arrival.clone());
    }
}

/// Writes what comes until nobody sends any more; the file is whole whenever nothing waits.
fn write(path: &Path, most: u64, arrivals: &Receiver<Arrival>) -> io::Result<()> {
    let mut file = Bounded::open(path, most)?;
    while let Ok(first) = arrivals.recv() {
        for arrival in std::iter::once(first).chain(arrivals.try_iter()) {
            file.add(&arrival)?;
        }
        file.to.flush()?;
    }
    Ok(())
}

/// A file that gives way to a new one when it is full.
struct Bounded<'a> {
    path: &'a Path,
    most: u64,
    written: u64,
    /// Microseconds since 1970 when the process's clock began, by the first arrival: what is written is exact to each other.
    began_us: Option<u64>,
    to: BufWriter<File>,
}

impl<'a> Bounded<'a> {
    fn open(path: &'a Path, most: u64) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self {
            path,
            most,
            written: file.metadata()?.len(),
            began_us: None,
            to: BufWriter::new(file),
        })
    }

    fn add(&mut self, arrival: &Arrival) -> io::Result<()> {
        let (at_us, since_us) = (
            arrival.timestamp.saturating_mul(1000),
            arrival.arrived.0 / 1000,
        );
        let began_us = self.began_us.unwrap_or(at_us.saturating_sub(since_us));
        self.began_us = Some(began_us);
        let line = ArrivalLine::of(arrival, began_us.saturating_add(since_us));
        let mut line = serde_json::to_vec(&line)?;
        line.push(b'\n');
        let length = line.len() as u64;
        if self.written > 0 && self.written + length > self.most {
            self.to.flush()?;
            let mut before = self.path.as_os_str().to_owned();
            before.push(".1");
            fs::rename(self.path, before)?;
            *self = Self {
                began_us: self.began_us,
                ..Self::open(self.path, self.most)?
            };
        }
        self.written += length;
        self.to.write_all(&line)
    }
}

#[cfg(test)]
mod tests {
    use super::super::arrival_line;
    use super::*;
    use crate::clock::Moment;
    use crate::dialect::{Effect, Fault};
    use crate::observe::Name;
    use crate::plan::Complexity;
    use std::sync::Arc;

    fn arrival(timestamp: u64) -> Arrival {
        let name = |text: &str| Name::from(Arc::<str>::from(text));
        Arrival {
            timestamp,
            arrived: Moment(timestamp * 1_000_000),
            service: name("db"),
            operation: "points.query",
            effect: Effect::Read,
            shape: u64::MAX,
            class: Complexity::Simple,
            cost: 1.5,
            key: 1,
            server_id: name("a"),
            service_time: 0.25,
            execution_time: 0.5,
            fault: Fault::None,
            success: true,
            is_free: true,
        }
    }

    #[test]
    fn two_bounded_files_hold_the_newest_arrivals() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("arrivals");
        let (send, receive) = sync_channel(1000);
        (0..100).for_each(|number| send.send(arrival(number)).unwrap());
        drop(send);
        write(&path, 1000, &receive).unwrap();
        let read = |name: &str| {
            let bytes = fs::read(folder.path().join(name)).unwrap();
            assert!(bytes.len() <= 1000, "{}", bytes.len());
            arrival_line::read(&bytes[..]).unwrap()
        };
        let (newest, before) = (read("arrivals"), read("arrivals.1"));
        assert_eq!(newest.last().unwrap().at_us, 99_000);
        assert_eq!(before.last().unwrap().at_us + 1000, newest[0].at_us);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_file_that_is_there_is_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("arrivals");
        for number in 0..2 {
            let (send, receive) = sync_channel(1);
            send.send(arrival(number)).unwrap();
            drop(send);
            write(&path, MAX_BYTES, &receive).unwrap();
        }
        let read = arrival_line::read(&fs::read(&path).unwrap()[..]).unwrap();
        assert_eq!(read.len(), 2);
    }
}
