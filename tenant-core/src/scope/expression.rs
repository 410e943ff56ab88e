//! Expressions, and the clauses that hold nothing but expressions.

use super::error::ScopeError;
use super::functions;
use super::names::{self, Scope};
use super::query::is_query;
use super::syntax::{Kind, Node, all_tokens, child, token};
use super::walk::Walk;

impl Walk<'_> {
    /// Each child of a node, as an expression or a part of one.
    pub(super) fn parts(&mut self, node: &Node, scope: &Scope<'_>) -> Result<(), ScopeError> {
        node.children().try_for_each(|part| self.expression(&part, scope))
    }

    pub(super) fn expression(&mut self, node: &Node, scope: &Scope<'_>) -> Result<(), ScopeError> {
        match node.kind() {
            kind if is_query(kind) => self.query(node, scope, None),
            kind if is_transparent(kind) => self.parts(node, scope),
            kind if is_leaf(kind) => match node.children().next() {
                None => Ok(()),
                Some(inside) => Err(self.unknown(&inside)),
            },
            Kind::LITERAL => self.literal(node),
            Kind::FIELD_EXPR => self.field(node, scope),
            Kind::CALL_EXPR => self.call(node, scope),
            Kind::CAST_EXPR => self.cast(node, scope),
            Kind::AS_NAME => Ok(()),
            Kind::COLLATE => self.collate(node, scope),
            Kind::NAMED_ARG => self.named_argument(node, scope),
            Kind::OPERATOR_CALL => self.parts(node, scope),
            Kind::OP => self.operator(node),
            _ => Err(self.unknown(node)),
        }
    }

    fn literal(&self, node: &Node) -> Result<(), ScopeError> {
        let mut tokens = all_tokens(node);
        match (tokens.next().map(|token| token.kind()), tokens.next()) {
            (
                Some(
                    Kind::STRING
                    | Kind::ESC_STRING
                    | Kind::NATIONAL_STRING
                    | Kind::BIT_STRING
                    | Kind::BYTE_STRING
                    | Kind::INT_NUMBER
                    | Kind::NUMERIC_NUMBER
                    | Kind::POSITIONAL_PARAM
                    | Kind::NULL_KW
                    | Kind::TRUE_KW
                    | Kind::FALSE_KW
                    | Kind::DEFAULT_KW,
                ),
                None,
            ) => Ok(()),
            _ => Err(self.unsupported(node, "a constant of this form", "bind it as a parameter")),
        }
    }

    /// `a.b`, `(row).b`, `a.*`. A field that is no column is a function call in disguise.
    fn field(&mut self, node: &Node, scope: &Scope<'_>) -> Result<(), ScopeError> {
        let mut parts = node.children();
        let (Some(base), field) = (parts.next(), parts.next()) else { return Err(self.unknown(node)) };
        match field {
            Some(field) if field.kind() == Kind::NAME_REF => {
                let name = names::name(&field).ok_or_else(|| self.unknown(&field))?;
                let known =
                    self.known.columns.contains(&name) || self.introduced.contains(&name) || functions::is_field(&name);
                if !known {
                    return Err(ScopeError::Field { name });
                }
            }
            Some(other) => return Err(self.unknown(&other)),
            None if token(node, Kind::STAR).is_some() => {}
            None => return Err(self.unknown(node)),
        }
        // The parts before the last of `schema.table.column` are no fields.
        if names::column_path(&base).is_some() { Ok(()) } else { self.expression(&base, scope) }
    }

    fn call(&mut self, node: &Node, scope: &Scope<'_>) -> Result<(), ScopeError> {
        let mut parts = node.children();
        let callee = parts.next().ok_or_else(|| self.unknown(node))?;
        if matches!(callee.kind(), Kind::NAME_REF | Kind::FIELD_EXPR) {
            let path = names::column_path(&callee).ok_or_else(|| self.unknown(&callee))?;
            if !functions::is_allowed(&path) {
                return Err(ScopeError::Function { name: path.join(".") });
            }
        } else if is_special_form(callee.kind()) {
            self.parts(&callee, scope)?;
        } else {
            return Err(self.unknown(&callee));
        }
        parts.try_for_each(|part| self.expression(&part, scope))
    }

    fn cast(&mut self, node: &Node, scope: &Scope<'_>) -> Result<(), ScopeError> {
        for part in node.children() {
            match part.kind() {
                Kind::COLON_COLON => {}
                kind if super::types::is_type(kind) => self.type_name(&part, scope)?,
                _ => self.expression(&part, scope)?,
            }
        }
        Ok(())
    }

    fn collate(&mut self, node: &Node, scope: &Scope<'_>) -> Result<(), ScopeError> {
        for part in node.children() {
            if part.kind() != Kind::COLLATION_REF {
                self.expression(&part, scope)?;
            }
        }
        Ok(())
    }

    fn named_argument(&mut self, node: &Node, scope: &Scope<'_>) -> Result<(), ScopeError> {
        for part in node.children() {
            if part.kind() != Kind::PARAM_NAME_REF {
                self.expression(&part, scope)?;
            }
        }
        Ok(())
    }

    fn operator(&self, node: &Node) -> Result<(), ScopeError> {
        for part in node.children() {
            match part.kind() {
                Kind::CUSTOM_OP => {}
                Kind::PATH_REF => {
                    let schema = child(&part, Kind::PATH_REF).and_then(|schema| names::path(&schema));
                    if schema.is_some_and(|schema| schema != ["pg_catalog"]) {
                        return Err(ScopeError::Operator { name: node.text().to_string() });
                    }
                }
                _ => return Err(self.unknown(&part)),
            }
        }
        Ok(())
    }
}

/// Kinds that mean no more than their parts.
const fn is_transparent(kind: Kind) -> bool {
    is_special_form(kind)
        || matches!(
            kind,
            Kind::PAREN_EXPR
                | Kind::TUPLE_EXPR
                | Kind::BIN_EXPR
                | Kind::PREFIX_EXPR
                | Kind::POSTFIX_EXPR
                | Kind::BETWEEN_EXPR
                | Kind::CASE_EXPR
                | Kind::WHEN_CLAUSE_LIST
                | Kind::WHEN_CLAUSE
                | Kind::ELSE_CLAUSE
                | Kind::ARRAY_EXPR
                | Kind::INDEX_EXPR
                | Kind::SLICE_EXPR
                | Kind::ARG_LIST
                | Kind::ARG
                | Kind::SUBSTRING_FROM_FOR
                | Kind::SUBSTRING_FOR_FROM
                | Kind::SUBSTRING_SIMILAR_ESCAPE
                | Kind::SUBSTRING_EXPRS
                | Kind::OVERLAY_PLACING
                | Kind::OVERLAY_EXPRS
                | Kind::TRIM_FROM
                | Kind::TRIM_EXPR_FROM
                | Kind::TRIM_EXPRS
                | Kind::FILTER_CLAUSE
                | Kind::WITHIN_CLAUSE
                | Kind::OVER_CLAUSE
                | Kind::OVER_WINDOW_SPEC
                | Kind::WINDOW_DEF
                | Kind::WINDOW_SPEC
                | Kind::PARTITION_BY_CLAUSE
                | Kind::FRAME_CLAUSE
                | Kind::FRAME_BETWEEN
                | Kind::EXPR_PRECEDING
                | Kind::EXPR_FOLLOWING
                | Kind::FRAME_EXCLUDE
                | Kind::ORDER_BY_CLAUSE
                | Kind::SORT_BY_LIST
                | Kind::SORT_BY
                | Kind::SORT_USING
                | Kind::DISTINCT_CLAUSE
                | Kind::DISTINCT_ON
                | Kind::TARGET_LIST
                | Kind::TARGET
                | Kind::GROUP_BY_LIST
                | Kind::GROUPING_EXPR
                | Kind::GROUPING_ROLLUP
                | Kind::GROUPING_CUBE
                | Kind::GROUPING_SETS
                | Kind::SET_EXPR
                | Kind::SET_EXPR_LIST
                | Kind::INDEX_ACCESSOR
                | Kind::SLICE_ACCESSOR
        )
}

/// Calls with a grammar of their own.
const fn is_special_form(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::EXISTS_FN
            | Kind::ANY_FN
            | Kind::SOME_FN
            | Kind::ALL_FN
            | Kind::EXTRACT_FN
            | Kind::SUBSTRING_FN
            | Kind::POSITION_FN
            | Kind::OVERLAY_FN
            | Kind::TRIM_FN
    )
}

/// Kinds that hold tokens only.
const fn is_leaf(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::NAME_REF
            | Kind::CUSTOM_OP
            | Kind::IS_NOT
            | Kind::IS_DISTINCT_FROM
            | Kind::IS_NOT_DISTINCT_FROM
            | Kind::IS_NORMALIZED
            | Kind::IS_NOT_NORMALIZED
            | Kind::IS_JSON
            | Kind::IS_JSON_ARRAY
            | Kind::IS_JSON_OBJECT
            | Kind::IS_JSON_SCALAR
            | Kind::IS_JSON_VALUE
            | Kind::IS_NOT_JSON
            | Kind::IS_NOT_JSON_ARRAY
            | Kind::IS_NOT_JSON_OBJECT
            | Kind::IS_NOT_JSON_SCALAR
            | Kind::IS_NOT_JSON_VALUE
            | Kind::NOT_IN
            | Kind::NOT_LIKE
            | Kind::NOT_ILIKE
            | Kind::SIMILAR_TO
            | Kind::NOT_SIMILAR_TO
            | Kind::AT_TIME_ZONE
            | Kind::AT_LOCAL
            | Kind::SYMMETRIC
            | Kind::ASYMMETRIC
            | Kind::EXTRACT_FIELD_NAME
            | Kind::TRIM_BOTH
            | Kind::TRIM_LEADING
            | Kind::TRIM_TRAILING
            | Kind::ALL
            | Kind::DISTINCT
            | Kind::WINDOW
            | Kind::WINDOW_REF
            | Kind::FRAME_RANGE
            | Kind::FRAME_ROWS
            | Kind::FRAME_GROUPS
            | Kind::UNBOUNDED_PRECEDING
            | Kind::UNBOUNDED_FOLLOWING
            | Kind::CURRENT_ROW
            | Kind::GROUP
            | Kind::TIES
            | Kind::NO_OTHERS
            | Kind::SORT_ASC
            | Kind::SORT_DESC
            | Kind::NULLS_FIRST
            | Kind::NULLS_LAST
            | Kind::FETCH_ONLY
            | Kind::WITH_TIES
    )
}
