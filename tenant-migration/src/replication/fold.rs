//! Many changes as what they come to.

use std::collections::HashMap;

use super::message::{Tuple, Value};

/// Beyond how many changes, and bytes of values, they are applied.
const CHANGES: usize = 5_000;
const BYTES: usize = 8 * 1024 * 1024;

/// A row's key, as the log prints it.
pub(super) type Key = Vec<String>;

/// Changes of rows that are applied together: of each row, whether it was there, and what becomes of it. What it was in between
/// doesn't matter, as nobody sees it.
#[derive(Debug, Default)]
pub(super) struct Fold {
    /// By the source's numbers of tables.
    tables: HashMap<u32, HashMap<Key, Fate>>,
    changes: usize,
    bytes: usize,
}

#[derive(Debug)]
struct Fate {
    was_there: bool,
    row: Option<Tuple>,
}

/// What a table's rows come to.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) relation: u32,
    /// The rows that were there and go, also those that come again.
    pub(super) gone: Vec<Key>,
    pub(super) come: Vec<Tuple>,
}

impl Fold {
    /// Whether there is as much as should be kept in memory.
    pub(super) const fn is_full(&self) -> bool {
        self.changes >= CHANGES || self.bytes >= BYTES
    }

    pub(super) fn insert(&mut self, relation: u32, key: Key, row: Tuple) {
        self.count(&row);
        let fates = self.tables.entry(relation).or_default();
        fates.entry(key).or_insert(Fate { was_there: false, row: None }).row = Some(row);
    }

    pub(super) fn delete(&mut self, relation: u32, key: Key) {
        self.changes += 1;
        let fates = self.tables.entry(relation).or_default();
        let fate = fates.entry(key.clone()).or_insert(Fate { was_there: true, row: None });
        if fate.was_there {
            fate.row = None;
        } else {
            fates.remove(&key);
        }
    }

    /// Gives `new` the values that stay what they were, where they are known here. Whether it has all then.
    pub(super) fn complete(&self, relation: u32, before: &Key, new: &mut Tuple) -> bool {
        let known = self.tables.get(&relation).and_then(|fates| fates.get(before)).and_then(|fate| fate.row.as_ref());
        for (place, value) in new.iter_mut().enumerate() {
            if *value == Value::Unchanged {
                match known.and_then(|row| row.get(place)) {
                    Some(before) => *value = before.clone(),
                    None => return false,
                }
            }
        }
        true
    }

    /// All that it came to; nothing is left.
    pub(super) fn take(&mut self) -> Vec<Outcome> {
        let tables = std::mem::take(self).tables.into_iter();
        let outcome = |(relation, fates): (u32, HashMap<Key, Fate>)| {
            let (mut gone, mut come) = (Vec::new(), Vec::new());
            for (key, fate) in fates {
                if fate.was_there {
                    gone.push(key);
                }
                come.extend(fate.row);
            }
            Outcome { relation, gone, come }
        };
        tables.map(outcome).collect()
    }

    fn count(&mut self, row: &Tuple) {
        self.changes += 1;
        let bytes = |value: &Value| if let Value::Text(text) = value { text.len() } else { 0 };
        self.bytes += row.iter().map(bytes).sum::<usize>();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        vec![text.to_owned()]
    }

    fn row(text: &str) -> Tuple {
        vec![Value::Text(text.to_owned())]
    }

    fn outcome(mut fold: Fold) -> (Vec<Key>, Vec<Tuple>) {
        let mut all = fold.take();
        assert!(all.len() < 2 && fold.take().is_empty());
        all.pop().map(|outcome| (outcome.gone, outcome.come)).unwrap_or_default()
    }

    #[test]
    fn only_what_is_left_in_the_end_comes() {
        let mut fold = Fold::default();
        fold.insert(1, key("a"), row("one"));
        fold.delete(1, key("a"));
        assert_eq!(outcome(fold), (vec![], vec![]));
        let mut fold = Fold::default();
        fold.delete(1, key("a"));
        fold.insert(1, key("a"), row("one"));
        fold.delete(1, key("a"));
        fold.insert(1, key("a"), row("two"));
        assert_eq!(outcome(fold), (vec![key("a")], vec![row("two")]));
    }

    #[test]
    fn a_value_that_stays_is_taken_from_the_row_of_before() {
        let mut fold = Fold::default();
        let mut new = vec![Value::Unchanged];
        assert!(!fold.complete(1, &key("a"), &mut new));
        fold.insert(1, key("a"), row("one"));
        assert!(!fold.complete(2, &key("a"), &mut new));
        assert!(fold.complete(1, &key("a"), &mut new));
        assert_eq!(new, row("one"));
        fold.delete(1, key("a"));
        let mut new = vec![Value::Unchanged];
        assert!(!fold.complete(1, &key("a"), &mut new), "it is gone");
    }

    #[test]
    fn it_is_full_after_many_changes_or_large_ones() {
        let mut fold = Fold::default();
        for number in 0..CHANGES {
            assert!(!fold.is_full());
            fold.delete(1, key(&number.to_string()));
        }
        assert!(fold.is_full());
        let mut fold = Fold::default();
        fold.insert(1, key("a"), row(&"x".repeat(BYTES)));
        assert!(fold.is_full());
    }
}
