//! SELECT in its forms: plain, grouped, distinct, with windows, locking.

use super::query::Query;
use super::writer::{Source, Writer};
use crate::oracle::shape::Type;

impl Writer<'_> {
    pub(crate) fn select(&mut self, want: Option<&[Type]>, depth: usize) -> Query {
        let (from, sources) = self.from(depth, if depth > 1 { 4 } else { 2 });
        self.frames.push(sources);
        let filter = self.where_clause(depth);
        let query = match self.choices.weighted(&[52, 20, 10, 10, 8]) {
            1 => self.grouped(want, &from, &filter, depth),
            2 => self.windowed(want, &from, &filter, depth),
            3 => self.distinct(want, &from, &filter, depth),
            4 if want.is_none() => self.starred(&from, &filter, depth),
            _ => self.plain(want, &from, &filter, depth),
        };
        self.frames.pop();
        query
    }

    fn types(&mut self, want: Option<&[Type]>) -> Vec<Type> {
        match want {
            Some(types) => types.to_vec(),
            None => (0..=self.choices.below(4)).map(|_| *self.choices.pick(&Type::COLUMNS)).collect(),
        }
    }

    /// Expressions with names of their own.
    fn targets(&mut self, types: &[Type], depth: usize) -> (Vec<String>, Vec<(String, Type)>) {
        let values: Vec<String> = types.iter().map(|kind| self.scalar(*kind, depth)).collect();
        let columns = types.iter().map(|kind| (self.fresh("c"), *kind)).collect();
        (values, columns)
    }

    fn plain(&mut self, want: Option<&[Type]>, from: &str, filter: &str, depth: usize) -> Query {
        let types = self.types(want);
        let (values, columns) = self.targets(&types, depth);
        let sql = format!("SELECT {} FROM {from}{filter}", named(&values, &columns));
        if depth == 0 || !self.choices.chance(8) {
            return Query::unordered(sql, columns);
        }
        // Ordered by something else first; rows that tie in that are ordered by all that they show.
        let kind = *self.choices.pick(&Type::COLUMNS);
        let first = if self.spend() { self.scalar_subquery(kind, depth - 1) } else { self.scalar(kind, 0) };
        let positions: Vec<String> = (1..=columns.len()).map(|position| position.to_string()).collect();
        let limit = *self.choices.pick(&["", " LIMIT 2", " FETCH FIRST 2 ROWS WITH TIES"]);
        Query { sql: format!("{sql} ORDER BY {first}, {}{limit}", positions.join(", ")), columns, ordered: true }
    }

    /// All columns: of several sources, only where nothing outside names them.
    fn starred(&mut self, from: &str, filter: &str, depth: usize) -> Query {
        let sources = self.frames.last().cloned().unwrap_or_default();
        // Merged columns would be counted twice.
        let outermost = depth >= super::DEPTH;
        if from.contains("NATURAL") || from.contains("USING") || !(outermost || sources.len() == 1) {
            return self.plain(None, from, filter, depth);
        }
        let columns = Self::star(&sources);
        let one = &sources[0];
        match self.choices.below(2) {
            0 => Query::unordered(format!("SELECT * FROM {from}{filter}"), columns),
            _ => Query::unordered(format!("SELECT {}.* FROM {from}{filter}", one.name), one.columns.clone()),
        }
    }

    fn grouped(&mut self, want: Option<&[Type]>, from: &str, filter: &str, depth: usize) -> Query {
        let types = self.types(want);
        let mut keys: Vec<String> = Vec::new();
        let mut values = Vec::new();
        let mut columns = Vec::new();
        // Excluded: a table that the filter has to wrap in a subquery, under FULL JOIN, USING and NATURAL, loses the
        // dependency of its columns on its key, and PostgreSQL then refuses the statement (42803).
        let wrapped = ["FULL", "USING", "NATURAL"].iter().any(|word| from.contains(word));
        let whole_key = (!wrapped && self.choices.chance(25)).then(|| self.keyed_source()).flatten();
        keys.extend(whole_key.as_ref().map(|source| format!("{}.id", source.name)));
        for kind in types {
            let dependent: Vec<String> = whole_key.iter().flat_map(|source| source.columns_of(kind)).collect();
            let value = if !dependent.is_empty() && self.choices.chance(70) {
                self.choices.pick(&dependent).clone()
            } else if self.choices.chance(50) {
                let (aggregate, _) = self.aggregate(kind);
                aggregate
            } else {
                // A constant can't be a key: a number would count the select list's items.
                let key = self.column(kind);
                match key.filter(|_| keys.len() < 3) {
                    Some(key) => {
                        keys.push(key.clone());
                        key
                    }
                    None => self.aggregate(kind).0,
                }
            };
            values.push(value);
            columns.push((self.fresh("c"), kind));
        }
        // Excluded: grouping sets over a column that the filter or a policy compares with the tenant. PostgreSQL before 18
        // takes such a column for constant, so it doesn't sort by it, although a grouping set makes it NULL.
        let plain = whole_key.is_some() || columns.iter().any(|(_, kind)| *kind == Type::Uuid);
        let group = if keys.is_empty() {
            String::new()
        } else {
            let list = keys.join(", ");
            let last = keys.last().cloned().unwrap_or_default();
            match self.choices.weighted(&[70, 8, 8, 14]) {
                1 if !plain => format!(" GROUP BY ROLLUP ({list})"),
                2 if !plain => format!(" GROUP BY CUBE ({list})"),
                3 if !plain => format!(" GROUP BY GROUPING SETS (({list}), ({last}), ())"),
                _ => format!(" GROUP BY {list}"),
            }
        };
        let having = if self.choices.chance(30) {
            let kind = *self.choices.pick(&[Type::Int, Type::Text, Type::Float]);
            let aggregate = self.aggregate(kind).0;
            let comparison = *self.choices.pick(&[">=", "<>", "="]);
            let outer = std::mem::take(&mut self.frames);
            let other =
                if depth > 0 && self.spend() { self.column_value(kind, depth - 1) } else { self.constant(kind) };
            self.frames = outer;
            format!(" HAVING {aggregate} {comparison} {other}")
        } else {
            String::new()
        };
        Query::unordered(format!("SELECT {} FROM {from}{filter}{group}{having}", named(&values, &columns)), columns)
    }

    /// An uncorrelated subquery with one value.
    fn column_value(&mut self, kind: Type, depth: usize) -> String {
        let (from, sources) = self.from(depth, 1);
        self.frames.push(sources);
        let aggregate = self.aggregate(kind).0;
        self.frames.pop();
        format!("(SELECT {aggregate} FROM {from})")
    }

    /// A source that is a table with an id of its own.
    fn keyed_source(&mut self) -> Option<Source> {
        let keyed = |source: &&Source| source.table.is_some_and(|table| table.key == "id");
        let sources: Vec<Source> = self.frames.last()?.iter().filter(keyed).cloned().collect();
        if sources.is_empty() { None } else { Some(self.choices.pick(&sources).clone()) }
    }

    fn windowed(&mut self, want: Option<&[Type]>, from: &str, filter: &str, depth: usize) -> Query {
        let types = self.types(want);
        let (mut values, columns) = self.targets(&types, depth.min(1));
        let identity: Vec<String> =
            self.frames.last().map(|frame| frame.iter().flat_map(Source::identity).collect()).unwrap_or_default();
        let total = identity.join(", ");
        let mut window = String::new();
        for (value, kind) in values.iter_mut().zip(&types) {
            if !self.choices.chance(60) {
                continue;
            }
            let part_kind = *self.choices.pick(&Type::COLUMNS);
            let part = self.scalar(part_kind, 0);
            let over = match self.choices.below(4) {
                0 => format!("PARTITION BY {part}"),
                1 => format!("PARTITION BY {part} ORDER BY {total}"),
                2 => format!("ORDER BY {total} ROWS BETWEEN 1 PRECEDING AND CURRENT ROW"),
                _ => format!("ORDER BY {part}"),
            };
            let partial = !over.contains(&total) || total.is_empty();
            *value = match (kind, partial, self.choices.below(3)) {
                (Type::Int, false, 0) => format!("row_number() OVER ({over})"),
                (Type::Int, _, 1) => format!("count({value}) OVER ({over})"),
                (Type::Int, true, 0) if over.starts_with("ORDER") => format!("rank() OVER ({over})"),
                (Type::Text | Type::Int | Type::Float | Type::Time, _, 2) => format!("max({value}) OVER ({over})"),
                (_, false, _) if !over.contains("ROWS") => {
                    let call = *self.choices.pick(&["lag", "first_value", "lead"]);
                    format!("{call}({value}) OVER ({over})")
                }
                (Type::Int, _, _) if window.is_empty() => {
                    let name = self.fresh("wd");
                    window = format!(" WINDOW {name} AS ({over})");
                    format!("sum({value}) OVER {name}")
                }
                _ => continue,
            };
        }
        Query::unordered(format!("SELECT {} FROM {from}{filter}{window}", named(&values, &columns)), columns)
    }

    fn distinct(&mut self, want: Option<&[Type]>, from: &str, filter: &str, depth: usize) -> Query {
        let types = self.types(want);
        let (values, columns) = self.targets(&types, depth.min(1));
        let list = named(&values, &columns);
        if self.choices.chance(50) {
            return Query::unordered(format!("SELECT DISTINCT {list} FROM {from}{filter}"), columns);
        }
        let order: Vec<String> = (1..=columns.len()).map(|position| position.to_string()).collect();
        let sql = format!("SELECT DISTINCT ON (1) {list} FROM {from}{filter} ORDER BY {}", order.join(", "));
        Query { sql, columns, ordered: true }
    }

    /// A SELECT that locks the rows of one table, or of all that can be locked.
    pub(crate) fn locking(&mut self, depth: usize) -> Query {
        let table = self.scoped_table();
        let alias = self.fresh("t");
        let mut sources = vec![Source::of_table(alias.as_str(), table)];
        let mut from = format!("{} AS {alias}", table.name);
        if self.choices.chance(50) {
            // The side that is locked must not be one that may miss.
            let (item, others) = self.from(0, 1);
            let join = *self.choices.pick(&["CROSS JOIN", ","]);
            from = format!("{from} {join} {item}");
            sources.extend(others);
        }
        self.frames.push(sources);
        let filter = self.where_clause(depth);
        let types = self.types(None);
        let (values, columns) = self.targets(&types, depth);
        self.frames.pop();
        let strength = *self.choices.pick(&["UPDATE", "SHARE", "NO KEY UPDATE", "KEY SHARE"]);
        // OF, because the application may not lock shared rows.
        let waiting = *self.choices.pick(&["", " SKIP LOCKED", " NOWAIT"]);
        let list = named(&values, &columns);
        let sql = format!("SELECT {list} FROM {from}{filter} FOR {strength} OF {alias}{waiting}");
        Query::unordered(sql, columns)
    }
}

/// A select list.
fn named(values: &[String], columns: &[(String, Type)]) -> String {
    let targets: Vec<String> =
        values.iter().zip(columns).map(|(value, (name, _))| format!("{value} AS {name}")).collect();
    targets.join(", ")
}
