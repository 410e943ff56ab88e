//! Filters.

use sea_orm::sea_query::extension::postgres::PgExpr;
use sea_orm::sea_query::{BinOper, Condition, Expr, ExprTrait, SelectStatement};

use super::builder::{Builder, Source};
use crate::oracle::shape::Type;

const COMPARISONS: [BinOper; 6] = [
    BinOper::Equal,
    BinOper::NotEqual,
    BinOper::SmallerThan,
    BinOper::GreaterThan,
    BinOper::SmallerThanOrEqual,
    BinOper::GreaterThanOrEqual,
];

impl Builder<'_> {
    /// Filters as SeaORM joins them: by AND or OR, nested.
    pub(crate) fn filter(&mut self, sources: &[Source], depth: usize) -> Condition {
        let mut filter = if self.choices.chance(35) { Condition::any() } else { Condition::all() };
        for _ in 0..=self.choices.below(3) {
            filter = if depth > 0 && self.choices.chance(20) {
                let inner = self.filter(sources, depth - 1);
                filter.add(if self.choices.chance(25) { inner.not() } else { inner })
            } else {
                filter.add(self.condition(sources, depth))
            };
        }
        filter
    }

    pub(crate) fn condition(&mut self, sources: &[Source], depth: usize) -> Expr {
        let (source, column) = self.column(sources);
        let left = source.column(column.name);
        let which = self.choices.weighted(&[30, 10, 8, 8, 10, 6, 10, 10, 8]);
        match which {
            1 => left.is_null(),
            2 => left.is_in([self.value(column), self.value(column)]),
            3 => left.between(self.value(column), self.value(column)),
            4 => match self.column_of(sources, column.kind) {
                Some(other) => left.eq(other),
                None => left.is_not_null(),
            },
            5 => match self.column_of(sources, Type::Text) {
                Some(text) if self.choices.chance(50) => text.ilike("%A%"),
                Some(text) => text.like("a%"),
                None => left.is_not_null(),
            },
            6 if depth > 0 => {
                let query = self.column_query(column.kind, sources, depth - 1);
                if self.choices.chance(30) { left.not_in_subquery(query) } else { left.in_subquery(query) }
            }
            7 if depth > 0 => {
                let exists = Expr::exists(self.column_query(Type::Uuid, sources, depth - 1));
                if self.choices.chance(30) { exists.not() } else { exists }
            }
            8 if depth > 0 => {
                let query = self.column_query(column.kind, sources, depth - 1);
                let comparison = *self.choices.pick(&COMPARISONS);
                left.binary(comparison, if self.choices.chance(50) { Expr::any(query) } else { Expr::all(query) })
            }
            _ => {
                let comparison =
                    if self.choices.chance(50) { BinOper::Equal } else { *self.choices.pick(&COMPARISONS) };
                left.binary(comparison, Expr::val(self.value(column)))
            }
        }
    }

    /// A subquery with one column of this type, which may name the rows around it.
    pub(crate) fn column_query(&mut self, kind: Type, outer: &[Source], depth: usize) -> SelectStatement {
        let (mut query, sources) = self.joined(depth);
        if self.choices.chance(60) {
            let visible: Vec<Source> = sources.iter().chain(outer).cloned().collect();
            query.cond_where(self.filter(&visible, depth));
        }
        match self.column_of(&sources, kind) {
            Some(column) => query.expr(column),
            None => {
                let text = *self.choices.pick(kind.constants());
                query.expr(Expr::cust(text))
            }
        };
        query
    }
}
