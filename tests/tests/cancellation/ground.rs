//! Where operations are tried: a database with three tenants, seen from outside.

use std::time::{Duration, Instant};

use entities::{molecule, organization};
use sea_orm::ActiveValue::Set;
use sea_orm::{DatabaseConnection, EntityTrait};
use tenant_core::{TenantContext, TenantDatabase};
use tenant_testkit::{Database, Proxy};

use super::books::Books;
use super::{Fault, TENANTS, tenant};
use crate::support::{World, application_role, execute, texts};

/// How long a closed connection's backend may take to notice: the role looks every second while a statement runs.
const NOTICED_WITHIN: Duration = Duration::from_secs(4);

/// A database of its own, with a superuser's connection, and a way to it that can be slow.
pub(crate) struct Ground {
    database: Database,
    admin: DatabaseConnection,
    proxy: Proxy,
}

impl Ground {
    pub(crate) async fn new() -> Self {
        let database = World::empty().await;
        let admin = database.admin().await.expect("a superuser's connection");
        for number in 0..TENANTS {
            let organization = organization::ActiveModel {
                id: Set(tenant(number)),
                name: Set(number.to_string()),
                ..Default::default()
            };
            organization::Entity::insert(organization).exec(&admin).await.expect("an organisation");
            molecule::Entity::insert_many(Books::first_rows(number)).exec(&admin).await.expect("molecules");
        }
        let proxy = Proxy::start(&database).expect("a free port");
        Self { database, admin, proxy }
    }

    /// Where the application connects to.
    pub(crate) fn url(&self) -> String {
        self.proxy.url(&application_role(), self.database.name())
    }

    /// How long the way there and back takes from now on, beyond what the machine needs. Where it takes long, no answer is
    /// there before somebody waits for it.
    pub(crate) fn distance(&self, round_trip: Duration) {
        self.proxy.delay(round_trip);
    }

    /// The framework's pool of so many connections.
    pub(crate) async fn tenants(&self, connections: usize) -> TenantDatabase {
        let database = TenantDatabase::builder(self.url())
            .max_connections(u32::try_from(connections).expect("few"))
            // Only to ask who is bound.
            .allow_function("current_setting")
            .build()
            .await
            .expect("a safe database");
        // A tenant's connection costs nothing; this one shows that the tenants are there.
        let rows = molecule::Entity::find().all(&database.connect(TenantContext::new(tenant(0)))).await;
        assert!(!rows.expect("an answer").is_empty(), "a tenant without rows shows nothing");
        database
    }

    /// Whether no backend of the application's role is left in a transaction, nor more of them than the pool may have, once
    /// those that were closed had time to go.
    pub(crate) async fn check_backends(&self, connections: usize) -> Result<(), Fault> {
        let since = Instant::now();
        loop {
            let fault = match self.backends().await {
                (backends, _) if !backends.is_empty() => Fault::LeftInTransaction { backends },
                (_, all) if all > connections => Fault::TooManyBackends { backends: all, connections },
                _ => return Ok(()),
            };
            if since.elapsed() > NOTICED_WITHIN {
                return Err(fault);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// The application's backends that are in a transaction, and the number of all.
    async fn backends(&self) -> (Vec<String>, usize) {
        let sql = format!(
            "SELECT concat_ws(' ', state, pid, query) FROM pg_stat_activity
             WHERE datname = current_database() AND usename = '{}'",
            application_role()
        );
        let all = texts(&self.admin, &sql).await;
        let count = all.len();
        (
            all.into_iter().filter(|backend| !backend.starts_with("idle ") || backend.starts_with("idle in")).collect(),
            count,
        )
    }

    /// Whether every row stands under the tenant that it names.
    pub(crate) async fn check_places(&self) -> Result<(), Fault> {
        let sql = "SELECT organization_id || ': ' || external_ref FROM molecules
                   WHERE split_part(external_ref, '/', 1) <> organization_id::text";
        let rows = texts(&self.admin, sql).await;
        if rows.is_empty() { Ok(()) } else { Err(Fault::Misplaced { rows }) }
    }

    /// Deletes what was written, so that reading all stays cheap.
    pub(crate) async fn delete_written(&self) {
        execute(&self.admin, &format!("DELETE FROM molecules WHERE {}", Books::written())).await;
    }
}
