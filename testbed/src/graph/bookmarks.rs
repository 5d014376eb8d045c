//! Bookmarks in Neo4j's form: `FB:` and, in base64, the database's id and the number of its
//! newest transaction.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use rand::RngExt;

use super::failure::Failure;

/// The id of a database and how far it has come.
pub struct Progress {
    id: [u8; 16],
    newest: AtomicU64,
}

impl Progress {
    pub fn new() -> Self {
        Self {
            id: rand::rng().random(),
            newest: AtomicU64::new(1),
        }
    }

    /// The id in the form that element ids carry.
    pub fn uuid(&self) -> String {
        let hex: String = self.id.iter().map(|byte| format!("{byte:02x}")).collect();
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| &hex[range]);
        parts.join("-")
    }

    /// Counts a committed write.
    pub fn advance(&self) {
        self.newest.fetch_add(1, Ordering::SeqCst);
    }

    /// The bookmark of the newest committed write.
    pub fn bookmark(&self) -> String {
        let mut bytes = vec![0x91, 0xcc, 0x10];
        bytes.extend(self.id);
        push_number(&mut bytes, self.newest.load(Ordering::SeqCst));
        bytes.push(0x90);
        format!("FB:{}", BASE64.encode(bytes))
    }

    /// Refuses what is no bookmark, and one from the future of this database.
    pub fn check(&self, bookmark: &str) -> Result<(), Failure> {
        let invalid = || {
            Failure::new(
                "Neo.ClientError.Transaction.InvalidBookmark",
                format!("Parsing of supplied bookmarks failed with message: {bookmark}"),
            )
        };
        let text = bookmark.strip_prefix("FB:").ok_or_else(invalid)?;
        let bytes = BASE64
            .decode(text.trim_end_matches('='))
            .map_err(|_| invalid())?;
        let (id, rest) = bytes
            .get(3..)
            .and_then(|rest| rest.split_first_chunk::<16>())
            .ok_or_else(invalid)?;
        let wanted = number(rest).ok_or_else(invalid)?;
        let newest = self.newest.load(Ordering::SeqCst);
        if *id == self.id && wanted > newest {
            return Err(Failure::new(
                "Neo.TransientError.Transaction.BookmarkTimeout",
                format!(
                    "Database 'neo4j' not up to the requested version: {wanted}. Latest database version is {newest}"
                ),
            ));
        }
        Ok(())
    }
}

/// A number as PackStream writes it: one byte up to 127, else a mark and two, four or eight.
fn push_number(bytes: &mut Vec<u8>, number: u64) {
    match number {
        0..=0x7f => bytes.push(number as u8),
        0x80..=0x7fff => {
            bytes.push(0xc9);
            bytes.extend((number as u16).to_be_bytes());
        }
        0x8000..=0x7fff_ffff => {
            bytes.push(0xca);
            bytes.extend((number as u32).to_be_bytes());
        }
        _ => {
            bytes.push(0xcb);
            bytes.extend(number.to_be_bytes());
        }
    }
}

fn number(bytes: &[u8]) -> Option<u64> {
    let (mark, rest) = bytes.split_first()?;
    let long = match mark {
        0..=0x7f => return Some(u64::from(*mark)),
        0xc8 => 1,
        0xc9 => 2,
        0xca => 4,
        0xcb => 8,
        _ => return None,
    };
    Some(
        rest.get(..long)?
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
    )
}
