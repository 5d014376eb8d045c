//! JSON text, followed byte by byte: for code that edits or judges a document while it streams, in
//! chunks of any size. Nothing is checked and nothing is kept but a few counters.

/// The deepest level at which keys are distinguished from other strings.
const MAX_KEY_DEPTH: u32 = 64;

/// What a byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// An object or array begins; the depth is that of its inside.
    Open,
    /// An object or array ends; the depth is that around it.
    Close,
    Comma,
    Colon,
    /// The quote before a string.
    StringStart,
    /// A byte of a string, escapes as they are written.
    StringByte,
    /// The quote behind a string.
    StringEnd,
    /// White space, or a byte of a number or a word.
    Other,
}

/// Where the bytes have come to.
///
/// ```
/// use json_reader::{Scan, Step};
///
/// let mut scan = Scan::default();
/// let mut keys = Vec::new();
/// for byte in br#"{"a": ["b", {"c": 1}]}"# {
///     if scan.step(*byte) == Step::StringByte && scan.is_key() {
///         keys.push((scan.depth(), *byte));
///     }
/// }
/// assert_eq!(keys, [(1, b'a'), (3, b'c')]);
/// ```
#[derive(Debug, Default)]
pub struct Scan {
    depth: u32,
    /// A bit for each level that is an object.
    objects: u64,
    /// A string that begins here is a key.
    expects_key: bool,
    in_string: bool,
    is_key: bool,
    escaped: bool,
}

impl Scan {
    /// How many objects and arrays are open.
    pub fn depth(&self) -> u32 {
        self.depth
    }

    /// Whether the string under the cursor, or the last one, is the key of a member.
    pub fn is_key(&self) -> bool {
        self.is_key
    }

    /// Takes the next byte.
    pub fn step(&mut self, byte: u8) -> Step {
        if self.in_string {
            return self.in_string(byte);
        }
        match byte {
            b'"' => {
                self.in_string = true;
                self.is_key = self.expects_key;
                Step::StringStart
            }
            b'{' | b'[' => {
                self.depth = self.depth.saturating_add(1);
                self.set_object(byte == b'{');
                self.expects_key = self.is_object();
                Step::Open
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                self.expects_key = false;
                Step::Close
            }
            b',' => {
                self.expects_key = self.is_object();
                Step::Comma
            }
            b':' => {
                self.expects_key = false;
                Step::Colon
            }
            _ => Step::Other,
        }
    }

    fn in_string(&mut self, byte: u8) -> Step {
        let ends = byte == b'"' && !self.escaped;
        self.escaped = byte == b'\\' && !self.escaped;
        self.in_string = !ends;
        match ends {
            true => Step::StringEnd,
            false => Step::StringByte,
        }
    }

    /// The bit of the innermost level; none where it is too deep.
    fn bit(&self) -> u64 {
        match self.depth {
            1..=MAX_KEY_DEPTH => 1 << (self.depth - 1),
            _ => 0,
        }
    }

    fn is_object(&self) -> bool {
        self.objects & self.bit() != 0
    }

    fn set_object(&mut self, is_object: bool) {
        self.objects &= !self.bit();
        if is_object {
            self.objects |= self.bit();
        }
    }
}
