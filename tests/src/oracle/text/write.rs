//! UPDATE, DELETE, and statements that change rows in WITH.

use super::writer::{Source, Writer};
use crate::oracle::generated::OWN_TENANT;
use crate::oracle::shape::{self, Column, Table, Type};

impl Writer<'_> {
    /// A statement that changes rows, and the name of its kind.
    pub(crate) fn write(&mut self) -> (&'static str, String) {
        if self.choices.chance(12) {
            return ("write: with", self.write_in_with());
        }
        let with = if self.choices.chance(8) { self.with(1) } else { String::new() };
        let (family, sql) = match self.choices.weighted(&[40, 28, 18, 14]) {
            1 => ("write: update", self.update()),
            2 => ("write: delete", self.delete()),
            3 => ("write: merge", self.merge()),
            _ => ("write: insert", self.insert()),
        };
        (family, with + &sql)
    }

    /// The table to write, with the name that it has in the statement.
    pub(crate) fn target(&mut self) -> (String, Source, &'static Table) {
        let table = if self.choices.chance(4) {
            shape::table("organizations").unwrap_or(&shape::TABLES[1])
        } else {
            self.scoped_table()
        };
        let schema = if self.choices.chance(10) { "public." } else { "" };
        if self.take_bare(table) {
            return (format!("{schema}{}", table.name), Source::of_table(table.name, table), table);
        }
        let alias = self.fresh("t");
        (format!("{schema}{} AS {alias}", table.name), Source::of_table(alias, table), table)
    }

    pub(crate) fn update(&mut self) -> String {
        let (text, target, table) = self.target();
        // Each row is changed at most once, whichever row it meets: by a key of the other table.
        let joined = if self.choices.chance(40) { self.unique_partner(&target, table) } else { None };
        let mut sources = vec![target.clone()];
        let (mut from, mut on) = (String::new(), None);
        if let Some((partner, condition, source)) = joined {
            from = format!(" FROM {partner}");
            on = Some(condition);
            sources.push(source);
        }
        self.frames.push(sources);
        let assignments = self.assignments(&target, table, None);
        let condition = match (on, self.choices.chance(65)) {
            (Some(on), true) => format!(" WHERE {on} AND {}", self.condition(2)),
            (Some(on), false) => format!(" WHERE {on}"),
            (None, true) => format!(" WHERE {}", self.condition(2)),
            (None, false) => String::new(),
        };
        let returning = self.returning();
        self.frames.pop();
        let only = if self.choices.chance(5) { "ONLY " } else { "" };
        format!("UPDATE {only}{text} SET {assignments}{from}{condition}{returning}")
    }

    /// A table of which each row of the target meets one row at most: its text, the condition, and what it is.
    fn unique_partner(&mut self, target: &Source, table: &'static Table) -> Option<(String, String, Source)> {
        let mut options: Vec<(&'static Column, &'static Table)> =
            table.columns.iter().filter_map(|column| Some((column, shape::table(column.refers_to?)?))).collect();
        if let Some(id) = table.column("id") {
            options.push((id, table));
            options.push((id, shape::table("molecules")?));
        }
        let (column, partner) = *self.choices.pick(&options);
        let name = self.fresh("p");
        let condition = format!("{}.{} = {name}.{}", target.name, column.name, partner.key);
        let mut text = format!("{} AS {name}", partner.name);
        if self.choices.chance(30) {
            let other = self.fresh("p");
            text += &format!(" LEFT JOIN pipelines AS {other} ON {other}.id = {name}.id");
        }
        Some((text, condition, Source::of_table(name, partner)))
    }

    /// SET of one to three columns. `excluded`: the proposed row, under ON CONFLICT.
    pub(crate) fn assignments(&mut self, target: &Source, table: &'static Table, excluded: Option<&str>) -> String {
        let free = table.free_columns();
        let mut columns: Vec<&Column> = Vec::new();
        for _ in 0..=self.choices.below(3) {
            let column = if free.is_empty() { None } else { Some(*self.choices.pick(&free)) };
            columns.extend(column.filter(|column| !columns.iter().any(|taken| taken.name == column.name)));
        }
        if columns.is_empty() {
            // A key set to itself changes nothing, and fires what references fire.
            return format!("{key} = {}.{key}", target.name, key = table.key);
        }
        let mut parts = Vec::new();
        if columns.len() == 2 && excluded.is_none() && self.choices.chance(25) {
            let types = [columns[0].kind, columns[1].kind];
            let fits = |column: &Column| {
                column.refers_to.is_none() && !matches!(column.name, "status" | "role" | "target_code")
            };
            if columns.iter().all(|column| fits(column)) {
                let (from, sources) = self.from(0, 1);
                let identity: Vec<String> = sources.iter().flat_map(Source::identity).collect();
                self.frames.push(sources);
                let (one, two) = (self.scalar(types[0], 0), self.scalar(types[1], 0));
                self.frames.pop();
                return format!(
                    "({}, {}) = (SELECT {one}, {two} FROM {from} ORDER BY {} LIMIT 1)",
                    columns[0].name,
                    columns[1].name,
                    identity.join(", ")
                );
            }
        }
        for column in columns {
            let value = match excluded.filter(|_| self.choices.chance(60)) {
                Some(excluded) => format!("{excluded}.{}", column.name),
                None => self.value_of(column, true),
            };
            parts.push(format!("{} = {value}", column.name));
        }
        if let Some(tenant) = table.tenant.filter(|_| self.choices.chance(12)) {
            let own = if self.choices.chance(50) { self.bind(OWN_TENANT) } else { format!("{}.{tenant}", target.name) };
            parts.push(format!("{tenant} = {own}"));
        }
        parts.join(", ")
    }

    /// A value that a column may well take.
    pub(crate) fn value_of(&mut self, column: &Column, may_read: bool) -> String {
        if column.nullable && self.choices.chance(25) {
            return "NULL".to_owned();
        }
        let checked = matches!(column.name, "status" | "role" | "target_code");
        let chance = if column.refers_to.is_some() { 75 } else { 45 };
        if may_read && !checked && self.choices.chance(chance) {
            if column.refers_to.is_none() {
                let value = self.scalar(column.kind, 2);
                return if column.nullable { value } else { format!("coalesce({value}, {})", column.values[0]) };
            }
            let table = column.refers_to.unwrap_or_default();
            let alias = self.fresh("t");
            let skip = self.choices.below(3);
            return format!("(SELECT {alias}.id FROM {table} {alias} ORDER BY {alias}.id OFFSET {skip} LIMIT 1)");
        }
        if column.refers_to.is_some() && column.nullable && self.choices.chance(30) {
            return "NULL".to_owned();
        }
        self.constant_of(column)
    }

    pub(crate) fn delete(&mut self) -> String {
        let (text, target, _) = self.target();
        let mut sources = vec![target.clone()];
        let mut using = String::new();
        if self.choices.chance(35) {
            let (from, others) = self.from(1, 2);
            using = format!(" USING {from}");
            sources.extend(others);
        }
        self.frames.push(sources);
        let condition = if self.choices.chance(85) { format!(" WHERE {}", self.condition(2)) } else { String::new() };
        self.frames.pop();
        // Of the other tables' rows that a deleted one meets, any may be the one that is returned.
        self.frames.push(vec![target]);
        let returning = self.returning();
        self.frames.pop();
        format!("DELETE FROM {text}{using}{condition}{returning}")
    }

    /// Nothing, or RETURNING.
    pub(crate) fn returning(&mut self) -> String {
        let name = self.frames.last().and_then(|frame| frame.first()).map(|source| source.name.clone());
        match (self.choices.weighted(&[35, 15, 50]), name) {
            (1, Some(name)) => format!(" RETURNING {name}.*"),
            (2, _) => {
                let values: Vec<String> = (0..=self.choices.below(3))
                    .map(|_| {
                        let kind = *self.choices.pick(&Type::COLUMNS);
                        self.scalar(kind, 2)
                    })
                    .collect();
                format!(" RETURNING {}", values.join(", "))
            }
            _ => String::new(),
        }
    }

    /// A statement that changes rows in WITH, and another that uses what it returned.
    fn write_in_with(&mut self) -> String {
        let table = self.scoped_table();
        let source = Source::of_table(table.name, table);
        let name = if self.choices.chance(25) { table.name.to_owned() } else { self.fresh("w") };
        self.frames.push(vec![source.clone()]);
        let condition = self.condition(1);
        let change = match self.choices.below(3) {
            0 => format!("DELETE FROM {} WHERE {condition}", table.name),
            1 => {
                let assignments = self.assignments(&source, table, None);
                format!("UPDATE {} SET {assignments} WHERE {condition}", table.name)
            }
            _ => self.insert_values(table, None),
        };
        self.frames.pop();
        let rest = self.fresh("q");
        let common = Source { name: name.clone(), table: None, ..source };
        self.common.push(common);
        let query = self.bare_query(None, 2);
        let mut sql = format!("WITH {name} AS ({change} RETURNING {}.*)", table.name);
        if self.choices.chance(30) && name != "pipelines" && table.name != "pipelines" {
            sql += &format!(
                " INSERT INTO pipelines (id, name, definition) \
                 SELECT md5('{rest}' || {name}.id::text)::uuid, {name}.id::text, '{{}}'::jsonb FROM {name}"
            );
            return sql + &self.returning();
        }
        if self.choices.chance(40) {
            return format!("{sql}, {rest} AS (SELECT * FROM {name}) SELECT count(*), count(DISTINCT id) FROM {rest}");
        }
        format!("{sql} {}", query.sql)
    }
}
