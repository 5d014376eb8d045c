//! References in scalars: `${NAME}` is an environment variable, `${file:/path}` the content of a
//! file without its last line end, `$$` one dollar. A missing one is a problem, never empty text.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// Bytes of a referenced file at most.
const MAX_FILE: u64 = 64 << 10;

/// What was found and what was expected.
type Wrong = (String, String);

/// Replaces every reference. Errors name the variable or the file, never a content.
pub fn replace(text: &str, env: &BTreeMap<String, String>) -> Result<String, Wrong> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = match after.chars().next() {
            Some('$') => literal(&mut out, after),
            Some('{') => {
                let (name, after) = after.split_once('}').ok_or_else(unclosed)?;
                out.push_str(&lookup(name.strip_prefix('{').unwrap_or(name), env)?);
                after
            }
            _ => {
                out.push('$');
                after
            }
        };
    }
    out.push_str(rest);
    Ok(out)
}

/// Whether the whole text is one reference.
pub fn is_reference(text: &str) -> bool {
    let inner = text
        .strip_prefix("${")
        .and_then(|text| text.strip_suffix('}'));
    inner.is_some_and(|inner| !inner.contains(['{', '}']))
}

fn literal<'t>(out: &mut String, after: &'t str) -> &'t str {
    out.push('$');
    after.strip_prefix('$').unwrap_or(after)
}

fn lookup(name: &str, env: &BTreeMap<String, String>) -> Result<String, Wrong> {
    match name.strip_prefix("file:") {
        Some(path) => content(path),
        None if is_variable(name) => env.get(name).cloned().ok_or_else(|| unset(name)),
        None => Err(unclosed()),
    }
}

fn is_variable(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(inner) && !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit())
}

fn content(path: &str) -> Result<String, Wrong> {
    let shown = super::quoted(path);
    let wrong = |why: String| {
        (
            format!("the file {shown}, {why}"),
            "a readable file".to_string(),
        )
    };
    if !path.starts_with('/') {
        return Err((
            format!("the path {shown}"),
            "a whole path, ${file:/path}".into(),
        ));
    }
    let bytes = bounded(Path::new(path))
        .map_err(|error| wrong(format!("which cannot be read ({error})")))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(wrong(format!("which is longer than {MAX_FILE} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong("which is not UTF-8".into()))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_string())
}

/// At most one byte more than allowed. Only a plain file: a pipe would block.
fn bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("not a plain file"));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(MAX_FILE + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unset(name: &str) -> Wrong {
    let found = format!("${{{name}}}, a variable that is not set");
    (found, "an environment variable of that name".into())
}

fn unclosed() -> Wrong {
    let expected = "${NAME}, ${file:/path}, or $$ for a dollar";
    ("`${` that begins no reference".into(), expected.into())
}
