//! A catalog in memory, which can be cut off, go silent or go down.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use tenant_core::{
    Catalog, CatalogChange, CatalogError, CatalogListener, CatalogMark, CatalogState, Organization, Placement,
    PlacementName, TenantId,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Its clones are the same catalog.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryCatalog(Arc<Mutex<Content>>);

#[derive(Debug, Default)]
struct Content {
    organizations: BTreeMap<TenantId, (Organization, i64)>,
    placements: BTreeMap<PlacementName, Placement>,
    clock: i64,
    listeners: Vec<UnboundedSender<CatalogChange>>,
    /// Nobody can listen.
    deaf: bool,
    /// Nobody is told.
    silent: bool,
    /// Nothing can be read.
    down: bool,
    asked: u32,
}

impl MemoryCatalog {
    /// Makes or changes a placement.
    pub(crate) fn place(&self, placement: Placement) {
        let mut content = self.content();
        content.clock += 1;
        content.placements.insert(placement.name.clone(), placement);
        content.tell(CatalogChange::Placements);
    }

    /// Makes or changes an organisation; the epoch is counted here.
    pub(crate) fn put(&self, mut organization: Organization) {
        let mut content = self.content();
        content.clock += 1;
        let (id, clock) = (organization.id, content.clock);
        organization.epoch = content.organizations.get(&id).map_or(1, |(former, _)| former.epoch + 1);
        content.organizations.insert(id, (organization, clock));
        content.tell(CatalogChange::Organization(id));
    }

    /// Deletes an organisation.
    pub(crate) fn delete(&self, id: TenantId) {
        let mut content = self.content();
        content.organizations.remove(&id);
        content.tell(CatalogChange::Organization(id));
    }

    /// Ends all connections that listen; until it is called with `false`, there are no new ones.
    pub(crate) fn cut(&self, deaf: bool) {
        let mut content = self.content();
        content.deaf = deaf;
        content.listeners.clear();
    }

    /// Tells nothing, on connections that stay up.
    pub(crate) fn silence(&self, silent: bool) {
        self.content().silent = silent;
    }

    /// Goes down, or comes back.
    pub(crate) fn down(&self, down: bool) {
        let mut content = self.content();
        content.down = down;
        content.listeners.clear();
    }

    /// How often single organisations were asked for.
    pub(crate) fn asked(&self) -> u32 {
        self.content().asked
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().expect("no test panics while it holds it")
    }
}

impl Content {
    fn tell(&mut self, change: CatalogChange) {
        if !self.silent {
            self.listeners.retain(|listener| listener.send(change).is_ok());
        }
    }

    fn reachable(&self) -> Result<(), CatalogError> {
        if self.down { Err(unreachable()) } else { Ok(()) }
    }

    fn state(&self, which: impl Fn(i64) -> bool) -> CatalogState {
        let organizations = self.organizations.values().filter(|(_, changed)| which(*changed));
        CatalogState {
            organizations: organizations.map(|(organization, _)| organization.clone()).collect(),
            placements: self.placements.values().cloned().collect(),
            // What was changed until now is not told again.
            mark: CatalogMark(self.clock + 1),
        }
    }
}

fn unreachable() -> CatalogError {
    CatalogError::Unreachable { server: "the test's memory".to_owned(), source: "it is down".into() }
}

#[async_trait]
impl Catalog for MemoryCatalog {
    async fn read(&self) -> Result<CatalogState, CatalogError> {
        let content = self.content();
        content.reachable()?;
        let state = content.state(|_| true);
        let ids: BTreeSet<_> = state.organizations.iter().map(|organization| organization.id).collect();
        assert_eq!(ids.len(), state.organizations.len());
        Ok(state)
    }

    async fn read_since(&self, mark: CatalogMark) -> Result<CatalogState, CatalogError> {
        let content = self.content();
        content.reachable()?;
        Ok(content.state(|changed| changed >= mark.0))
    }

    async fn organization(&self, id: TenantId) -> Result<Option<Organization>, CatalogError> {
        let mut content = self.content();
        content.asked += 1;
        content.reachable()?;
        Ok(content.organizations.get(&id).map(|(organization, _)| organization.clone()))
    }

    async fn listen(&self) -> Result<Box<dyn CatalogListener>, CatalogError> {
        let mut content = self.content();
        content.reachable()?;
        if content.deaf {
            return Err(unreachable());
        }
        let (listener, told) = unbounded_channel();
        content.listeners.push(listener);
        Ok(Box::new(Listener(told)))
    }
}

struct Listener(UnboundedReceiver<CatalogChange>);

#[async_trait]
impl CatalogListener for Listener {
    async fn next(&mut self) -> Result<CatalogChange, CatalogError> {
        self.0.recv().await.ok_or_else(unreachable)
    }
}
