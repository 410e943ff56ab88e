//! Removes an organisation.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use sqlx::postgres::PgConnection;
use tenant_core::{OrganizationStatus, TenantId};

use super::error::TenantErasureError;
use super::event::{ErasureEvent, ErasureObserver, Lines};
use super::report::{ErasedPlacement, ErasedTable, TenantErasureReport};
use crate::audit::{Erased, Erasure, Moment};
use crate::catalog::{CatalogEditor, DeployUrls, TenantName};
use crate::holdings::Holdings;
use crate::migrator::TenantMigrator;
use crate::site::Site;
use crate::transfer::removal;

/// Whether there is a log, and whether its values may be removed.
const LOG: &str = "SELECT to_regclass('tenancy.access_log_values') IS NOT NULL,
    coalesce(has_table_privilege(to_regclass('tenancy.access_log_values'), 'DELETE'), true), CAST(session_user AS text)";

/// An organisation that is to be removed from every placement of its catalog.
#[derive(Debug)]
#[must_use = "nothing is removed before `run` is called"]
pub struct TenantErasure {
    catalog: CatalogEditor,
    tenant: TenantId,
    reason: String,
    sides: Vec<Place>,
    observer: Arc<dyn ErasureObserver>,
}

/// A placement that was looked at.
#[derive(Debug)]
struct Place {
    side: Site,
    has_log: bool,
}

impl TenantErasure {
    /// Looks at every placement, and removes nothing. `confirmed` is the organisation's name once more; the reason is kept in the
    /// report and in the access log.
    ///
    /// # Errors
    /// [`TenantErasureError`]: also where one placement can't be reached, or has a table with tenants' rows of which the
    /// program doesn't know.
    pub async fn begin(
        migrator: &TenantMigrator,
        mut catalog: CatalogEditor,
        urls: &DeployUrls,
        tenant: &TenantName,
        confirmed: &str,
        reason: &str,
    ) -> Result<Self, TenantErasureError> {
        if reason.trim().is_empty() {
            return Err(TenantErasureError::NoReason);
        }
        let organization = catalog.organization(tenant).await?;
        let tenant = organization.id;
        if let Some(open) = catalog.open_move(tenant).await? {
            return Err(TenantErasureError::Moving { tenant, target: open.target });
        }
        if !matches!(organization.status, OrganizationStatus::Suspended | OrganizationStatus::Archived) {
            return Err(TenantErasureError::Status { tenant, status: organization.status });
        }
        if organization.name != confirmed {
            let (name, confirmed) = (organization.name, confirmed.to_owned());
            return Err(TenantErasureError::Unconfirmed { tenant, name, confirmed });
        }
        let mut sides = Vec::new();
        for placement in catalog.placements().await? {
            let side = Site::find(migrator, &mut catalog, urls, &placement.name).await?;
            sides.push(Place::look(side).await?);
        }
        Ok(Self { catalog, tenant, reason: reason.to_owned(), sides, observer: Arc::new(Lines) })
    }

    /// Who is told how it goes on.
    pub fn observer(mut self, observer: Arc<dyn ErasureObserver>) -> Self {
        self.observer = observer;
        self
    }

    /// Archives the organisation, which is final, and removes all that it has. After an error it can be begun again.
    ///
    /// # Errors
    /// [`TenantErasureError`].
    pub async fn run(mut self) -> Result<TenantErasureReport, TenantErasureError> {
        self.catalog.archive(&TenantName::Id(self.tenant)).await?;
        self.observer.notice(&ErasureEvent::Begun { placements: self.sides.len() });
        let mut placements = Vec::with_capacity(self.sides.len());
        for place in &self.sides {
            placements.push(place.erase(self.tenant, &self.reason, &*self.observer).await?);
        }
        for place in &self.sides {
            place.check(self.tenant).await?;
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ended_at = Moment::from_microseconds(i64::try_from(since.as_micros()).unwrap_or(i64::MAX));
        self.catalog.close().await;
        Ok(TenantErasureReport { organization: self.tenant, reason: self.reason, ended_at, placements })
    }
}

impl Place {
    async fn look(side: Site) -> Result<Self, TenantErasureError> {
        let mut connection = side.open().await?;
        side.holdings(&mut connection).await?;
        let mut login = side.login().await?;
        let look = sqlx::query_as(LOG).persistent(false).fetch_one(&mut login).await;
        let (has_log, may, user): (bool, bool, String) = look.map_err(|error| side.failed(error))?;
        if may {
            Ok(Self { side, has_log })
        } else {
            Err(TenantErasureError::NotEraser { placement: side.name().clone(), user })
        }
    }

    async fn erase(
        &self,
        tenant: TenantId,
        reason: &str,
        observer: &dyn ErasureObserver,
    ) -> Result<ErasedPlacement, TenantErasureError> {
        let side = &self.side;
        let placement = || side.name().to_string();
        let (mut connection, holdings) = self.open().await?;
        let mut tables = Vec::with_capacity(holdings.len());
        for holding in holdings.iter().rev() {
            let table = holding.name.to_string();
            let tell = |rows| {
                observer.notice(&ErasureEvent::Removing { placement: placement(), table: table.clone(), rows });
            };
            let removed = removal::empty_and_tell(&mut connection, holding, tenant, tell).await;
            let rows = removed.map_err(|error| side.failed(error))?;
            observer.notice(&ErasureEvent::Removed { placement: placement(), table: table.clone(), rows });
            tables.push(ErasedTable { table, rows });
        }
        let mut values = 0;
        if self.has_log {
            let failed = |source| TenantErasureError::Log { placement: side.name().clone(), source };
            let erasure = Erasure::new(tenant, Erased::All, reason).map_err(failed)?;
            values = erasure.run(&mut side.login().await?).await.map_err(failed)?.values;
            observer.notice(&ErasureEvent::ValuesRemoved { placement: placement(), entries: values });
        }
        Ok(ErasedPlacement { placement: side.name().to_string(), tables, values })
    }

    /// Refuses rows that came after all were removed.
    async fn check(&self, tenant: TenantId) -> Result<(), TenantErasureError> {
        let (mut connection, holdings) = self.open().await?;
        for holding in holdings.iter() {
            let rows = holding.has_rows(&mut connection, tenant).await.map_err(|error| self.side.failed(error))?;
            if rows {
                let (placement, table) = (self.side.name().clone(), holding.name.to_string());
                return Err(TenantErasureError::Written { placement, table, tenant });
            }
        }
        Ok(())
    }

    async fn open(&self) -> Result<(PgConnection, Holdings), TenantErasureError> {
        let mut connection = self.side.open().await?;
        let holdings = self.side.holdings(&mut connection).await?;
        Ok((connection, holdings))
    }
}
