//! Four tables as they were made by hand, of three companies, and the entities that describe them with tenants.

use std::str::FromStr;

use sea_orm::DatabaseConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection};
use tenant_core::{Index, Registry, Table, Unique};
use tenant_migration::verify::{Scope, Severity, Verifier};
use tenant_migration::{Adoption, RoleNames, TenantMigrator};
use tenant_testkit::{Cluster, Database};

use crate::support::{execute, texts};

/// An entity without relations but those given.
macro_rules! entity {
    ($name:ident, $table:literal, { $($fields:tt)* }, { $($relation:tt)* }) => {
        #[expect(unreachable_pub, reason = "SeaORM's derive wants it")]
        pub(crate) mod $name {
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
            #[sea_orm(table_name = $table)]
            pub struct Model { $($fields)* }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation { $($relation)* }

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

pub(crate) use entity;

entity!(company, "companies", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub name: String,
}, {});
entity!(customer, "customers", {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub company_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub email: String,
}, {});
entity!(order, "orders", {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub customer_id: i32,
    #[sea_orm(column_type = "Text")]
    pub number: String,
}, {
    #[sea_orm(belongs_to = "super::customer::Entity", from = "Column::CustomerId", to = "super::customer::Column::Id", on_delete = "Cascade")]
    Customer,
});
entity!(line, "order_lines", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub order_id: i32,
    #[sea_orm(column_type = "Text")]
    pub text: String,
}, {
    #[sea_orm(belongs_to = "super::order::Entity", from = "Column::OrderId", to = "super::order::Column::Id", on_delete = "Cascade")]
    Order,
});

/// The names are those that PostgreSQL and the framework both choose. `made_at` has a default that no entity knows.
const TABLES: &str = "
    CREATE TABLE companies (id uuid PRIMARY KEY, name text NOT NULL);
    CREATE TABLE customers (id serial PRIMARY KEY, company_id uuid NOT NULL, email text NOT NULL UNIQUE);
    CREATE TABLE orders (id serial PRIMARY KEY, customer_id int NOT NULL REFERENCES customers ON DELETE CASCADE,
        number text NOT NULL, made_at timestamptz NOT NULL DEFAULT now());
    CREATE UNIQUE INDEX orders_number_key ON orders (number);
    CREATE INDEX orders_customer_id_idx ON orders (customer_id);
    CREATE TABLE order_lines (id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        order_id int NOT NULL REFERENCES orders ON DELETE CASCADE, text text NOT NULL);
    INSERT INTO companies SELECT CAST(lpad(CAST(n AS text), 32, '0') AS uuid), 'company ' || n FROM generate_series(1, 3) AS n;
    INSERT INTO customers (company_id, email)
        SELECT CAST(lpad(CAST(1 + n % 3 AS text), 32, '0') AS uuid), 'c' || n FROM generate_series(1, 300) AS n;
    INSERT INTO orders (customer_id, number) SELECT 1 + n % 300, 'o' || n FROM generate_series(1, 2000) AS n;
    INSERT INTO order_lines (order_id, text) SELECT 1 + n % 2000, 'line ' || n FROM generate_series(1, 6000) AS n;
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'a customer was changed, which nobody does'; END $$;
    CREATE TRIGGER unchanged BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION refuse();
    CREATE SCHEMA witness;
    CREATE TABLE witness.lines AS SELECT l.id, c.company_id FROM order_lines l
        JOIN orders o ON o.id = l.order_id JOIN customers c ON c.id = o.customer_id;";

/// Rows whose tenant is not what the old columns say, or what was known before.
const WRONG: &str = "
    SELECT 'company ' || id FROM companies WHERE id IS NULL
    UNION ALL SELECT 'customer ' || id FROM customers WHERE organization_id IS DISTINCT FROM company_id
    UNION ALL SELECT 'order ' || o.id FROM orders o JOIN customers c ON c.id = o.customer_id
        WHERE o.organization_id IS DISTINCT FROM c.company_id
    UNION ALL SELECT 'line ' || l.id FROM order_lines l JOIN orders o ON o.id = l.order_id JOIN customers c ON c.id = o.customer_id
        WHERE l.organization_id IS DISTINCT FROM c.company_id
    UNION ALL SELECT 'known line ' || l.id FROM order_lines l JOIN witness.lines w USING (id)
        WHERE l.organization_id IS DISTINCT FROM w.company_id";

/// The shop's database.
pub(crate) struct OldShop {
    pub(crate) db: DatabaseConnection,
    pub(crate) database: Database,
    /// The role that owns the tables, as which the old program works.
    pub(crate) old_role: String,
    roles: RoleNames,
}

impl OldShop {
    pub(crate) async fn open(case: &str) -> Self {
        Self::open_on(Cluster::shared().await.expect("a PostgreSQL"), case).await
    }

    pub(crate) async fn open_on(cluster: &Cluster, case: &str) -> Self {
        let database = cluster.empty_database().await.expect("a database");
        let db = database.admin().await.expect("a superuser's connection");
        let prefix = format!("adopt_{case}");
        let old_role = format!("{prefix}_old");
        let role = format!(
            "DO $$ BEGIN CREATE ROLE {old_role} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
             GRANT USAGE, CREATE ON SCHEMA public TO {old_role}"
        );
        execute(&db, &role).await;
        execute(&db, TABLES).await;
        for table in ["companies", "customers", "orders", "order_lines"] {
            execute(&db, &format!("ALTER TABLE {table} OWNER TO {old_role}")).await;
        }
        Self { db, database, old_role, roles: RoleNames::with_prefix(&prefix).expect("valid names") }
    }

    pub(crate) fn registry() -> Registry {
        let registry = Registry::builder()
            .table(Table::scoped::<company::Entity>().key("id"))
            .table(Table::scoped::<customer::Entity>().unique(Unique::new().column("email")))
            .table(
                Table::scoped::<order::Entity>()
                    .unique(Unique::new().column("number"))
                    .index(Index::new().ascending("customer_id")),
            )
            .table(Table::scoped::<line::Entity>().index(Index::new().ascending("order_id")));
        registry.build().expect("consistent")
    }

    pub(crate) fn migrator(&self) -> TenantMigrator {
        TenantMigrator::builder(&Self::registry()).roles(self.roles.clone()).build().expect("a plan can be made")
    }

    /// What has to be said: the other tables follow from their foreign keys.
    pub(crate) fn adoption() -> Adoption {
        Adoption::new().assign("customers", "company_id").batch(500)
    }

    /// A connection that can be found among the others.
    pub(crate) async fn connect_to_adopt(&self) -> DatabaseConnection {
        let options = PgConnectOptions::from_str(&self.database.superuser_url()).expect("a URL");
        let pool = PgPoolOptions::new().max_connections(2).connect_with(options.application_name("adopting")).await;
        pool.expect("a connection").into()
    }

    pub(crate) fn app_role(&self) -> &str {
        self.roles.app().as_str()
    }

    /// All is as the entities say: no wrong tenant, nothing left to do, no error of `verify`.
    pub(crate) async fn is_adopted(&self) {
        assert_eq!(texts(&self.db, WRONG).await, [""; 0], "whose rows are whose");
        let plan = self.migrator().plan(&self.db).await.expect("a plan");
        assert_eq!(plan.to_string().replace('\n', " ").matches("BEGIN;").count(), 0, "nothing is left to do:{plan}");
        let mut connection = PgConnection::connect(&self.database.superuser_url()).await.expect("a connection");
        let verifier = Verifier::new(Scope::of_registry(&Self::registry(), &self.roles));
        let report = verifier.run(&mut connection).await.expect("a report");
        let errors: Vec<_> = report.findings().iter().filter(|finding| finding.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        let left = "SELECT tgname::text FROM pg_trigger WHERE tgname = 'zz_tenancy_fill'
            UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace = 'tenancy'::regnamespace AND proname LIKE '%fill'
            UNION ALL SELECT name FROM tenancy.known WHERE kind = 'lent'
            UNION ALL SELECT relname::text FROM pg_class WHERE relname LIKE '%\\_next'";
        assert_eq!(texts(&self.db, left).await, [""; 0], "nothing of the way is left");
    }
}
