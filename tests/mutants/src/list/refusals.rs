//! Statements that must be refused, and are not.

use crate::mutant::{Mutant, change, mutant};

pub(super) const MUTANTS: &[Mutant] = &[
    mutant(
        "a foreign tenant that is given is not refused",
        &[change(
            "rewrite.rs",
            "Value::Uuid(Some(_)) => «Err(ScopeError::TenantMismatch { table, column })»",
            "Ok(())",
        )],
    ),
    mutant(
        "NULL passes for a tenant in UPDATE",
        &[change("rewrite.rs", "*null == null.as_null() && self.null_is_absent", "*null == null.as_null()")],
    ),
    mutant(
        "any type passes for a tenant",
        &[change("rewrite.rs", "Err(ScopeError::TenantType { table, column })", "Ok(())")],
    ),
    mutant("UPDATE may set the tenant column", &[change("assignment.rs", "if «!is_column(&column, key)»", "true")]),
    mutant(
        "UPDATE may set the tenant column among several",
        &[change("assignment.rs", "if «is_column(&column, key)» { return Err", "false")],
    ),
    mutant(
        "the tenant column may hold any expression",
        &[change(
            "stamp.rs",
            "let Some(number) = number else { «return Err(self.tenant_expression(value, table, key))» }",
            "return Ok(())",
        )],
    ),
    mutant("a shared table may be written", &[change("reference.rs", "table.tenant_key().is_none()", "false")]),
    mutant("a scoped table's columns may be renamed", &[change("from.rs", "if «renames» { return Err", "false")]),
    mutant("system columns may be read", &[change("field.rs", "SYSTEM_COLUMNS.contains(&name)", "false")]),
    mutant("a field may be a call", &[change("field.rs", "return Err(ScopeError::Field { name })", "drop(name)")]),
    mutant(
        "a function outside pg_catalog",
        &[change("functions.rs", r#"_ => «Some("it is none of pg_catalog's")»"#, "None")],
    ),
    mutant(
        "a function that nobody judged",
        &[change(
            "functions.rs",
            r#"LISTED.get(name).copied().unwrap_or(Some("nobody has judged it"))"#,
            "LISTED.get(name).copied().flatten()",
        )],
    ),
    mutant(
        "a function that was judged dangerous",
        &[change(
            "functions.rs",
            r#"LISTED.get(name).copied().unwrap_or(Some("nobody has judged it"))"#,
            r#"LISTED.get(name).map_or(Some("nobody has judged it"), |_| None)"#,
        )],
    ),
    mutant("types that look names up in the catalogs", &[change("types.rs", "!CATALOG_TYPES.contains(&name)", "true")]),
    mutant(
        "an operator of any schema",
        &[change("expression.rs", r#"schema.is_some_and(|schema| schema != ["pg_catalog"])"#, "false")],
    ),
    mutant(
        "TABLESAMPLE SYSTEM",
        &[change("from.rs", r#"!matches!(method.as_deref(), Some([method]) if method == "bernoulli")"#, "false")],
    ),
    mutant(
        "expressions of kinds that no rule names",
        &[
            change(
                "expression.rs",
                "Kind::OP => self.operator(node), _ => «Err(self.unknown(node))»",
                "self.parts(node, scope)",
            ),
            change(
                "expression.rs",
                "} else { «return Err(self.unknown(&callee))»; } parts.try_for_each",
                "self.parts(&callee, scope)?",
            ),
        ],
    ),
    mutant(
        "several statements",
        &[
            change("limits.rs", "if «ended» {", "false"),
            change(
                "syntax.rs",
                "(Some(_), Some(_)) => «Err(ScopeError::MultipleStatements)»",
                "root.children().next().ok_or(ScopeError::MultipleStatements)",
            ),
        ],
    ),
    mutant(
        "more values than parameters",
        &[change("rewrite.rs", "values.0.len() != self.parameters", "values.0.len() < self.parameters")],
    ),
    mutant(
        "any function of pg_catalog by its full name",
        &[change("functions.rs", "[schema, name] if schema == \"pg_catalog\" => «listed(name)»", "None")],
    ),
    mutant(
        "any column passes for the tenant in SET",
        &[change("stamp.rs", "same.contains(&[name, column])", "same.contains(&[name, column]) || !column.is_empty()")],
    ),
    mutant(
        "any column passes for the tenant in INSERT … SELECT",
        &[change(
            "stamp.rs",
            "reference.name == *name && reference.table.tenant_key() == Some(column)",
            "reference.name == *name && !column.is_empty()",
        )],
    ),
    mutant(
        "grouping sets over the tenant column",
        &[change("select.rs", "self.check_grouping_sets(&part, node, &from)?", "()")],
    ),
    mutant("types of transactions' numbers", &[change("types.rs", "!COUNTER_TYPES.contains(&name)", "true")]),
];
