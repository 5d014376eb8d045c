//! Counts over a text (PL-12), in one pass and without allocation: question words, mentions of
//! entities, and four lists of keywords. Words are runs of letters, digits and `_`.

use serde::Serialize;

/// Counts of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TextCounts {
    /// Characters.
    pub length: u32,
    /// Parts between blanks (PL-11).
    pub words: u32,
    pub question_words: u32,
    /// Runs of capitalised words; a run counts once.
    pub entity_mentions: u32,
    pub relationship_keywords: u32,
    pub temporal_keywords: u32,
    pub comparison_keywords: u32,
    pub aggregation_keywords: u32,
}

type List = (&'static [&'static str], fn(&mut TextCounts) -> &mut u32);

/// The lists, and where each is counted. All words are lower-case.
const LISTS: [List; 5] = [
    (&["what", "who", "where", "when", "why", "how"], |c| {
        &mut c.question_words
    }),
    (
        &[
            "related",
            "connected",
            "associated",
            "linked",
            "between",
            "relationship",
            "works",
            "knows",
        ],
        |c| &mut c.relationship_keywords,
    ),
    (
        &[
            "recent", "latest", "current", "past", "future", "before", "after", "during",
        ],
        |c| &mut c.temporal_keywords,
    ),
    (
        &[
            "similar",
            "different",
            "compare",
            "contrast",
            "like",
            "unlike",
        ],
        |c| &mut c.comparison_keywords,
    ),
    (
        &["all", "most", "least", "average", "total", "count", "sum"],
        |c| &mut c.aggregation_keywords,
    ),
];

/// Counts a text.
pub fn counts(text: &str) -> TextCounts {
    let mut counts = TextCounts {
        length: small(text.chars().count()),
        words: small(text.split_whitespace().count()),
        ..TextCounts::default()
    };
    let mut run_ends = None;
    for (at, word) in words(text) {
        count_keyword(word, &mut counts);
        if !is_capitalised(word) {
            continue;
        }
        if !run_ends.is_some_and(|end| only_blanks(text, end, at)) {
            counts.entity_mentions += 1;
        }
        run_ends = Some(at + word.len());
    }
    counts
}

fn count_keyword(word: &str, counts: &mut TextCounts) {
    for (list, counter) in LISTS {
        if list
            .iter()
            .any(|keyword| keyword.eq_ignore_ascii_case(word))
        {
            *counter(counts) += 1;
        }
    }
}

/// The words of a text, each with the byte at which it begins.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let begin = at + text.get(at..)?.find(is_letter)?;
        let rest = text.get(begin..)?;
        let word = rest
            .find(|c| !is_letter(c))
            .map_or(Some(rest), |end| rest.get(..end))?;
        at = begin + word.len();
        Some((begin, word))
    })
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// One capital letter, then lower-case letters and nothing else.
fn is_capitalised(word: &str) -> bool {
    let mut letters = word.bytes();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_uppercase())
        && word.len() > 1
        && letters.all(|letter| letter.is_ascii_lowercase())
}

fn only_blanks(text: &str, from: usize, to: usize) -> bool {
    text.get(from..to)
        .is_some_and(|gap| gap.chars().all(char::is_whitespace))
}

pub(super) fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
