use super::*;

mod reads;
mod writes;

/// What a text is, in one word.
fn kind(text: &str) -> &'static str {
    match read(text).reading {
        Reading::Explain => "explain",
        Reading::Query(report) if report.writes => "write",
        Reading::Query(report) if !report.procedures.is_empty() => "call",
        Reading::Query(report) if report.show => "show",
        Reading::Query(_) => "read",
        Reading::Command(Command::Schema) => "schema",
        Reading::Command(Command::Admin) => "admin",
        Reading::Unknown(_) => "unknown",
    }
}

#[test]
#[ignore]
fn dump() {
    let path = std::env::var("STMTS").unwrap();
    for line in std::fs::read_to_string(path).unwrap().lines() {
        println!("@@{}\t{}", kind(&line.replace("\\n", "\n")), line);
    }
}

#[test]
fn every_read_is_told_for_a_read() {
    for text in reads::READS {
        assert_eq!(kind(text), "read", "{text}");
    }
}

#[test]
fn no_write_is_called_a_read() {
    for (wanted, text) in writes::WRITES {
        assert_eq!(kind(text), *wanted, "{text}");
    }
}
