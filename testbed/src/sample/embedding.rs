//! Embeddings without a model: a text's words are hashed into a vector of fixed size.
//!
//! Words are runs of letters and digits, in lower case, without the commonest words and without
//! a plural `s`. FNV-1a of a word in UTF-8 chooses a position (hash modulo 64) and a sign (bit
//! 32); the vector of the sums is scaled to length 1. Texts that share words are near each
//! other; nothing deeper is claimed. The same text gives the same vector everywhere, always.

/// How many numbers a vector has.
pub const SIZE: usize = 64;

const COMMON: &[&str] = &[
    "a", "all", "also", "an", "and", "any", "are", "as", "at", "be", "by", "can", "did", "do",
    "for", "from", "had", "has", "his", "how", "in", "is", "it", "its", "no", "not", "of", "on",
    "one", "or", "other", "she", "so", "such", "than", "that", "the", "their", "them", "they",
    "this", "to", "two", "was", "were", "what", "when", "which", "who", "with", "wrote",
];

/// The vector of a text; all zeros for a text without words that count.
pub fn embed(text: &str) -> Vec<f32> {
    let mut sums = vec![0.0_f32; SIZE];
    for word in words(text) {
        let hash = fnv(&word);
        let sign = if hash >> 32 & 1 == 0 { 1.0 } else { -1.0 };
        if let Some(sum) = sums.get_mut((hash % SIZE as u64) as usize) {
            *sum += sign;
        }
    }
    let length = sums.iter().map(|sum| sum * sum).sum::<f32>().sqrt();
    if length > 0.0 {
        sums.iter_mut().for_each(|sum| *sum /= length);
    }
    sums
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let lower = text.to_lowercase();
    let words: Vec<String> = lower
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty() && !COMMON.contains(word))
        .map(stem)
        .collect();
    words.into_iter()
}

fn stem(word: &str) -> String {
    let plural = word.len() > 3 && word.ends_with('s') && !word.ends_with("ss");
    word.strip_suffix('s')
        .filter(|_| plural)
        .unwrap_or(word)
        .to_owned()
}

fn fnv(word: &str) -> u64 {
    word.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
