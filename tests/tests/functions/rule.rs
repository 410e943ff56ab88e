//! The verdict on a function that nobody has judged by name.

use super::{Facts, Verdict};

/// Types whose values only the server can hold, or that make a function a part of it.
const SERVER_TYPES: [&str; 8] = [
    "internal",
    "cstring",
    "trigger",
    "event_trigger",
    "language_handler",
    "fdw_handler",
    "index_am_handler",
    "table_am_handler",
];

/// Types that identify what is in the system catalogs or in the transaction log.
const CATALOG_TYPES: [&str; 9] =
    ["oid", "oidvector", "aclitem", "xid", "xid8", "cid", "tid", "txid_snapshot", "refcursor"];

/// Whether a function takes or gives what only the server can hold.
pub(crate) fn has_server_types(facts: &Facts) -> bool {
    facts.types.iter().any(|name| SERVER_TYPES.contains(&name.as_str()) || name.ends_with("_handler"))
}

fn has_catalog_types(facts: &Facts) -> bool {
    facts
        .types
        .iter()
        .any(|name| CATALOG_TYPES.contains(&name.as_str()) || name.starts_with("reg") || name.starts_with("pg_"))
}

/// Allows what is immutable in all its overloads, with arguments and results of plain types.
pub(crate) fn judge(facts: &Facts) -> Verdict {
    let refused = if facts.definer {
        "runs with its owner's rights"
    } else if has_server_types(facts) {
        "takes or gives what only the server can hold"
    } else if facts.name.starts_with("pg_") {
        "administers the server or describes it"
    } else if has_catalog_types(facts) {
        "takes or gives an identifier of the system catalogs"
    } else if facts.types.iter().any(|name| name == "xml") {
        "parses or prints XML"
    } else if facts.operator {
        "is an operator's implementation: write the operator"
    } else if facts.conversion {
        "reads or prints a type: write a cast"
    } else if !facts.immutable {
        "may see or change more than its arguments: it is not immutable, and nobody has judged it"
    } else {
        return Verdict { allowed: true, reason: "immutable".to_owned() };
    };
    Verdict { allowed: false, reason: refused.to_owned() }
}
