//! Tables whose reads are logged, beside one whose reads are not.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, DatabaseConnection};
use tenant_core::{
    Audit, ReadAudit, Registry, Table, TenantConnection, TenantContext, TenantDatabase, TenantDatabaseBuilder,
    TenantId, WhenFull,
};
use tenant_migration::{RoleNames, TenantMigrator};
use tenant_testkit::{Cluster, Database};
use uuid::Uuid;

use super::laboratory::{compound, note, tag};
use super::{application_role, execute, texts, until};

/// A migrated database with `compounds` and `notes`, whose reads are logged, and `tags`.
pub(crate) struct ReadingRoom {
    pub(crate) admin: DatabaseConnection,
    pub(crate) database: Database,
    pub(crate) registry: Registry,
    /// The last entry that is looked past.
    forgotten: AtomicI64,
}

/// Entries are written at once.
pub(crate) const PROMPT: ReadAudit = ReadAudit::Buffered {
    capacity: 1_000,
    flush_every: Duration::from_millis(5),
    batch: 100,
    when_full: WhenFull::Wait,
};

/// Entries wait until somebody closes.
pub(crate) const PATIENT: ReadAudit = ReadAudit::Buffered {
    capacity: 1_000,
    flush_every: Duration::from_secs(3_600),
    batch: 1_000,
    when_full: WhenFull::Wait,
};

impl ReadingRoom {
    /// The tables that it is made of.
    pub(crate) fn registry() -> Registry {
        let reads = Audit::none().reads();
        Registry::builder()
            .table(Table::scoped::<compound::Entity>().audit(reads.clone()))
            .table(Table::scoped::<note::Entity>().audit(reads))
            .table(Table::scoped::<tag::Entity>())
            .table(Table::scoped::<super::laboratory::sheet::Entity>())
            .table(Table::scoped::<super::laboratory::compound_tag::Entity>())
            .build()
            .expect("consistent")
    }

    /// With two compounds, a note and a tag of each of the tenants 1 and 2.
    pub(crate) async fn new() -> Self {
        Self::on(Cluster::shared().await.expect("a PostgreSQL")).await
    }

    /// The same on a certain server.
    pub(crate) async fn on(cluster: &Cluster) -> Self {
        let registry = Self::registry();
        let database = cluster.empty_database().await.expect("a database");
        let admin = database.admin().await.expect("a superuser's connection");
        let migrator = TenantMigrator::builder(&registry).roles(RoleNames::default()).build().expect("a plan");
        migrator.up(&admin, None).await.expect("migrated");
        let room = Self { admin, database, registry, forgotten: AtomicI64::new(0) };
        let filling = room.open(|builder| builder.read_audit(PATIENT)).await;
        for tenant in 1..=2 {
            let db = room.connect(&filling, tenant);
            for name in ["one", "two"] {
                let model = compound::ActiveModel {
                    name: Set(name.to_owned()),
                    phase: Set(compound::Phase::Idea),
                    ..Default::default()
                };
                model.insert(&db).await.expect("a compound");
            }
            tag::ActiveModel { label: Set("label".to_owned()), ..Default::default() }.insert(&db).await.expect("a tag");
            // By a statement that reads nothing, as the model's hook would.
            let note = "INSERT INTO notes (compound_id, text) VALUES (NULL, 'text')";
            execute(&db, note).await;
        }
        filling.close().await;
        room.forget().await;
        room
    }

    /// Looks past all entries that there are now.
    pub(crate) async fn forget(&self) {
        let last = texts(&self.admin, "SELECT coalesce(max(entry), 0)::text FROM tenancy.access_log").await;
        self.forgotten.store(last[0].parse().expect("a number"), Ordering::Relaxed);
    }

    /// What is asked of each entry of reads and denials, the oldest first.
    pub(crate) async fn of_each(&self, asked: &str) -> Vec<String> {
        let forgotten = self.forgotten.load(Ordering::Relaxed);
        let sql = format!(
            "SELECT {asked} FROM tenancy.access_log WHERE kind IN ('read', 'denial') AND entry > {forgotten} ORDER BY at, entry"
        );
        texts(&self.admin, &sql).await
    }

    pub(crate) fn url(&self) -> String {
        self.database.url(&application_role())
    }

    pub(crate) fn builder_for(&self, url: impl Into<String>) -> TenantDatabaseBuilder {
        TenantDatabase::builder(url).registry(self.registry.clone())
    }

    pub(crate) async fn open(
        &self,
        settings: impl FnOnce(TenantDatabaseBuilder) -> TenantDatabaseBuilder,
    ) -> TenantDatabase {
        settings(self.builder_for(self.url())).build().await.expect("a safe database")
    }

    pub(crate) fn connect(&self, database: &TenantDatabase, tenant: u128) -> TenantConnection {
        database.connect(TenantContext::new(TenantId::new(Uuid::from_u128(tenant))))
    }

    /// The entries, the oldest first: kind, tables, rows, and why it was no more.
    pub(crate) async fn entries(&self) -> Vec<String> {
        self.of_each("concat_ws(' ', kind, nullif(array_to_string(tables, ','), ''), touched, reason)").await
    }

    /// Waits until there are as many entries.
    pub(crate) async fn logged(&self, entries: usize) -> Vec<String> {
        until("the entries are there", async || self.entries().await.len() >= entries).await;
        self.entries().await
    }

    /// Takes from the application what writes entries, or gives it back.
    pub(crate) async fn lets_log(&self, lets: bool) {
        let (verb, preposition) = if lets { ("GRANT", "TO") } else { ("REVOKE", "FROM") };
        let role = application_role();
        let sql = format!("{verb} EXECUTE ON FUNCTION tenancy.record_accesses(jsonb) {preposition} {role}");
        execute(&self.admin, &sql).await;
    }
}
