//! The body of the transactional API, read as Neo4j reads it: `statements` must come first, the
//! first one counts, and what follows its `]` is not read, also when it is cut or broken.

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer as _};
use serde_json::{Map, Value as Json};

use super::failure::Failure;

/// One statement. Of a key that stands twice the last counts.
#[derive(Default)]
pub struct Statement {
    pub statement: String,
    pub parameters: Map<String, Json>,
    pub include_stats: bool,
    /// `row`, `graph`; none: `row`.
    pub contents: Vec<String>,
}

/// The statements of a body; an empty body has none.
pub fn statements(body: &[u8]) -> Result<Vec<Statement>, Failure> {
    if body.is_empty() {
        return Ok(Vec::new());
    }
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let mut found = None;
    let result = serde_json::Deserializer::from_slice(body).deserialize_map(First(&mut found));
    match (found, result) {
        (Some(list), _) => list.into_iter().map(Statement::of).collect(),
        (None, Ok(())) => Ok(Vec::new()),
        (None, Err(error)) => Err(invalid(&error.to_string())),
    }
}

fn invalid(detail: &str) -> Failure {
    Failure::new(
        "Neo.ClientError.Request.InvalidFormat",
        format!("Could not parse the incoming JSON: {detail}"),
    )
}

/// Reads the first field and keeps it; the rest only as far as it goes well.
struct First<'a>(&'a mut Option<Vec<Map<String, Json>>>);

impl<'de> Visitor<'de> for First<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object that begins with `statements`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        match map.next_key::<String>()?.as_deref() {
            None => return Ok(()),
            Some("statements") => *self.0 = Some(map.next_value()?),
            Some(other) => {
                return Err(serde::de::Error::custom(format!(
                    "expected `statements`, found `{other}`"
                )));
            }
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

impl Statement {
    fn of(map: Map<String, Json>) -> Result<Self, Failure> {
        let statement = match map.get("statement") {
            Some(Json::String(statement)) => statement.clone(),
            _ => return Err(invalid("a statement without text")),
        };
        let parameters = match map.get("parameters") {
            None | Some(Json::Null) => Map::new(),
            Some(Json::Object(parameters)) => parameters.clone(),
            Some(_) => return Err(invalid("parameters that are no object")),
        };
        let contents = map.get("resultDataContents").cloned().unwrap_or(Json::Null);
        Ok(Self {
            statement,
            parameters,
            include_stats: map
                .get("includeStats")
                .and_then(Json::as_bool)
                .unwrap_or(false),
            contents: Option::<Vec<String>>::deserialize(contents)
                .ok()
                .flatten()
                .unwrap_or_default(),
        })
    }
}
