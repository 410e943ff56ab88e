//! Subqueries wherever one can stand, set operations, grouping.

use crate::mutant::{Mutant, change, mutant};

pub(super) const MUTANTS: &[Mutant] = &[
    mutant(
        "no subquery in an expression is restricted",
        &[change(
            "expression.rs",
            "self.query(node, scope, None)",
            "self.forget(|walk| walk.query(node, scope, None))",
        )],
    ),
    mutant(
        "EXISTS, ANY and ALL are not restricted",
        &[change(
            "expression.rs",
            "is_special_form(callee.kind()) { «self.parts(&callee, scope)?»",
            "self.forget(|walk| walk.parts(&callee, scope))?",
        )],
    ),
    mutant(
        "a subquery in the select list is not restricted",
        &[change(
            "select.rs",
            "selects = true; «self.parts(&part, scope)?»",
            "self.forget(|walk| walk.parts(&part, scope))?",
        )],
    ),
    mutant(
        "a subquery in WHERE is not restricted",
        &[change(
            "select.rs",
            "Kind::WINDOW_CLAUSE => «self.parts(&part, scope)?»",
            "if part.kind() == Kind::WHERE_CLAUSE { self.forget(|walk| walk.parts(&part, scope))? } else { \
         self.parts(&part, scope)? }",
        )],
    ),
    mutant(
        "a subquery in HAVING is not restricted",
        &[change(
            "select.rs",
            "Kind::WINDOW_CLAUSE => «self.parts(&part, scope)?»",
            "if part.kind() == Kind::HAVING_CLAUSE { self.forget(|walk| walk.parts(&part, scope))? } else { \
         self.parts(&part, scope)? }",
        )],
    ),
    mutant(
        "a subquery in ON is not restricted",
        &[change("join.rs", "walk.parts(clause, scope)", "walk.forget(|walk| walk.parts(clause, scope))")],
    ),
    mutant(
        "a subquery in ORDER BY is not restricted",
        &[change(
            "query.rs",
            "self.parts(node, scope)",
            "if node.kind() == Kind::ORDER_BY_CLAUSE { self.forget(|walk| walk.parts(node, scope)) } else { \
         self.parts(node, scope) }",
        )],
    ),
    mutant(
        "a subquery in LIMIT is not restricted",
        &[change(
            "query.rs",
            "self.parts(node, scope)",
            "if node.kind() == Kind::LIMIT_CLAUSE { self.forget(|walk| walk.parts(node, scope)) } else { \
         self.parts(node, scope) }",
        )],
    ),
    mutant(
        "a subquery in VALUES is not restricted",
        &[change("query.rs", "self.parts(&row, scope)?", "self.forget(|walk| walk.parts(&row, scope))?")],
    ),
    mutant(
        "the second operand of UNION is not restricted",
        &[change(
            "query.rs",
            "«self.operand(&part, scope, stamp)?»; } _ => self.tail",
            "self.forget(|walk| walk.operand(&part, scope, stamp))?",
        )],
    ),
    mutant(
        "a query in brackets is not restricted",
        &[change(
            "query.rs",
            "self.query(&part, scope, stamp)?",
            "self.forget(|walk| walk.query(&part, scope, stamp))?",
        )],
    ),
    mutant(
        "TABLE is not restricted",
        &[change("query.rs", "self.restrict(None, end(&part), &[reference])?", "drop(reference)")],
    ),
    mutant("GROUP BY keeps half a key", &[change("group.rs", "whole && !is_grouped(key)", "false")]),
    mutant(
        "GROUP BY a number is not read",
        &[change(
            "group.rs",
            "counted_target(item, select).as_ref().and_then(names::column_path).into_iter().collect()",
            "Vec::new()",
        )],
    ),
    mutant(
        "the tenant is the statement's last parameter",
        &[change("walk.rs", r#"format!("${}", self.parameters + 1)"#, r#"format!("${}", self.parameters.max(1))"#)],
    ),
    mutant(
        "a call's arguments are not read, without the second net",
        &[
            change("expression.rs", "parts.try_for_each(|part| self.expression(&part, scope))", "Ok(())"),
            change("walk.rs", "self.judged != to_judge", "false"),
        ],
    ),
];
