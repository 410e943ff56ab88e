//! The list itself.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Facts, Review, Verdict, judge};

const HEADER: &str = "\
# pg_catalog's functions: name, verdict, reason; separated by tabs. A name that is not here is refused.
#
# Made by `make functions` from PostgreSQL 15's pg_proc and the review in tests/tests/functions/review.tsv, which says what
# the verdicts mean. Newer servers' functions are here where the review names them.
";

/// Names and what is said of them.
pub(crate) type List = BTreeMap<String, Verdict>;

/// The list that the server and the review make.
pub(crate) fn made(facts: &[Facts], review: &Review) -> List {
    let mut list: List = review.names().map(|(name, verdict)| (name.to_owned(), verdict.clone())).collect();
    for function in facts {
        let verdict = review.of(&function.name).cloned().unwrap_or_else(|| judge(function));
        list.insert(function.name.clone(), verdict);
    }
    list
}

/// The committed list.
pub(crate) fn committed() -> List {
    let text = std::fs::read_to_string(path()).expect("the list");
    let rows = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let cells: Vec<&str> = line.split('\t').collect();
        let [name, verdict, reason] = cells[..] else { panic!("not a row of the list: {line}") };
        (name.to_owned(), Verdict { allowed: verdict == "allow", reason: reason.to_owned() })
    });
    rows.collect()
}

/// Puts a list in the committed one's place.
pub(crate) fn write(list: &List) {
    let rows = list.iter().map(|(name, verdict)| {
        format!("{name}\t{}\t{}\n", if verdict.allowed { "allow" } else { "refuse" }, verdict.reason)
    });
    let text: String = std::iter::once(HEADER.to_owned()).chain(rows).collect();
    std::fs::write(path(), text).expect("the list can be written");
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tenant-core/src/scope/functions.tsv")
}
