//! What keeps rows of one database from being rows of another.

use std::fmt;

use super::holding::{Column, Holding, Holdings};

/// Something in which two databases are not alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// With its schema.
    table: String,
    what: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.table, self.what)
    }
}

impl Holdings {
    /// Why rows of these tables can't be rows of `other`'s. Columns may stand in another order there, and there may be more where
    /// a row need not give them.
    pub(crate) fn differences(&self, other: &Self) -> Vec<Difference> {
        self.iter().flat_map(|holding| holding.differences(other.find(&holding.name))).collect()
    }
}

impl Holding {
    fn differences(&self, other: Option<&Self>) -> Vec<Difference> {
        let differs = |what: String| Difference { table: self.name.to_string(), what };
        let Some(other) = other else { return vec![differs("it is not there".to_owned())] };
        let mut all = Vec::new();
        if (&self.key, &self.tenant) != (&other.key, &other.tenant) {
            all.push(differs(format!("its key is {} here and {} there", self.key_list(), other.key_list())));
        }
        for column in &self.columns {
            let there = other.column(column.name.as_str());
            all.extend(column.difference(there).map(differs));
        }
        let wanted =
            other.columns.iter().filter(|column| !column.optional && self.column(column.name.as_str()).is_none());
        all.extend(wanted.map(|column| differs(format!("column {} is wanted there and missing here", column.name))));
        all
    }
}

impl Column {
    fn difference(&self, there: Option<&Self>) -> Option<String> {
        let name = &self.name;
        let Some(there) = there else { return Some(format!("column {name} is missing there, or is generated")) };
        if self.kind != there.kind {
            return Some(format!("column {name} is {} here and {} there", self.kind, there.kind));
        }
        (self.labels != there.labels).then(|| {
            format!(
                "type {} of column {name} has the values {:?} here and {:?} there",
                self.kind, self.labels, there.labels
            )
        })
    }
}
