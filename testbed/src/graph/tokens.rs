//! A statement as tokens, far enough to find prefixes, parameters and the columns of its
//! RETURN. Escapes (`\u0041`) are replaced first, as Neo4j does.

/// One token of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    /// Where it stands in the text, in bytes.
    pub start: usize,
    pub end: usize,
    /// How many brackets are open around it.
    pub depth: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A bare name, keyword or number.
    Name,
    /// A name in backticks.
    Quoted,
    /// A string with its quotes.
    Text,
    /// Any other single character.
    Sign,
}

/// A statement and its tokens.
pub struct Tokens<'a> {
    pub text: &'a str,
    pub tokens: Vec<Token>,
}

/// Replaces `\uXXXX` everywhere; other text is unchanged.
pub fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\u") {
        plain.push_str(&rest[..at]);
        let code = rest
            .get(at + 2..at + 6)
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match code.and_then(char::from_u32) {
            Some(letter) => {
                plain.push(letter);
                rest = &rest[at + 6..];
            }
            None => {
                plain.push_str("\\u");
                rest = &rest[at + 2..];
            }
        }
    }
    plain + rest
}

impl<'a> Tokens<'a> {
    /// Splits a statement; comments are dropped.
    pub fn of(text: &'a str) -> Self {
        let mut tokens = Vec::new();
        let (mut at, mut depth) = (0, 0_usize);
        while let Some(letter) = text[at..].chars().next() {
            let rest = &text[at..];
            let long = length(rest, letter);
            if !letter.is_whitespace() && !rest.starts_with("//") && !rest.starts_with("/*") {
                if matches!(letter, ')' | ']' | '}') {
                    depth = depth.saturating_sub(1);
                }
                tokens.push(Token {
                    kind: kind(letter),
                    start: at,
                    end: at + long,
                    depth,
                });
                if matches!(letter, '(' | '[' | '{') {
                    depth += 1;
                }
            }
            at += long;
        }
        Self { text, tokens }
    }

    /// The text of a token.
    pub fn raw(&self, index: usize) -> &'a str {
        self.tokens
            .get(index)
            .map_or("", |token| &self.text[token.start..token.end])
    }

    /// A token in capitals; empty for strings and quoted names.
    pub fn upper(&self, index: usize) -> String {
        match self.tokens.get(index) {
            Some(token) if matches!(token.kind, Kind::Name | Kind::Sign) => {
                self.raw(index).to_uppercase()
            }
            _ => String::new(),
        }
    }

    /// A name without its backticks.
    pub fn name(&self, index: usize) -> String {
        self.raw(index).trim_matches('`').to_owned()
    }

    /// Whether the tokens from `index` are these, in capitals.
    pub fn starts(&self, index: usize, tokens: &[&str]) -> bool {
        tokens
            .iter()
            .enumerate()
            .all(|(offset, token)| self.upper(index + offset) == *token)
    }

    /// Whether a word occurs outside of strings.
    pub fn has(&self, token: &str) -> bool {
        (0..self.tokens.len()).any(|index| self.upper(index) == token)
    }

    /// Names of the parameters used (`$name`), in order of first use.
    pub fn parameters(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for index in 0..self.tokens.len() {
            let follows = self
                .tokens
                .get(index + 1)
                .is_some_and(|next| next.start == self.tokens[index].end);
            if self.raw(index) == "$" && follows && !names.contains(&self.name(index + 1)) {
                names.push(self.name(index + 1));
            }
        }
        names
    }

    /// The columns of the last RETURN: aliases, or the text of the expressions. None for `*`.
    pub fn columns(&self) -> Option<Vec<String>> {
        let top = |index: &usize| self.tokens[*index].depth == 0;
        let is = |token: &str| {
            (0..self.tokens.len())
                .filter(top)
                .rev()
                .find(|at| self.upper(*at) == token)
        };
        let Some(start) = is("RETURN") else {
            return Some(Vec::new());
        };
        let start = start + 1 + usize::from(self.upper(start + 1) == "DISTINCT");
        let ends = |index: &usize| {
            matches!(
                self.upper(*index).as_str(),
                "ORDER" | "SKIP" | "OFFSET" | "LIMIT" | "UNION" | ";"
            )
        };
        let end = (start..self.tokens.len())
            .filter(top)
            .find(ends)
            .unwrap_or(self.tokens.len());
        if self.raw(start) == "*" {
            return None;
        }
        let commas = (start..end)
            .filter(top)
            .filter(|index| self.raw(*index) == ",");
        let mut from = start;
        let mut columns = Vec::new();
        for to in commas.chain([end]) {
            columns.push(self.column(from, to));
            from = to + 1;
        }
        Some(columns)
    }

    fn column(&self, from: usize, to: usize) -> String {
        if to >= from + 3 && self.upper(to - 2) == "AS" {
            return self.name(to - 1);
        }
        let (Some(first), Some(last)) =
            (self.tokens.get(from), self.tokens.get(to.saturating_sub(1)))
        else {
            return String::new();
        };
        let text = self.text.get(first.start..last.end).unwrap_or_default();
        if to == from + 1 {
            text.trim_matches('`').to_owned()
        } else {
            text.to_owned()
        }
    }
}

fn kind(letter: char) -> Kind {
    match letter {
        '\'' | '"' => Kind::Text,
        '`' => Kind::Quoted,
        letter if is_name(letter) => Kind::Name,
        _ => Kind::Sign,
    }
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The length in bytes of the token at the start of `rest`.
fn length(rest: &str, first: char) -> usize {
    if rest.starts_with("//") {
        return rest.find(['\n', '\r']).unwrap_or(rest.len());
    }
    if let Some(inside) = rest.strip_prefix("/*") {
        return inside.find("*/").map_or(rest.len(), |end| end + 4);
    }
    match first {
        '\'' | '"' => string(rest, first),
        '`' => rest[1..].find('`').map_or(rest.len(), |end| end + 2),
        letter if is_name(letter) => rest.find(|letter| !is_name(letter)).unwrap_or(rest.len()),
        letter => letter.len_utf8(),
    }
}

fn string(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            letter if letter == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}
