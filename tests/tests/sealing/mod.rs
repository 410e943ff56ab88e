//! A database whose access log is written, sealed and looked at by the roles that do so.

use std::path::PathBuf;

use sea_orm::DatabaseConnection;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use tenant_core::TenantId;
use tenant_core::session::TENANT_VARIABLE;
use tenant_migration::RoleNames;
use tenant_migration::audit::{Anchor, AuditReport, PublicKeys, Sealer, Sealing, SealingKey, Verification};
use tenant_testkit::Database;
use uuid::Uuid;

use crate::support::{World, application_role, execute, texts, until};

/// Two organisations.
pub(crate) const ACME: Uuid = Uuid::from_u128(0xA);
pub(crate) const BETA: Uuid = Uuid::from_u128(0xB);

/// Lets a superuser change what nobody changes.
const UNGUARDED: &str = "
    SET LOCAL session_replication_role = replica;
    DO $$ DECLARE log regclass; BEGIN
      FOR log IN SELECT tree.relid FROM pg_partition_tree('tenancy.access_log') AS tree
        UNION ALL SELECT tree.relid FROM pg_partition_tree('tenancy.access_log_values') AS tree
      LOOP EXECUTE format('ALTER TABLE %s DISABLE TRIGGER ALL', log); END LOOP;
    END $$;";

/// A migrated database, and a key that is nowhere in it.
pub(crate) struct Scene {
    pub(crate) database: Database,
    /// A superuser's connection.
    pub(crate) admin: DatabaseConnection,
    pub(crate) sealer: Sealer,
    pub(crate) keys: PublicKeys,
    folder: TempDir,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::of(World::empty().await).await
    }

    pub(crate) async fn of(database: Database) -> Self {
        let admin = database.admin().await.expect("a superuser's connection");
        let (key, folder) = (SealingKey::generate().expect("a key"), tempfile::tempdir().expect("a folder"));
        let keys = [key.public()].into_iter().collect();
        let sealer = Sealer::new(key).anchor(Anchor::at(folder.path().join("anchor")));
        Self { database, admin, sealer, keys, folder }
    }

    /// The same with entries of two organisations and of none, in two seals, and the newest in neither: some say what rows held.
    pub(crate) async fn furnished() -> Self {
        let scene = Self::new().await;
        scene.write(ACME, 4).await;
        scene.access(ACME, "read").await;
        scene.write(BETA, 3).await;
        scene.start_refused().await;
        scene.seal().await;
        scene.write(BETA, 1).await;
        scene.write(ACME, 3).await;
        scene.start_refused().await;
        scene.seal().await;
        scene.write(ACME, 1).await;
        scene
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn anchor(&self) -> Anchor {
        Anchor::at(self.file("anchor"))
    }

    /// As the role that seals.
    pub(crate) async fn migrator(&self) -> PgConnection {
        connect(&self.database.url(RoleNames::default().migrator().as_str())).await
    }

    /// As the owner, whose rights the triggers' functions have.
    pub(crate) async fn owner(&self) -> PgConnection {
        let mut connection = self.migrator().await;
        let act = format!("SET ROLE {}; SET row_security = on", RoleNames::default().owner());
        run(&mut connection, &act).await;
        connection
    }

    /// Entries of what statements did, each in a transaction of its own; every second says what rows held.
    pub(crate) async fn write(&self, organization: Uuid, entries: u32) {
        let mut owner = self.owner().await;
        for number in 0..entries {
            run(&mut owner, &written(organization, number % 2 == 0)).await;
        }
    }

    /// An entry by the application.
    pub(crate) async fn access(&self, organization: Uuid, kind: &str) {
        let mut app = connect(&self.database.url(&application_role())).await;
        let bind = format!("SELECT set_config('{TENANT_VARIABLE}', '{organization}', false)");
        run(&mut app, &bind).await;
        let entries = format!(
            r#"[{{"kind": "{kind}", "tables": ["public.molecules"], "touched": 7, "statement": "0123456789abcdef"}}]"#
        );
        run(&mut app, &format!("SELECT tenancy.record_accesses('{entries}')")).await;
    }

    /// An entry about no organisation.
    pub(crate) async fn start_refused(&self) {
        let mut app = connect(&self.database.url(&application_role())).await;
        run(&mut app, "SELECT tenancy.record_refused_start('row-level security is off')").await;
    }

    /// Seals all that is written: transactions of other tests on the server can hold it back for a moment.
    pub(crate) async fn seal(&self) -> Sealing {
        let query = "SELECT 'open' FROM tenancy.access_log
            HAVING max(transaction) >= CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)";
        until("other transactions end", async || texts(&self.admin, query).await.is_empty()).await;
        self.seal_now().await
    }

    /// Seals what can be sealed.
    pub(crate) async fn seal_now(&self) -> Sealing {
        self.sealer.seal(&mut self.migrator().await).await.unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) async fn verify(&self) -> AuditReport {
        let verification = Verification::new(self.keys.clone());
        // The first seal makes the anchor.
        let is_anchored = self.file("anchor").exists();
        self.verify_with(if is_anchored { verification.anchor(self.anchor()) } else { verification }).await
    }

    pub(crate) async fn verify_with(&self, verification: Verification) -> AuditReport {
        verification.run(&mut self.migrator().await).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Verifies, and finds nothing.
    pub(crate) async fn is_clean(&self, when: &str) -> AuditReport {
        let report = self.verify().await;
        assert!(report.is_clean(), "{when}: {report}");
        report
    }

    /// Does what only a superuser can, past what keeps the log.
    pub(crate) async fn tamper(&self, sql: &str) {
        execute(&self.admin, &format!("{UNGUARDED} {sql}")).await;
    }

    /// The numbers of an organisation's entries, in their order.
    pub(crate) async fn entries(&self, organization: Uuid) -> Vec<i64> {
        let query = format!(
            "SELECT entry::text FROM tenancy.access_log l WHERE organization_id = '{organization}' ORDER BY l.entry"
        );
        texts(&self.admin, &query).await.iter().map(|entry| entry.parse().expect("a number")).collect()
    }
}

/// A statement of the owner that writes an entry.
pub(crate) fn written(organization: Uuid, has_values: bool) -> String {
    let changes =
        if has_values { r#"'[{"key": {"id": 1}, "after": {"name": "Ada \"A\" Ü", "age": 3}}]'"# } else { "NULL" };
    format!("SELECT tenancy.record_write('{organization}', 'insert', 'public.molecules', 1, {changes})")
}

pub(crate) fn tenant(organization: Uuid) -> TenantId {
    TenantId::new(organization)
}

pub(crate) async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("connected")
}

pub(crate) async fn run(connection: &mut PgConnection, sql: &str) {
    let ran = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await;
    ran.unwrap_or_else(|error| panic!("{error}: {sql}"));
}
