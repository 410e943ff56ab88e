//! What people have judged.

use std::collections::BTreeMap;

use super::Verdict;

/// The rows of `review.tsv`.
#[derive(Debug)]
pub(crate) struct Review {
    names: BTreeMap<String, Verdict>,
    patterns: Vec<(String, Verdict)>,
}

impl Review {
    /// The committed review.
    pub(crate) fn committed() -> Self {
        let mut review = Self { names: BTreeMap::new(), patterns: Vec::new() };
        for row in include_str!("review.tsv").lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let cells: Vec<&str> = row.split('\t').collect();
            let [name, verdict, reason] = cells[..] else { panic!("not a name, a verdict and a reason: {row}") };
            assert!(matches!(verdict, "allow" | "refuse") && !reason.is_empty(), "{row}");
            let verdict = Verdict { allowed: verdict == "allow", reason: reason.to_owned() };
            if name.contains('*') {
                // A pattern could allow what nobody has looked at.
                assert!(!verdict.allowed, "a pattern only refuses: {row}");
                review.patterns.push((name.to_owned(), verdict));
            } else {
                assert!(review.names.insert(name.to_owned(), verdict).is_none(), "judged twice: {name}");
            }
        }
        review
    }

    /// What was judged of a name, by itself before by a pattern.
    pub(crate) fn of(&self, name: &str) -> Option<&Verdict> {
        let by_pattern =
            || self.patterns.iter().find(|(pattern, _)| matches(pattern, name)).map(|(_, verdict)| verdict);
        self.names.get(name).or_else(by_pattern)
    }

    /// The names that are judged by themselves.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, &Verdict)> {
        self.names.iter().map(|(name, verdict)| (name.as_str(), verdict))
    }

    /// The patterns and names that match none of these.
    pub(crate) fn idle<'a>(&'a self, names: &[&str]) -> Vec<&'a str> {
        let patterns = self.patterns.iter().map(|(pattern, _)| pattern.as_str());
        let refused = self.names().filter(|(_, verdict)| !verdict.allowed).map(|(name, _)| name);
        patterns.chain(refused).filter(|pattern| !names.iter().any(|name| matches(pattern, name))).collect()
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut ended = true;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        ended = part.is_empty();
    }
    ended || rest.is_empty()
}
