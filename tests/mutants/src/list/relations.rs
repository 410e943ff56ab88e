//! FROM, joins, common table expressions, and where a predicate belongs.

use crate::mutant::{Mutant, change, mutant};

pub(super) const MUTANTS: &[Mutant] = &[
    mutant(
        "FROM of a SELECT is not restricted",
        &[change(
            "select.rs",
            "self.restrict(child(node, Kind::WHERE_CLAUSE).as_ref(), end(clause), &from.pending)?",
            "()",
        )],
    ),
    mutant(
        "the second item of FROM is not restricted",
        &[change(
            "from.rs",
            "from.pending.extend(pending)",
            "if from.pending.is_empty() { from.pending.extend(pending) }",
        )],
    ),
    mutant(
        "the right side of LEFT JOIN is not restricted",
        &[change(
            "join.rs",
            "self.restrict(Some(on), 0, &missing)?",
            "if kind.kind() != Kind::JOIN_LEFT { self.restrict(Some(on), 0, &missing)? }",
        )],
    ),
    mutant(
        "the left side of RIGHT JOIN is not restricted",
        &[change(
            "join.rs",
            "self.restrict(Some(on), 0, &missing)?",
            "if kind.kind() != Kind::JOIN_RIGHT { self.restrict(Some(on), 0, &missing)? }",
        )],
    ),
    mutant(
        "LEFT JOIN's predicate in WHERE, not ON",
        &[change("join.rs", "if right_may_miss { &mut missing } else { &mut kept }", "&mut kept")],
    ),
    mutant(
        "RIGHT JOIN's predicate in WHERE, not ON",
        &[change("join.rs", "if left_may_miss { &mut missing } else { &mut kept }", "&mut kept")],
    ),
    mutant(
        "the kept side's predicate in ON",
        &[change(
            "join.rs",
            "if left_may_miss { &mut missing } else { &mut kept }",
            "if on.is_some() { &mut missing } else { &mut kept }",
        )],
    ),
    mutant(
        "FULL JOIN's predicates in ON",
        &[change("join.rs", "on.is_some() && kind.kind() != Kind::JOIN_FULL", "on.is_some()")],
    ),
    mutant(
        "USING's and NATURAL's predicates in WHERE",
        &[
            change("join.rs", "may_miss && !in_condition", "may_miss && on.is_some() && !in_condition"),
            change("join.rs", "None => «return Err(self.unknown(join))»", "kept.append(&mut missing)"),
        ],
    ),
    mutant(
        "a derived table is not restricted",
        &[change(
            "from.rs",
            r#"format!("(SELECT * FROM {only}{} WHERE {inner})", names::quoted_table(table.name()))"#,
            r#"format!("(SELECT * FROM {only}{} WHERE {inner} OR true)", names::quoted_table(table.name()))"#,
        )],
    ),
    mutant(
        "an alias around joins hides nothing",
        &[change("from.rs", "if child(item, Kind::FROM_ALIAS).is_some() { Place::Table } else { place }", "place")],
    ),
    mutant(
        "CROSS and NATURAL JOIN associate to the right",
        &[change(
            "join.rs",
            "right.after(left, join)",
            "Self::Pair { left: Box::new(left), join, right: Box::new(right) }",
        )],
    ),
    mutant(
        "a table's own name instead of its alias",
        &[change("from.rs", "names::alias(item).unwrap_or_else(|| bare.clone())", "bare.clone()")],
    ),
    mutant(
        "a condition without brackets",
        &[
            change("reference.rs", r#"self.edits.before(start(&first), "(")"#, "()"),
            change(
                "reference.rs",
                r#"self.edits.after(end(&last), &format!(") AND {predicates}"))"#,
                r#"self.edits.after(end(&last), &format!(" AND {predicates}"))"#,
            ),
        ],
    ),
    mutant(
        "a condition ends after its first part",
        &[change("reference.rs", "condition.last().unwrap_or_else(|| first.clone())", "first.clone()")],
    ),
    mutant(
        "the predicate of the first table only",
        &[change("reference.rs", r#"predicates.join(" AND ")"#, "predicates[0].clone()")],
    ),
    mutant(
        "tables without their schema",
        &[change("reference.rs", "self.edits.replace(name, names::quoted_table(table.name()))", "()")],
    ),
    mutant(
        "names without quotes are not folded",
        &[change("names.rs", "text.to_ascii_lowercase()", "text.to_owned()")],
    ),
    mutant(
        "names in quotes are folded",
        &[change("names.rs", r#"quoted.replace("\"\"", "\"")"#, "quoted.to_ascii_lowercase()")],
    ),
    mutant(
        "the query of a CTE is not restricted",
        &[change(
            "with.rs",
            "_ => «self.statement(&part, scope)?»",
            "self.forget(|walk| walk.statement(&part, scope))?",
        )],
    ),
    mutant(
        "a CTE is seen before its place",
        &[change("with.rs", "if recursive { names.as_slice() } else { &names[..index] }", "names.as_slice()")],
    ),
    mutant(
        "a CTE under its name with a schema",
        &[change(
            "reference.rs",
            "_ => «self.table(name, &path).map(Relation::Table)»",
            "if path.last().is_some_and(|name| scope.sees(name)) { Ok(Relation::CommonTable) } else { \
         self.table(name, &path).map(Relation::Table) }",
        )],
    ),
    mutant(
        "a CTE is taken for the table of its name",
        &[change("reference.rs", "[bare] if «scope.sees(bare)»", "false")],
    ),
    mutant(
        "a subquery in FROM is not restricted",
        &[change("from.rs", "walk.query(&part, scope, None)", "walk.forget(|walk| walk.query(&part, scope, None))")],
    ),
    mutant(
        "LATERAL is not restricted",
        &[change(
            "from.rs",
            "walk.query(&part, scope, None)",
            "if token(item, Kind::LATERAL_KW).is_some() { walk.forget(|walk| walk.query(&part, scope, None)) } else { \
         walk.query(&part, scope, None) }",
        )],
    ),
    mutant("RECURSIVE is not read", &[change("with.rs", "token(&clause, Kind::RECURSIVE_KW).is_some()", "false")]),
    mutant(
        "a CTE is not seen further inside",
        &[change("names.rs", "self.outer.is_some_and(|outer| outer.sees(name))", "false")],
    ),
    mutant(
        "a quote in a name is not doubled",
        &[change("names.rs", r#"name.replace('"', "\"\"")"#, "name.to_owned()")],
    ),
    mutant(
        "a marked table isn't noted",
        &[change(
            "reference.rs",
            "&& table.audited().logs_reads() { «self.logged.insert(table.name())»; } Ok(relation)",
            "true",
        )],
    ),
];
