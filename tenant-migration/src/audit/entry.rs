//! An entry of the log, and what it is known by.

use std::fmt::Write;

use sea_orm::prelude::Uuid;
use serde::{Deserialize, Serialize};

use super::digest::{Hash, sha256};
use super::hexadecimal;
use super::moment::Moment;

/// The columns of an [`Entry`], of the table that is called `l`. An array of arrays can't be an entry's: it passes for none. One
/// that counts from elsewhere than 1, which the driver can't read, is the same to JSON.
pub(super) const COLUMNS: &str = "l.entry, CAST(extract(epoch FROM l.at) * 1000000 AS bigint) AS at, l.organization_id, \
     l.bound_tenant, l.user_id, l.request_id, l.database_role, l.transaction, l.kind, l.alarm, \
     CASE WHEN array_ndims(l.tables) > 1 THEN NULL ELSE l.tables[:] END AS tables, l.touched, l.statement, l.duration, l.reason, \
     l.commitment";

/// All that an entry says.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) entry: i64,
    pub(super) at: Moment,
    pub(super) organization_id: Option<Uuid>,
    pub(super) bound_tenant: Option<Uuid>,
    pub(super) user_id: Option<Uuid>,
    pub(super) request_id: Option<String>,
    pub(super) database_role: String,
    pub(super) transaction: i64,
    pub(super) kind: String,
    pub(super) alarm: bool,
    pub(super) tables: Option<Vec<Option<String>>>,
    pub(super) touched: Option<i64>,
    pub(super) statement: Option<String>,
    pub(super) duration: Option<i64>,
    pub(super) reason: Option<String>,
    #[serde(with = "hexadecimal::optional")]
    pub(super) commitment: Option<Vec<u8>>,
}

impl Entry {
    /// What `tenancy.entry_hash` gives.
    pub(super) fn hash(&self) -> Hash {
        sha256(self.canonical().as_bytes())
    }

    /// What PostgreSQL's `json_build_array` prints.
    fn canonical(&self) -> String {
        let mut array = Array(String::with_capacity(400));
        array.plain(Some(self.entry));
        array.plain(Some(self.at.microseconds()));
        for id in [self.organization_id, self.bound_tenant, self.user_id] {
            array.text(id.map(|id| id.to_string()).as_deref());
        }
        array.text(self.request_id.as_deref());
        array.text(Some(&self.database_role));
        array.plain(Some(self.transaction));
        array.text(Some(&self.kind));
        array.plain(Some(self.alarm));
        array.texts(self.tables.as_deref());
        array.plain(self.touched);
        array.text(self.statement.as_deref());
        array.plain(self.duration);
        array.text(self.reason.as_deref());
        array.text(self.commitment.as_ref().map(hex::encode).as_deref());
        array.0.push(']');
        array.0
    }
}

/// A JSON array that is being written as PostgreSQL writes one.
struct Array(String);

impl Array {
    fn next(&mut self) -> &mut String {
        self.0.push_str(if self.0.is_empty() { "[" } else { ", " });
        &mut self.0
    }

    fn plain(&mut self, value: Option<impl std::fmt::Display>) {
        let json = self.next();
        match value {
            // Writing to a string never fails.
            Some(value) => drop(write!(json, "{value}")),
            None => json.push_str("null"),
        }
    }

    fn text(&mut self, text: Option<&str>) {
        quote(self.next(), text);
    }

    /// An array in an array has no blanks.
    fn texts(&mut self, texts: Option<&[Option<String>]>) {
        let json = self.next();
        let Some(texts) = texts else { return json.push_str("null") };
        json.push('[');
        for (index, text) in texts.iter().enumerate() {
            if index > 0 {
                json.push(',');
            }
            quote(json, text.as_deref());
        }
        json.push(']');
    }
}

fn quote(json: &mut String, text: Option<&str>) {
    let Some(text) = text else { return json.push_str("null") };
    json.push('"');
    for c in text.chars() {
        match c {
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            c if c < ' ' => drop(write!(json, "\\u{:04x}", u32::from(c))),
            c => json.push(c),
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PostgreSQL's own answer to the same values; the guarantee's tests ask it about many more.
    #[test]
    fn the_canonical_form_is_what_postgresql_prints() {
        let entry = Entry {
            entry: 7,
            at: Moment::from_microseconds(-62_135_596_799_999_999),
            organization_id: Some(Uuid::from_u128(0xABCD)),
            bound_tenant: None,
            user_id: None,
            request_id: Some("a \"quoted\" \\ \u{1} \u{7f} \n ü 分".to_owned()),
            database_role: String::new(),
            transaction: -3,
            kind: "read".to_owned(),
            alarm: false,
            tables: Some(vec![Some("a,b".to_owned()), None, Some("{\"c\"}".to_owned())]),
            touched: Some(0),
            statement: None,
            duration: Some(-1),
            reason: None,
            commitment: Some(vec![0, 255]),
        };
        let json = "[7, -62135596799999999, \"00000000-0000-0000-0000-00000000abcd\", null, null, \
             \"a \\\"quoted\\\" \\\\ \\u0001 \u{7f} \\n ü 分\", \"\", -3, \"read\", false, [\"a,b\",null,\"{\\\"c\\\"}\"], 0, null, -1, \
             null, \"00ff\"]";
        assert_eq!(entry.canonical(), json);
    }
}
