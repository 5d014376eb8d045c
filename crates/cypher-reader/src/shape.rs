//! The shape of a statement: its tokens without literals, hashed. Keywords count in any case,
//! white space and comments do not; a list of literals counts as one, however long.

use crate::lexer::{Token, TokenKind};
use crate::words::is_keyword;

/// What stands for a literal.
const LITERAL: &[u8] = b"?";

/// A stable 64-bit hash; never 0.
pub fn shape(tokens: &[Token<'_>]) -> u64 {
    let mut hasher = blake3::Hasher::new();
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
            feed(&mut hasher, token, literal);
        }
        if !literal && !comma {
            before = [TokenKind::Mark; 2];
        }
    }
    first_eight(hasher.finalize().as_bytes()).max(1)
}

fn is_literal(token: &Token<'_>) -> bool {
    matches!(token.kind, TokenKind::Number | TokenKind::Text)
}

fn feed(hasher: &mut blake3::Hasher, token: &Token<'_>, literal: bool) {
    let keyword = token.kind == TokenKind::Word && is_keyword(token.raw);
    match (literal, keyword) {
        (true, _) => hasher.update(LITERAL),
        (_, true) => hasher.update(token.raw.to_ascii_uppercase().as_bytes()),
        _ => hasher.update(token.raw.as_bytes()),
    };
    hasher.update(b" ");
}

/// The first eight bytes of a hash as a number.
pub fn first_eight(hash: &[u8]) -> u64 {
    hash.iter()
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}
