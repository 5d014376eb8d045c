//! A statement cut into words, far enough to see prefixes, parameters and the columns of its
//! RETURN. Escapes (`\u0041`) are replaced first, as Neo4j does.

/// One word of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
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

/// A statement and its words.
pub struct Words<'a> {
    pub text: &'a str,
    pub words: Vec<Word>,
}

/// Replaces `\uXXXX` wherever it stands. What is no escape stays as it is.
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

impl<'a> Words<'a> {
    /// Cuts a statement; comments vanish.
    pub fn of(text: &'a str) -> Self {
        let mut words = Vec::new();
        let (mut at, mut depth) = (0, 0_usize);
        while let Some(letter) = text[at..].chars().next() {
            let rest = &text[at..];
            let long = length(rest, letter);
            if !letter.is_whitespace() && !rest.starts_with("//") && !rest.starts_with("/*") {
                if matches!(letter, ')' | ']' | '}') {
                    depth = depth.saturating_sub(1);
                }
                words.push(Word {
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
        Self { text, words }
    }

    /// The text of a word as it stands.
    pub fn raw(&self, index: usize) -> &'a str {
        self.words
            .get(index)
            .map_or("", |word| &self.text[word.start..word.end])
    }

    /// A word in capitals; nothing for strings and quoted names.
    pub fn upper(&self, index: usize) -> String {
        match self.words.get(index) {
            Some(word) if matches!(word.kind, Kind::Name | Kind::Sign) => {
                self.raw(index).to_uppercase()
            }
            _ => String::new(),
        }
    }

    /// A name without its backticks.
    pub fn name(&self, index: usize) -> String {
        self.raw(index).trim_matches('`').to_owned()
    }

    /// Whether the words from `index` are these, in capitals.
    pub fn starts(&self, index: usize, words: &[&str]) -> bool {
        words
            .iter()
            .enumerate()
            .all(|(offset, word)| self.upper(index + offset) == *word)
    }

    /// Whether a word stands anywhere outside of strings.
    pub fn has(&self, word: &str) -> bool {
        (0..self.words.len()).any(|index| self.upper(index) == word)
    }

    /// Names of the parameters used (`$name`), in order of first use.
    pub fn parameters(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for index in 0..self.words.len() {
            let follows = self
                .words
                .get(index + 1)
                .is_some_and(|next| next.start == self.words[index].end);
            if self.raw(index) == "$" && follows && !names.contains(&self.name(index + 1)) {
                names.push(self.name(index + 1));
            }
        }
        names
    }

    /// The columns of the last RETURN: aliases, or the text of the expressions. None for `*`.
    pub fn columns(&self) -> Option<Vec<String>> {
        let top = |index: &usize| self.words[*index].depth == 0;
        let is = |word: &str| {
            (0..self.words.len())
                .filter(top)
                .rev()
                .find(|at| self.upper(*at) == word)
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
        let end = (start..self.words.len())
            .filter(top)
            .find(ends)
            .unwrap_or(self.words.len());
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
            (self.words.get(from), self.words.get(to.saturating_sub(1)))
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

/// How many bytes the thing at the start of `rest` has.
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
