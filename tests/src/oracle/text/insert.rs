//! INSERT.

use super::writer::{Source, Writer};
use crate::oracle::generated::OWN_TENANT;
use crate::oracle::shape::{self, Column, Table, Type};

/// What stands in the place of the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tenant {
    Absent,
    Given,
}

impl Writer<'_> {
    pub(crate) fn insert(&mut self) -> String {
        if self.choices.chance(4) {
            return format!("INSERT INTO pipelines DEFAULT VALUES{}", self.insert_returning("pipelines"));
        }
        let table = if self.choices.chance(4) {
            shape::table("organizations").unwrap_or(&shape::TABLES[1])
        } else {
            self.scoped_table()
        };
        let alias = if self.choices.chance(25) { Some(self.fresh("t")) } else { None };
        let insert = if self.choices.chance(30) {
            self.insert_select(table, alias.as_deref())
        } else {
            self.insert_values(table, alias.as_deref())
        };
        let name = alias.as_deref().unwrap_or(table.name).to_owned();
        let conflict = if self.choices.chance(45) { self.on_conflict(table, &name) } else { String::new() };
        self.frames.push(vec![Source::of_table(name, table)]);
        let returning = self.returning();
        self.frames.pop();
        insert + &conflict + &returning
    }

    fn insert_returning(&mut self, table: &str) -> String {
        let sources = shape::table(table).map(|shape| Source::of_table(table, shape));
        self.frames.push(sources.into_iter().collect());
        let returning = self.returning();
        self.frames.pop();
        returning
    }

    /// The columns that an INSERT lists: those without a default, and some of the rest.
    fn listed(&mut self, table: &'static Table) -> (Vec<&'static Column>, Tenant) {
        let mut columns: Vec<&Column> = Vec::new();
        for column in table.own_columns() {
            let has_default = column.nullable || column.name == "created_at";
            if !has_default || self.choices.chance(60) {
                columns.push(column);
            }
        }
        let tenant = if self.choices.chance(35) { Tenant::Given } else { Tenant::Absent };
        if self.choices.chance(30) {
            columns.reverse();
        }
        (columns, tenant)
    }

    /// INSERT with VALUES of one row or several, up to ON CONFLICT.
    pub(crate) fn insert_values(&mut self, table: &'static Table, alias: Option<&str>) -> String {
        let (columns, tenant) = self.listed(table);
        let rows: Vec<String> = (0..=self.choices.weighted(&[50, 20, 20, 10]))
            .map(|_| {
                let mut values: Vec<String> = Vec::new();
                for column in &columns {
                    values.push(self.new_value(table, column));
                }
                if tenant == Tenant::Given {
                    // As SeaORM binds it for a model whose tenant is not set, next to one whose tenant is.
                    values.insert(
                        0,
                        match self.choices.below(4) {
                            0 => self.bind(OWN_TENANT),
                            1 => self.bind(None::<uuid::Uuid>),
                            2 => "DEFAULT".to_owned(),
                            _ => "NULL".to_owned(),
                        },
                    );
                }
                format!("({})", values.join(", "))
            })
            .collect();
        let head = insert_head(table, alias, &columns, tenant);
        if columns.is_empty() && tenant == Tenant::Absent {
            return format!("INSERT INTO {} DEFAULT VALUES", table.name);
        }
        format!("{head} VALUES {}", rows.join(", "))
    }

    /// A value for a new row: often one that no row has.
    fn new_value(&mut self, table: &'static Table, column: &'static Column) -> String {
        let must_be_new = column.name == table.key || table.unique.contains(&column.name);
        if must_be_new && column.refers_to.is_none() && column.name != "role" && !self.choices.chance(15) {
            let number = self.number();
            return match column.kind {
                Type::Uuid => format!("'00000000-0000-0000-0000-0000000000{number}'::uuid"),
                _ => format!("'new {number}'"),
            };
        }
        if self.choices.chance(8) && column.name == "created_at" {
            return "DEFAULT".to_owned();
        }
        let outer = std::mem::take(&mut self.frames);
        let value = self.value_of(column, true);
        self.frames = outer;
        value
    }

    /// INSERT from rows of another table, each giving a row with a key of its own.
    fn insert_select(&mut self, table: &'static Table, alias: Option<&str>) -> String {
        let (columns, tenant) = self.listed(table);
        let source = self.scoped_table();
        let name = self.fresh("s");
        self.frames.push(vec![Source::of_table(name.as_str(), source)]);
        let salt = self.choices.below(3);
        let mut values: Vec<String> = Vec::new();
        if tenant == Tenant::Given {
            values.push(match self.choices.below(3) {
                0 => format!("{name}.organization_id"),
                1 => self.bind(OWN_TENANT),
                _ => "NULL".to_owned(),
            });
        }
        for column in &columns {
            let fresh = match salt {
                0 => format!("{name}.id"),
                _ => format!("md5('{salt}' || {name}.id::text)::uuid"),
            };
            values.push(match column.kind {
                _ if column.refers_to.is_some() || column.name == "role" => self.value_of(column, true),
                Type::Uuid => fresh,
                _ if table.unique.contains(&column.name) => format!("{fresh}::text"),
                _ => self.value_of(column, true),
            });
        }
        let filter = self.where_clause(2);
        self.frames.pop();
        let head = insert_head(table, alias, &columns, tenant);
        if values.is_empty() {
            return format!("INSERT INTO {} DEFAULT VALUES", table.name);
        }
        format!("{head} SELECT {} FROM {} AS {name}{filter} ORDER BY {name}.id", values.join(", "), source.name)
    }

    fn on_conflict(&mut self, table: &'static Table, name: &str) -> String {
        let unique = table.unique.join(", ");
        let target = match self.choices.below(5) {
            0 | 1 => format!("({})", table.key),
            2 if !unique.is_empty() => format!("({unique})"),
            3 => format!("ON CONSTRAINT {}_pkey", table.name),
            _ => return " ON CONFLICT DO NOTHING".to_owned(),
        };
        if self.choices.chance(25) {
            return format!(" ON CONFLICT {target} DO NOTHING");
        }
        let existing = Source::of_table(name, table);
        self.frames.push(vec![existing.clone(), Source::of_table("excluded", table)]);
        let assignments = self.assignments(&existing, table, Some("excluded"));
        let filter = self.where_clause(2);
        self.frames.pop();
        format!(" ON CONFLICT {target} DO UPDATE SET {assignments}{filter}")
    }
}

fn insert_head(table: &Table, alias: Option<&str>, columns: &[&Column], tenant: Tenant) -> String {
    let mut names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    if let (Tenant::Given, Some(tenant)) = (tenant, table.tenant) {
        names.insert(0, tenant);
    }
    let alias = alias.map(|alias| format!(" AS {alias}")).unwrap_or_default();
    format!("INSERT INTO {}{alias} ({})", table.name, names.join(", "))
}
