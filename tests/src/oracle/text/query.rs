//! Queries: WITH, set operations, VALUES, TABLE, and what follows them.

use super::writer::{Source, Writer};
use crate::oracle::shape::{self, Type};

/// A query's text and what it gives.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) sql: String,
    pub(crate) columns: Vec<(String, Type)>,
    /// Whether its rows come in an order that they determine themselves.
    pub(crate) ordered: bool,
}

impl Query {
    pub(crate) fn unordered(sql: String, columns: Vec<(String, Type)>) -> Self {
        Self { sql, columns, ordered: false }
    }
}

impl Writer<'_> {
    /// A query that gives columns of these types, or of any.
    pub(crate) fn query(&mut self, want: Option<&[Type]>, depth: usize) -> Query {
        let common = self.common.len();
        let with =
            if depth > 0 && self.choices.chance(12) && self.spend() { self.with(depth - 1) } else { String::new() };
        let mut query = self.bare_query(want, depth);
        query.sql = with + &query.sql;
        self.common.truncate(common);
        query
    }

    /// A query without WITH.
    pub(crate) fn bare_query(&mut self, want: Option<&[Type]>, depth: usize) -> Query {
        let mut query = match self.choices.weighted(&[76, 14, 5, 5]) {
            1 if depth > 0 && self.spend() => self.set_operation(want, depth - 1),
            2 if depth > 0 => self.values_query(want),
            3 if want.is_none() => self.table_command(),
            _ => self.select(want, depth),
        };
        self.tail(&mut query, depth);
        query
    }

    /// ORDER BY every column, which is a total order, and then perhaps LIMIT.
    fn tail(&mut self, query: &mut Query, depth: usize) {
        if query.ordered || query.columns.is_empty() || !self.choices.chance(30) {
            return;
        }
        let directions = ["", " DESC", " NULLS FIRST", " DESC NULLS LAST"];
        let columns: Vec<String> =
            (1..=query.columns.len()).map(|position| format!("{position}{}", self.choices.pick(&directions))).collect();
        query.sql += &format!(" ORDER BY {}", columns.join(", "));
        query.ordered = true;
        match self.choices.weighted(&[50, 20, 10, 10, 10]) {
            1 => query.sql += &format!(" LIMIT {}", self.choices.below(5) + 1),
            2 => query.sql += " OFFSET 1 ROWS FETCH FIRST 3 ROWS ONLY",
            3 if depth > 0 && self.spend() => {
                let table = self.any_table().name;
                query.sql += &format!(" LIMIT (SELECT count(*) FROM {table})");
                if self.common.iter().any(|source| source.name == table) {
                    query.sql += " OFFSET 0";
                }
            }
            4 => {
                let bound = self.bind(2_i64);
                query.sql += &format!(" LIMIT {bound} OFFSET (SELECT count(*) FROM organizations)");
            }
            _ => {}
        }
    }

    fn set_operation(&mut self, want: Option<&[Type]>, depth: usize) -> Query {
        let first = self.operand(want, depth);
        let types: Vec<Type> = first.1.iter().map(|(_, kind)| *kind).collect();
        let mut sql = first.0;
        for _ in 0..=self.choices.below(2) {
            let operator = *self.choices.pick(&["UNION", "UNION ALL", "INTERSECT", "EXCEPT", "EXCEPT ALL"]);
            let next = self.operand(Some(&types), depth);
            sql = format!("{sql} {operator} {}", next.0);
        }
        Query::unordered(sql, first.1)
    }

    /// An operand: a SELECT, or any query in brackets.
    fn operand(&mut self, want: Option<&[Type]>, depth: usize) -> (String, Vec<(String, Type)>) {
        if self.choices.chance(25) {
            let query = self.query(want, depth);
            return (format!("({})", query.sql), query.columns);
        }
        let mut query = self.select(want, depth);
        if query.ordered {
            query.sql = format!("({})", query.sql);
        }
        (query.sql, query.columns)
    }

    fn values_query(&mut self, want: Option<&[Type]>) -> Query {
        let types = want.unwrap_or(&[Type::Text, Type::Int]).to_vec();
        let rows: Vec<String> = (0..=self.choices.below(3))
            .map(|_| {
                let values: Vec<String> = types.iter().map(|kind| self.scalar(*kind, 1)).collect();
                format!("({})", values.join(", "))
            })
            .collect();
        let columns = types.iter().enumerate().map(|(index, kind)| (format!("column{}", index + 1), *kind)).collect();
        Query::unordered(format!("VALUES {}", rows.join(", ")), columns)
    }

    fn table_command(&mut self) -> Query {
        let table = self.any_table();
        match self.common.iter().rev().find(|source| source.name == table.name) {
            Some(hidden) => Query::unordered(format!("TABLE {}", table.name), hidden.columns.clone()),
            None => Query::unordered(format!("TABLE {}", table.name), Source::of_table("", table).columns),
        }
    }

    /// WITH and one or two common table expressions, which the rest of the query sees.
    pub(crate) fn with(&mut self, depth: usize) -> String {
        if self.choices.chance(20) {
            return self.with_recursive();
        }
        let mut parts = Vec::new();
        for _ in 0..=self.choices.below(2) {
            let query = self.query(None, depth);
            // A name that may be a table's, from here on.
            let name = if self.choices.chance(35) { self.any_table().name.to_owned() } else { self.fresh("w") };
            if parts.iter().any(|part: &String| part.starts_with(&format!("{name} AS"))) {
                continue;
            }
            let kind = *self.choices.pick(&["", "MATERIALIZED ", "NOT MATERIALIZED "]);
            // Columns by names that are their own, since those of a query can repeat.
            let columns: Vec<(String, Type)> =
                query.columns.iter().enumerate().map(|(index, (_, kind))| (format!("k{index}"), *kind)).collect();
            let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
            parts.push(format!("{name} AS {kind}({})", query.sql).replacen(
                " AS",
                &format!("({}) AS", names.join(", ")),
                1,
            ));
            self.common.push(Source { name, columns, table: None });
        }
        format!("WITH {} ", parts.join(", "))
    }

    /// Rows that lead to rows, through a reference, up to a depth.
    fn with_recursive(&mut self) -> String {
        const STEPS: [(&str, &str, &str); 4] = [
            ("docking_jobs", "molecule_id", "molecules"),
            ("job_results", "job_id", "docking_jobs"),
            ("pipelines", "created_by", "users"),
            ("memberships", "user_id", "users"),
        ];
        let (child, reference, parent) = *self.choices.pick(&STEPS);
        let name = if self.choices.chance(25) { parent.to_owned() } else { self.fresh("r") };
        let union = *self.choices.pick(&["UNION ALL", "UNION"]);
        // The name hides the table in the query itself, its own first part included.
        let source = self.fresh("t");
        let join = *self.choices.pick(&["JOIN", "LEFT JOIN"]);
        let text = format!(
            "WITH RECURSIVE {name}(id, n) AS (SELECT {source}.id, 0 FROM public.{parent} AS {source} {union} \
             SELECT c.id, p.n + 1 FROM {name} p {join} {child} c ON c.{reference} = p.id WHERE p.n < 2) "
        );
        let columns = vec![("id".to_owned(), Type::Uuid), ("n".to_owned(), Type::Int)];
        self.common.push(Source { name, columns, table: None });
        text
    }

    /// The select list `*`, with the columns that all sources have.
    pub(crate) fn star(sources: &[Source]) -> Vec<(String, Type)> {
        sources.iter().flat_map(|source| source.columns.clone()).collect()
    }

    /// Any scoped table, for locking or writing.
    pub(crate) fn scoped_table(&mut self) -> &'static shape::Table {
        let tables: Vec<&shape::Table> = shape::scoped().filter(|table| table.tenant != Some(table.key)).collect();
        tables[self.choices.below(tables.len())]
    }
}
