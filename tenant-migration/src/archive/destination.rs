//! Whom rows are restored for, and where.

use std::sync::Arc;

use sqlx::postgres::PgConnection;
use tenant_core::{OrganizationStatus, PlacementName, TenantId, Tier};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::error::ArchiveError;
use super::event::ArchiveObserver;
use super::frame::Frame;
use super::load::Load;
use crate::catalog::{CatalogEditor, DeployUrls, OrganizationRecord, TenantName};
use crate::holdings::Holdings;
use crate::migrator::TenantMigrator;
use crate::provision::Check;
use crate::site::Site;
use crate::transfer::tally::Tally;

/// Whom an archive's rows are restored for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RestoreAs {
    /// Whose they were. It is suspended, or the catalog has no organisation of its identifier.
    Itself {
        /// Where it is to live, if the catalog doesn't have it.
        placement: Option<PlacementName>,
        /// Its name once more, for the rows that it has there now to be replaced; without it there must be none.
        replace: Option<String>,
    },
    /// A new organisation, which works once all is there.
    New(NewTenant),
}

/// An organisation that is to be made with another's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTenant {
    /// Its identifier; a new one where there is none.
    pub id: Option<TenantId>,
    /// What people call it.
    pub name: String,
    /// Where it is to live.
    pub placement: PlacementName,
}

/// An organisation that gets rows.
#[derive(Debug)]
pub(super) struct Destination {
    organization: Organization,
    tier: Tier,
    site: Site,
    there: Holdings,
    replaces: bool,
}

#[derive(Debug)]
enum Organization {
    /// Not in the catalog yet.
    New {
        id: TenantId,
        name: String,
    },
    Known(OrganizationRecord),
}

impl Organization {
    const fn id(&self) -> TenantId {
        match self {
            Self::New { id, .. } => *id,
            Self::Known(known) => known.id,
        }
    }
}

impl Destination {
    /// For rows that were `former`'s. Looks at the catalog and the placement, and changes neither.
    pub(super) async fn find(
        migrator: &TenantMigrator,
        catalog: &mut CatalogEditor,
        urls: &DeployUrls,
        (former, name, tier): (TenantId, &str, Tier),
        wanted: &RestoreAs,
    ) -> Result<Self, ArchiveError> {
        let (organization, placement, replace) = match wanted {
            RestoreAs::New(wanted) => (new(catalog, wanted).await?, wanted.placement.clone(), None),
            RestoreAs::Itself { placement, replace } => {
                let found = itself(catalog, former, placement.as_ref()).await?;
                match (found, placement) {
                    (Some(found), _) => {
                        let home = found.placement.clone();
                        (Organization::Known(found), home, replace.as_deref())
                    }
                    (None, Some(placement)) => {
                        let (name, placement) = (name.to_owned(), placement.clone());
                        let wanted = NewTenant { id: Some(former), name, placement };
                        (new(catalog, &wanted).await?, wanted.placement, None)
                    }
                    (None, None) => return Err(ArchiveError::NoPlacement { id: former }),
                }
            }
        };
        let site = Site::find(migrator, catalog, urls, &placement).await?;
        let check = Check {
            migrator: &site.migrator,
            placement: &site.placement,
            url: &site.url,
            schema: "public",
            accepted: None,
        };
        check.run(organization.id()).await?;
        let mut connection = site.open().await?;
        let there = site.holdings(&mut connection).await?;
        let mut destination = Self { organization, tier, site, there, replaces: false };
        destination.replaces = destination.may_replace(&mut connection, replace).await?;
        Ok(destination)
    }

    /// Whether what is there is to be replaced; refuses rows that are not.
    async fn may_replace(&self, connection: &mut PgConnection, confirmed: Option<&str>) -> Result<bool, ArchiveError> {
        let (tenant, placement) = (self.organization.id(), self.site.name().clone());
        let mut repair = "nothing says whose they are; look, and remove them first";
        match (&self.organization, confirmed) {
            // No program ever worked for it: an earlier run that was cut short may have left them.
            (Organization::Known(known), _) if known.status == OrganizationStatus::Provisioning => return Ok(true),
            (Organization::Known(known), Some(confirmed)) if known.name != confirmed => {
                let (name, confirmed) = (known.name.clone(), confirmed.to_owned());
                return Err(ArchiveError::Unconfirmed { tenant, name, confirmed });
            }
            (Organization::Known(_), Some(_)) => return Ok(true),
            (Organization::Known(_), None) => {
                repair = "restore as another organisation (--as), or replace them (--replace NAME)";
            }
            (Organization::New { .. }, _) => {}
        }
        let mut inhabited = Vec::new();
        for holding in self.there.iter() {
            if holding.has_rows(connection, tenant).await.map_err(|error| self.site.failed(error))? {
                inhabited.push(holding.name.to_string());
            }
        }
        if inhabited.is_empty() {
            return Ok(false);
        }
        Err(ArchiveError::Inhabited { placement, tenant, tables: inhabited.join(", "), repair })
    }

    /// Refuses rows that can't be rows of its placement.
    pub(super) fn fits(&self, holdings: &Holdings, from: &str) -> Result<(), ArchiveError> {
        let differences = holdings.differences(&self.there);
        if differences.is_empty() {
            return Ok(());
        }
        let differences = differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        let (from, placement) = (from.to_owned(), self.site.name().clone());
        Err(ArchiveError::Unlike { from, placement, differences })
    }

    /// Has it stand in the catalog, where no program works for it yet.
    pub(super) async fn record(&mut self, catalog: &mut CatalogEditor) -> Result<(), ArchiveError> {
        if let Organization::New { id, name } = &self.organization {
            let known = catalog.insert(Some(*id), name, self.tier, &self.site.placement).await?;
            self.organization = Organization::Known(known);
        }
        Ok(())
    }

    /// Writes the rows. Without [`keep`](Self::keep) they are gone again.
    pub(super) async fn load(
        &self,
        frames: mpsc::Receiver<Frame>,
        expected: &[Tally],
        observer: &Arc<dyn ArchiveObserver>,
    ) -> Result<PgConnection, ArchiveError> {
        let (site, there, tenant, replaces) = (&self.site, &self.there, self.organization.id(), self.replaces);
        Load { site, there, tenant, replaces, expected, observer }.run(frames).await
    }

    /// Has the rows stay, and the organisation work if it is new.
    pub(super) async fn keep(
        self,
        mut loaded: PgConnection,
        mut catalog: CatalogEditor,
    ) -> Result<OrganizationRecord, ArchiveError> {
        let id = self.organization.id();
        let now = catalog.organization(&TenantName::Id(id)).await?;
        if let Organization::Known(known) = &self.organization
            && (known.status, &known.placement) != (now.status, &now.placement)
        {
            return Err(ArchiveError::Changed { tenant: id, status: now.status, placement: now.placement });
        }
        refuse_move(&mut catalog, id).await?;
        sqlx::raw_sql("COMMIT").execute(&mut loaded).await.map_err(|error| self.site.failed(error))?;
        let now = match now.status {
            OrganizationStatus::Provisioning => catalog.activate(id).await?,
            _ => now,
        };
        catalog.close().await;
        Ok(now)
    }
}

/// One that isn't there, or that an earlier run didn't complete.
async fn new(catalog: &mut CatalogEditor, wanted: &NewTenant) -> Result<Organization, ArchiveError> {
    let NewTenant { id, name, placement } = wanted;
    catalog.placement(placement).await?;
    let by_id = match id {
        Some(id) => catalog.find(&TenantName::Id(*id)).await?,
        None => None,
    };
    let found = match by_id {
        Some(found) => Some(found),
        None => catalog.find(&TenantName::Name(name.clone())).await?,
    };
    match found {
        None => {
            let id = id.unwrap_or_else(|| TenantId::new(Uuid::new_v4()));
            Ok(Organization::New { id, name: name.clone() })
        }
        Some(found)
            if found.status == OrganizationStatus::Provisioning
                && found.name == *name
                && found.placement == *placement
                && id.is_none_or(|id| id == found.id) =>
        {
            Ok(Organization::Known(found))
        }
        Some(OrganizationRecord { id, name, status, placement, .. }) => {
            Err(ArchiveError::Exists { id, name, status, placement })
        }
    }
}

/// The organisation whose rows they were, as long as nobody works with those that it has.
async fn itself(
    catalog: &mut CatalogEditor,
    id: TenantId,
    placement: Option<&PlacementName>,
) -> Result<Option<OrganizationRecord>, ArchiveError> {
    let Some(found) = catalog.find(&TenantName::Id(id)).await? else { return Ok(None) };
    let status = found.status;
    let repair = match status {
        OrganizationStatus::Suspended | OrganizationStatus::Provisioning => None,
        OrganizationStatus::Archived => Some("that is final; restore as a new organisation (--as NAME --to PLACEMENT)"),
        _ => Some("suspend it first (`migrate tenant suspend`), or restore as a new organisation (--as NAME)"),
    };
    if let Some(repair) = repair {
        return Err(ArchiveError::Status { tenant: id, status, repair });
    }
    refuse_move(catalog, id).await?;
    match placement {
        Some(placement) if *placement != found.placement => {
            Err(ArchiveError::OtherPlacement { id, placement: found.placement })
        }
        _ => Ok(Some(found)),
    }
}

async fn refuse_move(catalog: &mut CatalogEditor, tenant: TenantId) -> Result<(), ArchiveError> {
    match catalog.open_move(tenant).await? {
        Some(open) => Err(ArchiveError::Moving { tenant, target: open.target }),
        None => Ok(()),
    }
}
