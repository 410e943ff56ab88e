//! Reading the catalog.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use sea_orm::sea_query::Expr;
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, EntityTrait,
    IsolationLevel, QueryFilter, QuerySelect, RuntimeErr, Select, Statement, TransactionTrait,
};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use super::listener::Listener;
use super::{organization, placement};
use crate::servers::label;
use crate::{
    Catalog, CatalogError, CatalogListener, CatalogMark, CatalogState, Organization, Placement, PlacementName,
    TenantId, Transport,
};

/// How long one organisation, or what changed, may take to be read.
const ANSWER: Duration = Duration::from_secs(5);

/// How long everything may take to be read: 100,000 organisations take a fraction of a second.
const WHOLE_ANSWER: Duration = Duration::from_secs(60);

/// The oldest transaction that may still be under way: what it and later ones change isn't in this snapshot, or may not be.
const MARK: &str =
    "SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.int8 AS mark";

/// The catalog that `migrate catalog up` makes in a PostgreSQL database, the *metadata database*.
///
/// It needs at most three connections, straight to the server: two to read, and one that listens. Through a pooler it would hear
/// nothing.
#[derive(Clone, Debug)]
pub struct PostgresCatalog {
    db: DatabaseConnection,
    listening: PgPool,
    server: String,
}

/// A row of `organizations`, without what no router asks for.
type Row = (TenantId, String, String, String, i64);

impl PostgresCatalog {
    /// The catalog in the database at `url`, as the role `tenancy_router`. Nothing is opened yet.
    ///
    /// # Errors
    /// [`CatalogError::Url`] when it is no URL of PostgreSQL, [`CatalogError::Transport`] when it asks for less protection on the
    /// way than it must.
    pub fn new(url: &str) -> Result<Self, CatalogError> {
        Self::over(Transport::default(), url)
    }

    /// The same over a network that may be trusted.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn over(transport: Transport, url: &str) -> Result<Self, CatalogError> {
        let options = options(transport, url)?;
        let server = label(std::slice::from_ref(&options));
        Ok(Self { db: pool(options.clone(), 2).into(), listening: pool(options, 1), server })
    }

    /// Reads the organisations that `which` selects, and all placements, as of one moment.
    async fn state(&self, which: Select<organization::Entity>) -> Result<CatalogState, DbErr> {
        let (isolation, access) = (Some(IsolationLevel::RepeatableRead), Some(AccessMode::ReadOnly));
        let transaction = self.db.begin_with_config(isolation, access).await?;
        let mark = Statement::from_string(DbBackend::Postgres, MARK);
        let mark = transaction.query_one_raw(mark).await?.map(|row| row.try_get("", "mark")).transpose()?;
        let placements = placements(&transaction).await?;
        let names = placements.iter().map(|placement| (placement.name.to_string(), placement.name.clone())).collect();
        let (organizations, unreadable) = organizations(&transaction, which, &names).await?;
        transaction.rollback().await?;
        Ok(CatalogState { organizations, unreadable, placements, mark: CatalogMark(mark.unwrap_or_default()) })
    }

    async fn within<T>(
        &self,
        time: Duration,
        answer: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, CatalogError> {
        match tokio::time::timeout(time, answer).await {
            Ok(answer) => answer.map_err(|error| self.explain(error)),
            Err(_) => Err(CatalogError::Silent { server: self.server.clone(), waited: time }),
        }
    }

    fn explain(&self, error: DbErr) -> CatalogError {
        let server = self.server.clone();
        let code = match &error {
            DbErr::Conn(RuntimeErr::SqlxError(source))
            | DbErr::Query(RuntimeErr::SqlxError(source))
            | DbErr::Exec(RuntimeErr::SqlxError(source)) => {
                source.as_database_error().and_then(|refusal| Some(refusal.code()?.into_owned()))
            }
            _ => None,
        };
        match code.as_deref() {
            Some("42P01" | "3F000") => CatalogError::Missing { server, table: "tenancy_catalog.organizations" },
            Some("42501") => CatalogError::Forbidden { server },
            // PgBouncer refuses start-up settings that it doesn't know.
            Some("08P01") => CatalogError::Pooler { server },
            _ => CatalogError::Unreachable { server, source: Box::new(error) },
        }
    }
}

#[async_trait]
impl Catalog for PostgresCatalog {
    async fn read(&self) -> Result<CatalogState, CatalogError> {
        self.within(WHOLE_ANSWER, self.state(organization::Entity::find())).await
    }

    async fn read_since(&self, mark: CatalogMark) -> Result<CatalogState, CatalogError> {
        // Which transaction changed a row last is the database's own record, and no field of the entity.
        let since = Expr::cust_with_values("changed_in >= $1::text::xid8", [mark.0.to_string()]);
        self.within(ANSWER, self.state(organization::Entity::find().filter(since))).await
    }

    async fn organization(&self, id: TenantId) -> Result<Option<Organization>, CatalogError> {
        let row = columns(organization::Entity::find_by_id(id)).into_tuple::<Row>().one(&self.db);
        Ok(self.within(ANSWER, row).await?.and_then(|row| read(row, &HashMap::new())))
    }

    async fn listen(&self) -> Result<Box<dyn CatalogListener>, CatalogError> {
        let listening = async {
            let listener = Listener::new(&self.listening, &self.server).await;
            listener.map_err(|source| DbErr::Conn(RuntimeErr::SqlxError(source.into())))
        };
        Ok(Box::new(self.within(ANSWER, listening).await?))
    }
}

fn options(transport: Transport, url: &str) -> Result<PgConnectOptions, CatalogError> {
    if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
        return Err(CatalogError::Url { source: None });
    }
    let options: PgConnectOptions = url.parse().map_err(|source| CatalogError::Url { source: Some(source) })?;
    let options = transport.secure(url, options)?;
    Ok(options.disable_statement_logging().application_name("tenant-router"))
}

fn pool(options: PgConnectOptions, connections: u32) -> PgPool {
    PgPoolOptions::new().max_connections(connections).acquire_timeout(ANSWER).connect_lazy_with(options)
}

fn columns(select: Select<organization::Entity>) -> Select<organization::Entity> {
    use organization::Column::{Epoch, Id, Placement, Status, Tier};
    select.select_only().columns([Id, Tier, Status, Placement, Epoch])
}

/// Those that can be read, and the others.
async fn organizations(
    transaction: &DatabaseTransaction,
    which: Select<organization::Entity>,
    names: &HashMap<String, PlacementName>,
) -> Result<(Vec<Organization>, Vec<TenantId>), DbErr> {
    let (mut organizations, mut unreadable) = (Vec::new(), Vec::new());
    // Row by row: a model's own strings would be the larger part of what a router needs for them.
    let mut rows = columns(which).into_tuple::<Row>().stream(transaction).await?;
    while let Some(row) = rows.try_next().await? {
        let id = row.0;
        match read(row, names) {
            Some(organization) => organizations.push(organization),
            None => unreadable.push(id),
        }
    }
    organizations.shrink_to_fit();
    Ok((organizations, unreadable))
}

async fn placements(transaction: &DatabaseTransaction) -> Result<Vec<Placement>, DbErr> {
    let rows = placement::Entity::find().all(transaction).await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let name = row.name.clone();
            let placement = placement_of(row);
            if let Err(reason) = &placement {
                tracing::error!(placement = name, "the catalog's record of a placement can't be read: {reason}");
            }
            placement.ok()
        })
        .collect())
}

fn placement_of(row: placement::Model) -> Result<Placement, Box<dyn std::error::Error>> {
    Ok(Placement {
        name: row.name.parse()?,
        kind: row.kind.parse()?,
        hosts: row.hosts,
        max_connections: row.max_connections.map(u32::try_from).transpose()?,
    })
}

/// What a row says. One in words of a later release is none: its organisation is unknown to this program, and the others go on.
fn read(row: Row, names: &HashMap<String, PlacementName>) -> Option<Organization> {
    let (id, tier, status, placement, epoch) = row;
    let read = || -> Result<Organization, Box<dyn std::error::Error>> {
        let known = names.get(&placement).cloned();
        Ok(Organization {
            id,
            tier: tier.parse()?,
            status: status.parse()?,
            placement: known.map_or_else(|| placement.parse(), Ok)?,
            epoch,
        })
    };
    read()
        .inspect_err(|reason| tracing::error!(tenant.id = %id, "the catalog's record of an organisation can't be read: {reason}"))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{OrganizationStatus, Tier};

    #[test]
    fn a_record_in_words_of_another_release_is_none() {
        let id = TenantId::new(uuid::Uuid::nil());
        let row = |tier: &str, status: &str, placement: &str| {
            read((id, tier.to_owned(), status.to_owned(), placement.to_owned(), 1), &HashMap::new())
        };
        let read = row("large", "active", "eu_1").expect("all words are known");
        assert_eq!((read.tier, read.status), (Tier::Large, OrganizationStatus::Active));
        for (tier, status, placement) in
            [("huge", "active", "eu"), ("small", "frozen", "eu"), ("small", "active", "EU")]
        {
            assert!(row(tier, status, placement).is_none(), "{tier} {status} {placement}");
        }
    }

    #[test]
    fn another_databases_url_is_no_catalogs() {
        for url in ["mysql://u:secret@h/d", "postgres://u:secret@h:x/d"] {
            let error = PostgresCatalog::new(url).expect_err("it is refused");
            assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        }
    }
}
