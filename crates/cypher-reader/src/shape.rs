//! The shape of a statement: its tokens without literals, hashed. Keywords count in any case,
//! white space and comments do not; a list of literals counts as one, however long.

use crate::lexer::{Token, TokenKind};
use crate::words::is_keyword;

/// What stands for a literal.
const LITERAL: &[u8] = b"?";

/// How much text is hashed at a time, in bytes.
const FLUSHED: usize = 8 << 10;

/// A stable 64-bit hash; never 0.
pub fn shape(tokens: &[Token<'_>]) -> u64 {
    let mut text = ShapeText::default();
    let mut before = [TokenKind::Mark; 2];
    let mut tokens = tokens.iter().peekable();
    while let Some(token) = tokens.next() {
        let literal = is_literal(token);
        let more = tokens.peek().is_some_and(|next| is_literal(next));
        let repeated = before == [TokenKind::Number, TokenKind::Mark] && literal;
        let comma = token.raw == "," && before[1] == TokenKind::Number && more;
        before = [
            before[1],
            if literal {
                TokenKind::Number
            } else {
                TokenKind::Mark
            },
        ];
        if !repeated && !comma {
            text.add(token, literal);
        }
        if !literal && !comma {
            before = [TokenKind::Mark; 2];
        }
    }
    first_eight(text.finish().as_bytes()).max(1)
}

fn is_literal(token: &Token<'_>) -> bool {
    matches!(token.kind, TokenKind::Number | TokenKind::Text)
}

/// The text that is hashed, some pages at a time: hashing token by token costs more than reading them.
#[derive(Default)]
struct ShapeText {
    text: Vec<u8>,
    hasher: blake3::Hasher,
}

impl ShapeText {
    fn add(&mut self, token: &Token<'_>, literal: bool) {
        let start = self.text.len();
        match literal {
            true => self.text.extend_from_slice(LITERAL),
            false => self.text.extend_from_slice(token.raw.as_bytes()),
        }
        if token.kind == TokenKind::Word && is_keyword(token.raw) {
            let word = self.text.get_mut(start..).unwrap_or_default();
            word.make_ascii_uppercase();
        }
        self.text.push(b' ');
        if self.text.len() >= FLUSHED {
            self.hasher.update(&self.text);
            self.text.clear();
        }
    }

    fn finish(mut self) -> blake3::Hash {
        self.hasher.update(&self.text).finalize()
    }
}

/// The first eight bytes of a hash as a number.
pub fn first_eight(hash: &[u8]) -> u64 {
    hash.iter()
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}
