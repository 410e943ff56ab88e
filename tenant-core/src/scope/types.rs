//! Types, where a value is cast to one.

use super::error::ScopeError;
use super::names::{self, Scope};
use super::syntax::{Kind, Node, child, token};
use super::walk::Walk;
use crate::Registry;

/// Types whose input function looks names up in the catalogs, or names roles.
const CATALOG_TYPES: [&str; 12] = [
    "regclass",
    "regproc",
    "regprocedure",
    "regoper",
    "regoperator",
    "regtype",
    "regrole",
    "regnamespace",
    "regconfig",
    "regdictionary",
    "regcollation",
    "aclitem",
];

/// Types of transactions' numbers and rows' places: what can be asked of them (`age(xid)`) tells how much others write.
const COUNTER_TYPES: [&str; 6] = ["xid", "xid8", "cid", "tid", "txid_snapshot", "pg_snapshot"];

impl Walk<'_> {
    /// A type's name with its modifiers.
    pub(super) fn type_name(&mut self, node: &Node, scope: &Scope<'_>) -> Result<(), ScopeError> {
        if !is_type(node.kind()) || token(node, Kind::SETOF_KW).is_some() {
            return Err(self.unknown(node));
        }
        if node.kind() == Kind::PATH_TYPE {
            self.judged += 1;
            let path = child(node, Kind::PATH_REF).and_then(|path| names::path(&path)).unwrap_or_default();
            if !is_open_type(&path) {
                return Err(ScopeError::Type { name: path.join(".") });
            }
        }
        for part in node.children() {
            match part.kind() {
                Kind::PATH_REF if node.kind() == Kind::PATH_TYPE => {}
                Kind::ARRAY_BOUND | Kind::ARG_LIST => self.parts(&part, scope)?,
                Kind::LITERAL => self.expression(&part, scope)?,
                Kind::WITH_TIMEZONE | Kind::WITHOUT_TIMEZONE => {}
                kind if is_type(kind) => self.type_name(&part, scope)?,
                _ => return Err(self.unknown(&part)),
            }
        }
        Ok(())
    }
}

/// Whether a type is the row type of a registered table.
pub(super) fn names_a_table(node: &Node, registry: &Registry) -> bool {
    let path = child(node, Kind::PATH_REF).filter(|_| node.kind() == Kind::PATH_TYPE);
    let path = path.and_then(|path| names::path(&path)).unwrap_or_default();
    path.last().is_some_and(|name| registry.tables().any(|table| table.name().table == *name))
}

/// Whether a node stands where a type does.
pub(super) const fn is_type(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ARRAY_TYPE
            | Kind::PATH_TYPE
            | Kind::VARCHAR_TYPE
            | Kind::CHARACTER_TYPE
            | Kind::BIT_TYPE
            | Kind::BIT_VARYING_TYPE
            | Kind::DOUBLE_TYPE
            | Kind::TIME_TYPE
            | Kind::TIMESTAMP_TYPE
            | Kind::INTERVAL_TYPE
            | Kind::INTERVAL_YEAR
            | Kind::INTERVAL_MONTH
            | Kind::INTERVAL_DAY
            | Kind::INTERVAL_HOUR
            | Kind::INTERVAL_MINUTE
            | Kind::INTERVAL_SECOND
    )
}

/// Whether a value of the type of this dotted name may be made. An array's own name is its element's with an underscore.
fn is_open_type(path: &[String]) -> bool {
    let Some((name, schemas)) = path.split_last() else { return false };
    let name = name.trim_start_matches('_');
    !CATALOG_TYPES.contains(&name)
        && !COUNTER_TYPES.contains(&name)
        && !name.starts_with("pg_")
        && match schemas {
            [] => true,
            [schema] => schema == "pg_catalog" || !(schema.starts_with("pg_") || is_closed_schema(schema)),
            _ => false,
        }
}

fn is_closed_schema(schema: &str) -> bool {
    matches!(schema, "information_schema" | "tenancy")
}
