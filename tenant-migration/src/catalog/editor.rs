//! Reading and writing the catalog: its organisations, and the connection.

use sqlx::postgres::{PgArguments, PgConnection, PgDatabaseError, PgRow};
use sqlx::{Connection, Row};
use tenant_core::{OrganizationStatus, PlacementName, TenantId, Tier};

use super::edit_error::{CatalogEditError, rule};
use super::organization::{OrganizationRecord, TenantName};
use super::placement::PlacementRecord;
use super::placements::bind_placement;
use crate::database_url::{DatabaseUrl, Place};
use crate::reach;

const ORGANIZATION: &str = r#"id::text, name, tier, status, placement, epoch,
    pg_catalog.to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
    pg_catalog.to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at"#;

/// A query whose values are being bound.
pub(super) type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, PgArguments>;

/// Reads and writes the catalog, on a connection of its own. Each call is a transaction.
#[derive(Debug)]
pub struct CatalogEditor {
    connection: PgConnection,
    place: Place,
    role: String,
}

impl CatalogEditor {
    /// Connects to the metadata database.
    ///
    /// # Errors
    /// [`CatalogEditError::Reach`].
    pub async fn connect(url: &DatabaseUrl) -> Result<Self, CatalogEditError> {
        let connection = reach::look_at(url).await?;
        let role = url.user().to_owned();
        Ok(Self { connection, place: url.place().clone(), role })
    }

    /// The organisations, by name; only those of one status, of one placement.
    ///
    /// # Errors
    /// [`CatalogEditError`].
    pub async fn organizations(
        &mut self,
        status: Option<OrganizationStatus>,
        placement: Option<&PlacementName>,
    ) -> Result<Vec<OrganizationRecord>, CatalogEditError> {
        let query = format!(
            "SELECT {ORGANIZATION} FROM tenancy_catalog.organizations
             WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR placement = $2) ORDER BY name COLLATE \"C\", id"
        );
        let (status, placement) = (status.map(OrganizationStatus::as_str), placement.map(PlacementName::as_str));
        let rows = self.rows(&query, |query| query.bind(status).bind(placement)).await?;
        rows.iter().map(|row| self.organization_of(row)).collect()
    }

    /// An organisation, or `None`. One that is archived is found by its identifier alone.
    ///
    /// # Errors
    /// [`CatalogEditError`].
    pub async fn find(&mut self, tenant: &TenantName) -> Result<Option<OrganizationRecord>, CatalogEditError> {
        let (condition, value) = match tenant {
            TenantName::Id(id) => ("id = $1::uuid", id.to_string()),
            TenantName::Name(name) => ("name = $1 AND status <> 'archived'", name.clone()),
        };
        let query = format!("SELECT {ORGANIZATION} FROM tenancy_catalog.organizations WHERE {condition}");
        let rows = self.rows(&query, |query| query.bind(value)).await?;
        rows.first().map(|row| self.organization_of(row)).transpose()
    }

    /// An organisation.
    ///
    /// # Errors
    /// [`CatalogEditError::UnknownTenant`] and others.
    pub async fn organization(&mut self, tenant: &TenantName) -> Result<OrganizationRecord, CatalogEditError> {
        self.find(tenant).await?.ok_or_else(|| CatalogEditError::UnknownTenant { tenant: tenant.clone() })
    }

    /// Gives an organisation another tier; running programs follow at once.
    ///
    /// # Errors
    /// [`CatalogEditError::UnknownTenant`] and others.
    pub async fn set_tier(&mut self, tenant: &TenantName, tier: Tier) -> Result<OrganizationRecord, CatalogEditError> {
        let id = self.organization(tenant).await?.id;
        let query = format!(
            "UPDATE tenancy_catalog.organizations SET tier = $2 WHERE id = $1::uuid AND tier <> $2 RETURNING {ORGANIZATION}"
        );
        let rows = self.rows(&query, |query| query.bind(id.to_string()).bind(tier.as_str())).await?;
        match rows.first() {
            Some(row) => self.organization_of(row),
            None => self.organization(&TenantName::Id(id)).await,
        }
    }

    /// Takes an active organisation's access away; its rows stay.
    ///
    /// # Errors
    /// [`CatalogEditError::Status`] and others.
    pub async fn suspend(&mut self, tenant: &TenantName) -> Result<OrganizationRecord, CatalogEditError> {
        self.change(tenant, &[OrganizationStatus::Active], OrganizationStatus::Suspended).await
    }

    /// Gives a suspended organisation its access back.
    ///
    /// # Errors
    /// [`CatalogEditError::Status`] and others.
    pub async fn resume(&mut self, tenant: &TenantName) -> Result<OrganizationRecord, CatalogEditError> {
        self.change(tenant, &[OrganizationStatus::Suspended], OrganizationStatus::Active).await
    }

    /// Ends an organisation that is suspended or was never completed, for good. Its rows stay where they are.
    ///
    /// # Errors
    /// [`CatalogEditError::Status`] and others.
    pub async fn archive(&mut self, tenant: &TenantName) -> Result<OrganizationRecord, CatalogEditError> {
        let from = [OrganizationStatus::Provisioning, OrganizationStatus::Suspended];
        self.change(tenant, &from, OrganizationStatus::Archived).await
    }

    /// Lets programs work for an organisation that was made.
    pub(crate) async fn activate(&mut self, id: TenantId) -> Result<OrganizationRecord, CatalogEditError> {
        self.change(&TenantName::Id(id), &[OrganizationStatus::Provisioning], OrganizationStatus::Active).await
    }

    /// One that has the status already is left alone.
    async fn change(
        &mut self,
        tenant: &TenantName,
        from: &[OrganizationStatus],
        wanted: OrganizationStatus,
    ) -> Result<OrganizationRecord, CatalogEditError> {
        let id = self.organization(tenant).await?.id;
        let query = format!(
            "UPDATE tenancy_catalog.organizations SET status = $3 WHERE id = $1::uuid AND status = ANY ($2)
             RETURNING {ORGANIZATION}"
        );
        let from: Vec<&str> = from.iter().map(|status| status.as_str()).collect();
        let rows = self.rows(&query, |query| query.bind(id.to_string()).bind(&from).bind(wanted.as_str())).await?;
        if let Some(row) = rows.first() {
            return self.organization_of(row);
        }
        let found = self.organization(&TenantName::Id(id)).await?;
        if found.status == wanted {
            return Ok(found);
        }
        Err(CatalogEditError::Status { id, name: found.name, status: found.status, wanted })
    }

    /// Records an organisation that is to be made, with a new identifier unless there is one; and its placement, unless it is
    /// there, just so. Both or neither.
    pub(crate) async fn insert(
        &mut self,
        id: Option<TenantId>,
        name: &str,
        tier: Tier,
        placement: &PlacementRecord,
    ) -> Result<OrganizationRecord, CatalogEditError> {
        let found = self.placements().await?.into_iter().find(|found| found.name == placement.name);
        if found.as_ref().is_some_and(|found| found != placement) {
            return Err(CatalogEditError::PlacementDiffers { name: placement.name.clone() });
        }
        // One statement, which no interruption leaves half done. Asking it for the name makes the placement first.
        let query = format!(
            "WITH placed AS (
               INSERT INTO tenancy_catalog.placements (name, kind, hosts, max_connections, role_prefix)
               SELECT $1, $2, $3, $4, $5 WHERE $6 RETURNING name)
             INSERT INTO tenancy_catalog.organizations (id, name, tier, status, placement)
             SELECT coalesce($7::uuid, pg_catalog.gen_random_uuid()), $8, $9, 'provisioning',
               coalesce((SELECT placed.name FROM placed), $1) RETURNING {ORGANIZATION}"
        );
        let id = id.map(|id| id.to_string());
        let inserted = self.rows(&query, |query| {
            bind_placement(query, placement).bind(found.is_none()).bind(id).bind(name).bind(tier.as_str())
        });
        match inserted.await {
            Ok(rows) => match rows.first() {
                Some(row) => self.organization_of(row),
                None => Err(CatalogEditError::UnknownTenant { tenant: TenantName::Name(name.to_owned()) }),
            },
            Err(CatalogEditError::Database { source, place }) => {
                let holder = self.holder(constraint(&source), name, &placement.name).await?;
                Err(holder.unwrap_or(CatalogEditError::Database { source, place }))
            }
            Err(error) => Err(error),
        }
    }

    /// Who is in the way of a new organisation.
    async fn holder(
        &mut self,
        constraint: Option<&str>,
        name: &str,
        placement: &PlacementName,
    ) -> Result<Option<CatalogEditError>, CatalogEditError> {
        Ok(match constraint {
            Some("organizations_name_key") => {
                let found = self.find(&TenantName::Name(name.to_owned())).await?;
                found.map(|found| CatalogEditError::NameTaken { name: name.to_owned(), id: found.id })
            }
            Some("organizations_dedicated_key") => {
                let all = self.organizations(None, Some(placement)).await?;
                let found = all.into_iter().find(|found| found.status != OrganizationStatus::Archived);
                found.map(|found| CatalogEditError::Dedicated { placement: placement.clone(), id: found.id })
            }
            _ => None,
        })
    }

    /// Ends the connection.
    pub async fn close(self) {
        drop(self.connection.close().await);
    }

    pub(super) async fn rows<'q>(
        &mut self,
        query: &'q str,
        bind: impl FnOnce(Query<'q>) -> Query<'q>,
    ) -> Result<Vec<PgRow>, CatalogEditError> {
        let rows = bind(sqlx::query(sqlx::AssertSqlSafe(query))).fetch_all(&mut self.connection).await;
        rows.map_err(|source| self.explain(source))
    }

    fn explain(&self, source: sqlx::Error) -> CatalogEditError {
        let place = self.place.clone();
        let refusal = source.as_database_error().map(|refusal| (refusal.code(), refusal.message().to_owned()));
        match refusal {
            Some((Some(code), reason)) => match &*code {
                "42P01" | "3F000" => CatalogEditError::Missing { place },
                "42501" | "25006" => CatalogEditError::Forbidden { place, role: self.role.clone() },
                "23514" | "23502" | "55000" => {
                    let rule = constraint(&source).and_then(rule);
                    CatalogEditError::Refused { reason: rule.map_or(reason, str::to_owned) }
                }
                _ => CatalogEditError::Database { place, source },
            },
            _ => CatalogEditError::Database { place, source },
        }
    }

    fn organization_of(&self, row: &PgRow) -> Result<OrganizationRecord, CatalogEditError> {
        let text = |column| self.column::<String>(row, column);
        let id = text("id")?;
        let unreadable = |reason: String| CatalogEditError::Unreadable { what: format!("organisation {id}"), reason };
        Ok(OrganizationRecord {
            id: id.parse().map_err(|error| unreadable(format!("{error}")))?,
            name: text("name")?,
            tier: text("tier")?.parse().map_err(|error| unreadable(format!("{error}")))?,
            status: text("status")?.parse().map_err(|error| unreadable(format!("{error}")))?,
            placement: text("placement")?.parse().map_err(|error| unreadable(format!("{error}")))?,
            epoch: self.column(row, "epoch")?,
            created_at: text("created_at")?,
            updated_at: text("updated_at")?,
        })
    }

    pub(super) fn column<'r, T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>>(
        &self,
        row: &'r PgRow,
        column: &str,
    ) -> Result<T, CatalogEditError> {
        row.try_get(column).map_err(|source| self.explain(source))
    }
}

/// The constraint that a refusal names.
pub(super) fn constraint(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error()?.try_downcast_ref::<PgDatabaseError>()?.constraint()
}
