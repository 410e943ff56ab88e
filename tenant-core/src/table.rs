//! The static description of a table: what the filter and the schema generator both work from.

use std::fmt;

use sea_orm::sea_query::{ColumnDef, ColumnType, PostgresQueryBuilder, TableBuilder};
use sea_orm::{ColumnTrait, EntityTrait, IdenStatic, Iterable, PrimaryKeyToColumn, PrimaryKeyTrait, Schema};

use crate::foreign_key::{self, ForeignKey};
use crate::{Audit, Index, Unique};

/// The tenant column's name when a model doesn't say otherwise.
pub const DEFAULT_KEY: &str = "organization_id";

/// The schema of a table whose entity names none.
pub const DEFAULT_SCHEMA: &str = "public";

/// A table's name with its schema.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableName {
    /// The schema, [`DEFAULT_SCHEMA`] unless the entity names one.
    pub schema: String,
    /// The table.
    pub table: String,
}

impl TableName {
    /// A table of the given schema.
    pub fn new(schema: impl Into<String>, table: impl Into<String>) -> Self {
        Self { schema: schema.into(), table: table.into() }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.table)
    }
}

/// A column: its name and SeaORM's definition of it.
#[derive(Clone, Debug)]
pub struct Column {
    name: String,
    definition: ColumnDef,
}

impl Column {
    fn of<E: EntityTrait>(column: E::Column, schema: &Schema) -> Self {
        let mut definition = schema.get_column_def::<E>(column);
        // For PostgreSQL SeaORM reduces a native enum to a custom type of its name; the generator must tell them apart.
        if let ColumnType::Enum { name, variants } = column.def().get_column_type() {
            definition.enumeration(name.clone(), variants.clone());
        }
        Self { name: column.as_str().to_owned(), definition }
    }

    fn tenant_key(name: &str) -> Self {
        let mut definition = ColumnDef::new_with_type(name.to_owned(), ColumnType::Uuid);
        definition.not_null();
        Self { name: name.to_owned(), definition }
    }

    /// The column's name in the database.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SeaORM's definition: type, nullability, default, extra.
    #[must_use]
    pub const fn definition(&self) -> &ColumnDef {
        &self.definition
    }

    /// Its type in the database, as SeaORM writes it; empty where it has none.
    #[must_use]
    pub fn sql_type(&self) -> String {
        let mut text = String::new();
        if let Some(kind) = self.definition.get_column_type() {
            PostgresQueryBuilder.prepare_column_type(kind, &mut text);
        }
        text
    }

    /// Whether the column holds a UUID.
    #[must_use]
    pub fn is_uuid(&self) -> bool {
        matches!(self.definition.get_column_type(), Some(ColumnType::Uuid))
    }

    /// Whether the column holds a UUID and never NULL, as a tenant column must.
    #[must_use]
    pub fn can_be_tenant_key(&self) -> bool {
        self.is_uuid() && self.definition.get_column_spec().nullable == Some(false)
    }
}

/// How a table's rows belong to tenants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tenancy {
    /// Every row belongs to the tenant named in the column `key`.
    Scoped {
        /// The tenant column.
        key: String,
    },
    /// The same rows for all tenants, read-only to them.
    Shared,
}

/// The description of one table.
///
/// Made by `#[tenant_scoped]` and `#[tenant_shared]`, or by hand for an entity that can't be annotated:
///
/// ```
/// use tenant_core::{Index, Table, Unique};
/// # mod widget {
/// #     use sea_orm::entity::prelude::*;
/// #     #[sea_orm::model]
/// #     #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
/// #     #[sea_orm(table_name = "widgets")]
/// #     pub struct Model { #[sea_orm(primary_key, auto_increment = false)] pub id: Uuid, pub code: String }
/// #     impl ActiveModelBehavior for ActiveModel {}
/// # }
///
/// // The model has no field for the tenant: the column is added to the description.
/// let table = Table::scoped::<widget::Entity>()
///     .index(Index::new().ascending("code"))
///     .unique(Unique::new().column("code"));
/// assert_eq!(table.database_primary_key(), ["organization_id", "id"]);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a description does nothing until a registry holds it"]
pub struct Table {
    entity: &'static str,
    name: TableName,
    tenancy: Tenancy,
    columns: Vec<Column>,
    primary_key: Vec<String>,
    generates_key: bool,
    foreign_keys: Vec<ForeignKey>,
    indexes: Vec<Index>,
    uniques: Vec<Unique>,
    audit: Audit,
}

impl Table {
    /// The table of entity `E`, whose rows each belong to one tenant.
    ///
    /// The tenant column is [`DEFAULT_KEY`] unless [`Table::key`] names another. SeaORM's own marks
    /// (`unique`, `unique_key`, `indexed`) are taken over, each led by the tenant column.
    pub fn scoped<E: EntityTrait>() -> Self {
        Self::of::<E>(Tenancy::Scoped { key: DEFAULT_KEY.to_owned() })
    }

    /// The table of entity `E`, whose rows are the same for all tenants and read-only to them.
    pub fn shared<E: EntityTrait>() -> Self {
        Self::of::<E>(Tenancy::Shared)
    }

    fn of<E: EntityTrait>(tenancy: Tenancy) -> Self {
        let entity = E::default();
        let schema = Schema::new(sea_orm::DbBackend::Postgres);
        let columns: Vec<Column> = E::Column::iter().map(|column| Column::of::<E>(column, &schema)).collect();
        let (indexes, uniques) = Self::seaorm_indexes::<E>(&schema, &columns);
        Self {
            entity: std::any::type_name::<E>(),
            name: TableName::new(entity.schema_name().unwrap_or(DEFAULT_SCHEMA), entity.table_name()),
            tenancy,
            primary_key: E::PrimaryKey::iter().map(|key| key.into_column().as_str().to_owned()).collect(),
            generates_key: E::PrimaryKey::auto_increment(),
            foreign_keys: foreign_key::of_entity::<E>(),
            columns,
            indexes,
            uniques,
            audit: Audit::none(),
        }
    }

    fn seaorm_indexes<E: EntityTrait>(schema: &Schema, columns: &[Column]) -> (Vec<Index>, Vec<Unique>) {
        let mut indexes = Vec::new();
        let mut uniques: Vec<Unique> = columns
            .iter()
            .filter(|column| column.definition.get_column_spec().unique)
            .map(|column| Unique::new().column(&column.name))
            .collect();
        for statement in schema.create_index_from_entity(E::default()) {
            let names = statement.get_index_spec().get_column_names();
            if statement.is_unique_key() {
                uniques.push(names.into_iter().fold(Unique::new(), Unique::column));
            } else {
                indexes.push(names.into_iter().fold(Index::new(), Index::ascending));
            }
        }
        (indexes, uniques)
    }

    /// Names the tenant column.
    ///
    /// # Panics
    /// When the table is shared: it has no tenant column.
    pub fn key(mut self, column: impl Into<String>) -> Self {
        match &mut self.tenancy {
            Tenancy::Scoped { key } => *key = column.into(),
            Tenancy::Shared => panic!("{} is shared and has no tenant column", self.name),
        }
        self
    }

    /// Adds an index.
    pub fn index(mut self, index: Index) -> Self {
        self.indexes.push(index);
        self
    }

    /// Adds a uniqueness rule.
    pub fn unique(mut self, unique: Unique) -> Self {
        if !self.uniques.contains(&unique) {
            self.uniques.push(unique);
        }
        self
    }

    /// Sets what is audited.
    pub fn audit(mut self, audit: Audit) -> Self {
        self.audit = audit;
        self
    }

    /// The path of the entity's type, for messages.
    #[must_use]
    pub const fn entity(&self) -> &'static str {
        self.entity
    }

    /// The table's name with its schema.
    #[must_use]
    pub const fn name(&self) -> &TableName {
        &self.name
    }

    /// How its rows belong to tenants.
    #[must_use]
    pub const fn tenancy(&self) -> &Tenancy {
        &self.tenancy
    }

    /// The tenant column, if the table is scoped.
    #[must_use]
    pub fn tenant_key(&self) -> Option<&str> {
        match &self.tenancy {
            Tenancy::Scoped { key } => Some(key),
            Tenancy::Shared => None,
        }
    }

    /// The columns, in the model's order; a tenant column that the model doesn't have comes first.
    pub fn columns(&self) -> impl Iterator<Item = Column> + '_ {
        let hidden = self.tenant_key().filter(|_| self.hides_tenant_key()).map(Column::tenant_key);
        hidden.into_iter().chain(self.columns.iter().cloned())
    }

    /// The column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<Column> {
        self.columns().find(|column| column.name == name)
    }

    /// Whether the model has no field for the tenant column.
    #[must_use]
    pub fn hides_tenant_key(&self) -> bool {
        self.tenant_key().is_some_and(|key| self.columns.iter().all(|column| column.name != key))
    }

    /// The primary key as SeaORM sees it: for a scoped table without the tenant column, unless that is the whole key.
    #[must_use]
    pub fn primary_key(&self) -> &[String] {
        &self.primary_key
    }

    /// The primary key in the database: led by the tenant column.
    #[must_use]
    pub fn database_primary_key(&self) -> Vec<&str> {
        self.led_by_tenant_key(self.primary_key.iter().map(String::as_str))
    }

    /// `columns` with the tenant column in front, once.
    #[must_use]
    pub fn led_by_tenant_key<'a>(&'a self, columns: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        let key = self.tenant_key();
        key.into_iter().chain(columns.into_iter().filter(|column| Some(*column) != key)).collect()
    }

    /// Whether the database makes the primary key's value (an identity column).
    #[must_use]
    pub const fn generates_key(&self) -> bool {
        self.generates_key
    }

    /// The foreign keys, as SeaORM's relations give them: without tenant columns.
    #[must_use]
    pub fn foreign_keys(&self) -> &[ForeignKey] {
        &self.foreign_keys
    }

    /// The indexes, without tenant columns.
    pub fn indexes(&self) -> &[Index] {
        &self.indexes
    }

    /// The uniqueness rules, without tenant columns.
    pub fn uniques(&self) -> &[Unique] {
        &self.uniques
    }

    /// What is audited.
    pub const fn audited(&self) -> &Audit {
        &self.audit
    }
}
