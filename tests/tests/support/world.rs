//! The world that the guarantees are tested in.

use std::sync::Arc;

use entities::{self, docking_job, job_result, molecule, pipeline, user};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, Statement, TransactionSession,
    TransactionTrait,
};
use tenant_core::Rewriter;
use tenant_core::{GivenUrls, Registry, TenantConnection, TenantContext, TenantDatabase, TenantId, TenantRouter};
use tenant_migration::{RoleNames, TenantMigrator};
use tenant_testkit::{Cluster, Database, FilterOnly, PoliciesOnly, Walled};
use uuid::Uuid;

use crate::routing::{MemoryCatalog, organization, placement};

/// A molecule's id that both organisations have.
pub(crate) const BOTH_HAVE: Uuid = Uuid::from_u128(1);

/// A job's id that both organisations have.
pub(crate) const JOB: Uuid = Uuid::from_u128(11);

/// One organisation.
pub(crate) struct Organization {
    pub(crate) id: TenantId,
    /// A molecule that only this organisation has.
    pub(crate) only: Uuid,
    /// A connection as an application has it.
    pub(crate) db: TenantConnection,
}

/// A migrated database of the sample with two organisations.
pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) registry: Registry,
    /// A superuser's connection: what is really there.
    pub(crate) admin: DatabaseConnection,
    pub(crate) acme: Organization,
    pub(crate) beta: Organization,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::on(Cluster::shared().await.expect("a PostgreSQL")).await
    }

    /// The same on a certain server.
    pub(crate) async fn on(cluster: &Cluster) -> Self {
        let registry = Registry::collect().expect("the sample's models");
        let database = Self::empty_on(cluster).await;
        let admin = database.admin().await.expect("a superuser's connection");
        execute(&admin, "INSERT INTO targets (code, name) VALUES ('CDK2', 'Cyclin-dependent kinase 2')").await;
        let way = Way::to(database.url(&application_role()), &registry).await;
        let acme = Organization::create(&way, 1, 100).await;
        let beta = Organization::create(&way, 2, 200).await;
        Self { database, registry, admin, acme, beta }
    }

    /// A migrated database of the sample without rows.
    pub(crate) async fn empty() -> Database {
        Self::empty_on(Cluster::shared().await.expect("a PostgreSQL")).await
    }

    /// The same on a certain server.
    pub(crate) async fn empty_on(cluster: &Cluster) -> Database {
        let template = cluster
            .template("sample", async |url| {
                let registry = Registry::collect().expect("the sample's models");
                let migrator = TenantMigrator::new(&registry).expect("a generated schema");
                let admin = sea_orm::Database::connect(url).await?;
                migrator.up(&admin, None).await?;
                admin.close().await
            })
            .await
            .expect("a migrated template");
        template.database().await.expect("a clone")
    }

    /// The organisation's connection behind both walls, and behind each alone.
    pub(crate) async fn behind_each_wall(&self, organization: &Organization) -> [Walled; 3] {
        let superuser = self.database.admin().await.expect("a superuser's connection");
        let application = self.database.plain(&application_role()).await.expect("the application's connection");
        let rewriter = Rewriter::new(Arc::new(self.registry.clone()));
        [
            Walled::Both(organization.db.clone()),
            Walled::Filter(FilterOnly::new(superuser, rewriter, organization.id)),
            Walled::Policies(PoliciesOnly::new(application, organization.id)),
        ]
    }

    /// Every row of an organisation in every scoped table, to the letter.
    pub(crate) async fn rows_of(&self, organization: &Organization) -> Vec<String> {
        let mut rows = Vec::new();
        for (table, key) in self.registry.scoped_tables() {
            let sql = format!(
                "SELECT '{name} ' || to_jsonb(t)::text FROM {name} t WHERE {key} = '{id}' ORDER BY 1",
                name = table.name(),
                id = organization.id,
            );
            rows.extend(texts(&self.admin, &sql).await);
        }
        assert!(!rows.is_empty(), "an organisation without rows shows nothing");
        rows
    }
}

/// How organisations' connections are made. `TENANT_WORLD` says by which: `shared` and `dedicated` are by a router that finds them
/// on a placement of that kind; else it is the database itself.
enum Way {
    Database(TenantDatabase),
    Router(TenantRouter),
}

impl Way {
    async fn to(url: String, registry: &Registry) -> Self {
        let kind = match std::env::var("TENANT_WORLD") {
            Ok(kind) => kind.parse().expect("TENANT_WORLD is `shared` or `dedicated`"),
            Err(_) => {
                let database = TenantDatabase::builder(url).registry(registry.clone()).build().await;
                return Self::Database(database.expect("a safe database"));
            }
        };
        let catalog = MemoryCatalog::default();
        catalog.place(placement("home", kind));
        // Two on a dedicated one are what no catalog lets be: the other one was sent there by mistake.
        (1..=2).for_each(|number| catalog.put(organization(number, "home")));
        let urls: GivenUrls = [("home".parse().expect("a name"), url)].into_iter().collect();
        let router = TenantRouter::builder(catalog).registry(registry.clone()).urls(urls).build().await;
        Self::Router(router.expect("a safe database"))
    }

    async fn connect(&self, id: TenantId) -> TenantConnection {
        match self {
            Self::Database(database) => database.connect(TenantContext::new(id)),
            Self::Router(router) => router.connect(TenantContext::new(id)).await.expect("an organisation that works"),
        }
    }
}

impl Organization {
    async fn create(way: &Way, number: u128, only: u128) -> Self {
        let id = TenantId::new(Uuid::from_u128(number));
        let db = way.connect(id).await;
        let only = Uuid::from_u128(only);
        let transaction = db.begin().await.expect("a transaction");
        entities::organization::ActiveModel {
            id: Set(id),
            name: Set(format!("Organization {number}")),
            ..Default::default()
        }
        .insert(&transaction)
        .await
        .expect("an organisation");
        user::ActiveModel {
            id: Set(Uuid::from_u128(21)),
            email: Set("chief@example.org".to_owned()),
            name: Set("Chief".to_owned()),
            ..Default::default()
        }
        .insert(&transaction)
        .await
        .expect("a user");
        pipeline::ActiveModel {
            id: Set(Uuid::from_u128(31)),
            name: Set("default".to_owned()),
            definition: Set(serde_json::json!({"steps": []})),
            created_by: Set(Some(Uuid::from_u128(21))),
            ..Default::default()
        }
        .insert(&transaction)
        .await
        .expect("a pipeline");
        let molecules =
            [(BOTH_HAVE, "aspirin"), (Uuid::from_u128(2), "caffeine"), (only, "secret")].map(|(id, name)| {
                molecule::ActiveModel {
                    id: Set(id),
                    external_ref: Set(format!("REF-{name}")),
                    name: Set(format!("{name} of {number}")),
                    molecule_type: Set("Small molecule".to_owned()),
                    ..Default::default()
                }
            });
        molecule::Entity::insert_many(molecules).exec(&transaction).await.expect("molecules");
        let jobs = [(JOB, BOTH_HAVE), (Uuid::from_u128(12), only)].map(|(id, molecule)| docking_job::ActiveModel {
            id: Set(id),
            molecule_id: Set(Some(molecule)),
            pipeline_id: Set(Some(Uuid::from_u128(31))),
            target_code: Set("CDK2".to_owned()),
            status: Set(docking_job::Status::Pending),
            ..Default::default()
        });
        docking_job::Entity::insert_many(jobs).exec(&transaction).await.expect("jobs");
        job_result::ActiveModel {
            id: Set(Uuid::from_u128(41)),
            job_id: Set(JOB),
            atoms: Set(30),
            potential_energy: Set(-78.6454),
            rms_derivative: Set(0.000_213_629),
            ..Default::default()
        }
        .insert(&transaction)
        .await
        .expect("a result");
        transaction.commit().await.expect("committed");
        Self { id, only, db }
    }
}

/// A molecule that no organisation has, to be inserted.
pub(crate) fn a_molecule(id: u128) -> molecule::ActiveModel {
    molecule::ActiveModel {
        id: Set(Uuid::from_u128(id)),
        external_ref: Set(format!("NEW-{id}")),
        name: Set("new".to_owned()),
        molecule_type: Set("Small molecule".to_owned()),
        ..Default::default()
    }
}

/// The role that applications connect as.
pub(crate) fn application_role() -> String {
    RoleNames::default().app().as_str().to_owned()
}

/// Runs a statement that must succeed.
pub(crate) async fn execute(connection: &impl ConnectionTrait, sql: &str) {
    connection.execute_unprepared(sql).await.unwrap_or_else(|failure| panic!("{failure}: {sql}"));
}

/// The first column of every row, as text.
pub(crate) async fn texts(connection: &impl ConnectionTrait, sql: &str) -> Vec<String> {
    let statement = Statement::from_string(DbBackend::Postgres, sql);
    let rows = connection.query_all_raw(statement).await.unwrap_or_else(|failure| panic!("{failure}: {sql}"));
    rows.iter().map(|row| row.try_get_by_index(0).expect("a text")).collect()
}

/// The server's major version.
pub(crate) async fn version(connection: &impl ConnectionTrait) -> u32 {
    let version = texts(connection, "SELECT (current_setting('server_version_num')::int / 10000)::text").await;
    version[0].parse().expect("a number")
}
