//! Makes the catalog's schema and takes it away.

use std::fmt;
use std::sync::Arc;

use sea_orm::{DatabaseConnection, DbErr};
use sqlx::Connection;
use sqlx::postgres::PgConnection;

use super::migrator_error::CatalogMigrationError;
use super::roles::CatalogRoles;
use super::schema;
use super::state::{CatalogStatus, look};
use crate::change::Change;
use crate::deploy::Deploy;
use crate::error::MigrationError;
use crate::executor::Executor;
use crate::patience::Patience;
use crate::progress::{Lines, Observer};
use crate::script::Script;

/// Makes the catalog's schema in a database, the metadata database, and takes it away.
///
/// That may be a database of tenants too: the catalog has a schema and an owner of its own, and what
/// [`TenantMigrator`](crate::TenantMigrator) looks at is not touched.
///
/// The first run needs a superuser, who makes the roles; later ones a member of the owner role.
#[derive(Clone, Debug)]
pub struct CatalogMigrator {
    roles: CatalogRoles,
    patience: Patience,
    observer: Arc<dyn Observer>,
}

/// What is to be done to the catalog. Its `Display` is SQL.
#[derive(Clone, Debug)]
pub struct CatalogPlan {
    roles: CatalogRoles,
    changes: Vec<Change>,
}

impl CatalogPlan {
    /// Whether the catalog is as it should be.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The changes, in order.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }
}

impl fmt::Display for CatalogPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let owner = &self.roles.owner;
        self.changes.iter().try_for_each(|change| write!(f, "{}", Script { owner, change }))
    }
}

impl Default for CatalogMigrator {
    fn default() -> Self {
        Self::new(CatalogRoles::default())
    }
}

impl CatalogMigrator {
    /// A migrator with these roles.
    #[must_use]
    pub fn new(roles: CatalogRoles) -> Self {
        Self { roles, patience: Patience::DEFAULT, observer: Arc::new(Lines::default()) }
    }

    /// How long it waits for locks.
    #[must_use]
    pub const fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Who is told how runs go on, instead of `tracing`.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// What it does to a database without a catalog.
    #[must_use]
    pub fn plan_for_empty(&self) -> CatalogPlan {
        CatalogPlan { roles: self.roles.clone(), changes: vec![schema::up(&self.roles)] }
    }

    /// What `up` would do. Nothing is done.
    ///
    /// # Errors
    /// As [`CatalogMigrator::up`].
    pub async fn plan(&self, db: &DatabaseConnection) -> Result<CatalogPlan, CatalogMigrationError> {
        let plan = self.plan_for_empty();
        Ok(match self.status(db).await? {
            CatalogStatus::Current => CatalogPlan { changes: Vec::new(), ..plan },
            CatalogStatus::Missing | CatalogStatus::Changed => plan,
            status => return Err(CatalogMigrationError::Foreign { status }),
        })
    }

    /// How the catalog is.
    ///
    /// # Errors
    /// What the database said.
    pub async fn status(&self, db: &DatabaseConnection) -> Result<CatalogStatus, CatalogMigrationError> {
        // Out of the pool: looking changes the session.
        let mut connection = db.get_postgres_connection_pool().acquire().await.map_err(looking)?.detach();
        let status = look(&mut connection).await.map_err(looking)?;
        drop(connection.close().await);
        Ok(status)
    }

    /// Makes it, or makes what was changed as it should be; names what was done. Rows stay.
    ///
    /// # Errors
    /// [`CatalogMigrationError`]; nothing was changed then.
    pub async fn up(&self, db: &DatabaseConnection) -> Result<Vec<String>, CatalogMigrationError> {
        let mut deploy = Deploy::begin(db, &*self.observer).await?;
        let done = self.bring_up(&mut deploy).await;
        deploy.end().await;
        done
    }

    async fn bring_up(&self, deploy: &mut Deploy<'_>) -> Result<Vec<String>, CatalogMigrationError> {
        match look(&mut deploy.connection).await.map_err(looking)? {
            CatalogStatus::Current => return Ok(Vec::new()),
            CatalogStatus::Missing | CatalogStatus::Changed => {}
            status => return Err(CatalogMigrationError::Foreign { status }),
        }
        self.check_operator(&mut deploy.connection).await?;
        let change = schema::up(&self.roles);
        self.make(deploy, &change).await?;
        Ok(vec![change.name])
    }

    /// Takes it away, with all that it knows. Its roles stay.
    ///
    /// # Errors
    /// [`CatalogMigrationError::InUse`] where it has organisations that are not archived, unless `force`; other
    /// [`CatalogMigrationError`]s. Nothing was changed then.
    pub async fn down(&self, db: &DatabaseConnection, force: bool) -> Result<(), CatalogMigrationError> {
        let mut deploy = Deploy::begin(db, &*self.observer).await?;
        let done = self.take_down(&mut deploy, force).await;
        deploy.end().await;
        done
    }

    async fn take_down(&self, deploy: &mut Deploy<'_>, force: bool) -> Result<(), CatalogMigrationError> {
        match look(&mut deploy.connection).await.map_err(looking)? {
            CatalogStatus::Missing => return Ok(()),
            CatalogStatus::Current | CatalogStatus::Changed => {}
            status => return Err(CatalogMigrationError::Foreign { status }),
        }
        self.check_operator(&mut deploy.connection).await?;
        if !force {
            let count = "SELECT pg_catalog.count(*) FROM tenancy_catalog.organizations WHERE status <> 'archived'";
            let organizations = sqlx::query_scalar(count).persistent(false).fetch_one(&mut deploy.connection).await;
            let organizations: i64 = organizations.map_err(looking)?;
            if organizations > 0 {
                return Err(CatalogMigrationError::InUse { organizations });
            }
        }
        self.make(deploy, &schema::down(&self.roles)).await
    }

    async fn make(&self, deploy: &mut Deploy<'_>, change: &Change) -> Result<(), CatalogMigrationError> {
        let (watch, owner, patience, observer) = (deploy.watch(), &self.roles.owner, self.patience, &*self.observer);
        let mut executor = Executor { connection: &mut deploy.connection, owner, patience, observer, watch };
        executor.make(change, None).await.map_err(|error| DbErr::from(error).into())
    }

    /// Refuses who would fail half-way, in words that help.
    async fn check_operator(&self, connection: &mut PgConnection) -> Result<(), CatalogMigrationError> {
        let query = "SELECT current_user::text, operator.rolsuper OR operator.rolcreaterole AND missing OR NOT missing
                       AND pg_catalog.pg_has_role((SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $1), 'MEMBER')
                     FROM pg_catalog.pg_roles AS operator,
                       LATERAL (SELECT pg_catalog.count(*) < 2 FROM pg_catalog.pg_roles WHERE rolname IN ($1, $2)) AS roles (missing)
                     WHERE operator.rolname = current_user";
        let (owner, router) = (self.roles.owner.as_str(), self.roles.router.as_str());
        let query = sqlx::query_as(query).bind(owner).bind(router).persistent(false);
        let (role, can): (String, Option<bool>) = query.fetch_one(connection).await.map_err(looking)?;
        if can == Some(true) { Ok(()) } else { Err(CatalogMigrationError::Role { role, owner: owner.to_owned() }) }
    }
}

fn looking(source: sqlx::Error) -> DbErr {
    MigrationError::Look(source).into()
}
