//! Expressions, and the clauses that hold nothing but expressions.

use super::error::ScopeError;
use super::field;
use super::functions;
use super::kinds::{is_leaf, is_special_form, is_transparent};
use super::names::{self, Scope};
use super::query::is_query;
use super::syntax::{Kind, Node, all_tokens, child};
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
            Kind::NAME_REF if names::name(node).is_some_and(|name| field::is_system_column(&name)) => {
                Err(self.system_column(node))
            }
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

    fn call(&mut self, node: &Node, scope: &Scope<'_>) -> Result<(), ScopeError> {
        self.judged += 1;
        let mut parts = node.children();
        let callee = parts.next().ok_or_else(|| self.unknown(node))?;
        if matches!(callee.kind(), Kind::NAME_REF | Kind::FIELD_EXPR) {
            let path = names::column_path(&callee).ok_or_else(|| self.unknown(&callee))?;
            self.calls_unlisted |= !functions::check(&path, &self.known.functions)?;
        } else if is_special_form(callee.kind()) {
            self.parts(&callee, scope)?;
        } else {
            return Err(self.unknown(&callee));
        }
        parts.try_for_each(|part| self.expression(&part, scope))
    }

    fn cast(&mut self, node: &Node, scope: &Scope<'_>) -> Result<(), ScopeError> {
        // Where a table is sent as a subquery, a missing row would become a row of NULLs.
        let casts_row = node.children().any(|part| part.kind() == Kind::NAME_REF)
            && node.children().any(|part| super::types::names_a_table(&part, &self.known.registry));
        if casts_row {
            return Err(self.unsupported(
                node,
                "a cast to a table's row type",
                "leave the cast out: a row has its type",
            ));
        }
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
