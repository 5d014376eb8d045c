//! What the server runs itself, without the engine: SHOW and the procedures that the recorded
//! server lists.

use graphdblite::Value;

use super::builtins::{FUNCTIONS, PROCEDURES};
use super::failure::Failure;
use super::tokens::Tokens;

/// Rows under named columns, of which some are shown unless others are asked for.
pub struct Table {
    columns: Vec<&'static str>,
    /// How many columns are shown without YIELD.
    default: usize,
    rows: Vec<Vec<Value>>,
}

/// Columns and rows of a result.
pub type Rows = (Vec<String>, Vec<Vec<Value>>);

impl Table {
    pub fn new(columns: Vec<&'static str>, default: usize, rows: Vec<Vec<Value>>) -> Self {
        Self {
            columns,
            default,
            rows,
        }
    }

    /// The columns that YIELD asks for, by their aliases.
    pub fn show(&self, tokens: &Tokens<'_>) -> Result<Rows, Failure> {
        let Some(at) = (0..tokens.tokens.len()).find(|index| tokens.upper(*index) == "YIELD")
        else {
            return Ok(self.pick(
                &(0..self.default)
                    .map(|column| (column, None))
                    .collect::<Vec<_>>(),
            ));
        };
        if tokens.raw(at + 1) == "*" {
            return Ok(self.pick(
                &(0..self.columns.len())
                    .map(|column| (column, None))
                    .collect::<Vec<_>>(),
            ));
        }
        let mut wanted = Vec::new();
        let mut at = at + 1;
        loop {
            let name = tokens.name(at);
            let column = self.columns.iter().position(|column| *column == name);
            let column =
                column.ok_or_else(|| Failure::syntax(format!("Variable `{name}` not defined")))?;
            let alias = (tokens.upper(at + 1) == "AS").then(|| tokens.name(at + 2));
            at += if alias.is_some() { 3 } else { 1 };
            wanted.push((column, alias));
            match tokens.upper(at).as_str() {
                "," => at += 1,
                "" | ";" | "RETURN" => return Ok(self.pick(&wanted)),
                other => {
                    return Err(Failure::syntax(format!(
                        "Invalid input '{other}': not served here"
                    )));
                }
            }
        }
    }

    fn pick(&self, wanted: &[(usize, Option<String>)]) -> Rows {
        let name = |(column, alias): &(usize, Option<String>)| {
            alias.clone().unwrap_or_else(|| {
                self.columns
                    .get(*column)
                    .copied()
                    .unwrap_or_default()
                    .to_owned()
            })
        };
        let pick = |row: &Vec<Value>| {
            wanted
                .iter()
                .map(|(column, _)| row.get(*column).cloned().unwrap_or(Value::Null))
                .collect()
        };
        (
            wanted.iter().map(name).collect(),
            self.rows.iter().map(pick).collect(),
        )
    }
}

/// SHOW PROCEDURES.
pub fn procedures() -> Table {
    let columns = vec![
        "name",
        "description",
        "mode",
        "worksOnSystem",
        "signature",
        "argumentDescription",
        "returnDescription",
        "admin",
        "rolesExecution",
        "rolesBoostedExecution",
        "isDeprecated",
        "deprecatedBy",
        "option",
    ];
    let row = |(name, mode): &(&str, &str)| {
        let system = name.starts_with("dbms.") || name.starts_with("tx.") || *name == "db.ping";
        vec![
            text(name),
            text(""),
            text(mode),
            Value::Bool(system),
            text(&format!("{name}()")),
            none(),
            none(),
            Value::Bool(*mode == "DBMS"),
            Value::Null,
            Value::Null,
            Value::Bool(false),
            Value::Null,
            Value::Map([("deprecated".to_owned(), Value::Bool(false))].into()),
        ]
    };
    Table::new(columns, 4, PROCEDURES.iter().map(row).collect())
}

/// SHOW FUNCTIONS.
pub fn functions() -> Table {
    let columns = vec![
        "name",
        "category",
        "description",
        "signature",
        "isBuiltIn",
        "argumentDescription",
        "returnDescription",
        "aggregating",
        "rolesExecution",
        "rolesBoostedExecution",
        "isDeprecated",
        "deprecatedBy",
    ];
    let row = |(name, category): &(&str, &str)| {
        vec![
            text(name),
            text(category),
            text(""),
            text(&format!("{name}()")),
            Value::Bool(true),
            none(),
            text(""),
            Value::Bool(*category == "Aggregating"),
            Value::Null,
            Value::Null,
            Value::Bool(false),
            Value::Null,
        ]
    };
    Table::new(columns, 3, FUNCTIONS.iter().map(row).collect())
}

/// SHOW DATABASES.
pub fn databases() -> Table {
    let columns = vec![
        "name",
        "type",
        "aliases",
        "access",
        "address",
        "role",
        "writer",
        "requestedStatus",
        "currentStatus",
        "statusMessage",
        "default",
        "home",
        "constituents",
    ];
    let row = |(name, kind): (&str, &str)| {
        let home = Value::Bool(name == "neo4j");
        vec![
            text(name),
            text(kind),
            none(),
            text("read-write"),
            text("localhost:7687"),
            text("primary"),
            Value::Bool(true),
            text("online"),
            text("online"),
            text(""),
            home.clone(),
            home,
            none(),
        ]
    };
    Table::new(
        columns,
        13,
        [("neo4j", "standard"), ("system", "system")]
            .map(row)
            .to_vec(),
    )
}

/// The mode of a listed procedure.
pub fn mode(name: &str) -> Option<&'static str> {
    PROCEDURES
        .iter()
        .find(|(listed, _)| *listed == name)
        .map(|(_, mode)| *mode)
}

/// The result of a listed procedure that needs no data. Those with side effects only do nothing here
/// and return nothing.
pub fn call(name: &str) -> Table {
    match name {
        "dbms.components" => Table::new(
            vec!["name", "versions", "edition"],
            3,
            vec![vec![
                text("Neo4j Kernel"),
                Value::List(vec![text("5.26.16")]),
                text("community"),
            ]],
        ),
        "db.ping" => Table::new(vec!["success"], 1, vec![vec![Value::Bool(true)]]),
        _ => Table::new(Vec::new(), 0, Vec::new()),
    }
}

pub fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn none() -> Value {
    Value::List(Vec::new())
}
