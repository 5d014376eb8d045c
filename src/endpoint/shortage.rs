//! Whether a connection failed for a lack of ours. Such an error says nothing about the endpoint.

use std::error::Error;
use std::io;

/// `ENFILE` and `EMFILE`: no more files for the system, for this process. The same numbers on every Unix.
const NO_MORE_FILES: [i32; 2] = [23, 24];

/// Whether an error came from a lack of our own: file descriptors, ports, memory.
pub fn is_our_shortage(error: &(dyn Error + 'static)) -> bool {
    let is_ours = error.downcast_ref::<io::Error>().is_some_and(is_shortage);
    is_ours || error.source().is_some_and(is_our_shortage)
}

fn is_shortage(error: &io::Error) -> bool {
    let files = error
        .raw_os_error()
        .is_some_and(|code| NO_MORE_FILES.contains(&code));
    let kind = error.kind();
    files
        || matches!(
            kind,
            io::ErrorKind::AddrNotAvailable | io::ErrorKind::OutOfMemory
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] io::Error);

    #[test]
    fn a_lack_of_file_descriptors_is_found_behind_other_errors() {
        for (code, ours) in [(24, true), (23, true), (111, false), (110, false)] {
            let error = Outer(io::Error::from_raw_os_error(code));
            assert_eq!(is_our_shortage(&error), ours, "{code}");
        }
    }
}
