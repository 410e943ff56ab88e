//! What writes to a table leave in the access log: a function, and the triggers that call it.

use std::fmt::Write;

use tenant_core::Table;

use crate::ident::{Ident, IdentError, QualifiedName};
use crate::live::MARK;
use crate::name::audit_function;
use crate::role_names::RoleNames;
use crate::step::Step;
use crate::template::literal;
use crate::tenancy;

/// How the triggers' names begin; nobody else's do.
pub(crate) const PREFIX: &str = "tenancy_audit_";

/// What takes the place of a redacted value.
const REDACTED: &str = "(redacted)";

/// The path along which the function finds what its text names without a schema.
const PATH: (&str, &str) = ("search_path", "pg_catalog, pg_temp");

/// Of what a session may set, all that changes how a row is printed: it may hide no difference.
const PRINTING: [(&str, &str); 4] = [
    ("\"TimeZone\"", "'UTC'"),
    ("\"IntervalStyle\"", "'iso_8601'"),
    ("bytea_output", "'hex'"),
    ("extra_float_digits", "1"),
];

/// A trigger that tells of one command: with transition tables it can't be of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AuditTrigger {
    pub(crate) name: &'static str,
    command: &'static str,
    /// `tgtype`: after each statement, of this command.
    pub(crate) event: i16,
    pub(crate) old_table: Option<&'static str>,
    pub(crate) new_table: Option<&'static str>,
}

/// All of them.
pub(crate) const TRIGGERS: [AuditTrigger; 4] = [
    trigger("tenancy_audit_delete", "DELETE", 8, Some("old_rows"), None),
    trigger("tenancy_audit_insert", "INSERT", 4, None, Some("new_rows")),
    trigger("tenancy_audit_truncate", "TRUNCATE", 32, None, None),
    trigger("tenancy_audit_update", "UPDATE", 16, Some("old_rows"), Some("new_rows")),
];

const fn trigger(
    name: &'static str,
    command: &'static str,
    event: i16,
    old_table: Option<&'static str>,
    new_table: Option<&'static str>,
) -> AuditTrigger {
    AuditTrigger { name, command, event, old_table, new_table }
}

/// How the writes of a table are logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuditSchema {
    table: QualifiedName,
    function: QualifiedName,
    key: Ident,
    /// What tells one tenant's rows apart.
    identity: Vec<Ident>,
    rows: bool,
    redacted: Vec<String>,
    mover: Ident,
}

impl AuditSchema {
    /// Of a scoped table whose writes are logged.
    pub(crate) fn of(table: &Table, name: &QualifiedName, roles: &RoleNames) -> Result<Option<Self>, IdentError> {
        let (Some(key), audit) = (table.tenant_key(), table.audited()) else { return Ok(None) };
        if !audit.logs_writes() {
            return Ok(None);
        }
        Ok(Some(Self {
            function: QualifiedName { schema: Ident::known(tenancy::SCHEMA), name: audit_function(name) },
            table: name.clone(),
            key: Ident::new(key)?,
            identity: Ident::all(table.primary_key().iter().map(String::as_str).filter(|column| *column != key))?,
            rows: audit.logs_rows(),
            redacted: audit.redacted().to_vec(),
            mover: roles.mover.clone(),
        }))
    }

    /// The function's name, without arguments.
    pub(crate) const fn function(&self) -> &QualifiedName {
        &self.function
    }

    /// What the function is to be set to, as the server keeps it.
    pub(crate) fn settings(&self) -> Vec<String> {
        let kept = |(name, value): (&str, &str)| format!("{}={}", name.trim_matches('"'), value.trim_matches('\''));
        self.set().map(kept).collect()
    }

    fn set(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        if self.rows { &PRINTING[..] } else { &[] }.iter().copied().chain([PATH])
    }

    /// The statements that make the function what it is to be. It runs as the owner, because the application may not write what
    /// is in the log.
    pub(crate) fn definition(&self) -> String {
        let function = &self.function;
        let set = self.set().fold(String::new(), |mut set, (name, value)| {
            let _ = write!(set, "\n  SET {name} = {value}");
            set
        });
        format!(
            "CREATE OR REPLACE FUNCTION {function}() RETURNS trigger\n  LANGUAGE plpgsql VOLATILE SECURITY DEFINER{set}\nAS {};\n\
             REVOKE ALL ON FUNCTION {function}() FROM PUBLIC;",
            literal(&self.text())
        )
    }

    /// What the function does, as the server keeps it.
    ///
    /// Whatever the statement named, a partition or the table itself, the log names the table.
    pub(crate) fn text(&self) -> String {
        let mover = literal(self.mover.as_str());
        let (inserted, updated, deleted) = if self.rows { self.with_rows() } else { self.counted() };
        let truncated = self.record("NULL", "truncate", "NULL", "");
        format!(
            "
BEGIN
  -- What the mover copies was logged when it was written.
  IF session_user = {mover} THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'INSERT' THEN
    {inserted};
  ELSIF TG_OP = 'UPDATE' THEN
    {updated};
  ELSIF TG_OP = 'DELETE' THEN
    {deleted};
  ELSE
    -- Nothing says whose rows there were.
    {truncated};
  END IF;
  RETURN NULL;
END
"
        )
    }

    fn record(&self, organization: &str, operation: &str, touched: &str, changes: &str) -> String {
        let [schema, name] = [&self.table.schema, &self.table.name].map(|name| literal(name.as_str()));
        format!(
            "PERFORM tenancy.record_write({organization}, '{operation}', quote_ident({schema}) || '.' || quote_ident({name}), \
             {touched}{changes})"
        )
    }

    /// How many rows there were, of each organisation; of one that was moved, on both sides.
    fn counted(&self) -> (String, String, String) {
        let key = &self.key;
        let one = |rows: &str, operation: &str| {
            let record = self.record(&format!("{rows}.{key}"), operation, "count(*)", "");
            format!("{record} FROM {rows} GROUP BY {rows}.{key}")
        };
        let updated = self.record("w.organization", "update", "greatest(sum(w.was), sum(w.now))", "");
        let updated = format!(
            "{updated} FROM (
      SELECT old_rows.{key}, 1, 0 FROM old_rows UNION ALL SELECT new_rows.{key}, 0, 1 FROM new_rows
    ) AS w (organization, was, now) GROUP BY w.organization"
        );
        (one("new_rows", "insert"), updated, one("old_rows", "delete"))
    }

    /// The same, with the rows.
    ///
    /// Both transition tables hold what was updated in the order in which it was. A row that was updated twice (two of its
    /// foreign keys were set to NULL) is in each of them twice, so the key alone would pair too many.
    fn with_rows(&self) -> (String, String, String) {
        let redaction = self.redaction();
        let identity: Vec<String> =
            self.identity.iter().map(|column| format!("{}, r.{column}", literal(column.as_str()))).collect();
        let read = |rows: &str| {
            format!(
                "SELECT r.{} AS organization, jsonb_build_object({}) AS key, to_jsonb(r) AS content, row_number() OVER () AS nth \
                 FROM {rows} AS r",
                self.key,
                identity.join(", ")
            )
        };
        let one = |rows: &str, operation: &str, side: &str| {
            let change = format!("jsonb_build_object('key', w.key, '{side}', w.content || {redaction})");
            let record =
                self.record("w.organization", operation, "count(*)", &format!(", jsonb_agg({change} ORDER BY w.nth)"));
            format!("{record} FROM ({}) AS w GROUP BY w.organization", read(rows))
        };
        let different = |one: &str, other: &str| {
            format!(
                "(SELECT coalesce(jsonb_object_agg(f.name, coalesce({redaction} -> f.name, f.content)), '{{}}')
          FROM jsonb_each({one}.content) AS f (name, content) WHERE f.content IS DISTINCT FROM {other}.content -> f.name)"
            )
        };
        let change = format!(
            ", jsonb_agg(CASE
        WHEN n.content IS NULL THEN jsonb_build_object('key', key, 'before', o.content || {redaction})
        WHEN o.content IS NULL THEN jsonb_build_object('key', key, 'after', n.content || {redaction})
        ELSE jsonb_build_object('key', key, 'before', {}, 'after', {}) END ORDER BY nth)",
            different("o", "n"),
            different("n", "o")
        );
        let updated = self.record("organization", "update", "greatest(count(o.content), count(n.content))", &change);
        let updated = format!(
            "{updated}
      FROM ({}) AS o
      FULL JOIN ({}) AS n USING (organization, key, nth)
      GROUP BY organization",
            read("old_rows"),
            read("new_rows")
        );
        (one("new_rows", "insert", "after"), updated, one("old_rows", "delete", "before"))
    }

    /// What stands in place of redacted values, as an expression.
    fn redaction(&self) -> String {
        let redacted: serde_json::Map<String, serde_json::Value> =
            self.redacted.iter().map(|column| (column.clone(), REDACTED.into())).collect();
        format!("{}::jsonb", literal(&serde_json::Value::Object(redacted).to_string()))
    }

    /// The statements that make a trigger on the table or on one of its partitions. Replicas' and restored sessions fire it
    /// too: nothing that a session can set switches it off.
    pub(crate) fn trigger(&self, trigger: AuditTrigger, on: &QualifiedName) -> String {
        let AuditTrigger { name, command, old_table, new_table, .. } = trigger;
        let old = old_table.map(|table| format!(" OLD TABLE AS {table}"));
        let new = new_table.map(|table| format!(" NEW TABLE AS {table}"));
        let tables = [old, new].into_iter().flatten().collect::<String>();
        let referencing = if tables.is_empty() { String::new() } else { format!(" REFERENCING{tables}") };
        format!(
            "CREATE OR REPLACE TRIGGER {name} AFTER {command} ON {on}{referencing} FOR EACH STATEMENT EXECUTE FUNCTION {}();\n\
             ALTER TABLE ONLY {on} ENABLE ALWAYS TRIGGER {name};\n\
             COMMENT ON TRIGGER {name} ON {on} IS {};",
            self.function,
            literal(MARK)
        )
    }

    /// The step that makes the function before a new table is made. What it names is looked for when it runs.
    pub(crate) fn function_step(&self) -> Step {
        Step::owner(
            format!("{}: what writes leave in the access log", self.table.name.as_str()),
            self.definition(),
            self.removal(),
        )
    }

    /// The statement that takes the function away.
    pub(crate) fn removal(&self) -> String {
        format!("DROP FUNCTION IF EXISTS {}();", self.function)
    }

    /// The step that makes the triggers of a new table.
    pub(super) fn triggers_step(&self) -> Step {
        let made: Vec<String> = TRIGGERS.iter().map(|trigger| self.trigger(*trigger, &self.table)).collect();
        Step::forward(format!("{}: its writes are logged", self.table.name.as_str()), made.join("\n"))
    }
}
