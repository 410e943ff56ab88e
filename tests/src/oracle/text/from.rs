//! FROM: tables, joins of every kind, and whatever else gives rows.

use super::writer::{Source, Writer};
use crate::oracle::shape::Type;

const JOINS: [&str; 5] = ["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "INNER JOIN"];

impl Writer<'_> {
    /// A FROM list of up to this many items, and what it lets a query see.
    pub(crate) fn from(&mut self, depth: usize, most: usize) -> (String, Vec<Source>) {
        let mut text = String::new();
        let mut all: Vec<Source> = Vec::new();
        let mut items = 1 + self.choices.weighted(&[40, 35, 18, 7]).min(most.saturating_sub(1));
        loop {
            let mut here = items;
            if items > 1 && self.choices.chance(15) {
                here = 1;
            }
            let (joined, sources) = self.joined(depth, here, &all);
            text += &joined;
            all.extend(sources);
            items -= here;
            if items == 0 {
                return (text, all);
            }
            text += ", ";
        }
    }

    /// Items joined from left to right. `before`: what a LATERAL item sees as well.
    fn joined(&mut self, depth: usize, items: usize, before: &[Source]) -> (String, Vec<Source>) {
        let (mut text, mut sources) = self.item(depth);
        let mut may_miss = false;
        for _ in 1..items {
            self.spend();
            if self.choices.chance(12) && depth > 0 {
                let lateral = self.lateral(depth - 1, before, if may_miss { &[] } else { &sources });
                text = format!("{text} {}", lateral.0);
                sources.push(lateral.1);
                continue;
            }
            let nested = self.choices.chance(12);
            let (right, right_sources) = if nested {
                let (inner, sources) = self.joined(depth, 2, before);
                (format!("({inner})"), sources)
            } else {
                self.item(depth)
            };
            if self.choices.chance(10) {
                text = format!("{text} CROSS JOIN {right}");
                sources.extend(right_sources);
                continue;
            }
            let join = *self.choices.pick(&JOINS);
            // A FULL JOIN makes a side nullable that a LATERAL item may not refer to later.
            may_miss |= matches!(join, "RIGHT JOIN" | "FULL JOIN");
            if sources.len() == 1
                && !nested
                && self.choices.chance(25)
                && let Some(merged) = self.merged_join(&text, join, &right, &sources[0], &right_sources[0])
            {
                text = merged;
                sources.extend(right_sources);
                continue;
            }
            let on = self.on(join, depth, &sources, &right_sources);
            text = format!("{text} {join} {right} ON {on}");
            sources.extend(right_sources);
        }
        (text, sources)
    }

    /// NATURAL or USING, where the sides have columns in common that can be compared.
    fn merged_join(&mut self, left: &str, join: &str, right: &str, one: &Source, other: &Source) -> Option<String> {
        let common: Vec<String> =
            one.columns.iter().filter(|column| other.columns.contains(column)).map(|(name, _)| name.clone()).collect();
        if common.is_empty() {
            return None;
        }
        if self.choices.chance(35) {
            return Some(format!("{left} NATURAL {join} {right}"));
        }
        let first = self.choices.pick(&common).clone();
        Some(format!("{left} {join} {right} USING ({first})"))
    }

    /// The condition of a join. A FULL JOIN must be able to sort or hash by it.
    fn on(&mut self, join: &str, depth: usize, left: &[Source], right: &[Source]) -> String {
        let equality = self.equality(left, right);
        if join == "FULL JOIN" {
            return equality.unwrap_or_else(|| "true".to_owned());
        }
        match self.choices.weighted(&[60, 20, 20]) {
            0 if equality.is_some() => equality.unwrap_or_default(),
            which => {
                self.frames.push(left.iter().chain(right).cloned().collect());
                let condition = self.condition(depth.min(1));
                self.frames.pop();
                match (which, equality) {
                    (1, Some(equality)) => format!("{equality} AND {condition}"),
                    (2, Some(equality)) => format!("{equality} OR {condition}"),
                    _ => condition,
                }
            }
        }
    }

    /// A column of the one equals a column of the other: references first.
    fn equality(&mut self, left: &[Source], right: &[Source]) -> Option<String> {
        let mut pairs = Vec::new();
        for kind in [Type::Uuid, Type::Text, Type::Int] {
            for one in left.iter().flat_map(|source| source.columns_of(kind)) {
                for other in right.iter().flat_map(|source| source.columns_of(kind)) {
                    pairs.push(format!("{one} = {other}"));
                }
            }
        }
        let refers = |pair: &String| pair.contains("_id = ") && pair.ends_with(".id") && !pair.contains("organization");
        let favourites: Vec<String> = pairs.iter().filter(|pair| refers(pair)).cloned().collect();
        if !favourites.is_empty() && !self.choices.chance(50) {
            return Some(self.choices.pick(&favourites).clone());
        }
        if pairs.is_empty() { None } else { Some(self.choices.pick(&pairs).clone()) }
    }

    fn item(&mut self, depth: usize) -> (String, Vec<Source>) {
        match self.choices.weighted(&[70, 10, 12, 4, 4, 3]) {
            1 if !self.common.is_empty() => {
                let common = self.choices.pick(&self.common.clone()).clone();
                let alias = self.fresh("x");
                (format!("{} AS {alias}", common.name), vec![Source { name: alias, table: None, ..common }])
            }
            2 if depth > 0 && self.spend() => {
                let query = self.derived(None, depth - 1);
                let alias = self.fresh("d");
                (
                    format!("({}) AS {}", query.0, heading(&alias, &query.1)),
                    vec![Source { name: alias, columns: query.1, table: None }],
                )
            }
            3 => {
                let alias = self.fresh("v");
                let row =
                    |writer: &mut Self| format!("({}, {})", writer.constant(Type::Int), writer.constant(Type::Text));
                let text = format!("(VALUES {}, {}) AS {alias}(n, name)", row(self), row(self));
                let columns = vec![("n".to_owned(), Type::Int), ("name".to_owned(), Type::Text)];
                (text, vec![Source { name: alias, columns, table: None }])
            }
            4 => self.function_item(depth),
            _ => self.table_item(),
        }
    }

    fn function_item(&mut self, depth: usize) -> (String, Vec<Source>) {
        let alias = self.fresh("g");
        let (call, kind) = match self.choices.below(3) {
            1 => ("unnest(ARRAY[1, 2, 2])".to_owned(), Type::Int),
            2 if depth > 0 && self.spend() => {
                let query = self.column_query(Type::Uuid, depth - 1);
                (format!("unnest(ARRAY{query})"), Type::Uuid)
            }
            _ => ("generate_series(1, 3)".to_owned(), Type::Int),
        };
        let columns = vec![("n".to_owned(), kind)];
        (format!("{call} AS {alias}(n)"), vec![Source { name: alias, columns, table: None }])
    }

    fn table_item(&mut self) -> (String, Vec<Source>) {
        let table = self.any_table();
        let hidden = self.common.iter().rev().find(|source| source.name == table.name).cloned();
        let qualified = self.choices.chance(10);
        if let Some(hidden) = hidden.filter(|_| !qualified) {
            // A common table expression of the table's name.
            let alias = self.fresh("t");
            return (format!("{} {alias}", table.name), vec![Source { name: alias, table: None, ..hidden }]);
        }
        let bare = self.take_bare(table);
        let only = if self.choices.chance(5) { "ONLY " } else { "" };
        let schema = if qualified { "public." } else { "" };
        let name = if bare { table.name.to_owned() } else { self.fresh("t") };
        let alias = if bare { String::new() } else { format!(" AS {name}") };
        // All rows, so that it is known which.
        let sample = if self.choices.chance(4) { " TABLESAMPLE BERNOULLI (100)" } else { "" };
        (format!("{only}{schema}{}{alias}{sample}", table.name), vec![Source::of_table(name, table)])
    }

    /// A subquery that sees the items to the left of it.
    fn lateral(&mut self, depth: usize, before: &[Source], left: &[Source]) -> (String, Source) {
        self.frames.push(before.iter().chain(left).cloned().collect());
        let (sql, columns) = self.derived(None, depth);
        self.frames.pop();
        let name = self.fresh("l");
        let heading = heading(&name, &columns);
        let text = match self.choices.below(3) {
            0 => format!("LEFT JOIN LATERAL ({sql}) AS {heading} ON true"),
            1 => format!("CROSS JOIN LATERAL ({sql}) AS {heading}"),
            _ => format!("JOIN LATERAL ({sql}) AS {heading} ON true"),
        };
        (text, Source { name, columns, table: None })
    }

    /// A query for FROM, and its columns.
    pub(crate) fn derived(&mut self, want: Option<&[Type]>, depth: usize) -> (String, Vec<(String, Type)>) {
        let query = self.query(want, depth);
        (query.sql, query.columns)
    }
}

/// A subquery's alias. The columns of a VALUES need names: `column1` is none that the filter knows.
fn heading(alias: &str, columns: &[(String, Type)]) -> String {
    if columns.first().is_none_or(|(name, _)| name != "column1") {
        return alias.to_owned();
    }
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    format!("{alias}({})", names.join(", "))
}
