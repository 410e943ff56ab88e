//! A catalog in memory, which can be cut off, go silent or go down.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use tenant_core::{
    Catalog, CatalogChange, CatalogError, CatalogListener, CatalogMark, CatalogState, Organization, Placement,
    PlacementName, TenantId,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

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
    /// What is said of these can't be read.
    unreadable: BTreeSet<TenantId>,
    /// What the next answers wait for, one after the other.
    held: VecDeque<oneshot::Receiver<()>>,
    /// What is not told yet.
    withheld: Option<VecDeque<CatalogChange>>,
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

    /// Holds the next answer back that is not held back yet, until what this gives is dropped. It is as of the moment that it is
    /// asked for.
    pub(crate) fn hold_next(&self) -> oneshot::Sender<()> {
        let (holder, held) = oneshot::channel();
        self.content().held.push_back(held);
        holder
    }

    /// Whether all answers that were to be held back are.
    pub(crate) fn is_holding(&self) -> bool {
        self.content().held.is_empty()
    }

    /// Tells nothing until it is let through.
    pub(crate) fn withhold(&self) {
        self.content().withheld = Some(VecDeque::new());
    }

    /// Tells so many of the changes that are withheld.
    pub(crate) fn let_through(&self, changes: usize) {
        let mut content = self.content();
        let mut withheld = content.withheld.take().expect("changes are withheld");
        for change in withheld.drain(..changes) {
            content.tell(change);
        }
        content.withheld = Some(withheld);
    }

    /// Says something of the organisation that no program can read.
    pub(crate) fn garble(&self, id: TenantId) {
        let mut content = self.content();
        content.clock += 1;
        let clock = content.clock;
        content.organizations.get_mut(&id).expect("an organisation").1 = clock;
        content.unreadable.insert(id);
        content.tell(CatalogChange::Organization(id));
    }

    /// Is replaced by a copy of an earlier time, with other organisations.
    pub(crate) fn restore(&self, organizations: Vec<Organization>) {
        let mut content = self.content();
        content.clock = 1;
        content.organizations = organizations.into_iter().map(|of| (of.id, (of, 1))).collect();
    }

    /// Waits, if this answer is to be held back.
    async fn answer(&self) {
        let held = self.content().held.pop_front();
        if let Some(held) = held {
            drop(held.await);
        }
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().expect("no test panics while it holds it")
    }
}

impl Content {
    fn tell(&mut self, change: CatalogChange) {
        if let Some(withheld) = &mut self.withheld {
            withheld.push_back(change);
        } else if !self.silent {
            self.listeners.retain(|listener| listener.send(change).is_ok());
        }
    }

    fn reachable(&self) -> Result<(), CatalogError> {
        if self.down { Err(unreachable()) } else { Ok(()) }
    }

    fn state(&self, which: impl Fn(i64) -> bool) -> CatalogState {
        let which = self.organizations.values().filter(|(_, changed)| which(*changed));
        let (unreadable, organizations): (Vec<_>, Vec<_>) =
            which.map(|(organization, _)| organization.clone()).partition(|of| self.unreadable.contains(&of.id));
        CatalogState {
            organizations,
            unreadable: unreadable.into_iter().map(|of| of.id).collect(),
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
        let state = {
            let content = self.content();
            content.reachable()?;
            content.state(|_| true)
        };
        self.answer().await;
        Ok(state)
    }

    async fn read_since(&self, mark: CatalogMark) -> Result<CatalogState, CatalogError> {
        let state = {
            let content = self.content();
            content.reachable()?;
            content.state(|changed| changed >= mark.0)
        };
        self.answer().await;
        Ok(state)
    }

    async fn organization(&self, id: TenantId) -> Result<Option<Organization>, CatalogError> {
        let organization = {
            let mut content = self.content();
            content.asked += 1;
            content.reachable()?;
            let readable = content.organizations.get(&id).filter(|_| !content.unreadable.contains(&id));
            readable.map(|(organization, _)| organization.clone())
        };
        self.answer().await;
        Ok(organization)
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
