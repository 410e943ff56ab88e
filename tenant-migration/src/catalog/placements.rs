//! Reading and writing the catalog's placements.

use sqlx::Row;
use sqlx::postgres::PgRow;
use tenant_core::PlacementName;

use super::edit_error::CatalogEditError;
use super::editor::{CatalogEditor, Query, constraint};
use super::placement::PlacementRecord;

const PLACEMENT: &str = "name, kind, hosts, max_connections, role_prefix";

impl CatalogEditor {
    /// All placements, by name.
    ///
    /// # Errors
    /// [`CatalogEditError`].
    pub async fn placements(&mut self) -> Result<Vec<PlacementRecord>, CatalogEditError> {
        let query = format!("SELECT {PLACEMENT} FROM tenancy_catalog.placements ORDER BY name COLLATE \"C\"");
        let rows = self.rows(&query, |query| query).await?;
        rows.iter().map(|row| self.placement_of(row)).collect()
    }

    /// A placement.
    ///
    /// # Errors
    /// [`CatalogEditError::UnknownPlacement`] and others.
    pub async fn placement(&mut self, name: &PlacementName) -> Result<PlacementRecord, CatalogEditError> {
        let all = self.placements().await?;
        let known = all.iter().map(|placement| placement.name.clone()).collect();
        let found = all.into_iter().find(|placement| placement.name == *name);
        found.ok_or_else(|| CatalogEditError::UnknownPlacement { name: name.clone(), known })
    }

    /// Adds a placement; `false` where it is there, just so.
    ///
    /// # Errors
    /// [`CatalogEditError::PlacementDiffers`] and others.
    pub async fn add_placement(&mut self, placement: &PlacementRecord) -> Result<bool, CatalogEditError> {
        let query = "INSERT INTO tenancy_catalog.placements (name, kind, hosts, max_connections, role_prefix)
                     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO NOTHING RETURNING name";
        if self.write_placement(query, placement).await? {
            return Ok(true);
        }
        if self.placement(&placement.name).await? == *placement {
            Ok(false)
        } else {
            Err(CatalogEditError::PlacementDiffers { name: placement.name.clone() })
        }
    }

    /// Makes a placement's record what `placement` says.
    ///
    /// # Errors
    /// [`CatalogEditError::UnknownPlacement`] and others.
    pub async fn set_placement(&mut self, placement: &PlacementRecord) -> Result<(), CatalogEditError> {
        let query = "UPDATE tenancy_catalog.placements
                     SET kind = $2, hosts = $3, max_connections = $4, role_prefix = $5 WHERE name = $1 RETURNING name";
        match self.write_placement(query, placement).await? {
            true => Ok(()),
            false => self.placement(&placement.name).await.map(drop),
        }
    }

    async fn write_placement(&mut self, query: &str, placement: &PlacementRecord) -> Result<bool, CatalogEditError> {
        match self.rows(query, |query| bind_placement(query, placement)).await {
            Ok(rows) => Ok(!rows.is_empty()),
            Err(CatalogEditError::Database { source, .. })
                if constraint(&source) == Some("organizations_placement_fkey") =>
            {
                Err(self.in_use(&placement.name).await)
            }
            Err(error) => Err(error),
        }
    }

    /// Removes a placement that no organisation's record names.
    ///
    /// # Errors
    /// [`CatalogEditError::PlacementInUse`], [`CatalogEditError::UnknownPlacement`] and others.
    pub async fn remove_placement(&mut self, name: &PlacementName) -> Result<(), CatalogEditError> {
        let query = "DELETE FROM tenancy_catalog.placements WHERE name = $1 RETURNING name";
        match self.rows(query, |query| query.bind(name.as_str())).await {
            Ok(rows) if rows.is_empty() => self.placement(name).await.map(drop),
            Ok(_) => Ok(()),
            Err(CatalogEditError::Database { source, .. })
                if constraint(&source) == Some("organizations_placement_fkey") =>
            {
                Err(self.in_use(name).await)
            }
            Err(error) => Err(error),
        }
    }

    async fn in_use(&mut self, name: &PlacementName) -> CatalogEditError {
        let query = "SELECT count(*), count(*) FILTER (WHERE status = 'archived') FROM tenancy_catalog.organizations
                     WHERE placement = $1";
        match self.rows(query, |query| query.bind(name.as_str())).await {
            Ok(rows) => {
                let count = |column: usize| rows.first().map_or(0, |row| row.get(column));
                CatalogEditError::PlacementInUse { name: name.clone(), organizations: count(0), archived: count(1) }
            }
            Err(error) => error,
        }
    }

    fn placement_of(&self, row: &PgRow) -> Result<PlacementRecord, CatalogEditError> {
        let name: String = self.column(row, "name")?;
        let kind: String = self.column(row, "kind")?;
        let max_connections: Option<i32> = self.column(row, "max_connections")?;
        let unreadable = |reason: String| CatalogEditError::Unreadable { what: format!("placement `{name}`"), reason };
        Ok(PlacementRecord {
            name: name.parse().map_err(|error| unreadable(format!("{error}")))?,
            kind: kind.parse().map_err(|error| unreadable(format!("{error}")))?,
            hosts: self.column(row, "hosts")?,
            max_connections: max_connections.and_then(|connections| connections.try_into().ok()),
            role_prefix: self.column(row, "role_prefix")?,
        })
    }
}

/// The first five values: its columns, as [`PLACEMENT`] has them.
pub(super) fn bind_placement<'q>(query: Query<'q>, placement: &'q PlacementRecord) -> Query<'q> {
    // More than PostgreSQL's integer holds is more than any server takes.
    let connections = placement.max_connections.map(|connections| i32::try_from(connections).unwrap_or(i32::MAX));
    let query = query.bind(placement.name.as_str()).bind(placement.kind.as_str());
    query.bind(&placement.hosts).bind(connections).bind(&placement.role_prefix)
}
