use super::*;
use proptest::prelude::*;

fn mentions(text: &str) -> u32 {
    counts(text).entity_mentions
}

#[test]
fn every_list_is_counted() {
    let counts = counts(
        "What is the LATEST paper, and how does it compare with all papers related to works before it?",
    );
    let expected = TextCounts {
        length: 93,
        words: 18,
        question_words: 2,
        entity_mentions: 1,
        relationship_keywords: 2,
        temporal_keywords: 2,
        comparison_keywords: 1,
        aggregation_keywords: 1,
    };
    assert_eq!(counts, expected);
}

#[test]
fn only_whole_words_count() {
    assert_eq!(counts("whatever unrelated allows shows").question_words, 0);
    assert_eq!(counts("unrelated allowed summer").aggregation_keywords, 0);
    assert_eq!(counts("what_is").question_words, 0);
    assert_eq!(counts("what's (how) who-when").question_words, 4);
}

#[test]
fn a_run_of_capitalised_words_is_one_mention() {
    assert_eq!(mentions("papers of Ada Lovelace and Charles Babbage"), 2);
    assert_eq!(mentions("Ada\n  Lovelace"), 1);
    assert_eq!(mentions("Ada, Charles"), 2);
    assert_eq!(mentions("Ada and Charles"), 2);
}

#[test]
fn a_mention_is_one_capital_and_lower_case_letters() {
    for text in ["", "ada", "IBM", "A", "McDonald", "Ada1", "x_Ada", "Äda"] {
        assert_eq!(mentions(text), 0, "{text}");
    }
    assert_eq!(mentions("Is"), 1);
}

#[test]
fn length_is_in_characters_and_words_are_parts_between_blanks() {
    let counts = counts("  größe, über-all\tdas\u{a0}ist ");
    assert_eq!((counts.length, counts.words), (26, 4));
}

proptest! {
    #[test]
    fn any_text_is_counted_without_a_panic(text in ".{0,200}") {
        let counts = counts(&text);
        prop_assert!(counts.words <= counts.length);
        prop_assert!(counts.entity_mentions <= counts.length);
    }

    #[test]
    fn no_word_counts_twice_in_one_list(text in "(what |Ada |related |x, ){0,20}") {
        let counts = counts(&text);
        let whole = counts.question_words + counts.relationship_keywords;
        prop_assert!(whole + counts.entity_mentions <= counts.words);
    }
}
