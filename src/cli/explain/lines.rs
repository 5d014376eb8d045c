//! Lines of standard input, each of a bounded length. A line that is too long is skipped to its
//! end, never held; the next one is read as if nothing had happened.

use std::io::{self, BufRead, Read};

/// Bytes of a line at most.
pub(super) const MAX_LINE: u64 = 16 << 20;

/// A line, or why it was not read.
pub(super) type ReadLine = Result<Vec<u8>, String>;

/// Reads lines and counts them.
pub(super) struct Lines<R> {
    input: R,
    number: u64,
    limit: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self::limited(input, MAX_LINE)
    }

    pub(super) fn limited(input: R, limit: u64) -> Self {
        Self {
            input,
            number: 0,
            limit,
        }
    }

    /// The next line that is not blank, with its number from 1; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, ReadLine)>> {
        loop {
            let mut line = Vec::new();
            // One more than allowed, to tell a full line from one that goes on; one for its end.
            let read = self
                .input
                .by_ref()
                .take(self.limit + 1)
                .read_until(b'\n', &mut line)?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            if line.last() != Some(&b'\n') && line.len() as u64 > self.limit {
                self.skip()?;
                let error = format!("the line is longer than {} bytes", self.limit);
                return Ok(Some((self.number, Err(error))));
            }
            if !line.iter().all(u8::is_ascii_whitespace) {
                return Ok(Some((self.number, Ok(line))));
            }
        }
    }

    /// Drops the rest of the present line.
    fn skip(&mut self) -> io::Result<()> {
        loop {
            let held = self.input.fill_buf()?;
            let end = held.iter().position(|byte| *byte == b'\n');
            let (used, done) = end.map_or((held.len(), held.is_empty()), |at| (at + 1, true));
            self.input.consume(used);
            if done {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, limit: u64) -> Vec<(u64, Result<String, String>)> {
        let mut lines = Lines::limited(io::BufReader::with_capacity(3, text.as_bytes()), limit);
        let mut all = Vec::new();
        while let Some((number, line)) = lines.next().unwrap() {
            all.push((
                number,
                line.map(|bytes| String::from_utf8(bytes).unwrap().trim().to_owned()),
            ));
        }
        all
    }

    #[test]
    fn blank_lines_are_counted_and_give_no_output() {
        let lines = read("a\n\n  \nb", 10);
        assert_eq!(lines, [(1, Ok("a".to_owned())), (4, Ok("b".to_owned()))]);
    }

    #[test]
    fn a_line_beyond_the_limit_is_skipped_to_its_end() {
        let lines = read("12345\n123456\n1\n1234567", 5);
        let errors: Vec<_> = lines
            .iter()
            .map(|(number, line)| (*number, line.is_err()))
            .collect();
        assert_eq!(errors, [(1, false), (2, true), (3, false), (4, true)]);
    }
}
