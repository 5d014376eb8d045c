//! The cursor of the reader: tokens, a place, a depth limit. Steps forward only; the one look far
//! ahead (which bracket closes this one) is a table made once.

use crate::lexer::{Token, TokenKind};
use crate::report::QueryReport;
use crate::scope::Scope;
use crate::work;
use std::borrow::Cow;

/// `None`: not understood. The statement is then not a read.
pub type Parsed = Option<()>;

/// The deepest nesting of expressions, patterns and subqueries.
const MAX_DEPTH: usize = 96;

/// Where the reader is, and what it has seen.
pub struct Cursor<'a> {
    tokens: &'a [Token<'a>],
    /// For each opening bracket the place of its closing one.
    closing: Vec<u32>,
    at: usize,
    depth: usize,
    /// Whether `|` belongs to a list comprehension rather than to a label expression.
    pub bar_ends: bool,
    pub report: QueryReport,
    pub scope: Scope,
}

impl<'a> Cursor<'a> {
    /// Starts at a token; `None` when brackets do not match.
    pub fn new(tokens: &'a [Token<'a>], at: usize) -> Option<Self> {
        Some(Self {
            tokens,
            closing: closings(tokens)?,
            at,
            depth: 0,
            bar_ends: false,
            report: QueryReport::default(),
            scope: Scope::default(),
        })
    }

    /// How many tokens have been read.
    pub fn place(&self) -> usize {
        self.at
    }

    /// The token `ahead` of this place.
    pub fn look(&self, ahead: usize) -> Option<Token<'a>> {
        work::count(1);
        self.tokens.get(self.at + ahead).copied()
    }

    /// Whether nothing is left.
    pub fn at_end(&self) -> bool {
        self.look(0).is_none()
    }

    /// Whether the mark is `ahead` of this place.
    pub fn is_mark(&self, ahead: usize, mark: &str) -> bool {
        self.look(ahead).is_some_and(|token| token.is_mark(mark))
    }

    /// Whether one of the marks is `ahead` of this place.
    pub fn is_mark_of(&self, ahead: usize, marks: &[&str]) -> bool {
        let found = self.look(ahead);
        found.is_some_and(|token| token.is_mark_of(marks))
    }

    /// The unquoted word `ahead` of this place.
    pub fn word(&self, ahead: usize) -> Option<&'a str> {
        self.look(ahead)
            .filter(|token| token.kind == TokenKind::Word)
            .map(|token| token.raw)
    }

    /// Whether the unquoted word is `ahead` of this place.
    pub fn is_word(&self, ahead: usize, word: &str) -> bool {
        self.word(ahead)
            .is_some_and(|found| found.eq_ignore_ascii_case(word))
    }

    /// Whether a name, quoted or not, is `ahead` of this place.
    pub fn is_name(&self, ahead: usize) -> bool {
        self.look(ahead)
            .is_some_and(|token| matches!(token.kind, TokenKind::Word | TokenKind::Quoted))
    }

    /// Whether a token of this kind is `ahead` of this place.
    pub fn is_kind(&self, ahead: usize, kind: TokenKind) -> bool {
        self.look(ahead).is_some_and(|token| token.kind == kind)
    }

    /// How far ahead the bracket closes that opens `ahead` of this place.
    pub fn closing(&self, ahead: usize) -> Option<usize> {
        let closing = usize::try_from(*self.closing.get(self.at + ahead)?).ok()?;
        closing.checked_sub(self.at)
    }

    /// Steps over one token.
    pub fn step(&mut self) {
        self.at += 1;
    }

    /// Steps over the mark if it is next.
    pub fn eat(&mut self, mark: &str) -> bool {
        let found = self.is_mark(0, mark);
        self.at += usize::from(found);
        found
    }

    /// Steps over the word if it is next.
    pub fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(0, word);
        self.at += usize::from(found);
        found
    }

    /// Steps over a token of this kind if it is next, and gives it.
    pub fn eat_kind(&mut self, kind: TokenKind) -> Option<&'a str> {
        let token = self.look(0).filter(|token| token.kind == kind)?;
        self.at += 1;
        Some(token.raw)
    }

    /// The mark must be next.
    pub fn need(&mut self, mark: &str) -> Parsed {
        self.eat(mark).then_some(())
    }

    /// The word must be next.
    pub fn need_word(&mut self, word: &str) -> Parsed {
        self.eat_word(word).then_some(())
    }

    /// A name must be next; given without its quotes.
    pub fn name(&mut self) -> Option<Cow<'a, str>> {
        let name = self.next_name()?;
        self.at += 1;
        Some(name)
    }

    /// The name that is next, without its quotes.
    pub fn next_name(&self) -> Option<Cow<'a, str>> {
        let token = self.look(0)?;
        match token.kind {
            TokenKind::Word => Some(Cow::Borrowed(token.raw)),
            TokenKind::Quoted => unquoted(token.raw),
            _ => None,
        }
    }

    /// Reads something nested, within the depth limit.
    pub fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        if self.depth >= MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let parsed = read(self);
        self.depth -= 1;
        parsed
    }

    /// Reads with `|` taken as the end of an expression, or not.
    pub fn with_bar<T>(
        &mut self,
        ends: bool,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let before = std::mem::replace(&mut self.bar_ends, ends);
        let parsed = read(self);
        self.bar_ends = before;
        parsed
    }

    /// Reads something once or more, with commas between.
    pub fn list(&mut self, mut item: impl FnMut(&mut Self) -> Parsed) -> Parsed {
        item(self)?;
        while self.eat(",") {
            item(self)?;
        }
        Some(())
    }
}

fn unquoted(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('`')?.strip_suffix('`')?;
    Some(if inner.contains('`') {
        Cow::Owned(inner.replace("``", "`"))
    } else {
        Cow::Borrowed(inner)
    })
}

/// For each opening bracket the place of its closing one; `None` when they do not match.
fn closings(tokens: &[Token<'_>]) -> Option<Vec<u32>> {
    let mut closing = vec![0; tokens.len()];
    let mut open: Vec<(usize, &str)> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let wanted = match (token.kind, token.raw) {
            (TokenKind::Mark, "(") => ")",
            (TokenKind::Mark, "[") => "]",
            (TokenKind::Mark, "{") => "}",
            (TokenKind::Mark, ")" | "]" | "}") => {
                let (from, wanted) = open.pop()?;
                if wanted != token.raw {
                    return None;
                }
                *closing.get_mut(from)? = u32::try_from(at).ok()?;
                continue;
            }
            _ => continue,
        };
        open.push((at, wanted));
    }
    open.is_empty().then_some(closing)
}
