//! Where the disk is full for the access log, what was to be logged is not done, or goes on and is counted: as the deploy said.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::Duration;

use entities::docking_job;
use sea_orm::{ActiveModelTrait, DbErr, EntityTrait, TransactionTrait};
use tenant_core::{AuditError, ReadAudit, SystemError, TenantContext, TenantError, WhenFull};
use tenant_migration::{AuditFailures, TenantMigrator};

use crate::support::{
    LOST, World, a_molecule, because, empty_log, own_server, pool_named, system, terminate, texts, until,
};

const NEW: &str = "SELECT external_ref FROM molecules WHERE external_ref LIKE 'NEW-%' ORDER BY 1";
const READS: &str = "SELECT count(*)::text FROM tenancy.access_log WHERE kind = 'read'";

/// Entries are written at once.
const AT_ONCE: ReadAudit =
    ReadAudit::Buffered { capacity: 10, flush_every: Duration::from_millis(5), batch: 10, when_full: WhenFull::Wait };

/// The files of the log's months, each a link to the device that has no space.
struct FullDisk(Vec<PathBuf>);

impl FullDisk {
    /// For a throw-away server, which never has its files synced, as the device can't be; before any session has them open.
    async fn for_the_log_of(world: &World) -> Self {
        empty_log(&world.admin).await;
        let sql =
            "SELECT pg_relation_filepath(inhrelid) FROM pg_inherits WHERE inhparent = 'tenancy.access_log'::regclass";
        let data = world.database.cluster().folder().expect("a throw-away server").join("data");
        let files: Vec<_> = texts(&world.admin, sql).await.iter().map(|file| data.join(file)).collect();
        for file in &files {
            std::fs::rename(file, file.with_extension("empty")).expect("put aside");
            symlink("/dev/full", file).expect("a link");
        }
        Self(files)
    }

    /// Sessions that have them open must end before they see it.
    fn has_space(self) {
        for file in self.0 {
            std::fs::rename(file.with_extension("empty"), &file).expect("put back");
        }
    }
}

/// On a server whose files can be got at.
async fn world(failures: AuditFailures) -> World {
    let world = World::on(own_server().await).await;
    let migrator =
        TenantMigrator::builder(&world.registry).audit_failures(failures).build().expect("a plan can be made");
    migrator.up(&world.admin, None).await.expect("up");
    world
}

fn names_the_log(failure: &DbErr) {
    let text = failure.to_string();
    assert!(text.contains("access log") && text.contains("migrate audit retain"), "{text}");
}

#[tokio::test]
async fn a_write_is_refused_and_the_error_names_the_log() {
    let world = world(AuditFailures::Refuse).await;
    a_molecule(501).insert(&world.acme.db).await.expect("logged");
    let full = FullDisk::for_the_log_of(&world).await;
    for _ in 0..2 {
        let failure = a_molecule(502).insert(&world.acme.db).await.expect_err("no space");
        assert!(matches!(TenantError::of(&failure), Some(TenantError::NoLogSpace { .. })), "{failure}");
        names_the_log(&failure);
    }
    let transaction = world.acme.db.begin().await.expect("begun");
    let failure = a_molecule(503).insert(&transaction).await.expect_err("no space");
    assert!(matches!(TenantError::of(&failure), Some(TenantError::NoLogSpace { .. })), "{failure}");
    drop(transaction);
    assert_eq!(texts(&world.admin, NEW).await, ["NEW-501"], "nothing of it was done");
    assert_eq!(texts(&world.admin, LOST).await, ["0"]);
    full.has_space();
}

#[tokio::test]
async fn a_write_goes_on_and_its_entry_is_counted_where_the_deploy_says_so() {
    let world = world(AuditFailures::Count).await;
    let full = FullDisk::for_the_log_of(&world).await;
    a_molecule(501).insert(&world.acme.db).await.expect("done");
    assert_eq!(texts(&world.admin, LOST).await, ["1"]);
    assert_eq!(texts(&world.admin, NEW).await, ["NEW-501"]);

    // Who works across tenants is logged first, whatever the deploy says; and no row is read without its entry that waits for one.
    let system = system(&world).await;
    let visit = system.across_tenants(&because("a test")).await.expect_err("no space");
    assert!(matches!(visit, SystemError::Unrecorded { .. }), "{visit}");
    let database = pool_named(&world, "durable").read_audit(ReadAudit::Durable).build().await.expect("a database");
    let db = database.connect(TenantContext::new(world.acme.id));
    let failure = docking_job::Entity::find().all(&db).await.expect_err("no space");
    assert!(matches!(TenantError::of(&failure), Some(TenantError::Audit(AuditError::Unwritten { .. }))), "{failure}");
    assert_eq!(texts(&world.admin, LOST).await, ["2"]);

    // A buffered read is a loss in the program's own count too.
    let database = pool_named(&world, "buffered").read_audit(AT_ONCE).build().await.expect("a database");
    let db = database.connect(TenantContext::new(world.acme.id));
    docking_job::Entity::find().all(&db).await.expect("rows");
    database.close().await;
    let statistics = database.audit_statistics();
    assert_eq!((statistics.written, statistics.lost), (0, 1), "{statistics:?}");
    assert_eq!(texts(&world.admin, LOST).await, ["3"]);
    full.has_space();
}

#[tokio::test]
async fn a_durable_read_is_refused_and_a_buffered_one_is_logged_when_there_is_space() {
    let world = world(AuditFailures::Refuse).await;
    let full = FullDisk::for_the_log_of(&world).await;
    let durable = pool_named(&world, "durable").read_audit(ReadAudit::Durable).build().await.expect("a database");
    let db = durable.connect(TenantContext::new(world.acme.id));
    let failure = docking_job::Entity::find().all(&db).await.expect_err("no space");
    assert!(matches!(TenantError::of(&failure), Some(TenantError::Audit(AuditError::Unwritten { .. }))), "{failure}");
    names_the_log(&failure);

    let buffered = pool_named(&world, "buffered").read_audit(AT_ONCE).build().await.expect("a database");
    let db = buffered.connect(TenantContext::new(world.acme.id));
    docking_job::Entity::find().all(&db).await.expect("rows");
    until("it was tried", async || buffered.audit_statistics().failures > 0).await;
    assert_eq!(texts(&world.admin, READS).await, ["0"]);
    full.has_space();
    terminate(&world.admin, "buffered").await;
    until("it is written", async || texts(&world.admin, READS).await == ["1"]).await;
    buffered.close().await;
    assert_eq!(buffered.audit_statistics().lost, 0);
}
