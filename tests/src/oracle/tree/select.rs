//! Queries: what finders, loaders, paginators and people's own trees consist of.

use sea_orm::sea_query::{
    CommonTableExpression, Condition, Expr, ExprTrait, Func, IntoIden, JoinType, LockBehavior, LockType, NullOrdering,
    Order, Query, SelectStatement, UnionType, WindowStatement,
};

use super::builder::{Builder, Source};
use crate::oracle::shape::{self, Table, Type};

/// How deep subqueries nest.
const DEPTH: usize = 2;

impl Builder<'_> {
    /// A query as a program sends it, and whether it orders its rows completely.
    pub(crate) fn find(&mut self) -> (SelectStatement, bool) {
        match self.choices.weighted(&[30, 22, 12, 8, 10, 8, 6, 4]) {
            1 => self.related(),
            2 => (self.grouped(), false),
            3 => (self.counted(), false),
            4 => (self.unions(), false),
            5 => self.distinct_on(),
            6 => (self.windowed(), false),
            7 => (self.locked(), false),
            _ => self.plain(),
        }
    }

    pub(crate) fn table(&mut self) -> &'static Table {
        self.choices.pick(shape::TABLES)
    }

    /// A FROM with joins of all kinds, and what it reads.
    pub(crate) fn joined(&mut self, depth: usize) -> (SelectStatement, Vec<Source>) {
        let mut query = Query::select();
        let table = self.table();
        let first = if depth == DEPTH {
            // A finder's own table stands without an alias.
            query.from(table.name);
            Source { name: table.name.to_owned(), table }
        } else {
            let name = self.fresh("t");
            query.from_as(table.name, name.clone());
            Source { name, table }
        };
        let mut sources = vec![first];
        for _ in 0..self.choices.weighted(&[45, 30, 17, 8]) {
            self.join(&mut query, &mut sources, depth);
        }
        (query, sources)
    }

    fn join(&mut self, query: &mut SelectStatement, sources: &mut Vec<Source>, depth: usize) {
        let table = self.table();
        let right = Source { name: self.fresh("r"), table };
        let on = self.relation(sources, &right);
        let kinds = [JoinType::InnerJoin, JoinType::LeftJoin, JoinType::RightJoin, JoinType::FullOuterJoin];
        let kind = *self.choices.pick(&kinds);
        match self.choices.weighted(&[70, 8, 12, 10]) {
            1 => {
                query.join_as(JoinType::CrossJoin, table.name, right.name.clone(), Condition::all());
            }
            2 if depth > 0 => {
                let mut inner = Query::select();
                inner.column((right.table.name, sea_orm::sea_query::Asterisk)).from(table.name);
                let own = Source { name: table.name.to_owned(), table };
                inner.cond_where(self.filter(&[own], 0));
                query.join_subquery(kind, inner, right.name.clone(), on);
            }
            3 if depth > 0 && kind == JoinType::LeftJoin => {
                let inner_name = self.fresh("i");
                let own = Source { name: inner_name.clone(), table };
                let visible: Vec<Source> = std::iter::once(own.clone()).chain(sources.first().cloned()).collect();
                let mut inner = Query::select();
                inner.column((inner_name.clone().into_iden(), sea_orm::sea_query::Asterisk));
                inner.from_as(table.name, inner_name).cond_where(self.filter(&visible, 0));
                inner.order_by_expr(own.key(), Order::Asc).limit(2);
                // A row of the first table is always there, unless a RIGHT or FULL JOIN came between.
                let has_first = !query.to_string(sea_orm::sea_query::PostgresQueryBuilder).contains(" JOIN ");
                if has_first {
                    query.join_lateral(kind, inner, right.name.clone(), Condition::all().add(Expr::val(true)));
                } else {
                    query.join_as(kind, table.name, right.name.clone(), on);
                }
            }
            _ => {
                query.join_as(kind, table.name, right.name.clone(), on);
            }
        }
        sources.push(right);
    }

    /// The condition of a join: a reference where there is one, equality otherwise.
    fn relation(&mut self, left: &[Source], right: &Source) -> Condition {
        let mut pairs = Vec::new();
        for source in left {
            for column in source.table.columns {
                if column.refers_to == Some(right.table.name) {
                    pairs.push(source.column(column.name).eq(right.key()));
                }
            }
            for column in right.table.columns.iter().filter(|column| column.refers_to == Some(source.table.name)) {
                pairs.push(right.column(column.name).eq(source.key()));
            }
        }
        let like = |column: &&shape::Column| matches!(column.kind, Type::Uuid | Type::Text);
        let (source, column) = self.column(left);
        if let Some(other) = right.table.columns.iter().filter(like).find(|other| other.kind == column.kind) {
            pairs.push(source.column(column.name).eq(right.column(other.name)));
        }
        if pairs.is_empty() {
            pairs.push(source.column("name").eq(right.column("name")));
            let named = |source: &Source| source.table.column("name").is_some();
            if !(named(&source) && named(right)) {
                return Condition::all().add(Expr::val(1).eq(1));
            }
        }
        Condition::all().add(self.choices.pick(&pairs).clone())
    }

    fn plain(&mut self) -> (SelectStatement, bool) {
        let (mut query, sources) = self.joined(DEPTH);
        self.where_some(&mut query, &sources);
        // As SeaORM selects: every column of the finder's table by name.
        for column in sources[0].table.columns {
            query.column((sources[0].name.clone().into_iden(), column.name));
        }
        if self.choices.chance(25) {
            let inner = self.column_query(Type::Text, &sources, 0);
            let inner = inner_first(inner);
            query.expr_as(Expr::SubQuery(None, Box::new(inner.into())), "extra");
        }
        let ordered = self.order(&mut query, &sources);
        (query, ordered)
    }

    /// As `find_also_related`: columns of two tables under new names.
    fn related(&mut self) -> (SelectStatement, bool) {
        let (mut query, sources) = self.joined(DEPTH);
        self.where_some(&mut query, &sources);
        for (prefix, source) in ["A_", "B_"].into_iter().zip(&sources) {
            for column in source.table.columns {
                query.expr_as(source.column(column.name), format!("{prefix}{}", column.name));
            }
        }
        let ordered = self.order(&mut query, &sources);
        (query, ordered)
    }

    fn where_some(&mut self, query: &mut SelectStatement, sources: &[Source]) {
        if self.choices.chance(70) {
            query.cond_where(self.filter(sources, DEPTH));
        }
    }

    /// ORDER BY the keys of all sources, which no two rows share, and then perhaps LIMIT.
    fn order(&mut self, query: &mut SelectStatement, sources: &[Source]) -> bool {
        if !self.choices.chance(45) {
            return false;
        }
        if self.choices.chance(50) {
            let (source, column) = self.column(sources);
            query.order_by_expr_with_nulls(source.column(column.name), Order::Desc, NullOrdering::Last);
        }
        for source in sources {
            query.order_by_expr(source.key(), Order::Asc);
        }
        if self.choices.chance(60) {
            query.limit(1 + self.choices.below(5) as u64);
            if self.choices.chance(40) {
                query.offset(self.choices.below(3) as u64);
            }
        }
        true
    }

    fn grouped(&mut self) -> SelectStatement {
        let (mut query, sources) = self.joined(DEPTH);
        self.where_some(&mut query, &sources);
        // Excluded: a whole key under FULL JOIN, where the filter wraps the table in a subquery; see `text::select`.
        let full = query.to_string(sea_orm::sea_query::PostgresQueryBuilder).contains("FULL");
        let source = sources[0].clone();
        if !full && self.choices.chance(40) {
            query.add_group_by([source.key()]);
            for column in source.table.columns {
                query.expr(source.column(column.name));
            }
        } else {
            let (source, column) = self.column(&sources);
            query.add_group_by([source.column(column.name)]).expr(source.column(column.name));
        }
        let (counted, column) = self.column(&sources);
        query.expr_as(Func::count(counted.column(column.name)), "count");
        query.expr_as(Func::count_distinct(counted.key()), "distinct");
        if let Some(number) = self.column_of(&sources, Type::Int) {
            query.expr_as(Func::sum(number), "sum");
        }
        if let Some(text) = self.column_of(&sources, Type::Text) {
            query.expr_as(Func::max(text), "max");
        }
        if self.choices.chance(30) {
            query.and_having(Expr::expr(Func::count(counted.key())).gt(1));
        }
        query
    }

    /// As a paginator counts.
    fn counted(&mut self) -> SelectStatement {
        let (mut inner, sources) = self.joined(DEPTH);
        self.where_some(&mut inner, &sources);
        inner.expr(sources[0].key());
        if self.choices.chance(30) {
            inner.distinct();
        }
        let mut query = Query::select();
        query.expr_as(Func::count(Expr::cust("*")), "num_items").from_subquery(inner, "sub_query");
        query
    }

    fn unions(&mut self) -> SelectStatement {
        let mut query = self.column_query(Type::Uuid, &[], DEPTH);
        for _ in 0..=self.choices.below(2) {
            let kinds = [UnionType::All, UnionType::Distinct, UnionType::Intersect, UnionType::Except];
            let kind = *self.choices.pick(&kinds);
            query.union(kind, self.column_query(Type::Uuid, &[], 1));
        }
        if self.choices.chance(30) {
            let name = if self.choices.chance(40) { "molecules".to_owned() } else { self.fresh("w") };
            let mut common = CommonTableExpression::new();
            common.table_name(name.clone()).column("id").query(query);
            if self.choices.chance(40) {
                common.materialized(self.choices.chance(50));
            }
            let mut outer = Query::select();
            let on = Expr::col((name.clone().into_iden(), "id")).eq(Expr::col(("users", "id")));
            outer.expr_as(Func::count(Expr::col((name.clone().into_iden(), "id"))), "n");
            outer.from(name).join(JoinType::LeftJoin, "users", on).with_cte(common);
            return outer;
        }
        query
    }

    fn distinct_on(&mut self) -> (SelectStatement, bool) {
        let (mut query, sources) = self.joined(DEPTH);
        self.where_some(&mut query, &sources);
        let (source, column) = self.column(&sources);
        query.distinct_on([(source.name.clone().into_iden(), column.name)]);
        query.order_by_expr(source.column(column.name), Order::Asc);
        for source in &sources {
            query.expr(source.key()).order_by_expr(source.key(), Order::Asc);
        }
        (query, true)
    }

    fn windowed(&mut self) -> SelectStatement {
        let (mut query, sources) = self.joined(DEPTH);
        self.where_some(&mut query, &sources);
        let (part, column) = self.column(&sources);
        let mut window = WindowStatement::partition_by((part.name.into_iden(), column.name));
        for source in &sources {
            window.order_by_expr(source.key(), Order::Asc);
        }
        query.expr(sources[0].key());
        query.expr_window_as(Func::cust("row_number"), window.clone(), "n");
        query.expr_window_as(Func::count(sources[0].key()), window, "count");
        query
    }

    fn locked(&mut self) -> SelectStatement {
        let tables: Vec<&Table> = shape::scoped().collect();
        let table = tables[self.choices.below(tables.len())];
        let source = Source { name: table.name.to_owned(), table };
        let mut query = Query::select();
        query.from(table.name).expr(source.key()).cond_where(self.filter(&[source], DEPTH));
        let kinds = [LockType::Update, LockType::Share, LockType::NoKeyUpdate, LockType::KeyShare];
        let kind = *self.choices.pick(&kinds);
        match self.choices.below(3) {
            0 => query.lock(kind),
            1 => query.lock_with_behavior(kind, LockBehavior::SkipLocked),
            _ => query.lock_with_tables(kind, [table.name]),
        };
        query
    }
}

/// A subquery that gives one row at most: the first of its only column.
fn inner_first(query: SelectStatement) -> SelectStatement {
    let mut query = query;
    query.order_by_expr(Expr::cust("1"), Order::Asc).limit(1);
    query
}
