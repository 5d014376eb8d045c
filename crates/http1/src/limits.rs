//! Limits on what a peer may send and on what is buffered.

/// Limits of one connection. All are bytes unless named otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A head: its first line and its fields.
    pub head: usize,
    /// Number of fields in a head.
    pub fields: usize,
    /// The trailers of a body, and their number.
    pub trailers: usize,
    pub trailer_fields: usize,
    /// The line of one chunk's size with its extensions.
    pub chunk_line: usize,
    /// All chunk extensions of one body.
    pub chunk_extensions: usize,
    /// Number of empty lines before a request.
    pub empty_lines: u8,
    /// Number of informational responses before a final one.
    pub informational: u8,
    /// What is read ahead, and what is queued before `poll_ready` waits. One read, or one part, may exceed it.
    pub read_buffer: usize,
    pub write_buffer: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: 64 << 10,
            fields: 200,
            trailers: 8 << 10,
            trailer_fields: 64,
            chunk_line: 256,
            chunk_extensions: 16 << 10,
            empty_lines: 2,
            informational: 32,
            read_buffer: 64 << 10,
            write_buffer: 64 << 10,
        }
    }
}
