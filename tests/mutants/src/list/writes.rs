//! Statements that change rows.

use crate::mutant::{Mutant, change, mutant};

pub(super) const MUTANTS: &[Mutant] = &[
    mutant("the target of UPDATE is not restricted", &[change("update.rs", "from.pending.insert(0, target)", "()")]),
    mutant("the target of DELETE is not restricted", &[change("delete.rs", "from.pending.insert(0, target)", "()")]),
    mutant(
        "UPDATE … FROM is not restricted",
        &[change(
            "update.rs",
            "self.restrict(child(node, Kind::WHERE_CLAUSE).as_ref(), place, &from.pending)",
            "self.restrict(child(node, Kind::WHERE_CLAUSE).as_ref(), place, &from.pending[..1])",
        )],
    ),
    mutant(
        "DELETE … USING is not restricted",
        &[change(
            "delete.rs",
            "self.restrict(child(node, Kind::WHERE_CLAUSE).as_ref(), place, &from.pending)",
            "self.restrict(child(node, Kind::WHERE_CLAUSE).as_ref(), place, &from.pending[..1])",
        )],
    ),
    mutant(
        "the name of an UPDATE's table instead of its alias",
        &[change(
            "update.rs",
            "names::alias(node).unwrap_or_else(|| table.name().table.clone())",
            "table.name().table.clone()",
        )],
    ),
    mutant(
        "a subquery in SET is not restricted",
        &[change("assignment.rs", "self.parts(&value, scope)?", "self.forget(|walk| walk.parts(&value, scope))?")],
    ),
    mutant(
        "a subquery in UPDATE's RETURNING is not restricted",
        &[change(
            "update.rs",
            "Kind::RETURNING_CLAUSE => «self.parts(&part, scope)?»",
            "if part.kind() == Kind::RETURNING_CLAUSE { self.forget(|walk| walk.parts(&part, scope))? } else { \
         self.parts(&part, scope)? }",
        )],
    ),
    mutant(
        "a subquery in DELETE's WHERE is not restricted",
        &[change(
            "delete.rs",
            "Kind::RETURNING_CLAUSE => «self.parts(&part, scope)?»",
            "if part.kind() == Kind::WHERE_CLAUSE { self.forget(|walk| walk.parts(&part, scope))? } else { \
         self.parts(&part, scope)? }",
        )],
    ),
    mutant(
        "a subquery in INSERT's RETURNING is not restricted",
        &[change("insert.rs", "self.parts(&part, changing)?", "self.forget(|walk| walk.parts(&part, changing))?")],
    ),
    mutant(
        "rows after the first are not stamped",
        &[change(
            "query.rs",
            "self.stamp_row(&row, stamp)?",
            "if row.prev_sibling().is_none() { self.stamp_row(&row, stamp)? }",
        )],
    ),
    mutant(
        "the stamp stands before the last column",
        &[change(
            "insert.rs",
            r#"self.edits.after(end(&last), &format!(", {}", names::quoted(key)))"#,
            r#"self.edits.before(super::syntax::start(&last), &format!("{},", names::quoted(key)))"#,
        )],
    ),
    mutant(
        "a tenant that is given is sent as it is",
        &[
            change(
                "stamp.rs",
                "self.checks.push(TenantParameter { number, table: table.clone(), column: key.to_owned(), null_is_absent })",
                "()",
            ),
            change(
                "stamp.rs",
                "let Some(number) = number else { return Err(self.tenant_expression(value, table, key)) }; self.checks.push(TenantParameter { number, table: table.clone(), column: key.to_owned(), null_is_absent }); let tenant = self.tenant(); «self.edits.replace(value, tenant)»",
                "drop(tenant)",
            ),
        ],
    ),
    mutant(
        "NULL for the tenant is sent as it is",
        &[change(
            "stamp.rs",
            "Kind::NULL_KW | Kind::DEFAULT_KW)) { let tenant = self.tenant(); «self.edits.replace(value, tenant)»",
            "drop(tenant)",
        )],
    ),
    mutant(
        "a column of INSERT … SELECT that names a tenant stays",
        &[change(
            "stamp.rs",
            "if is_own { let tenant = self.tenant(); «self.edits.replace(&value, tenant)»",
            "drop(tenant)",
        )],
    ),
    mutant("ON CONFLICT without the tenant column", &[change("conflict.rs", "if «!has_key»", "false")]),
    mutant(
        "a subquery in DO UPDATE's WHERE is not restricted",
        &[change(
            "conflict.rs",
            "Kind::SET_CLAUSE => self.assignments(&part, scope, target, true)?, Kind::WHERE_CLAUSE => «self.parts(&part, scope)?»",
            "self.forget(|walk| walk.parts(&part, scope))?",
        )],
    ),
    mutant(
        "the target of MERGE is not restricted",
        &[change("merge.rs", "self.restrict(Some(&part), 0, std::slice::from_ref(target))?", "()")],
    ),
    mutant(
        "the source of MERGE is not restricted",
        &[change(
            "merge.rs",
            "self.source(&part, scope, Place::Table, from)?",
            "self.source(&part, scope, Place::Condition, from)?",
        )],
    ),
    mutant(
        "a subquery in MERGE's WHEN is not restricted",
        &[change(
            "merge.rs",
            "Kind::MERGE_CONDITION => «self.parts(&part, scope)?»",
            "self.forget(|walk| walk.parts(&part, scope))?",
        )],
    ),
    mutant(
        "the name of an INSERT's table instead of its alias",
        &[change(
            "insert.rs",
            "names::alias(node).unwrap_or_else(|| table.name().table.clone())",
            "table.name().table.clone()",
        )],
    ),
    mutant(
        "the name of a MERGE's table instead of its alias",
        &[change(
            "merge.rs",
            "names::alias(node).unwrap_or_else(|| table.name().table.clone())",
            "table.name().table.clone()",
        )],
    ),
];
