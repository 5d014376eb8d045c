//! The file of what was learned: a line with its kind, its version and the checksum of the rest, then JSON. It is replaced as a
//! whole, so a reader sees the old one or the new one. Bounded.

use super::contents::Contents;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The kind and the version.
const HEAD: &str = "pointsman learned 1";
const NAME: &str = "learned.state";
const UNFINISHED: &str = "learned.state.new";
const ASIDE: &str = "learned.state.aside";
/// Bytes of a file at most.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Why a file is not gone on from.
#[derive(Debug, PartialEq, Eq)]
pub enum UnusableState {
    TooOld(Duration),
    /// It is broken, or not ours.
    Broken(String),
}

/// Milliseconds since 1970.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

/// Writes a file in place of the one before.
pub fn write(folder: &Path, contents: &Contents) -> Result<(), String> {
    let text = |error: std::io::Error| format!("{}: {error}", folder.display());
    match fs::create_dir(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(text(error)),
        _ => {}
    }
    let body = serde_json::to_vec(&(now_ms(), contents)).map_err(|error| error.to_string())?;
    if body.len() as u64 > MAX_BYTES {
        return Err(format!(
            "{} bytes; at most {MAX_BYTES} are kept",
            body.len()
        ));
    }
    replace(folder, &body).map_err(text)
}

fn replace(folder: &Path, body: &[u8]) -> std::io::Result<()> {
    let unfinished = folder.join(UNFINISHED);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&unfinished)?;
    writeln!(file, "{HEAD} {}", blake3::hash(body).to_hex())?;
    file.write_all(body)?;
    file.sync_all()?;
    fs::rename(unfinished, folder.join(NAME))?;
    File::open(folder)?.sync_all()
}

/// Reads the file, if there is one.
pub fn read(folder: &Path, max_age: Duration) -> Result<Option<Contents>, UnusableState> {
    let mut bytes = Vec::new();
    // One byte more than allowed shows that it is too long.
    let limit = MAX_BYTES + HEAD.len() as u64 + 67;
    let done = match File::open(folder.join(NAME)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.and_then(|file| file.take(limit).read_to_end(&mut bytes)),
    };
    done.map_err(|error| UnusableState::Broken(error.to_string()))?;
    let differs = || UnusableState::Broken("the checksum or the version differs".into());
    let body = checked(&bytes).ok_or_else(differs)?;
    let read = serde_json::from_slice::<(u64, Contents)>(body);
    let (written, contents) = read.map_err(|error| UnusableState::Broken(error.to_string()))?;
    let age = Duration::from_millis(now_ms().saturating_sub(written));
    match age > max_age {
        true => Err(UnusableState::TooOld(age)),
        false => Ok(Some(contents)),
    }
}

/// What follows the head, if the head is right.
fn checked(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (head, body) = (bytes.get(..end)?, bytes.get(end + 1..)?);
    let expected = format!("{HEAD} {}", blake3::hash(body).to_hex());
    (head == expected.as_bytes()).then_some(body)
}

/// Puts a file aside, in place of one that was put aside before; says where it is.
pub fn put_aside(folder: &Path) -> String {
    match fs::rename(folder.join(NAME), folder.join(ASIDE)) {
        Ok(()) => format!("it is {ASIDE} now"),
        Err(error) => format!("it stays: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGE: Duration = Duration::from_secs(3600);

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn is_broken(folder: &Path) -> bool {
        matches!(read(folder, AGE), Err(UnusableState::Broken(_)))
    }

    #[test]
    fn what_was_written_is_read_and_replaces_what_was_before() {
        let folder = folder();
        assert_eq!(read(folder.path(), AGE).unwrap(), None);
        let mut contents = Contents::default();
        write(folder.path(), &contents).unwrap();
        contents.services.insert("db".into(), Default::default());
        write(folder.path(), &contents).unwrap();
        assert_eq!(read(folder.path(), AGE).unwrap(), Some(contents));
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(names.len(), 1, "nothing unfinished is left");
    }

    #[test]
    fn a_file_that_was_changed_cut_or_is_of_another_kind_is_broken_and_put_aside() {
        let folder = folder();
        let file = folder.path().join(NAME);
        write(folder.path(), &Contents::default()).unwrap();
        let good = fs::read(&file).unwrap();
        let mut changed = good.clone();
        *changed.last_mut().unwrap() ^= 1;
        let body = b"[0,{\"services\":0}]";
        let head = format!("{HEAD} {}\n", blake3::hash(body).to_hex());
        let other = String::from_utf8(good.clone()).unwrap();
        for wrong in [
            changed,
            good[..good.len() / 2].to_vec(),
            Vec::new(),
            b"something else".to_vec(),
            other.replace("learned 1", "learned 2").into_bytes(),
            [head.as_bytes(), body].concat(),
            vec![b'x'; MAX_BYTES as usize + 1000],
        ] {
            fs::write(&file, wrong).unwrap();
            assert!(is_broken(folder.path()));
            assert!(put_aside(folder.path()).contains(ASIDE));
            assert_eq!(read(folder.path(), AGE).unwrap(), None);
        }
    }

    #[test]
    fn a_write_that_broke_off_leaves_the_file_before() {
        let folder = folder();
        write(folder.path(), &Contents::default()).unwrap();
        fs::write(folder.path().join(UNFINISHED), "half").unwrap();
        assert!(read(folder.path(), AGE).unwrap().is_some());
        write(folder.path(), &Contents::default()).unwrap();
        assert!(read(folder.path(), AGE).unwrap().is_some());
    }

    #[test]
    fn an_old_file_is_not_gone_on_from() {
        let folder = folder();
        write(folder.path(), &Contents::default()).unwrap();
        std::thread::sleep(Duration::from_millis(2));
        let old = read(folder.path(), Duration::ZERO);
        assert!(matches!(old, Err(UnusableState::TooOld(_))), "{old:?}");
    }

    #[test]
    fn a_folder_that_cannot_be_is_an_error_and_no_panic() {
        let folder = folder();
        let inside = folder.path().join("a").join("b");
        assert!(write(&inside, &Contents::default()).is_err());
    }
}
