//! What logging a read costs its caller: no round trip in memory, one where its entry is written first. Counted by a proxy, of
//! statements that are prepared already.

use sea_orm::{EntityTrait, TransactionSession, TransactionTrait};
use tenant_core::{BindingMode, ReadAudit, TenantConnection, TenantDatabase};
use tenant_testkit::Proxy;

use crate::support::application_role;
use crate::support::laboratory::{compound, tag};
use crate::support::reading_room::{PATIENT, ReadingRoom};

struct Counted {
    room: ReadingRoom,
    proxy: Proxy,
    database: TenantDatabase,
}

impl Counted {
    async fn new(policy: ReadAudit, mode: BindingMode) -> Self {
        let room = ReadingRoom::new().await;
        let proxy = Proxy::start(&room.database).expect("a proxy");
        let builder = room.builder_for(proxy.url(&application_role(), room.database.name()));
        let builder = builder.read_audit(policy).binding_mode(mode).prepared_statements(true).max_connections(1);
        let database = builder.build().await.expect("a safe database");
        Self { room, proxy, database }
    }

    /// Of a read that is logged, one that is not, and a transaction of two that are.
    async fn round_trips(&self) -> [u64; 3] {
        let db = self.room.connect(&self.database, 1);
        self.count(logged(&db)).await;
        self.count(unlogged(&db)).await;
        self.count(transaction(&db)).await;
        [self.count(logged(&db)).await, self.count(unlogged(&db)).await, self.count(transaction(&db)).await]
    }

    async fn count(&self, work: impl Future<Output = ()>) -> u64 {
        let before = self.proxy.round_trips();
        work.await;
        let after = self.proxy.round_trips();
        // The end of a transaction that nobody waits for belongs to nobody's count.
        while self.database.pool_statistics().in_use > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        after - before
    }
}

async fn logged(db: &TenantConnection) {
    compound::Entity::find().all(db).await.expect("an answer");
}

async fn unlogged(db: &TenantConnection) {
    tag::Entity::find().all(db).await.expect("an answer");
}

async fn transaction(db: &TenantConnection) {
    let transaction = db.begin().await.expect("begun");
    for _ in 0..2 {
        compound::Entity::find().all(&transaction).await.expect("an answer");
    }
    transaction.commit().await.expect("committed");
}

#[tokio::test]
async fn none_in_memory() {
    assert_eq!(Counted::new(PATIENT, BindingMode::Session).await.round_trips().await, [1, 1, 4]);
    assert_eq!(Counted::new(PATIENT, BindingMode::Transaction).await.round_trips().await, [2, 2, 4]);
}

#[tokio::test]
async fn one_where_the_entry_is_written_first() {
    assert_eq!(Counted::new(ReadAudit::Durable, BindingMode::Session).await.round_trips().await, [2, 1, 6]);
    assert_eq!(Counted::new(ReadAudit::Durable, BindingMode::Transaction).await.round_trips().await, [4, 2, 6]);
}
