//! Random tables, and random changes of them.

use std::fmt;

use proptest::prelude::*;
use sea_orm::ColumnType;
use sea_orm::sea_query::{ForeignKeyAction, StringLen};
use tenant_core::{Audit, Index, Unique};

use crate::support::described::{Described, DescribedColumn, Reference};

/// The entities of two times.
#[derive(Clone)]
pub(super) struct Change {
    pub(super) before: Vec<Described>,
    pub(super) after: Vec<Described>,
    /// Whether there are rows when the entities change.
    pub(super) rows: bool,
}

impl fmt::Debug for Change {
    /// A table a line, however it is printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (when, tables) in [("before", &self.before), ("after", &self.after)] {
            tables.iter().try_for_each(|table| writeln!(f, "{when}: {table:?}"))?;
        }
        write!(f, "rows: {}", self.rows)
    }
}

/// 63 bytes, in which the last ones alone tell what is meant.
const LONG: &str = "a_table_whose_name_is_as_long_as_a_name_may_be_for_postgresql_1";
const LONG_COLUMN: &str = "a_column_whose_name_is_as_long_as_a_name_may_be_in_postgresql_1";

/// Tables of several schemas, some with names that need quotes; `a` and `a_b` wish the same name for an index.
const TABLES: [(Option<&str>, &str); 6] = [
    (None, "parts"),
    (Some("Hen House"), "Eggs \"x\" USING y"),
    (None, "a"),
    (None, "a_b"),
    (Some("other"), "parts"),
    (None, LONG),
];

const COLUMNS: [&str; 5] = ["name", "b_c", "c", "Größe USING x", LONG_COLUMN];

/// The columns that refer to other tables.
const REFERENCES: [&str; 2] = ["one_id", "Other Id"];

const ACTIONS: [Option<ForeignKeyAction>; 5] = [
    None,
    Some(ForeignKeyAction::Cascade),
    Some(ForeignKeyAction::SetNull),
    Some(ForeignKeyAction::Restrict),
    Some(ForeignKeyAction::NoAction),
];

#[derive(Clone, Debug)]
struct ColumnGene {
    family: usize,
    member: usize,
    nullable: bool,
    default: bool,
    check: usize,
}

#[derive(Clone, Debug)]
struct IndexGene {
    columns: Vec<(usize, bool)>,
    include: Option<usize>,
    partial: usize,
    unique: bool,
}

#[derive(Clone, Debug)]
struct ReferenceGene {
    target: usize,
    on_delete: usize,
    on_update: usize,
    nullable: bool,
    to_code: bool,
}

#[derive(Clone, Debug)]
struct AuditGene {
    /// Nothing, writes, or rows too.
    logged: usize,
    /// Of each of [`COLUMNS`], whether what it holds is kept out.
    redacted: Vec<bool>,
}

/// Each part may be missing, and may change by itself.
#[derive(Clone, Debug)]
struct TableGene {
    there: bool,
    scoped: bool,
    counts: bool,
    longer_key: bool,
    code: bool,
    audit: AuditGene,
    columns: Vec<Option<ColumnGene>>,
    indexes: Vec<Option<IndexGene>>,
    references: Vec<Option<ReferenceGene>>,
}

fn column() -> impl Strategy<Value = ColumnGene> {
    (0..4_usize, 0..3_usize, any::<bool>(), any::<bool>(), 0..4_usize)
        .prop_map(|(family, member, nullable, default, check)| ColumnGene { family, member, nullable, default, check })
}

fn index() -> impl Strategy<Value = IndexGene> {
    let columns = prop::collection::vec((0..COLUMNS.len(), any::<bool>()), 1..3);
    (columns, prop::option::of(0..COLUMNS.len()), 0..4_usize, prop::bool::weighted(0.3))
        .prop_map(|(columns, include, partial, unique)| IndexGene { columns, include, partial, unique })
}

fn reference() -> impl Strategy<Value = ReferenceGene> {
    (0..TABLES.len(), 0..ACTIONS.len(), 0..ACTIONS.len(), prop::bool::weighted(0.8), prop::bool::weighted(0.3))
        .prop_map(|(target, on_delete, on_update, nullable, to_code)| ReferenceGene {
            target,
            on_delete,
            on_update,
            nullable,
            to_code,
        })
}

fn audit() -> impl Strategy<Value = AuditGene> {
    (0..3_usize, prop::collection::vec(prop::bool::weighted(0.3), COLUMNS.len()))
        .prop_map(|(logged, redacted)| AuditGene { logged, redacted })
}

fn table() -> impl Strategy<Value = TableGene> {
    let parts = (
        prop::collection::vec(prop::option::weighted(0.5, column()), COLUMNS.len()),
        prop::collection::vec(prop::option::weighted(0.5, index()), 3),
        prop::collection::vec(prop::option::weighted(0.4, reference()), REFERENCES.len()),
    );
    let kind = (
        prop::bool::weighted(0.6),
        prop::bool::weighted(0.85),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.4),
        audit(),
    );
    (kind, parts).prop_map(|((there, scoped, counts, longer_key, code, audit), (columns, indexes, references))| {
        TableGene { there, scoped, counts, longer_key, code, audit, columns, indexes, references }
    })
}

/// Some tables, and the same with some parts of others in their place.
pub(super) fn change() -> impl Strategy<Value = Change> {
    let tables = || prop::collection::vec(table(), TABLES.len());
    let mixed = prop::collection::vec(prop::collection::vec(prop::bool::weighted(0.3), 16), TABLES.len());
    (tables(), tables(), mixed, any::<bool>()).prop_map(|(first, other, mixed, rows)| {
        let second: Vec<_> = first
            .iter()
            .zip(&other)
            .zip(&mixed)
            .map(|((first, other), mixed)| mix(first, other, mixed, rows))
            .collect();
        Change { before: describe(&first), after: describe(&second), rows }
    })
}

fn mix(first: &TableGene, other: &TableGene, takes: &[bool], rows: bool) -> TableGene {
    let pick = |number: usize| takes[number];
    let mut columns = choose(&first.columns, &other.columns, &takes[5..10]);
    // What is there already becomes another type of the same family, or text; what is new has a value for rows that are there.
    for (column, first) in columns.iter_mut().zip(&first.columns) {
        match (column, first) {
            (Some(column), Some(first)) if rows || column.family != 0 => column.family = first.family,
            (Some(column), None) if rows => column.default = true,
            _ => {}
        }
    }
    let mut references = choose(&first.references, &other.references, &takes[13..15]);
    if rows {
        // A new reference of rows that are there refers to nothing.
        for (reference, first) in references.iter_mut().zip(&first.references) {
            if let Some(reference) = reference {
                reference.nullable = first.as_ref().is_none_or(|first| first.nullable);
            }
        }
    }
    TableGene {
        there: if pick(0) { other.there } else { first.there },
        scoped: if pick(1) && takes[2] { other.scoped } else { first.scoped },
        counts: if pick(2) && takes[3] && !rows { other.counts } else { first.counts },
        longer_key: if pick(3) { other.longer_key } else { first.longer_key },
        code: if pick(4) { other.code } else { first.code },
        audit: if pick(15) { other.audit.clone() } else { first.audit.clone() },
        columns,
        indexes: choose(&first.indexes, &other.indexes, &takes[10..13]),
        references,
    }
}

fn choose<T: Clone>(first: &[T], other: &[T], takes: &[bool]) -> Vec<T> {
    let pairs = first.iter().zip(other).zip(takes);
    pairs.map(|((first, other), other_one)| if *other_one { other } else { first }.clone()).collect()
}

fn describe(genes: &[TableGene]) -> Vec<Described> {
    let there = |number: usize| genes.get(number).filter(|gene| gene.there);
    let tables = genes.iter().zip(TABLES).filter(|(gene, _)| gene.there);
    tables.map(|(gene, (schema, name))| described(gene, schema, name, &there)).collect()
}

fn described<'a>(
    gene: &TableGene,
    schema: Option<&'static str>,
    name: &'static str,
    there: &dyn Fn(usize) -> Option<&'a TableGene>,
) -> Described {
    let counted = gene.counts && !gene.longer_key;
    let key_type = if counted { ColumnType::BigInteger } else { ColumnType::Uuid };
    let mut table = Described::new(name);
    (table.schema, table.counts) = (schema, counted);
    table.tenant_key = gene.scoped.then_some("organization_id");
    table.columns = vec![DescribedColumn::new("id", key_type)];
    if gene.longer_key {
        (table.columns, table.key) =
            (vec![table.columns.remove(0), DescribedColumn::new("version", ColumnType::Integer).default("1")], 2);
    }
    if gene.code {
        table = table.column(DescribedColumn::new("code", ColumnType::Uuid).default("gen_random_uuid()"));
        table = table.unique(Unique::new().column("code"));
    }
    for (gene, name) in gene.columns.iter().zip(COLUMNS) {
        table.columns.extend(gene.as_ref().map(|gene| column_of(gene, name)));
    }
    for (number, gene) in gene.references.iter().enumerate() {
        let Some(gene) = gene else { continue };
        let target = there(gene.target);
        let (schema, table_name) = TABLES[gene.target];
        let column = REFERENCES[number];
        table.columns.push(DescribedColumn {
            default: (!gene.nullable).then_some("gen_random_uuid()"),
            nullable: gene.nullable,
            ..DescribedColumn::new(column, ColumnType::Uuid)
        });
        let to_code = gene.to_code;
        let fits = |target: &&TableGene| {
            (if to_code { target.code } else { !target.counts && !target.longer_key })
                && (table.tenant_key.is_some() || !target.scoped)
        };
        if target.filter(fits).is_none() {
            continue;
        }
        let on_delete = match ACTIONS[gene.on_delete] {
            Some(ForeignKeyAction::SetNull) if !gene.nullable => None,
            action => action,
        };
        let on_update = match ACTIONS[gene.on_update] {
            Some(ForeignKeyAction::SetNull) => None,
            action => action,
        };
        let target = if to_code { "code" } else { "id" };
        table.references.push(Reference { column, schema, table: table_name, target, on_delete, on_update });
    }
    for gene in gene.indexes.iter().flatten() {
        table = index_of(gene, table);
    }
    table.audit = audit_of(gene, &table);
    table
}

/// Of a shared table nothing.
fn audit_of(gene: &TableGene, table: &Described) -> Audit {
    match gene.audit.logged {
        1 if gene.scoped => Audit::none().writes(),
        2 if gene.scoped => {
            let has = |name: &str| table.columns.iter().any(|column| column.name == name);
            let redacted = COLUMNS.iter().zip(&gene.audit.redacted).filter(|(name, redacted)| **redacted && has(name));
            redacted.fold(Audit::none().writes().rows(), |audit, (name, _)| audit.redact(*name))
        }
        _ => Audit::none(),
    }
}

fn column_of(gene: &ColumnGene, name: &'static str) -> DescribedColumn {
    let quoted = format!("\"{name}\"");
    let (kinds, default, checks): ([ColumnType; 3], &'static str, [String; 2]) = match gene.family {
        0 => (
            [ColumnType::Text, ColumnType::String(StringLen::N(40)), ColumnType::String(StringLen::N(60))],
            "'none'",
            [format!("{quoted} <> 'no'"), format!("length({quoted}) < 40 OR {quoted} IN ('a', 'b')")],
        ),
        1 => (
            [ColumnType::Integer, ColumnType::BigInteger, ColumnType::Decimal(Some((20, 2)))],
            "7",
            [format!("{quoted} > -5"), format!("{quoted} BETWEEN 0 AND 1000000")],
        ),
        2 => (
            [ColumnType::TimestampWithTimeZone, ColumnType::Timestamp, ColumnType::Date],
            "CURRENT_TIMESTAMP",
            [format!("{quoted} > '2000-01-01'"), format!("{quoted} IS NOT NULL OR true")],
        ),
        _ => (
            [ColumnType::Boolean, ColumnType::Boolean, ColumnType::Boolean],
            "true",
            [format!("{quoted} OR true"), format!("{quoted} IS NULL OR {quoted}")],
        ),
    };
    let [first, second, third] = kinds;
    let kind = [first, second, third][gene.member].clone();
    let mut column = DescribedColumn { nullable: gene.nullable, ..DescribedColumn::new(name, kind) };
    column.default = gene.default.then_some(default);
    if let Some(check) = checks.get(gene.check) {
        column = column.check(check);
    }
    column
}

fn index_of(gene: &IndexGene, table: Described) -> Described {
    let has = |name: &str| table.columns.iter().any(|column| column.name == name);
    let columns: Vec<_> =
        gene.columns.iter().map(|(number, down)| (COLUMNS[*number], *down)).filter(|(name, _)| has(name)).collect();
    let Some(((first, down), rest)) = columns.split_first() else { return table };
    let filter = match gene.partial {
        0 => Some(format!("\"{first}\" IS NOT NULL")),
        1 => Some("id IS NOT NULL".to_owned()),
        _ => None,
    };
    if gene.unique {
        let unique = rest
            .iter()
            .filter(|(name, _)| name != first)
            .fold(Unique::new().column(*first), |unique, (name, _)| unique.column(*name));
        // With the id, so that rows never break it.
        let unique = unique.column("id");
        let unique = match filter {
            Some(filter) => unique.filter(filter),
            None => unique,
        };
        return table.unique(unique);
    }
    let start = if *down { Index::new().descending(*first) } else { Index::new().ascending(*first) };
    let mut index = rest
        .iter()
        .filter(|(name, _)| name != first)
        .fold(start, |index, (name, down)| if *down { index.descending(*name) } else { index.ascending(*name) });
    let named: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    if let Some(include) = gene.include.map(|number| COLUMNS[number]).filter(|name| has(name) && !named.contains(name))
    {
        index = index.include(include);
    }
    if let Some(filter) = filter {
        index = index.filter(filter);
    }
    // An index is described once.
    if table.indexes.contains(&index) { table } else { table.index(index) }
}
