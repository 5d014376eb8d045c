//! What a statement may cost: steps in proportion to its length, whatever it is made of.

use super::*;
use crate::work;

/// Many variables, so that copying a scope would show.
fn variables() -> String {
    let nodes: Vec<String> = (0..120).map(|i| format!("(v{i}:A)")).collect();
    format!("MATCH {}", nodes.join(","))
}

/// The steps of reading a statement, which must be a read or a write that is understood.
fn steps(text: &str) -> usize {
    work::take();
    let kind = kind(text);
    assert!(
        ["read", "write", "call"].contains(&kind),
        "{kind}: {text:.200}"
    );
    work::take()
}

/// A statement, by its number of pieces.
type Statement = Box<dyn Fn(usize) -> String>;

fn rows() -> Vec<(&'static str, Statement)> {
    fn list(before: &str, piece: &'static str, between: &'static str) -> Statement {
        let before = format!("{} {before}", variables());
        Box::new(move |n| format!("{before} {}", vec![piece; n].join(between)))
    }
    fn around(
        before: &str,
        piece: &'static str,
        between: &'static str,
        after: &'static str,
    ) -> Statement {
        let inner = list(before, piece, between);
        Box::new(move |n| format!("{}{after}", inner(n)))
    }
    vec![
        ("lists", list("RETURN", "[1]", ",")),
        ("nested lists", list("RETURN", "[[[[[[[[1]]]]]]]]", ",")),
        (
            "comprehensions",
            list("RETURN", "[v1 IN [v2 IN [] | v2] WHERE true | v1]", ","),
        ),
        ("maps", list("RETURN", "{a:{a:{a:{a:1}}}}", ",")),
        ("projections", list("RETURN", "v1{.a, .*, b:v2{.c}}", ",")),
        ("parentheses", list("RETURN", "((((((1))))))", ",")),
        (
            "CASE",
            list(
                "RETURN",
                "CASE v1 WHEN 1 THEN CASE WHEN true THEN 2 END END",
                ",",
            ),
        ),
        (
            "WHENs",
            around("RETURN CASE", "WHEN true THEN 1", " ", " END"),
        ),
        ("predicates", list("RETURN", "(v1)--(v2)", ",")),
        ("a long pattern", around("MATCH", "(:A)", "--", " RETURN 1")),
        ("patterns", around("MATCH", "(:A)", ",", " RETURN 1")),
        (
            "quantified paths",
            around("MATCH", "((x)-[:R]->(y)){1,2}", "(z)", " RETURN 1"),
        ),
        ("labels", around("MATCH (n", ":A", "", ") RETURN 1")),
        (
            "label expressions",
            around("MATCH (n:", "(A|!(B))", "&", ") RETURN 1"),
        ),
        ("EXISTS", list("RETURN", "EXISTS{(v1)}", ",")),
        (
            "EXISTS with clauses",
            list("RETURN", "EXISTS{WITH v1 RETURN v1}", ","),
        ),
        (
            "CALL",
            around("", "CALL{WITH v1 RETURN 1 AS a}", " ", " RETURN 1"),
        ),
        (
            "CALL with a list",
            around("", "CALL(v1,v2){RETURN 1 AS a}", " ", " RETURN 1"),
        ),
        (
            "CALL with all",
            around("", "CALL(*){WITH v1 RETURN 1 AS a}", " ", " RETURN 1"),
        ),
        (
            "UNION",
            list("RETURN 1 UNION", "MATCH (n:A) RETURN n", " UNION "),
        ),
        (
            "UNION in CALL",
            around("CALL(*){", "WITH v1 RETURN 1 AS a", " UNION ", "} RETURN 1"),
        ),
        ("WITH *", around("", "WITH *", " ", " RETURN 1")),
        ("WITH", around("", "WITH v1, v2 AS v3", " ", " RETURN 1")),
        (
            "SET",
            list("MATCH ()-[r:A|B|C|D|E|F|G|H]->() SET", "r.x=1", ","),
        ),
        (
            "SET of many types",
            Box::new(|n| {
                let types: Vec<String> = (0..60).map(|i| format!("T{i}")).collect();
                format!(
                    "MATCH ()-[r:{}]->() SET {}",
                    types.join("|"),
                    vec!["r.x=1"; n].join(",")
                )
            }),
        ),
        ("DELETE", list("MATCH ()-[r:A]->() DELETE", "r", ",")),
        (
            "FOREACH",
            around("", "FOREACH (x IN [] | SET v1.x = x)", " ", " RETURN 1"),
        ),
        ("names", list("RETURN", "v1", ",")),
        ("dotted names", list("RETURN", "v1", ".")),
        ("functions", list("RETURN", "date({a:1, year:1})", ",")),
        (
            "functions in functions",
            list(
                "RETURN",
                "date.truncate(date.truncate(date.truncate(1)))",
                ",",
            ),
        ),
        ("arguments", around("RETURN date.truncate(1", ",1", "", ")")),
        (
            "procedures",
            around("", "CALL a.b.c(1) YIELD x", " ", " RETURN 1"),
        ),
        ("operators", list("RETURN", "1", "+")),
        ("signs", around("RETURN", "-", " ", "1")),
        ("indexes", around("RETURN v1", "[1..2]", "", "")),
        (
            "type tests",
            list("RETURN", "v1 IS :: LIST<INT NOT NULL> | MAP", " AND "),
        ),
    ]
}

#[test]
fn the_steps_of_a_reading_grow_with_the_text_and_no_faster() {
    for (name, statement) in rows() {
        let [a, b, c] = [400, 800, 1600].map(&statement);
        let [few, more, most] = [&a, &b, &c].map(|text| steps(text));
        let (first, second) = (more - few, most - more);
        assert!(
            second * 10 <= first * 21,
            "{name}: {few}, {more}, {most} steps"
        );
        let each = second as f64 / (c.len() - b.len()) as f64;
        assert!(each < 25.0, "{name}: {each} steps a byte");
    }
}

#[test]
fn nesting_costs_no_more_than_its_length() {
    let none = steps(&format!("{} RETURN 1", variables()));
    for (open, inner, close) in [
        ("[", "1", "]"),
        ("(", "1", ")"),
        ("{a:", "1", "}"),
        ("[v1 IN ", "[]", "]"),
        ("CASE WHEN true THEN ", "1", " END"),
        ("abs(", "1", ")"),
        ("date.truncate(", "1", ")"),
        ("EXISTS { RETURN ", "1", " }"),
        ("COUNT { WITH v1 RETURN ", "1", " }"),
        ("v1[", "1", "]"),
    ] {
        let nested = |n: usize| {
            let text = format!("{}{inner}{}", open.repeat(n), close.repeat(n));
            steps(&format!("{} RETURN {text}", variables())).saturating_sub(none)
        };
        let (few, many) = (nested(5), nested(40));
        assert!(
            many <= few * 9,
            "{open}: {few} steps for 5 levels, {many} for 40"
        );
    }
}

#[test]
fn a_statement_that_is_too_long_is_given_up_at_once() {
    let long = format!("RETURN '{}'", "x".repeat(MAX_STATEMENT));
    work::take();
    let statement = read(&long);
    assert!(matches!(
        statement.kind,
        StatementKind::Unknown("statement_too_long")
    ));
    assert_eq!(work::take(), 0);
    let just = format!("RETURN '{}'", "x".repeat(MAX_STATEMENT - 10));
    assert_eq!(kind(&just), "read");
}

#[test]
fn names_that_are_too_long_make_nothing_narrow() {
    let long = "x".repeat(300);
    let read = report(&format!("MATCH (n:`{long}`) RETURN n"));
    assert!(read.broad && read.labels.is_empty());
    let write = report(&format!("CREATE (n:{long})"));
    assert!(write.wide && write.changed_labels.is_empty());
    let variable = report(&format!("MATCH ()-[{long}:R]->() SET {long}.x = 1"));
    assert!(variable.wide);
    assert!(report(&format!("RETURN {long}(1)")).reads_clock);
    assert_eq!(kind(&format!("CALL {long}()")), "unknown");
}

#[test]
fn a_variable_in_quotes_is_known_by_the_name_within_them() {
    let quoted = report("MATCH ()-[`r`:R]->() SET `r`.x = 1");
    assert!(!quoted.wide && quoted.changed_types.len() == 1);
    let other = report("MATCH ()-[```r```:R]->(), (`r`:A) SET `r`.x = 1");
    assert!(other.wide);
}

#[test]
fn a_change_of_a_relationship_of_many_types_is_wide() {
    let write = |count: usize| {
        let types: Vec<String> = (0..count).map(|i| format!("T{i}")).collect();
        report(&format!("MATCH ()-[r:{}]->() SET r.x = 1", types.join("|")))
    };
    let few = write(8);
    assert!(!few.wide && few.changed_types.len() == 8);
    assert!(write(9).wide);
}

#[test]
fn what_a_subquery_or_a_comprehension_changes_is_undone_behind_it() {
    for text in [
        "MATCH ()-[r:R]->() WITH r, [r IN [1] | r] AS l SET r.x = 1",
        "MATCH ()-[r:R]->() CALL { WITH r WITH 1 AS r RETURN 1 AS a } SET r.x = 1",
        "MATCH ()-[r:R]->() CALL (*) { WITH 1 AS r RETURN 1 AS a UNION RETURN 1 AS a } SET r.x = 1",
        "MATCH ()-[r:R]->() CALL () { RETURN 1 AS a } SET r.x = 1",
        "MATCH ()-[r:R]->() WITH r, all(r IN [1] WHERE true) AS l SET r.x = 1",
        "MATCH ()-[r:R]->() WHERE EXISTS { WITH 1 AS r RETURN r } SET r.x = 1",
        "MATCH ()-[r:R]->() WHERE (r)--() SET r.x = 1",
        "MATCH ()-[r:R]->() WITH * SET r.x = 1",
        "MATCH ()-[r:R]->() WITH *, 1 AS a SET r.x = 1",
        "MATCH ()-[q:R]->() WITH q AS r SET r.x = 1",
    ] {
        let write = report(text);
        let types: Vec<_> = write.changed_types.iter().map(String::as_str).collect();
        assert!(!write.wide && types == ["R"], "{text}");
    }
    for text in [
        "MATCH ()-[r:R]->() WITH 1 AS a SET r.x = 1",
        "MATCH ()-[r:R]->() WITH *, 1 AS r SET r.x = 1",
        "MATCH ()-[r:R]->() CALL { SET r.x = 1 }",
        "MATCH ()-[r:R]->() CALL (a) { SET r.x = 1 }",
        "MATCH ()-[r:R]->() RETURN 1 AS a UNION MATCH (n:A) SET r.x = 1",
        "MATCH ()-[r:R]->() CALL (r) { WITH 1 AS r SET r.x = 1 }",
        "MATCH ()-[r:R]->() WITH r AS q, 1 AS r SET r.x = 1",
    ] {
        assert!(report(text).wide, "{text}");
    }
}
