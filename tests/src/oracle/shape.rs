//! The sample's tables as generators see them: columns, their values, and what refers to what.

/// What a column or an expression holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Uuid,
    Text,
    Int,
    Float,
    Time,
    Json,
}

impl Type {
    /// Types of columns, the most useful first.
    pub(crate) const COLUMNS: [Self; 6] = [Self::Uuid, Self::Text, Self::Int, Self::Float, Self::Time, Self::Json];

    /// Constants that columns of this type often hold.
    pub(crate) const fn constants(self) -> &'static [&'static str] {
        match self {
            Self::Uuid => UUIDS,
            Self::Text => WORDS,
            Self::Int => &["1", "2", "0", "3", "7"],
            Self::Float => FLOATS,
            Self::Time => TIMES,
            Self::Json => DOCUMENTS,
        }
    }
}

/// A column: its values are few, so that they collide within a tenant and between tenants.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Type,
    pub(crate) nullable: bool,
    pub(crate) values: &'static [&'static str],
    /// The table whose key it holds.
    pub(crate) refers_to: Option<&'static str>,
}

/// A table of the sample.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// The tenant column; none for a shared table.
    pub(crate) tenant: Option<&'static str>,
    /// In the order of the database.
    pub(crate) columns: &'static [Column],
    /// The key as SeaORM sees it.
    pub(crate) key: &'static str,
    /// Unique within the tenant, the key apart.
    pub(crate) unique: &'static [&'static str],
}

impl Table {
    pub(crate) fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Columns that a writer may fill: all but the tenant's.
    pub(crate) fn own_columns(&self) -> impl Iterator<Item = &'static Column> {
        self.columns.iter().filter(|column| Some(column.name) != self.tenant)
    }

    /// Columns that an UPDATE of many rows may change, whatever the order of the rows.
    pub(crate) fn free_columns(&self) -> Vec<&'static Column> {
        self.own_columns().filter(|column| column.name != self.key && !self.unique.contains(&column.name)).collect()
    }
}

/// The sample's table of this name.
pub(crate) fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

/// Tables that belong to tenants, in the order of their references.
pub(crate) fn scoped() -> impl Iterator<Item = &'static Table> {
    TABLES.iter().filter(|table| table.tenant.is_some())
}

const UUIDS: &[&str] = &[
    "'00000000-0000-0000-0000-000000000001'::uuid",
    "'00000000-0000-0000-0000-000000000002'::uuid",
    "'00000000-0000-0000-0000-000000000003'::uuid",
    "'00000000-0000-0000-0000-000000000004'::uuid",
    "'00000000-0000-0000-0000-000000000005'::uuid",
    "'00000000-0000-0000-0000-000000000006'::uuid",
    "'00000000-0000-0000-0000-000000000007'::uuid",
    "'00000000-0000-0000-0000-000000000008'::uuid",
];
const WORDS: &[&str] = &["'a'", "'b'", "'ab'", "''", "'c'"];
const NAMES: &[&str] = &["'a'", "'b'", "'ab'", "'c'", "'d'", "'e'", "'ac'", "'bd'"];
const STATUSES: &[&str] = &["'pending'", "'running'", "'succeeded'", "'failed'"];
const ROLES: &[&str] = &["'owner'", "'scientist'", "'viewer'"];
const CODES: &[&str] = &["'a'", "'b'", "'T'"];
/// Sums of these are exact, so they don't depend on the order of rows. Not numeric, where equal values can look different.
const FLOATS: &[&str] = &["0.5::float8", "1.25::float8", "(-2)::float8", "0.25::float8"];
const TIMES: &[&str] = &[
    "'2026-01-01 00:00:00+00'::timestamptz",
    "'2026-02-01 00:00:00+00'::timestamptz",
    "'2025-03-01 12:00:00+00'::timestamptz",
];
const DOCUMENTS: &[&str] = &["'{}'::jsonb", r#"'{"a": 1}'::jsonb"#, "'[1, 2]'::jsonb", "'null'::jsonb"];
const NUMBERS: &[&str] = &["1", "2", "3", "0"];

const fn column(name: &'static str, kind: Type, values: &'static [&'static str]) -> Column {
    Column { name, kind, nullable: false, values, refers_to: None }
}

const fn key(name: &'static str) -> Column {
    column(name, Type::Uuid, UUIDS)
}

const fn reference(name: &'static str, to: &'static str) -> Column {
    Column { refers_to: Some(to), ..key(name) }
}

const fn nullable(column: Column) -> Column {
    Column { nullable: true, ..column }
}

const TENANT: Option<&str> = Some("organization_id");

/// In the order of their references.
pub(crate) const TABLES: &[Table] = &[
    Table {
        name: "targets",
        tenant: None,
        columns: &[column("code", Type::Text, CODES), column("name", Type::Text, NAMES)],
        key: "code",
        unique: &[],
    },
    Table {
        name: "organizations",
        tenant: Some("id"),
        columns: &[key("id"), column("name", Type::Text, NAMES), column("created_at", Type::Time, TIMES)],
        key: "id",
        unique: &[],
    },
    Table {
        name: "molecules",
        tenant: TENANT,
        columns: &[
            key("id"),
            key("organization_id"),
            column("external_ref", Type::Text, NAMES),
            column("name", Type::Text, WORDS),
            column("molecule_type", Type::Text, WORDS),
            nullable(column("first_approval", Type::Int, NUMBERS)),
            nullable(column("smiles", Type::Text, WORDS)),
            column("created_at", Type::Time, TIMES),
        ],
        key: "id",
        unique: &["external_ref"],
    },
    Table {
        name: "users",
        tenant: TENANT,
        columns: &[
            key("id"),
            key("organization_id"),
            column("email", Type::Text, NAMES),
            column("name", Type::Text, WORDS),
            column("created_at", Type::Time, TIMES),
        ],
        key: "id",
        unique: &["email"],
    },
    Table {
        name: "memberships",
        tenant: TENANT,
        columns: &[key("id"), key("organization_id"), reference("user_id", "users"), column("role", Type::Text, ROLES)],
        key: "id",
        unique: &["user_id", "role"],
    },
    Table {
        name: "pipelines",
        tenant: TENANT,
        columns: &[
            key("id"),
            key("organization_id"),
            column("name", Type::Text, NAMES),
            column("definition", Type::Json, DOCUMENTS),
            nullable(reference("created_by", "users")),
        ],
        key: "id",
        unique: &["name"],
    },
    Table {
        name: "docking_jobs",
        tenant: TENANT,
        columns: &[
            key("id"),
            key("organization_id"),
            nullable(reference("molecule_id", "molecules")),
            nullable(reference("pipeline_id", "pipelines")),
            column("target_code", Type::Text, CODES),
            column("status", Type::Text, STATUSES),
            column("created_at", Type::Time, TIMES),
            nullable(column("finished_at", Type::Time, TIMES)),
        ],
        key: "id",
        unique: &[],
    },
    Table {
        name: "job_results",
        tenant: TENANT,
        columns: &[
            key("id"),
            key("organization_id"),
            reference("job_id", "docking_jobs"),
            column("atoms", Type::Int, NUMBERS),
            column("potential_energy", Type::Float, FLOATS),
            column("rms_derivative", Type::Float, FLOATS),
        ],
        key: "id",
        unique: &[],
    },
];
