//! Finds the empty line that ends a head or trailers. Each byte is examined once, however the bytes are split.

use crate::Error;

#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Scan {
    /// Where the current line begins, and how far it was searched.
    line: usize,
    searched: usize,
}

impl Scan {
    /// The length of the lines with the empty one, once it is there: at most `limit`. A line that ends without CR is
    /// rejected at once. The error is repeated while the bytes stay.
    pub fn end(
        &mut self,
        bytes: &[u8],
        limit: usize,
        too_large: &'static str,
    ) -> Result<Option<usize>, Error> {
        let end = self.find(bytes)?;
        match end.unwrap_or(bytes.len()) > limit {
            true => Err(Error::TooLarge(too_large)),
            false => Ok(end),
        }
    }

    fn find(&mut self, bytes: &[u8]) -> Result<Option<usize>, Error> {
        while let Some(rest) = bytes.get(self.searched..) {
            let Some(found) = memchr::memchr(b'\n', rest) else {
                self.searched = bytes.len();
                return Ok(None);
            };
            let feed = self.searched + found;
            match bytes.get(self.line..feed) {
                Some([b'\r']) => return Ok(Some(feed + 1)),
                Some([.., b'\r']) => {}
                _ => return Err(Error::Malformed("line without a carriage return")),
            }
            self.line = feed + 1;
            self.searched = self.line;
        }
        Ok(None)
    }
}
