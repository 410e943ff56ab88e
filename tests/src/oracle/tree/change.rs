//! Changes of rows, as active models and bulk statements make them.

use sea_orm::sea_query::{DeleteStatement, Expr, InsertStatement, OnConflict, Query, UpdateStatement, Value};

use super::builder::{Builder, Source};
use crate::oracle::generated::OWN_TENANT;
use crate::oracle::shape::{self, Column, Table, Type};

impl Builder<'_> {
    fn changed(&mut self) -> Source {
        let tables: Vec<&Table> = shape::scoped().filter(|table| table.tenant != Some(table.key)).collect();
        let table = tables[self.choices.below(tables.len())];
        Source { name: table.name.to_owned(), table }
    }

    /// As `insert` and `insert_many`, also of models that differ in what they set, and with `on_conflict`.
    pub(crate) fn insert(&mut self) -> InsertStatement {
        let source = self.changed();
        let table = source.table;
        let mut query = Query::insert();
        query.into_table(table.name);
        let with_tenant = self.choices.chance(40);
        let columns: Vec<&Column> =
            table.columns.iter().filter(|column| with_tenant || Some(column.name) != table.tenant).collect();
        query.columns(columns.iter().map(|column| column.name));
        for _ in 0..=self.choices.below(3) {
            let row: Vec<Expr> = columns.iter().map(|column| self.new_value(table, column)).collect();
            query.values_panic(row);
        }
        if self.choices.chance(45) {
            query.on_conflict(self.conflict(&source));
        }
        if self.choices.chance(60) {
            for column in table.columns {
                query.returning_col(column.name);
            }
        }
        query
    }

    fn new_value(&mut self, table: &Table, column: &'static Column) -> Expr {
        if Some(column.name) == table.tenant {
            let own = if self.choices.chance(50) { Some(OWN_TENANT) } else { None };
            return Expr::val(Value::Uuid(own));
        }
        let unique = column.name == table.key || table.unique.contains(&column.name);
        if unique && column.refers_to.is_none() && column.name != "role" && !self.choices.chance(15) {
            let number = self.number();
            return match column.kind {
                Type::Uuid => Expr::val(uuid::Uuid::from_u128(number as u128)),
                _ => Expr::val(format!("new {number}")),
            };
        }
        if column.nullable && self.choices.chance(50) {
            // As SeaORM binds a model's `None`.
            let value = self.value(column);
            return Expr::val(value.as_null());
        }
        Expr::val(self.value(column))
    }

    fn conflict(&mut self, source: &Source) -> OnConflict {
        let table = source.table;
        let mut conflict = match table.unique {
            [] => OnConflict::column(table.key),
            unique if self.choices.chance(40) => OnConflict::columns(unique.iter().copied()),
            _ => OnConflict::column(table.key),
        };
        let free = table.free_columns();
        if free.is_empty() || self.choices.chance(25) {
            conflict.do_nothing();
            return conflict;
        }
        let column = *self.choices.pick(&free);
        if self.choices.chance(70) {
            conflict.update_columns([column.name]);
        } else {
            let value = self.value(column);
            conflict.value(column.name, value);
        }
        if self.choices.chance(35) {
            let filter = self.filter(std::slice::from_ref(source), 1);
            conflict.action_cond_where(filter);
        }
        conflict
    }

    /// As `update` and `update_many`.
    pub(crate) fn update(&mut self) -> UpdateStatement {
        let source = self.changed();
        let table = source.table;
        let mut query = Query::update();
        query.table(table.name);
        let free = table.free_columns();
        let column = if free.is_empty() { None } else { Some(*self.choices.pick(&free)) };
        match column {
            Some(column) if self.choices.chance(25) => {
                query.value(column.name, source.column(column.name));
            }
            Some(column) => {
                let value = self.value(column);
                query.value(column.name, value);
            }
            None => {
                query.value(table.key, source.key());
            }
        }
        if self.choices.chance(15) {
            // An active model that was read has its tenant set.
            query.values(table.tenant.map(|tenant| (tenant, Expr::val(Value::Uuid(Some(OWN_TENANT))))));
        }
        if self.choices.chance(75) {
            query.cond_where(self.filter(&[source], 2));
        }
        if self.choices.chance(50) {
            query.returning_all();
        }
        query
    }

    /// As `delete` and `delete_many`.
    pub(crate) fn delete(&mut self) -> DeleteStatement {
        let source = self.changed();
        let mut query = Query::delete();
        query.from_table(source.table.name);
        if self.choices.chance(85) {
            query.cond_where(self.filter(std::slice::from_ref(&source), 2));
        }
        if self.choices.chance(50) {
            query.returning_col(source.table.key);
        }
        query
    }
}
