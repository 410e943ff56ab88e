//! Which functions a tenant's statement may call.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::allowance::AllowedFunctions;
use super::error::ScopeError;

/// What is said of a function: nothing when it may be called, else why not.
type Verdict = Option<&'static str>;

/// pg_catalog's functions. `make functions` makes the file; how, is said in `tests/tests/functions`.
static LISTED: LazyLock<HashMap<&'static str, Verdict>> = LazyLock::new(|| {
    let rows = include_str!("functions.tsv").lines().filter(|line| !line.starts_with('#'));
    let verdict = |row: &'static str| {
        let (name, rest) = row.split_once('\t')?;
        let (verdict, reason) = rest.split_once('\t')?;
        Some((name, (verdict != "allow").then_some(reason)))
    };
    rows.filter_map(verdict).collect()
});

/// Refuses the function of this dotted name unless it is on the list or the application allows it; says whether it is listed.
pub(super) fn check(path: &[String], allowed: &AllowedFunctions) -> Result<bool, ScopeError> {
    let refused = match path {
        [name] => listed(name),
        [schema, name] if schema == "pg_catalog" => listed(name),
        _ => Some("it is none of pg_catalog's"),
    };
    match refused {
        Some(reason) if !allowed.contains(path) => Err(ScopeError::Function { name: path.join("."), reason }),
        Some(_) => Ok(false),
        None => Ok(true),
    }
}

/// Whether a function of this name, without a schema, may be called.
pub(super) fn is_callable(name: &str, allowed: &AllowedFunctions) -> bool {
    listed(name).is_none() || allowed.contains(&[name.to_owned()])
}

fn listed(name: &str) -> Verdict {
    LISTED.get(name).copied().unwrap_or(Some("nobody has judged it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_of_the_list_is_read() {
        let rows = include_str!("functions.tsv").lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(LISTED.len(), rows);
        assert!(LISTED.values().filter(|verdict| verdict.is_none()).count() > 500);
        assert_eq!((listed("lower"), listed("coalesce")), (None, None));
        assert!(listed("allow").is_some() && listed("").is_some());
    }
}
