//! Tables whose description is known only when a test runs: random ones, and ones that change.
//!
//! SeaORM's entities are types. This one is a single type that says what the description of the moment says, which is read
//! while [`Table`] is made of it and never after.

use std::borrow::Cow;
use std::cell::RefCell;
use std::str::FromStr;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{ArrayType, ForeignKeyAction, IntoIden, IntoTableRef, SimpleExpr, Value};
use sea_orm::strum::IntoEnumIterator;
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ActiveValue, ColumnType, DatabaseConnection, FromQueryResult, IdenStatic,
    Identity, QueryResult, RelationType,
};
use tenant_core::{Audit, Index, Registry, Table, Unique};
use tenant_migration::{RoleNames, TenantMigrator};

use super::execute;

/// A table as its entity would describe it.
#[derive(Clone, Debug)]
pub(crate) struct Described {
    pub(crate) schema: Option<&'static str>,
    pub(crate) name: &'static str,
    /// `None` where the rows are the same for all tenants.
    pub(crate) tenant_key: Option<&'static str>,
    pub(crate) columns: Vec<DescribedColumn>,
    /// So many columns from the first on are the primary key.
    pub(crate) key: usize,
    /// Whether the primary key counts itself.
    pub(crate) counts: bool,
    pub(crate) references: Vec<Reference>,
    pub(crate) indexes: Vec<Index>,
    pub(crate) uniques: Vec<Unique>,
    pub(crate) audit: Audit,
}

#[derive(Clone, Debug)]
pub(crate) struct DescribedColumn {
    pub(crate) name: &'static str,
    pub(crate) kind: ColumnType,
    pub(crate) nullable: bool,
    pub(crate) default: Option<&'static str>,
    pub(crate) extra: Option<String>,
}

/// A relation that is a foreign key.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) column: &'static str,
    pub(crate) schema: Option<&'static str>,
    pub(crate) table: &'static str,
    pub(crate) target: &'static str,
    pub(crate) on_delete: Option<ForeignKeyAction>,
    pub(crate) on_update: Option<ForeignKeyAction>,
}

impl Described {
    /// A scoped table with a UUID for a key.
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            schema: None,
            name,
            tenant_key: Some("organization_id"),
            columns: vec![DescribedColumn::new("id", ColumnType::Uuid)],
            key: 1,
            counts: false,
            references: Vec::new(),
            indexes: Vec::new(),
            uniques: Vec::new(),
            audit: Audit::none(),
        }
    }

    pub(crate) fn column(mut self, column: DescribedColumn) -> Self {
        self.columns.push(column);
        self
    }

    pub(crate) fn index(mut self, index: Index) -> Self {
        self.indexes.push(index);
        self
    }

    pub(crate) fn unique(mut self, unique: Unique) -> Self {
        self.uniques.push(unique);
        self
    }

    pub(crate) fn audit(mut self, audit: Audit) -> Self {
        self.audit = audit;
        self
    }

    /// Refers to the `id` of another table of `public`, with a column that may be NULL and is added.
    pub(crate) fn refers(mut self, column: &'static str, table: &'static str) -> Self {
        self.columns.push(DescribedColumn::new(column, ColumnType::Uuid).nullable());
        let (schema, target, on_delete, on_update) = (None, "id", None, None);
        self.references.push(Reference { column, schema, table, target, on_delete, on_update });
        self
    }

    pub(crate) fn table(&self) -> Table {
        CURRENT.set(Some(self.clone()));
        let table = match self.tenant_key {
            Some(key) => Table::scoped::<Entity>().key(key),
            None => Table::shared::<Entity>(),
        };
        CURRENT.set(None);
        let table = self.indexes.iter().cloned().fold(table, Table::index);
        self.uniques.iter().cloned().fold(table, Table::unique).audit(self.audit.clone())
    }
}

pub(crate) fn registry(tables: &[Described]) -> Registry {
    let registry = tables.iter().fold(Registry::builder(), |registry, table| registry.table(table.table()));
    registry.build().unwrap_or_else(|error| panic!("{error}"))
}

/// A migrator for these tables, with roles of this prefix.
pub(crate) fn migrator(roles: &str, tables: &[Described]) -> TenantMigrator {
    let roles = RoleNames::with_prefix(roles).expect("valid names");
    TenantMigrator::builder(&registry(tables)).roles(roles).build().unwrap_or_else(|error| panic!("{error}"))
}

/// What is left to do, as who believes no record of an earlier run sees it.
pub(crate) async fn left_to_do(
    admin: &DatabaseConnection,
    db: &DatabaseConnection,
    migrator: &TenantMigrator,
) -> Vec<String> {
    execute(admin, "DELETE FROM tenancy.known WHERE kind = 'table'").await;
    let plan = migrator.plan(db).await.unwrap_or_else(|error| panic!("{error}"));
    plan.changes().iter().map(|change| format!("{change:#?}")).collect()
}

impl DescribedColumn {
    pub(crate) const fn new(name: &'static str, kind: ColumnType) -> Self {
        Self { name, kind, nullable: false, default: None, extra: None }
    }

    pub(crate) const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    pub(crate) const fn default(mut self, expression: &'static str) -> Self {
        self.default = Some(expression);
        self
    }

    pub(crate) fn check(mut self, condition: &str) -> Self {
        self.extra = Some(format!("CHECK ({condition})"));
        self
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Described>> = const { RefCell::new(None) };
}

fn current<T>(ask: impl FnOnce(&Described) -> T) -> T {
    CURRENT.with_borrow(|current| ask(current.as_ref().expect("asked while a table is made of it")))
}

#[derive(Clone, Copy, Debug, Default)]
struct Entity;

#[derive(Clone, Copy, Debug)]
struct Column(usize);

#[derive(Clone, Copy, Debug)]
struct Key(usize);

#[derive(Clone, Copy, Debug)]
struct Relation(usize);

/// Nothing is read or written through it.
#[derive(Clone, Debug)]
struct NoRow;

impl Iden for Entity {
    fn quoted(&self) -> Cow<'static, str> {
        Cow::Owned(IdenStatic::as_str(self).to_owned())
    }

    fn unquoted(&self) -> &str {
        IdenStatic::as_str(self)
    }
}

impl IdenStatic for Entity {
    fn as_str(&self) -> &'static str {
        current(|table| table.name)
    }
}

impl EntityName for Entity {
    fn schema_name(&self) -> Option<&str> {
        current(|table| table.schema)
    }

    fn table_name(&self) -> &'static str {
        IdenStatic::as_str(self)
    }
}

impl EntityTrait for Entity {
    type Model = NoRow;
    type ModelEx = NoRow;
    type ActiveModel = NoRow;
    type ActiveModelEx = NoRow;
    type Column = Column;
    type Relation = Relation;
    type PrimaryKey = Key;
}

impl Iden for Column {
    fn unquoted(&self) -> &str {
        IdenStatic::as_str(self)
    }
}

impl IdenStatic for Column {
    fn as_str(&self) -> &'static str {
        current(|table| table.columns[self.0].name)
    }
}

impl FromStr for Column {
    type Err = ColumnFromStrErr;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Err(ColumnFromStrErr(text.to_owned()))
    }
}

impl IntoEnumIterator for Column {
    type Iterator = std::vec::IntoIter<Self>;

    fn iter() -> Self::Iterator {
        let columns = current(|table| table.columns.len());
        (0..columns).map(Self).collect::<Vec<_>>().into_iter()
    }
}

impl ColumnTrait for Column {
    type EntityName = Entity;

    fn def(&self) -> ColumnDef {
        let column = current(|table| table.columns[self.0].clone());
        let mut definition = column.kind.def();
        if column.nullable {
            definition = definition.null();
        }
        if let Some(expression) = column.default {
            definition = definition.default(SimpleExpr::cust(expression));
        }
        if let Some(extra) = column.extra {
            definition = definition.extra(&extra);
        }
        definition
    }
}

impl Iden for Key {
    fn unquoted(&self) -> &str {
        IdenStatic::as_str(self)
    }
}

impl IdenStatic for Key {
    fn as_str(&self) -> &'static str {
        Column(self.0).as_str()
    }
}

impl IntoEnumIterator for Key {
    type Iterator = std::vec::IntoIter<Self>;

    fn iter() -> Self::Iterator {
        let columns = current(|table| table.key);
        (0..columns).map(Self).collect::<Vec<_>>().into_iter()
    }
}

impl PrimaryKeyTrait for Key {
    type ValueType = Uuid;

    fn auto_increment() -> bool {
        current(|table| table.counts)
    }
}

impl PrimaryKeyToColumn for Key {
    type Column = Column;

    fn into_column(self) -> Column {
        Column(self.0)
    }

    fn from_column(column: Column) -> Option<Self> {
        (column.0 < current(|table| table.key)).then_some(Self(column.0))
    }
}

impl IntoEnumIterator for Relation {
    type Iterator = std::vec::IntoIter<Self>;

    fn iter() -> Self::Iterator {
        let relations = current(|table| table.references.len());
        (0..relations).map(Self).collect::<Vec<_>>().into_iter()
    }
}

impl RelationTrait for Relation {
    fn def(&self) -> RelationDef {
        let reference = current(|table| table.references[self.0].clone());
        let to_tbl = match reference.schema {
            Some(schema) => (schema, reference.table).into_table_ref(),
            None => reference.table.into_table_ref(),
        };
        RelationDef {
            rel_type: RelationType::HasOne,
            from_tbl: Entity.table_ref(),
            to_tbl,
            from_col: Identity::Unary(reference.column.into_iden()),
            to_col: Identity::Unary(reference.target.into_iden()),
            is_owner: false,
            skip_fk: false,
            on_delete: reference.on_delete,
            on_update: reference.on_update,
            on_condition: None,
            fk_name: None,
            condition_type: sea_orm::sea_query::ConditionType::All,
        }
    }
}

impl ModelTrait for NoRow {
    type Entity = Entity;

    fn get(&self, _: Column) -> Value {
        unreachable!("no row")
    }

    fn get_value_type(_: Column) -> ArrayType {
        unreachable!("no row")
    }

    fn try_set(&mut self, _: Column, _: Value) -> Result<(), DbErr> {
        unreachable!("no row")
    }
}

impl FromQueryResult for NoRow {
    fn from_query_result(_: &QueryResult, _: &str) -> Result<Self, DbErr> {
        unreachable!("no row")
    }
}

impl ActiveModelTrait for NoRow {
    type Entity = Entity;

    fn take(&mut self, _: Column) -> ActiveValue<Value> {
        unreachable!("no row")
    }

    fn get(&self, _: Column) -> ActiveValue<Value> {
        unreachable!("no row")
    }

    fn set_if_not_equals(&mut self, _: Column, _: Value) {
        unreachable!("no row")
    }

    fn try_set(&mut self, _: Column, _: Value) -> Result<(), DbErr> {
        unreachable!("no row")
    }

    fn not_set(&mut self, _: Column) {
        unreachable!("no row")
    }

    fn is_not_set(&self, _: Column) -> bool {
        unreachable!("no row")
    }

    fn default() -> Self {
        unreachable!("no row")
    }

    fn default_values() -> Self {
        unreachable!("no row")
    }

    fn reset(&mut self, _: Column) {
        unreachable!("no row")
    }
}

impl ActiveModelBehavior for NoRow {}

impl From<NoRow> for Entity {
    fn from(_: NoRow) -> Self {
        Self
    }
}
