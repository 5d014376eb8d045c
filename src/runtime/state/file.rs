//! The file of what was learned: a line with its kind, its version and the checksum of the rest, then JSON. It is replaced as a
//! whole, so a reader sees the old one or the new one. One process alone writes it: the one that holds the lock beside it.
//! Bounded.

use super::contents::Contents;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The kind and the version.
const KIND: &str = "pointsman learned";
const VERSION: &str = "1";
const NAME: &str = "learned.state";
const UNFINISHED: &str = "learned.state.new";
const ASIDE: &str = "learned.state.aside";
const LOCK: &str = "learned.state.lock";
/// Bytes of a file at most.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// What an earlier process wrote.
#[derive(Debug, PartialEq)]
pub struct Kept {
    pub contents: Contents,
    pub age: Duration,
}

/// Why a file is not gone on from.
#[derive(Debug, PartialEq, Eq)]
pub enum UnusableState {
    TooOld(Duration),
    /// It is broken, or not ours.
    Broken(String),
}

/// The right to write in a folder, for as long as it lives.
#[derive(Debug)]
pub struct Claim {
    folder: PathBuf,
    _lock: File,
}

impl Claim {
    /// Claims a folder, which is made if it is not there.
    ///
    /// # Errors
    /// What is wrong with it, or that another process has it.
    pub fn of(folder: &Path) -> Result<Self, String> {
        let lock = open_lock(folder).map_err(|error| said(folder, &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                folder: folder.into(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(format!(
                "{}: another process writes there; each needs a folder of its own",
                folder.display()
            )),
            Err(TryLockError::Error(error)) => Err(said(folder, &error)),
        }
    }

    /// The folder that is claimed.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a file in place of the one before.
    ///
    /// # Errors
    /// What is wrong with the folder, or that it would be too long.
    pub fn write(&self, contents: &Contents) -> Result<(), String> {
        let body = serde_json::to_vec(&(now_ms(), contents)).map_err(|error| error.to_string())?;
        if body.len() as u64 > MAX_BYTES {
            let found = body.len();
            return Err(format!("{found} bytes; at most {MAX_BYTES} are kept"));
        }
        self.replace(&body)
            .map_err(|error| said(&self.folder, &error))
    }

    fn replace(&self, body: &[u8]) -> io::Result<()> {
        let unfinished = self.folder.join(UNFINISHED);
        // What a process left that was killed while it wrote; whatever else has that name is not followed.
        let _ = fs::remove_file(&unfinished);
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.write_all(head(body).as_bytes())?;
        file.write_all(b"\n")?;
        file.write_all(body)?;
        file.sync_all()?;
        fs::rename(unfinished, self.folder.join(NAME))?;
        File::open(&self.folder)?.sync_all()
    }

    /// Puts a file aside, in place of one that was put aside before; says where it is.
    pub fn put_aside(&self) -> String {
        match fs::rename(self.folder.join(NAME), self.folder.join(ASIDE)) {
            Ok(()) => format!("it is {ASIDE} now"),
            Err(error) => format!("it stays: {error}"),
        }
    }
}

fn open_lock(folder: &Path) -> io::Result<File> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    options.open(folder.join(LOCK))
}

fn said(folder: &Path, error: &io::Error) -> String {
    format!("{}: {error}", folder.display())
}

/// Milliseconds since 1970.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

/// Reads the file, if there is one.
///
/// # Errors
/// It is too old, by a clock that may have been set since, or broken.
pub fn read(folder: &Path, max_age: Duration) -> Result<Option<Kept>, UnusableState> {
    let bytes = match bytes_of(&folder.join(NAME)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        read => read.map_err(|error| UnusableState::Broken(error.to_string()))?,
    };
    let body = checked(&bytes).map_err(UnusableState::Broken)?;
    let read = serde_json::from_slice::<(u64, Contents)>(body);
    let (written, contents) = read.map_err(|error| UnusableState::Broken(error.to_string()))?;
    let age = Duration::from_millis(now_ms().abs_diff(written));
    match age > max_age {
        true => Err(UnusableState::TooOld(age)),
        false => Ok(Some(Kept { contents, age })),
    }
}

fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    // To open a pipe would wait for its other end.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    let mut bytes = Vec::new();
    // One byte more than allowed shows that it is too long.
    let limit = MAX_BYTES + head(b"").len() as u64 + 2;
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The first line of a file with this body.
fn head(body: &[u8]) -> String {
    format!("{KIND} {VERSION} {}", blake3::hash(body).to_hex())
}

/// What follows the head, if the head is right; otherwise what is wrong with it.
fn checked(bytes: &[u8]) -> Result<&[u8], String> {
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    let (first, body) = (parts.next().unwrap_or_default(), parts.next());
    let first = String::from_utf8_lossy(first);
    let Some(rest) = first.strip_prefix(KIND) else {
        return Err("it is no file of what was learned".into());
    };
    let version = rest.split_whitespace().next().unwrap_or_default();
    if version != VERSION {
        let found: String = version.chars().take(20).collect();
        return Err(format!("its version is {found:?}, not {VERSION:?}"));
    }
    let body = body.filter(|body| first == head(body));
    body.ok_or_else(|| "its checksum differs: it was cut or changed".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGE: Duration = Duration::from_secs(3600);

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn what_was_written_is_read_and_replaces_what_was_before() {
        let folder = folder();
        assert_eq!(read(folder.path(), AGE).unwrap(), None);
        let claim = Claim::of(folder.path()).unwrap();
        let mut contents = Contents::default();
        claim.write(&contents).unwrap();
        contents.services.insert("db".into(), Default::default());
        claim.write(&contents).unwrap();
        let kept = read(folder.path(), AGE).unwrap().unwrap();
        assert_eq!(kept.contents, contents);
        assert!(kept.age < AGE);
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(names.len(), 2, "the file and the lock, nothing unfinished");
    }

    /// Why a file of these bytes is not gone on from; it is put aside.
    fn refused(bytes: &[u8]) -> String {
        let folder = folder();
        let claim = Claim::of(folder.path()).unwrap();
        fs::write(folder.path().join(NAME), bytes).unwrap();
        let refused = read(folder.path(), AGE);
        assert!(claim.put_aside().contains(ASIDE));
        assert_eq!(read(folder.path(), AGE).unwrap(), None);
        match refused {
            Err(UnusableState::Broken(why)) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_file_that_was_changed_cut_or_is_of_another_kind_is_told_apart_and_put_aside() {
        let folder = folder();
        let claim = Claim::of(folder.path()).unwrap();
        claim.write(&Contents::default()).unwrap();
        let good = fs::read(folder.path().join(NAME)).unwrap();
        let mut changed = good.clone();
        *changed.last_mut().unwrap() ^= 1;
        for bytes in [&changed[..], &good[..good.len() - 3], &good[..40]] {
            assert!(refused(bytes).contains("checksum"), "{bytes:?}");
        }
        for bytes in [
            &b""[..],
            b"something else",
            &vec![b'x'; MAX_BYTES as usize + 1000],
        ] {
            assert!(refused(bytes).contains("no file of what was learned"));
        }
        let newer = String::from_utf8(good).unwrap();
        let newer = newer.replace("learned 1", "learned 2");
        assert!(refused(newer.as_bytes()).contains(r#""2", not "1""#));
        let body = b"[0,{\"services\":0}]";
        let wrong = [head(body).as_bytes(), b"\n", body].concat();
        assert!(refused(&wrong).contains("invalid type"));
    }

    #[test]
    fn one_process_alone_writes_in_a_folder_and_the_next_one_once_it_has_ended() {
        let folder = folder();
        let first = Claim::of(folder.path()).unwrap();
        let second = Claim::of(folder.path()).unwrap_err();
        assert!(second.contains("another process"), "{second}");
        drop(first);
        assert!(Claim::of(folder.path()).is_ok());
    }

    #[test]
    fn a_write_that_broke_off_leaves_the_file_before() {
        let folder = folder();
        let claim = Claim::of(folder.path()).unwrap();
        claim.write(&Contents::default()).unwrap();
        fs::write(folder.path().join(UNFINISHED), "half").unwrap();
        assert!(read(folder.path(), AGE).unwrap().is_some());
        claim.write(&Contents::default()).unwrap();
        assert!(read(folder.path(), AGE).unwrap().is_some());
    }

    #[test]
    fn a_file_of_long_ago_or_of_a_time_to_come_is_not_gone_on_from() {
        let folder = folder();
        for written in [now_ms() - 3_700_000, now_ms() + 3_700_000] {
            let body = serde_json::to_vec(&(written, Contents::default())).unwrap();
            let bytes = [head(&body).as_bytes(), b"\n", &body].concat();
            fs::write(folder.path().join(NAME), bytes).unwrap();
            let old = read(folder.path(), AGE);
            assert!(matches!(old, Err(UnusableState::TooOld(_))), "{old:?}");
        }
    }

    #[test]
    fn what_is_no_file_or_no_folder_is_an_error_and_no_panic() {
        let folder = folder();
        let inside = folder.path().join("a").join("b");
        assert!(Claim::of(&inside).unwrap_err().contains("No such file"));
        fs::create_dir(folder.path().join(NAME)).unwrap();
        let read = read(folder.path(), AGE);
        assert!(matches!(read, Err(UnusableState::Broken(_))), "{read:?}");
    }
}
