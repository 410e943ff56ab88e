//! The tables in which the framework keeps what it did: whether they are whole.

use sqlx::postgres::PgConnection;

use crate::error::MigrationError;

/// One of the tables.
#[derive(Debug, sqlx::FromRow)]
struct Kept {
    name: String,
    is_there: bool,
    /// The columns that are not.
    lacks: Vec<String>,
    /// The columns of the primary key, if there is none.
    lacks_key: Option<String>,
}

/// What a command needs of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Those that are gone are made anew.
    Whole,
    /// What they say is taken back: all are there, or none ever was.
    Complete,
}

/// Refuses a database in which one of them was damaged.
pub(crate) async fn check(connection: &mut PgConnection, need: Need) -> Result<(), MigrationError> {
    let query = sqlx::query_as(include_str!("../sql/records_state.sql")).persistent(false);
    let tables: Vec<Kept> = query.fetch_all(connection).await.map_err(MigrationError::Look)?;
    let needed = need == Need::Complete && tables.iter().any(|table| table.is_there);
    tables.into_iter().find_map(|table| damage(table, needed)).map_or(Ok(()), Err)
}

fn damage(table: Kept, needed: bool) -> Option<MigrationError> {
    let (what, repair) = match &table.lacks_key {
        _ if !table.is_there && needed => {
            ("is gone".to_owned(), "run `migrate up`, which makes it anew, without what it said".to_owned())
        }
        _ if !table.lacks.is_empty() => {
            let (dropped, lost) = without(&table.name);
            let repair = format!(
                "restore it from a backup; or, if {lost}, `DROP TABLE {dropped}`, and run `migrate up`, which \
                makes it anew"
            );
            (format!("has no column {}", table.lacks.join(", ")), repair)
        }
        Some(key) => ("has no primary key".to_owned(), format!("`ALTER TABLE {} ADD PRIMARY KEY ({key})`", table.name)),
        None => return None,
    };
    Some(MigrationError::Damaged { table: table.name, what, repair })
}

/// What goes with one of them, and when nobody misses it.
fn without(table: &str) -> (&str, &'static str) {
    match table {
        "tenancy.runs" | "tenancy.steps" => {
            ("tenancy.steps, tenancy.runs", "nothing that was done so far is to be taken back by `migrate down`")
        }
        "tenancy.known" => (table, "the database is not being adopted"),
        "tenancy.fences" => (table, "no organisation is being moved from this database, or was"),
        _ => (table, "no program starts meanwhile"),
    }
}
