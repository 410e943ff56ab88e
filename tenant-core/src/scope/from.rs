//! FROM: which tables are read, under which names, and where each one's predicate belongs.

use super::error::ScopeError;
use super::function_item::function_row;
use super::names::{self, Row, Rows, Scope};
use super::reference::{Reference, Relation};
use super::syntax::{Kind, Node, child, end, start, token};
use super::walk::Walk;

/// What a FROM list reads.
#[derive(Debug, Default)]
pub(super) struct From<'a> {
    /// References whose predicates belong to the enclosing condition: WHERE, or ON of an outer join.
    pub(super) pending: Vec<Reference<'a>>,
    /// References that are still tables, with their keys and system columns.
    pub(super) tables: Vec<Reference<'a>>,
    /// References that are sent as subqueries, without keys.
    pub(super) wrapped: Vec<Reference<'a>>,
    /// The rows that have a name.
    pub(super) rows: Rows<'a>,
}

/// Where the predicate of a reference can go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In a condition further out, where the reference's name is still seen.
    Condition,
    /// Only around the table itself: `(SELECT * FROM t WHERE …)`.
    Table,
}

impl<'a> Walk<'a> {
    /// The items of a FROM or USING list.
    pub(super) fn sources(&mut self, list: &Node, scope: &Scope<'_>) -> Result<From<'a>, ScopeError> {
        let mut from = From::default();
        for item in list.children() {
            let pending = self.source(&item, scope, Place::Condition, &mut from)?;
            from.pending.extend(pending);
        }
        Ok(from)
    }

    /// Reads a part of a FROM list that sees the rows named before it.
    pub(super) fn beside(
        &mut self,
        from: &mut From<'a>,
        scope: &Scope<'_>,
        read: impl FnOnce(&mut Self, &Scope<'_>) -> Result<(), ScopeError>,
    ) -> Result<(), ScopeError> {
        let rows = std::mem::take(&mut from.rows);
        let done = read(self, &scope.over(&rows));
        from.rows = rows;
        done
    }

    pub(super) fn source(
        &mut self,
        item: &Node,
        scope: &Scope<'_>,
        place: Place,
        from: &mut From<'a>,
    ) -> Result<Vec<Reference<'a>>, ScopeError> {
        match item.kind() {
            Kind::RELATION_FROM_ITEM => self.relation_item(item, scope, place, from),
            Kind::JOIN_EXPR => self.joined(item, scope, place, from),
            Kind::PAREN_FROM_ITEM => self.bracketed_item(item, scope, place, from),
            Kind::FUNCTION_FROM_ITEM | Kind::ROWS_FROM_ITEM => {
                self.beside(from, scope, |walk, scope| walk.function_item(item, scope))?;
                from.rows.extend(function_row(item));
                Ok(Vec::new())
            }
            _ => Err(self.unknown(item)),
        }
    }

    fn relation_item(
        &mut self,
        item: &Node,
        scope: &Scope<'_>,
        place: Place,
        from: &mut From<'a>,
    ) -> Result<Vec<Reference<'a>>, ScopeError> {
        let mut sampled = false;
        for part in item.children() {
            match part.kind() {
                Kind::RELATION_NAME_REF | Kind::FROM_ALIAS => {}
                Kind::TABLESAMPLE_CLAUSE => {
                    sampled = true;
                    self.table_sample(&part, scope)?;
                }
                _ => return Err(self.unknown(&part)),
            }
        }
        let name = child(item, Kind::RELATION_NAME_REF).ok_or_else(|| self.unknown(item))?;
        let alias = child(item, Kind::FROM_ALIAS);
        // The parser lets `AS` stand without a name, and column definitions where only a function can have them.
        let named =
            |alias: &Node| child(alias, Kind::TABLE_ALIAS).is_some() && child(alias, Kind::COLUMN_DEF_LIST).is_none();
        if !alias.as_ref().is_none_or(named) {
            return Err(self.unknown(item));
        }
        let relation = self.relation(&name, scope)?;
        let bare = child(&name, Kind::PATH_REF).and_then(|path| names::path(&path)).and_then(|mut path| path.pop());
        let row = names::alias(item).or(bare);
        let Relation::Table(table) = relation else {
            from.rows.extend(row.map(|row| (row, Row::Query)));
            return Ok(Vec::new());
        };
        let renames = alias.as_ref().is_some_and(|alias| alias.children().any(|part| part.kind() != Kind::TABLE_ALIAS));
        from.rows.extend(row.map(|row| (row, if renames { Row::Query } else { Row::Table(table) })));
        if table.tenant_key().is_none() {
            self.qualify(&name, table);
            if !renames {
                let name = names::alias(item).unwrap_or_else(|| table.name().table.clone());
                from.tables.push(Reference { name, table });
            }
            return Ok(Vec::new());
        }
        if renames {
            return Err(ScopeError::ColumnAliases { table: table.name().clone() });
        }
        let bare = &table.name().table;
        let reference = Reference { name: names::alias(item).unwrap_or_else(|| bare.clone()), table };
        if place == Place::Condition {
            self.qualify(&name, table);
            from.tables.push(reference.clone());
            return Ok(vec![reference]);
        }
        if sampled {
            return Err(self.unsupported(item, "TABLESAMPLE on this side of an outer join", "sample in a subquery"));
        }
        from.wrapped.push(reference);
        let tenant = self.tenant();
        let inner = Reference { name: bare.clone(), table }.predicate(&tenant).unwrap_or_default();
        let only = if token(item, Kind::ONLY_KW).is_some() { "ONLY " } else { "" };
        let filtered = format!("(SELECT * FROM {only}{} WHERE {inner})", names::quoted_table(table.name()));
        let name_in_query = if alias.is_some() { String::new() } else { format!(" AS {}", names::quoted(bare)) };
        let table_end = token(item, Kind::STAR).map_or_else(|| end(&name), |star| star.text_range().end().into());
        self.edits.replace_range(start(item), table_end, filtered + &name_in_query);
        Ok(Vec::new())
    }

    /// A subquery, or joins in brackets.
    fn bracketed_item(
        &mut self,
        item: &Node,
        scope: &Scope<'_>,
        place: Place,
        from: &mut From<'a>,
    ) -> Result<Vec<Reference<'a>>, ScopeError> {
        if let Some(only) = token(item, Kind::ONLY_KW) {
            let construct = format!("{} with brackets", only.text());
            return Err(self.unsupported(item, construct, "write ONLY and the table without brackets"));
        }
        let mut pending = Vec::new();
        // An alias hides the names inside from every condition outside.
        let inner_place = if child(item, Kind::FROM_ALIAS).is_some() { Place::Table } else { place };
        for part in item.children() {
            match part.kind() {
                Kind::FROM_ALIAS => self.source_alias(&part, scope)?,
                Kind::PAREN_SELECT => self.beside(from, scope, |walk, scope| walk.query(&part, scope, None))?,
                Kind::PAREN_EXPR => {
                    for inner in part.children() {
                        pending.extend(self.source(&inner, scope, inner_place, from)?);
                    }
                }
                _ => return Err(self.unknown(&part)),
            }
        }
        from.rows.extend(names::alias(item).map(|name| (name, Row::Query)));
        Ok(pending)
    }

    pub(super) fn source_alias(&mut self, alias: &Node, scope: &Scope<'_>) -> Result<(), ScopeError> {
        for part in alias.children() {
            match part.kind() {
                Kind::TABLE_ALIAS | Kind::COLUMN_LIST => {}
                Kind::COLUMN_DEF_LIST => self.column_definitions(&part, scope)?,
                _ => return Err(self.unknown(&part)),
            }
        }
        Ok(())
    }

    fn table_sample(&mut self, clause: &Node, scope: &Scope<'_>) -> Result<(), ScopeError> {
        for part in clause.children() {
            match part.kind() {
                Kind::REPEATABLE_CLAUSE => self.parts(&part, scope)?,
                Kind::CALL_EXPR => {
                    self.judged += 1;
                    let mut call = part.children();
                    let method = call.next().as_ref().and_then(names::column_path);
                    // SYSTEM takes whole pages, in which all tenants' rows lie: what it finds tells how many others have.
                    if !matches!(method.as_deref(), Some([method]) if method == "bernoulli") {
                        return Err(self.unsupported(&part, "this sampling method", "use BERNOULLI"));
                    }
                    for arguments in call {
                        self.expression(&arguments, scope)?;
                    }
                }
                _ => return Err(self.unknown(&part)),
            }
        }
        Ok(())
    }
}
