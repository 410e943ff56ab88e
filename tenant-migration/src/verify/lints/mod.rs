//! All lints: for each topic a list, beside the folder of its queries.
//!
//! To add one, write `{topic}/{id}.sql` over the names that `scope.sql` defines, and an entry in `{topic}.rs`. The tests then
//! want a database that breaks it, and the catalogue (`docs/lints.md`) to be printed anew.

use super::baseline;
use super::lint::{Lint, Severity, Topic};
use super::server_version;

/// An entry whose query is the file of its id.
macro_rules! lint {
    ($folder:literal, $id:literal, $topic:expr, $severity:expr, $what:literal, $why:literal $(,)?) => {
        Lint::new($id, $severity, $topic)
            .looks_for($what)
            .because($why)
            .query(include_str!(concat!($folder, "/", $id, ".sql")))
    };
}

mod access_log;
mod drift;
mod functions;
mod indexes;
mod keys;
mod outside;
mod policies;
mod rights;
mod roles;
mod row_security;
mod views;

/// A lint whose question the server didn't answer.
pub(super) const FAILED: Lint = Lint::new("lint-failed", Severity::Error, Topic::Check)
    .looks_for("a lint whose query fails")
    .because("What it looks for may be there. A lint is never passed over in silence.");

const ALL: [&[Lint]; 13] = [
    row_security::LINTS,
    policies::LINTS,
    functions::LINTS,
    keys::LINTS,
    indexes::LINTS,
    views::LINTS,
    rights::LINTS,
    roles::LINTS,
    outside::LINTS,
    access_log::LINTS,
    drift::LINTS,
    &[server_version::OUTDATED],
    &[FAILED, baseline::STALE],
];

/// All lints, by topic.
pub fn lints() -> impl Iterator<Item = &'static Lint> {
    ALL.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_lint_has_an_id_of_its_own_and_says_what_and_why() {
        let mut known = BTreeSet::new();
        for lint in lints() {
            let id = lint.id();
            assert!(known.insert(id), "{id} is given twice");
            assert!(id.len() <= 40 && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{id}");
            assert!(!lint.what().is_empty() && !lint.what().ends_with('.'), "{id}: a phrase");
            assert!(lint.why().ends_with('.'), "{id}: a sentence");
        }
    }
}
