//! Which functions a tenant's statement may call, and which types it may name.

use std::collections::HashSet;
use std::sync::LazyLock;

static ALLOWED: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("functions.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_ascii_whitespace)
        .collect()
});

/// Columns that every table has, and those that allowed functions give names of their own.
const FIELDS: [&str; 9] = ["tableoid", "ctid", "xmin", "xmax", "cmin", "cmax", "key", "value", "ordinality"];

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

/// Whether the function of this dotted name may be called.
pub(super) fn is_allowed(path: &[String]) -> bool {
    match path {
        [name] => ALLOWED.contains(name.as_str()),
        [schema, name] => schema == "pg_catalog" && ALLOWED.contains(name.as_str()),
        _ => false,
    }
}

/// Whether a field of this name is one without being a column of a table.
pub(super) fn is_field(name: &str) -> bool {
    FIELDS.contains(&name) || ALLOWED.contains(name)
}

/// Whether a value of the type of this dotted name may be made. An array's own name is its element's with an underscore.
pub(super) fn is_open_type(path: &[String]) -> bool {
    let Some((name, schemas)) = path.split_last() else { return false };
    let name = name.trim_start_matches('_');
    !CATALOG_TYPES.contains(&name)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_function_is_listed_that_reads_or_changes_what_is_not_its_argument() {
        let suspicious =
            ["pg_", "lo_", "currval", "nextval", "setval", "lastval", "dblink", "current_setting", "set_config"];
        let suspicious_parts = ["_to_xml", "xmlschema", "privilege", "advisory", "ts_stat", "ts_rewrite", "regclass"];
        for name in ALLOWED.iter() {
            assert!(!suspicious.iter().any(|start| name.starts_with(start)), "{name}");
            assert!(!suspicious_parts.iter().any(|part| name.contains(part)), "{name}");
        }
    }
}
