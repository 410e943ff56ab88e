//! Opening a placement: its URL, its settings, and the check that isolation holds on it.

use std::fmt;
use std::sync::Arc;

use tokio::runtime::Handle;

use super::error::RoutingError;
use super::placement_urls::exposed;
use crate::database::Backend;
use crate::scope::Rewriter;
use crate::{ConnectionBudget, Placement, PlacementKind, PlacementUrls, TenantDatabase, TenantDatabaseBuilder, Tier};

/// What a program wants for each of its databases.
pub(super) type Customise = Arc<dyn Fn(TenantDatabaseBuilder) -> TenantDatabaseBuilder + Send + Sync>;

/// What all placements are opened with.
pub(super) struct Opening {
    pub(super) urls: Arc<dyn PlacementUrls>,
    /// One for all of them: a text that was rewritten for one placement is right for every other.
    pub(super) rewriter: Rewriter,
    pub(super) budget: Option<ConnectionBudget>,
    pub(super) customise: Customise,
    /// Where they are opened, and where what is done for them in the background is done: that of whoever needs one first may end
    /// before the others are done with it.
    pub(super) runtime: Handle,
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opening").field("urls", &self.urls).field("budget", &self.budget).finish_non_exhaustive()
    }
}

impl Opening {
    /// Opens a placement; `tier` is that of its organisation, if it is a dedicated one, and `former` why it couldn't be opened last.
    pub(super) async fn open(
        &self,
        placement: &Placement,
        tier: Tier,
        former: Option<&RoutingError>,
    ) -> Result<Arc<Backend>, RoutingError> {
        let url = self.urls.url(&placement.name).map_err(|error| RoutingError::Url(Arc::new(error)))?;
        let mut builder =
            (self.customise)(TenantDatabase::builder(exposed(&url))).shared_rewriter(self.rewriter.clone());
        builder = builder.logging_refusal(!former.is_some_and(RoutingError::is_of_the_preflight));
        if let Some(budget) = &self.budget {
            builder = builder.budget(budget);
        }
        if !placement.hosts.is_empty() {
            builder = builder.hosts(&placement.hosts);
        }
        builder = match (placement.kind, placement.max_connections) {
            (PlacementKind::Dedicated, connections) => builder.dedicated_to(tier, connections),
            (PlacementKind::Shared, Some(connections)) => builder.max_connections(connections),
            (PlacementKind::Shared, None) => builder,
        };
        let database = builder.build().await;
        let database = database
            .map_err(|error| RoutingError::Unusable { placement: placement.name.clone(), source: Arc::new(error) })?;
        Ok(database.into_backend())
    }
}
