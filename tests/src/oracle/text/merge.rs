//! MERGE.

use super::writer::{Source, Writer};
use crate::oracle::shape::{Column, Type};

impl Writer<'_> {
    /// MERGE from a table whose key meets the target's, so that no row is changed twice.
    pub(crate) fn merge(&mut self) -> String {
        let table = self.scoped_table();
        let target = Source::of_table(self.fresh("t"), table);
        let from = self.scoped_table();
        let source = Source::of_table(self.fresh("s"), from);
        let only = if self.choices.chance(10) { "ONLY " } else { "" };
        let using = if self.choices.chance(40) {
            let inner = self.fresh("i");
            self.frames.push(vec![Source::of_table(inner.as_str(), from)]);
            let filter = self.where_clause(1);
            self.frames.pop();
            format!("(SELECT {inner}.* FROM {} AS {inner}{filter})", from.name)
        } else {
            from.name.to_owned()
        };
        let mut on = format!("{}.id = {}.id", target.name, source.name);
        self.frames.push(vec![target.clone(), source.clone()]);
        if self.choices.chance(25) {
            on += &format!(" AND {}", self.condition(1));
        }
        let mut text =
            format!("MERGE INTO {only}{} AS {} USING {using} AS {} ON {on}", table.name, target.name, source.name);
        for _ in 0..self.choices.below(3) {
            let condition = self.merge_condition();
            let action = match self.choices.below(3) {
                0 => format!("UPDATE SET {}", self.assignments(&target, table, None)),
                1 => "DELETE".to_owned(),
                _ => "DO NOTHING".to_owned(),
            };
            text += &format!(" WHEN MATCHED{condition} THEN {action}");
            if condition.is_empty() {
                // Nothing could reach what follows.
                break;
            }
        }
        self.frames.pop();
        // Without a match there is no row of the target to name.
        self.frames.push(vec![source.clone()]);
        let condition = self.merge_condition();
        // Excluded: new rows that take the place of deleted ones in a unique constraint; PostgreSQL does both in the order in
        // which it meets the rows. Only this table's unique columns are not made of the source's key.
        let action = if table.name != "memberships" && self.choices.chance(80) {
            let columns: Vec<&Column> = table.own_columns().collect();
            let values: Vec<String> = columns
                .iter()
                .map(|column| match column.kind {
                    _ if column.refers_to.is_some() || column.name == "role" => self.value_of(column, false),
                    Type::Uuid => format!("{}.id", source.name),
                    _ if table.unique.contains(&column.name) => format!("{}.id::text", source.name),
                    _ => self.value_of(column, true),
                })
                .collect();
            let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
            format!("INSERT ({}) VALUES ({})", names.join(", "), values.join(", "))
        } else {
            "DO NOTHING".to_owned()
        };
        self.frames.pop();
        text + &format!(" WHEN NOT MATCHED{condition} THEN {action}")
    }

    fn merge_condition(&mut self) -> String {
        if self.choices.chance(40) { format!(" AND {}", self.condition(1)) } else { String::new() }
    }
}
