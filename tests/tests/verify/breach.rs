//! One way to break a sound database, and what `verify` must then say.

use std::collections::BTreeSet;

use sea_orm::ConnectionTrait;
use sqlx::{Connection, PgConnection};
use tenant_core::Registry;
use tenant_migration::verify::{Finding, Scope, Topic, Verifier};
use tenant_migration::{Ident, RoleNames};
use tenant_testkit::{Database, OLDEST_VERSION};
use uuid::Uuid;

use crate::support::{World, execute, version};

/// How the database is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Look {
    /// With the registry and its roles.
    Registry,
    /// With the registry, and a role of the breach's own for the application: `:role`, a member of the application's. `:other`
    /// and `:far` are further ones. Roles are the whole server's.
    OwnRole,
    /// By a tenant column and the application's role.
    Column(&'static str, &'static str),
}

/// A sound database with something broken.
#[derive(Debug)]
pub(crate) struct Breach {
    /// The lint that it is made for.
    pub(crate) lint: &'static str,
    pub(crate) look: Look,
    pub(crate) sql: &'static str,
    /// Lints that must name it too, because what one looks for can't be had without the other.
    pub(crate) besides: &'static [&'static str],
    /// The first version that knows what the SQL says: an older one must refuse it.
    pub(crate) since: u32,
}

impl Breach {
    pub(crate) const fn new(lint: &'static str, sql: &'static str) -> Self {
        Self { lint, look: Look::Registry, sql, besides: &[], since: OLDEST_VERSION }
    }

    pub(crate) const fn look(mut self, look: Look) -> Self {
        self.look = look;
        self
    }

    pub(crate) const fn besides(mut self, besides: &'static [&'static str]) -> Self {
        self.besides = besides;
        self
    }

    pub(crate) const fn since(mut self, since: u32) -> Self {
        self.since = since;
        self
    }

    /// Breaks a database of its own, and says what is wrong with what `verify` finds, or with its repairs.
    pub(crate) async fn try_out(&self) -> Result<(), String> {
        let database = World::empty().await;
        let admin = database.admin().await.expect("a superuser's connection");
        if version(&admin).await < self.since {
            let refused = admin.execute_unprepared(self.sql).await.is_err();
            return if refused { Ok(()) } else { Err(format!("{}: known before {}", self.lint, self.since)) };
        }
        let mark = Uuid::new_v4().simple();
        let [role, other, far] = ["", "_other", "_far"].map(|name| format!("verify_{mark}{name}"));
        let own_roles = matches!(self.look, Look::OwnRole);
        if own_roles {
            let timeouts = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"];
            let timeouts: String =
                timeouts.iter().map(|name| format!("ALTER ROLE {role} SET {name} = '9s';")).collect();
            execute(
                &admin,
                &format!(
                    "CREATE ROLE {role} LOGIN IN ROLE tenancy_app; CREATE ROLE {other}; CREATE ROLE {far}; {timeouts}"
                ),
            )
            .await;
        }
        let said = match admin
            .execute_unprepared(&self.sql.replace(":role", &role).replace(":other", &other).replace(":far", &far))
            .await
        {
            Ok(_) => self.judge(&database, &role).await,
            Err(failure) => Err(format!("{}: {failure}", self.lint)),
        };
        if own_roles {
            execute(&admin, &format!("DROP OWNED BY {role}, {other}, {far} CASCADE; DROP ROLE {role}, {other}, {far}"))
                .await;
        }
        said
    }

    async fn judge(&self, database: &Database, role: &str) -> Result<(), String> {
        let scope = match self.look {
            Look::Registry => registered(&RoleNames::default()),
            Look::OwnRole => registered(&roles_with_app(role)),
            Look::Column(column, app) => Scope::with_column(&ident(column), &ident(app)),
        };
        let found = findings(database, scope.clone()).await;
        let named: BTreeSet<&str> = found.iter().map(|finding| finding.lint).collect();
        let expected: BTreeSet<&str> = self.besides.iter().copied().chain([self.lint]).collect();
        if named != expected {
            return Err(format!("{}: found {named:?} and not {expected:?}: {found:#?}", self.lint));
        }
        // A repair that its reader needn't complete is run, and must help.
        let admin = database.admin().await.expect("a superuser's connection");
        for finding in found.iter().filter(|finding| finding.lint == self.lint) {
            let repair = finding.repair.split(" -- ").next().unwrap_or_default();
            if repair.contains('…') || repair.starts_with("--") {
                continue;
            }
            admin.execute_unprepared(repair).await.map_err(|failure| format!("{}: {repair}: {failure}", self.lint))?;
        }
        let repaired = found.iter().all(|finding| !finding.repair.contains('…') && !finding.repair.contains("--"));
        let left = findings(database, scope).await;
        if repaired && !left.is_empty() { Err(format!("{}: not repaired: {left:#?}", self.lint)) } else { Ok(()) }
    }
}

/// What is found, but for what is the server's.
pub(crate) async fn findings(database: &Database, scope: Scope) -> Vec<Finding> {
    let mut connection = PgConnection::connect(&database.superuser_url()).await.expect("a connection");
    let report = Verifier::new(scope).run(&mut connection).await.expect("a report");
    let environment: BTreeSet<_> =
        report.lints().iter().filter(|lint| lint.topic() == Topic::Environment).map(|lint| lint.id()).collect();
    connection.close().await.expect("closed");
    report.findings().iter().filter(|finding| !environment.contains(finding.lint)).cloned().collect()
}

/// What the sample's registry says, with these roles.
pub(crate) fn registered(roles: &RoleNames) -> Scope {
    Scope::of_registry(&Registry::collect().expect("the sample's models"), roles)
}

/// The default roles, with another one for the application.
pub(crate) fn roles_with_app(app: &str) -> RoleNames {
    let others = ["tenancy_admin", "tenancy_reporting", "tenancy_migrator", "tenancy_mover"];
    let [admin, reporting, migrator, mover] = others.map(str::to_owned);
    RoleNames::new(["tenancy_owner".to_owned(), app.to_owned(), admin, reporting, migrator, mover]).expect("six names")
}

pub(crate) fn ident(name: &str) -> Ident {
    Ident::new(name).expect("a name")
}
