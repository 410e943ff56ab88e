//! Making an organisation, step by step.

use std::mem;

use tenant_core::{OrganizationStatus, PlacementName};

use super::check::Check;
use super::database;
use super::error::ProvisionError;
use super::request::{Home, NewDatabase, TenantRequest};
use super::step::ProvisionStep;
use crate::catalog::{CatalogEditError, CatalogEditor, DeployUrls, OrganizationRecord, PlacementRecord, TenantName};
use crate::database_url::DatabaseUrl;
use crate::ident::Ident;
use crate::migrator::TenantMigrator;
use crate::reach;
use crate::verify::Baseline;

/// An organisation that is being made.
///
/// ```no_run
/// use tenant_core::{Registry, Tier};
/// use tenant_migration::TenantMigrator;
/// use tenant_migration::catalog::{CatalogEditor, DeployUrls};
/// use tenant_migration::provision::{Home, Provisioning, TenantRequest};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let migrator = TenantMigrator::new(&Registry::collect()?)?;
/// let catalog = CatalogEditor::connect(&"postgres://deploy@db.example/meta".parse()?).await?;
/// let placement = "eu_1".parse()?;
/// let request = TenantRequest { id: None, name: "Acme".to_owned(), tier: Tier::Small, placement, home: Home::Existing };
/// let mut provisioning = Provisioning::new(&migrator, catalog, DeployUrls::from_environment(), request);
/// while let Some(step) = provisioning.step().await? {
///     println!("{step}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing is done before `step` is called"]
pub struct Provisioning<'a> {
    migrator: &'a TenantMigrator,
    catalog: CatalogEditor,
    urls: DeployUrls,
    request: TenantRequest,
    schema: String,
    accepted: Option<Baseline>,
    stage: Stage,
}

/// What comes next.
#[derive(Debug)]
enum Stage {
    Record,
    Database(Box<Site>, Box<NewDatabase>, Ident),
    Migrate(Box<Site>),
    Check(Box<Site>),
    Activate(OrganizationRecord),
    Done,
}

/// Where an organisation is being made.
#[derive(Debug)]
struct Site {
    organization: OrganizationRecord,
    placement: PlacementRecord,
    url: DatabaseUrl,
    migrator: TenantMigrator,
}

impl<'a> Provisioning<'a> {
    /// What `request` asks for, in `catalog`. Nothing is done yet.
    pub fn new(migrator: &'a TenantMigrator, catalog: CatalogEditor, urls: DeployUrls, request: TenantRequest) -> Self {
        let (schema, accepted, stage) = ("public".to_owned(), None, Stage::Record);
        Self { migrator, catalog, urls, request, schema, accepted, stage }
    }

    /// The schema of SeaORM's record and of the application's own migrations; `public` if not said.
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = schema.into();
        self
    }

    /// Findings that `verify` may have.
    pub fn accept(mut self, accepted: Baseline) -> Self {
        self.accepted = Some(accepted);
        self
    }

    /// Does the next step and says what it was; `None` when all is done. After an error it can be called again, as can the same
    /// request later: each step is found done if it is.
    ///
    /// # Errors
    /// [`ProvisionError`] says what is in the way.
    pub async fn step(&mut self) -> Result<Option<ProvisionStep>, ProvisionError> {
        let stage = mem::replace(&mut self.stage, Stage::Record);
        let (step, next) = match stage {
            Stage::Record => self.record().await?,
            Stage::Database(site, new, name) => {
                let made = database::make(&new, &name, site.migrator.roles(), site.organization.id).await?;
                (ProvisionStep::Database { name: name.as_str().to_owned(), made }, Stage::Migrate(site))
            }
            Stage::Migrate(site) => (self.migrate(&site).await?, Stage::Check(site)),
            Stage::Check(site) => (self.check(&site).await?, Stage::Activate(site.organization)),
            Stage::Activate(organization) => {
                (ProvisionStep::Active(self.catalog.activate(organization.id).await?), Stage::Done)
            }
            Stage::Done => {
                self.stage = Stage::Done;
                return Ok(None);
            }
        };
        self.stage = next;
        Ok(Some(step))
    }

    /// The first step. All that can be known to be wrong is found before anything is written.
    async fn record(&mut self) -> Result<(ProvisionStep, Stage), ProvisionError> {
        let found = self.found().await?;
        if let Some(found) = &found
            && found.status == OrganizationStatus::Active
        {
            self.compare_home().await?;
            return Ok((ProvisionStep::Active(found.clone()), Stage::Done));
        }
        let placement = match &self.request.home {
            Home::Existing => self.catalog.placement(&self.request.placement).await?,
            Home::Dedicated(new) => self.request.dedicated(new),
        };
        let named = |source| ProvisionError::Roles { placement: self.request.placement.clone(), source };
        let migrator = match placement.roles().map_err(named)? {
            Some(roles) => self.migrator.with_roles(roles)?,
            None => self.migrator.with_roles(self.migrator.roles().clone())?,
        };
        let (url, new) = match self.request.home.clone() {
            Home::Existing => (self.urls.url(&placement.name)?, None),
            Home::Dedicated(new) => {
                let name = Ident::new(new.name.as_deref().unwrap_or(placement.name.as_str()))?;
                (new.server.with_database(name.as_str()), Some((new, name)))
            }
        };
        self.refuse_twin(&placement, &url).await?;
        let organization = match found {
            Some(found) => {
                self.compare_home().await?;
                found
            }
            None => {
                let TenantRequest { id, name, tier, .. } = &self.request;
                self.catalog.insert(*id, name, *tier, &placement).await?
            }
        };
        let step = ProvisionStep::Recorded(organization.clone());
        let site = Box::new(Site { organization, placement, url, migrator });
        let next = match new {
            Some((new, name)) => Stage::Database(site, new, name),
            None => Stage::Check(site),
        };
        Ok((step, next))
    }

    /// The organisation, where it is there already just as it was asked for.
    async fn found(&mut self) -> Result<Option<OrganizationRecord>, ProvisionError> {
        let request = &self.request;
        let tenant = request.id.map_or_else(|| TenantName::Name(request.name.clone()), TenantName::Id);
        let Some(found) = self.catalog.find(&tenant).await? else { return Ok(None) };
        let mut differences = Vec::new();
        let mut compare = |what: &str, is: &dyn std::fmt::Display, asked: &dyn std::fmt::Display| {
            let (is, asked) = (is.to_string(), asked.to_string());
            if is != asked {
                differences.push(format!("its {what} is {is}, and {asked} was asked for"));
            }
        };
        compare("name", &found.name, &request.name);
        compare("tier", &found.tier, &request.tier);
        compare("placement", &found.placement, &request.placement);
        if !differences.is_empty() {
            let OrganizationRecord { id, name, .. } = found;
            return Err(ProvisionError::Differs { id, name, differences: differences.join(", ") });
        }
        match found.status {
            OrganizationStatus::Provisioning | OrganizationStatus::Active => Ok(Some(found)),
            status => {
                let (id, name, wanted) = (found.id, found.name, OrganizationStatus::Active);
                Err(CatalogEditError::Status { id, name, status, wanted }.into())
            }
        }
    }

    /// The placement of an organisation that is there must be as it is asked for: one of its own is dedicated, with its roles.
    async fn compare_home(&mut self) -> Result<(), ProvisionError> {
        let Home::Dedicated(new) = &self.request.home else { return Ok(()) };
        let wanted = self.request.dedicated(new);
        let is = self.catalog.placement(&wanted.name).await?;
        if (is.kind, is.role_prefix) == (wanted.kind, wanted.role_prefix) {
            Ok(())
        } else {
            Err(CatalogEditError::PlacementDiffers { name: wanted.name }.into())
        }
    }

    /// Two placements in one database: organisations of both would share it, whatever their kinds say. As far as the URLs that
    /// are known here show it.
    async fn refuse_twin(&mut self, placement: &PlacementRecord, url: &DatabaseUrl) -> Result<(), ProvisionError> {
        let others = self.catalog.placements().await?.into_iter().map(|other| other.name);
        let is_same = |other: &PlacementName| {
            let other = self.urls.url(other);
            other.is_ok_and(|other| other.place() == url.place())
        };
        match others.filter(|other| *other != placement.name).find(is_same) {
            Some(other) => {
                let (placement, place) = (placement.name.clone(), url.place().clone());
                Err(ProvisionError::SameDatabase { placement, other, place })
            }
            None => Ok(()),
        }
    }

    async fn migrate(&self, site: &Site) -> Result<ProvisionStep, ProvisionError> {
        let placement = &site.placement.name;
        let unreachable = |source| ProvisionError::Reach { placement: placement.clone(), source };
        let db = reach::connect(&site.url, &self.schema).await.map_err(unreachable)?;
        let applied = site.migrator.up(&db, None).await;
        drop(db.close().await);
        let applied = applied.map_err(|source| ProvisionError::Migration { placement: placement.clone(), source })?;
        Ok(ProvisionStep::Migrated { applied })
    }

    async fn check(&self, site: &Site) -> Result<ProvisionStep, ProvisionError> {
        let Site { organization, placement, url, migrator } = site;
        let check = Check { migrator, placement, url, schema: &self.schema, accepted: self.accepted.as_ref() };
        Ok(ProvisionStep::Checked { notes: check.run(organization.id).await? })
    }
}
