//! The rows that the log changed.

use std::collections::{HashMap, HashSet};

use crate::holdings::Holding;
use crate::ident::QualifiedName;
use crate::template::literal;

/// Beyond how many rows it is no use to know them one by one: comparing all takes as long.
const MOST: usize = 200_000;

/// How many are asked for at once.
const AT_ONCE: usize = 1_000;

/// The keys of rows that changed, by table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Noted {
    keys: HashMap<QualifiedName, HashSet<Vec<String>>>,
    count: usize,
    lost: bool,
}

impl Noted {
    /// One more.
    pub(super) fn note(&mut self, holding: &Holding, key: Vec<String>) {
        if self.lost {
            return;
        }
        if self.count >= MOST {
            return self.lose_count();
        }
        if self.keys.entry(holding.name.clone()).or_default().insert(key) {
            self.count += 1;
        }
    }

    /// There are too many, or nobody can say which.
    pub(super) fn lose_count(&mut self) {
        *self = Self { lost: true, ..Self::default() };
    }

    /// How many; `None` where nobody knows.
    pub(crate) fn count(&self) -> Option<usize> {
        (!self.lost).then_some(self.count)
    }

    /// Conditions that are true of these rows of a table alone, a thousand rows each.
    pub(crate) fn conditions(&self, holding: &Holding) -> Vec<String> {
        let Some(keys) = self.keys.get(&holding.name) else { return Vec::new() };
        let keys: Vec<&Vec<String>> = keys.iter().collect();
        keys.chunks(AT_ONCE).map(|keys| format!("({}) IN ({})", holding.key_list(), values(holding, keys))).collect()
    }

    /// Queries that print the keys of a table, as a comparison prints them.
    pub(crate) fn prints(&self, holding: &Holding) -> Vec<String> {
        let Some(keys) = self.keys.get(&holding.name) else { return Vec::new() };
        let keys: Vec<&Vec<String>> = keys.iter().collect();
        let print = |keys| {
            let (names, values) = (holding.key_list(), values(holding, keys));
            format!("SELECT ROW({names})::text FROM ({values}) AS keys ({names})")
        };
        keys.chunks(AT_ONCE).map(print).collect()
    }
}

fn values(holding: &Holding, keys: &[&Vec<String>]) -> String {
    let typed = |(value, name): (&String, &crate::ident::Ident)| {
        let kind = holding.column(name.as_str()).map_or("text", |column| column.kind.as_str());
        format!("CAST({} AS {kind})", literal(value))
    };
    let rows = keys.iter().map(|key| {
        let values: Vec<String> = key.iter().zip(&holding.key).map(typed).collect();
        format!("({})", values.join(", "))
    });
    format!("VALUES {}", rows.collect::<Vec<_>>().join(", "))
}
