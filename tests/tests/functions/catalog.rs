//! What the server says of its functions.

use sea_orm::DatabaseConnection;
use serde_json::Value;

use crate::support::texts;

/// The functions of one name, all overloads taken together.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) name: String,
    pub(crate) immutable: bool,
    /// Whether one runs with its owner's rights.
    pub(crate) definer: bool,
    /// Whether all implement an operator.
    pub(crate) operator: bool,
    /// Whether all read or print a type.
    pub(crate) conversion: bool,
    /// The types of arguments and results, an array as its elements.
    pub(crate) types: Vec<String>,
}

/// pg_catalog's functions, by name.
pub(crate) async fn facts(connection: &DatabaseConnection) -> Vec<Facts> {
    let query = include_str!("catalog.sql").trim_end().trim_end_matches(';');
    let rows = texts(connection, &format!("SELECT CAST(row_to_json(f) AS text) FROM ({query}) AS f")).await;
    rows.iter().map(|row| read(&serde_json::from_str(row).expect("JSON from row_to_json"))).collect()
}

fn read(row: &Value) -> Facts {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let flag = |key: &str| row[key].as_bool().expect("a boolean");
    Facts {
        name: text(&row["name"]),
        immutable: flag("immutable"),
        definer: flag("definer"),
        operator: flag("operator"),
        conversion: flag("conversion"),
        types: row["types"].as_array().expect("an array").iter().map(text).collect(),
    }
}
