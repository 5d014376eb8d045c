//! The canonical form: no insignificant white space between values, members sorted by key, numbers
//! and arrays of numbers as they stand in the document (never printed anew).

use super::CanonicalBody;
use json_reader::{Json, parse};

/// Prints a value canonically, without the top-level members named in `skip`.
pub fn canonical_json(value: &Json<'_>, skip: &[&str]) -> CanonicalBody {
    let mut out = CanonicalBody::default();
    print(value, skip, &mut out);
    out
}

fn print(value: &Json<'_>, skip: &[&str], out: &mut CanonicalBody) {
    match value {
        Json::Null => out.write(b"null"),
        Json::Bool(true) => out.write(b"true"),
        Json::Bool(false) => out.write(b"false"),
        Json::Number(raw) | Json::Numbers(raw, _) => out.write(raw.as_bytes()),
        Json::String(text) => string(text, out),
        Json::Unread(text) => unread(text, out),
        Json::Array(items) => array(items, out),
        Json::Object(_) => object(value, skip, out),
    }
}

/// As if it had been read, when it can be; otherwise as it stands, which is another form of it.
fn unread(text: &str, out: &mut CanonicalBody) {
    match parse(text.as_bytes()) {
        Ok(value) => print(&value, &[], out),
        Err(_) => {
            out.write(b"=");
            string(text, out);
        }
    }
}

/// Length-prefixed rather than quoted: no escapes to decide on, no way to forge a boundary.
fn string(text: &str, out: &mut CanonicalBody) {
    out.write(b"\"");
    out.write(text.len().to_string().as_bytes());
    out.write(b":");
    out.write(text.as_bytes());
}

fn array(items: &[Json<'_>], out: &mut CanonicalBody) {
    out.write(b"[");
    for item in items {
        print(item, &[], out);
        out.write(b",");
    }
    out.write(b"]");
}

fn object(value: &Json<'_>, skip: &[&str], out: &mut CanonicalBody) {
    let mut members: Vec<_> = value
        .members()
        .iter()
        .filter(|(key, _)| !skip.contains(&key.as_ref()))
        .collect();
    members.sort_by(|a, b| a.0.cmp(&b.0));
    out.write(b"{");
    for (key, value) in members {
        string(key, out);
        print(value, &[], out);
        out.write(b",");
    }
    out.write(b"}");
}

#[cfg(test)]
mod tests {
    use super::canonical_json;
    use bytes::Bytes;
    use json_reader::{Json, JsonParser, MAX_VALUES, parse};

    fn finished(value: &Json<'_>, skip: &[&str]) -> (Option<blake3::Hash>, Bytes) {
        canonical_json(value, skip).finish()
    }

    fn canonical(text: &str) -> Bytes {
        finished(&parse(text.as_bytes()).unwrap(), &["timeout"]).1
    }

    #[test]
    fn order_and_white_space_do_not_change_the_canonical_form() {
        assert_eq!(
            canonical(r#"{"a":1,"b":{"d":2,"c":"x"},"timeout":3}"#),
            canonical(r#"{ "b": {"c":"\u0078", "d":2}, "a": 1 }"#)
        );
        assert_ne!(canonical(r#"{"a":"1"}"#), canonical(r#"{"a":1}"#));
        assert_ne!(canonical(r#"["a","b"]"#), canonical(r#"["a\",\"b"]"#));
        assert_ne!(canonical(r#"[[1],[2]]"#), canonical(r#"[[1,2]]"#));
    }

    #[test]
    fn what_was_left_unread_has_the_form_of_what_was_read() {
        let parser = JsonParser::default().leave_unread(&["rows"]);
        let unread = |text: &str| finished(&parser.parse(text.as_bytes()).unwrap(), &[]);
        for text in [
            r#"{"rows":[1,[2,"x"],{"b":1,"a":[]}]}"#,
            r#"{"rows":{"b":1,"a":"\u0061"},"z":1}"#,
        ] {
            let read = parse(text.as_bytes()).unwrap();
            assert_eq!(unread(text), finished(&read, &[]), "{text}");
        }
        assert_eq!(
            unread(r#"{"rows":{"b":1,"a":2}}"#),
            unread(r#"{"rows":{"a":2, "b":1}}"#)
        );
    }

    #[test]
    fn what_cannot_be_read_stands_for_itself() {
        let parser = JsonParser::default().leave_unread(&["rows"]);
        let form = |rows: &str| {
            let text = format!(r#"{{"rows":{rows}}}"#);
            finished(&parser.parse(text.as_bytes()).unwrap(), &[])
        };
        let many = format!("[{}[]]", "[],".repeat(MAX_VALUES));
        assert_ne!(form(&many), form(&many.replacen("[]", "[ ]", 1)));
        assert_ne!(form(r#"{"a":1,"a":2}"#), form(r#"{"a":2,"a":1}"#));
        assert_ne!(form(r#"{"a":1,"a":2}"#), form(r#"{"a":2}"#));
    }
}
