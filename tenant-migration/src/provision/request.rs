//! What is asked for.

use tenant_core::{PlacementKind, PlacementName, TenantId, Tier};

use crate::catalog::PlacementRecord;
use crate::database_url::DatabaseUrl;

/// An organisation that is to be.
#[derive(Clone, Debug)]
pub struct TenantRequest {
    /// Its identifier; a new one where there is none.
    pub id: Option<TenantId>,
    /// What people call it.
    pub name: String,
    /// What it may take.
    pub tier: Tier,
    /// Where its rows are to live.
    pub placement: PlacementName,
    /// Whether that is there already.
    pub home: Home,
}

/// Where an organisation is to live.
#[derive(Clone, Debug)]
pub enum Home {
    /// In a placement that the catalog has.
    Existing,
    /// In a database of its own, which is made.
    Dedicated(Box<NewDatabase>),
}

/// A database that is to be made.
#[derive(Clone, Debug)]
pub struct NewDatabase {
    /// A database of the server it is made on, as a role that may make databases and roles.
    pub server: DatabaseUrl,
    /// Its name; the placement's where there is none.
    pub name: Option<String>,
    /// What its roles' names begin with; the placement's name where there is nothing.
    pub role_prefix: Option<String>,
    /// The collation and character type of the operating system's library.
    pub collation: String,
}

impl NewDatabase {
    /// One that sorts by code points (`C`): no update of the server's system changes that order, which indexes rest on.
    #[must_use]
    pub fn on(server: DatabaseUrl) -> Self {
        Self { server, name: None, role_prefix: None, collation: "C".to_owned() }
    }
}

impl TenantRequest {
    /// The placement of a dedicated one, as the catalog is to have it.
    pub(super) fn dedicated(&self, database: &NewDatabase) -> PlacementRecord {
        let prefix = database.role_prefix.as_deref().unwrap_or(self.placement.as_str());
        let record = PlacementRecord::new(self.placement.clone(), PlacementKind::Dedicated);
        PlacementRecord { role_prefix: Some(prefix.to_owned()), ..record }
    }
}
