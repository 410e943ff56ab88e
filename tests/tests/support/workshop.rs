//! The tables of a workshop at two times, so far apart that nearly every kind of change lies between them.

use sea_orm::DatabaseConnection;
use tenant_core::{Index, Registry, Table, Unique};
use tenant_migration::{RoleNames, TenantMigrator};
use tenant_testkit::Database;

use super::{execute, texts};

macro_rules! entity {
    ($name:ident, $table:literal, { $($fields:tt)* }, { $($relation:tt)* }) => {
        #[expect(unreachable_pub, reason = "SeaORM's derive wants it")]
        mod $name {
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
            #[sea_orm(table_name = $table)]
            pub struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                pub id: Uuid,
                $($fields)*
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation { $($relation)* }

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

entity!(supplier, "suppliers", { pub name: String, }, {});
entity!(part, "parts", { pub name: String, pub code: Option<String>, pub supplier_id: Option<Uuid>, }, {});
entity!(better_part, "parts", {
    #[sea_orm(column_type = "Text")]
    pub name: String,
    #[sea_orm(default_value = "none")]
    pub code: String,
    #[sea_orm(extra = "CHECK (state IN ('new', 'old'))", default_value = "new")]
    pub state: String,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub made_at: DateTimeWithTimeZone,
    pub supplier_id: Option<Uuid>,
}, {
    #[sea_orm(belongs_to = "super::supplier::Entity", from = "Column::SupplierId", to = "super::supplier::Column::Id")]
    Supplier,
});
entity!(order, "orders", { pub part_id: Uuid, pub amount: i32, }, {
    #[sea_orm(belongs_to = "super::part::Entity", from = "Column::PartId", to = "super::part::Column::Id")]
    Part,
});
entity!(free_order, "orders", { pub part_id: Uuid, pub amount: i32, }, {});
entity!(machine, "machines", { pub name: String, }, {});

/// Rows of two tenants in each table of the first time.
const ROWS: &str = "
    INSERT INTO suppliers (organization_id, id, name)
      SELECT ('00000000-0000-0000-0000-00000000000' || n % 2)::uuid, ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, 's' || n
      FROM generate_series(1, 20) AS n;
    INSERT INTO parts (organization_id, id, name, code, supplier_id)
      SELECT organization_id, id, 'part ' || name, name, id FROM suppliers;
    INSERT INTO orders (organization_id, id, part_id, amount) SELECT organization_id, id, id, 1 FROM parts";

/// What somebody did by hand to the first tables, which the migrator mends.
const TAMPERED: &str =
    "CREATE POLICY gone ON suppliers USING (false); COMMENT ON POLICY gone ON suppliers IS 'made by tenant-migration';
    
    DROP POLICY tenant_floor ON suppliers;
    ALTER TABLE suppliers NO FORCE ROW LEVEL SECURITY;
    ALTER INDEX parts_name_idx RENAME TO parts_by_name;
    ALTER TABLE machines DROP CONSTRAINT machines_pkey;
    ALTER TABLE machines ADD CONSTRAINT machines_pkey PRIMARY KEY (id, organization_id);
    COMMENT ON CONSTRAINT machines_pkey ON machines IS 'made by tenant-migration';
    INSERT INTO machines (organization_id, id, name) SELECT organization_id, id, name FROM suppliers;
    CREATE VIEW part_names AS SELECT name FROM machines;
    ALTER VIEW part_names OWNER TO ";

fn migrator(roles: &str, tables: [Table; 4]) -> TenantMigrator {
    let registry = tables.into_iter().fold(Registry::builder(), tenant_core::RegistryBuilder::table);
    let builder = registry.build().expect("consistent");
    let builder = TenantMigrator::builder(&builder).roles(RoleNames::with_prefix(roles).expect("valid names"));
    builder.build().expect("a plan can be made")
}

/// The tables of the first time.
pub(crate) fn first(roles: &str) -> TenantMigrator {
    let parts = Table::scoped::<part::Entity>();
    let parts = parts.index(Index::new().ascending("name")).index(Index::new().ascending("code").filter("code <> ''"));
    let parts = parts.unique(Unique::new().column("code"));
    let machines = Table::scoped::<machine::Entity>();
    migrator(roles, [Table::scoped::<supplier::Entity>(), parts, Table::scoped::<order::Entity>(), machines])
}

fn better_parts() -> Table {
    Table::scoped::<better_part::Entity>()
        .index(Index::new().ascending("name"))
        .index(Index::new().descending("made_at").filter("state IN ('new')"))
        .index(Index::new().ascending("supplier_id"))
        .unique(Unique::new().column("name"))
}

/// The tables of the second time.
pub(crate) fn second(roles: &str) -> TenantMigrator {
    let (orders, machines) = (Table::scoped::<order::Entity>(), Table::scoped::<machine::Entity>());
    let orders = orders.index(Index::new().ascending("part_id"));
    migrator(roles, [Table::scoped::<supplier::Entity>(), better_parts(), orders, machines])
}

/// Those, without a foreign key that the first have.
pub(crate) fn second_without_key(roles: &str) -> TenantMigrator {
    let (orders, machines) = (Table::scoped::<free_order::Entity>(), Table::scoped::<machine::Entity>());
    migrator(roles, [Table::scoped::<supplier::Entity>(), better_parts(), orders, machines])
}

/// A database with the tables of the first time and rows; and its superuser's connection.
pub(crate) async fn workshop(roles: &str) -> (DatabaseConnection, Database) {
    let (db, database) = super::empty_database().await;
    furnish(&db, roles).await;
    (db, database)
}

/// The same in a database that is there.
pub(crate) async fn furnish(db: &DatabaseConnection, roles: &str) {
    first(roles).up(db, None).await.expect("up");
    execute(db, ROWS).await;
}

/// Does by hand what a migrator must mend.
pub(crate) async fn tamper(db: &DatabaseConnection, roles: &str) {
    execute(db, &format!("{TAMPERED}{roles}_owner")).await;
}

/// Every object, column, constraint, policy, grant and mark, one a line.
pub(crate) async fn catalog(db: &DatabaseConnection) -> Vec<String> {
    let mut lines = texts(db, include_str!("../catalog.sql")).await;
    let marks = "SELECT concat_ws(' ', 'mark', object.type, object.identity, description)
                 FROM pg_description, pg_identify_object(classoid, objoid, objsubid) AS object
                 WHERE objoid >= 16384 ORDER BY 1";
    lines.extend(texts(db, marks).await);
    lines
}
