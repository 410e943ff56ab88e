//! What a router knows of the catalog, in memory.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

use super::error::RoutingError;
use super::home::Home;
use crate::{CatalogState, Organization, OrganizationStatus, Placement, PlacementName, TenantId, Tier};

/// Who lives where.
#[derive(Debug)]
pub(super) struct Directory {
    made: Instant,
    state: RwLock<State>,
    changed: Notify,
}

impl Default for Directory {
    fn default() -> Self {
        Self { made: Instant::now(), state: RwLock::default(), changed: Notify::default() }
    }
}

/// When it was learned that an organisation lives where it lives: in seconds since the directory was made, which take few bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Since(u32);

#[derive(Debug, Default)]
struct State {
    organizations: HashMap<TenantId, Entry>,
    homes: HashMap<PlacementName, Arc<Home>>,
    /// How often organisations were removed.
    removals: u64,
}

/// An organisation, in as few bytes as it takes: there may be 100,000.
#[derive(Clone, Debug)]
struct Entry {
    home: Arc<Home>,
    epoch: i64,
    since: Since,
    tier: Tier,
    status: OrganizationStatus,
}

impl Entry {
    fn address(&self) -> Address {
        Address { home: Arc::clone(&self.home), tier: self.tier, since: self.since }
    }

    /// Makes its home as large as its tier says, if that is its own.
    fn fit(&self) {
        if self.status != OrganizationStatus::Archived {
            self.home.fit(self.tier);
        }
    }
}

/// Where an organisation's statements go now.
#[derive(Clone, Debug)]
pub(super) struct Address {
    pub(super) home: Arc<Home>,
    pub(super) tier: Tier,
    pub(super) since: Since,
}

/// Placements that nobody lives at any more as they were described, to be closed.
pub(super) type Left = Vec<Arc<Home>>;

impl Directory {
    /// Where the organisation's statements go, if it may work; `None` if it isn't known.
    pub(super) fn find(&self, tenant: TenantId) -> Option<Result<Address, RoutingError>> {
        let state = self.read();
        let entry = state.organizations.get(&tenant)?;
        Some(match entry.status {
            OrganizationStatus::Active => Ok(entry.address()),
            OrganizationStatus::Provisioning => {
                Err(RoutingError::Provisioning { tenant, placement: entry.home.name().clone() })
            }
            OrganizationStatus::Suspended => Err(RoutingError::Suspended { tenant }),
            OrganizationStatus::Moving => Err(RoutingError::Moving { tenant }),
            OrganizationStatus::Archived => Err(RoutingError::Archived { tenant }),
        })
    }

    /// Where the organisation lives, whether or not it may work.
    pub(super) fn home_of(&self, tenant: TenantId) -> Option<Address> {
        let state = self.read();
        let entry = state.organizations.get(&tenant)?;
        Some(entry.address())
    }

    /// Whether something was learned longer ago than this.
    pub(super) fn is_longer_ago(&self, since: Since, time: Duration) -> bool {
        // A second that has begun counts as none.
        self.now().0.saturating_sub(since.0) > u32::try_from(time.as_secs() + 1).unwrap_or(u32::MAX)
    }

    fn now(&self) -> Since {
        Since(u32::try_from(self.made.elapsed().as_secs()).unwrap_or(u32::MAX))
    }

    /// Whether the organisation's statements still go there.
    pub(super) fn is_at(&self, tenant: TenantId, home: &Arc<Home>) -> bool {
        let state = self.read();
        let entry = state.organizations.get(&tenant);
        entry.is_some_and(|entry| entry.status == OrganizationStatus::Active && Arc::ptr_eq(&entry.home, home))
    }

    /// Takes the catalog's word for everything: what it doesn't name is no more.
    pub(super) fn replace(&self, organizations: Vec<Organization>, placements: Vec<Placement>) -> Left {
        let mut state = self.write();
        let named: HashSet<TenantId> = organizations.iter().map(|organization| organization.id).collect();
        state.organizations.retain(|id, _| named.contains(id));
        state.removals += 1;
        drop(named);
        let left = state.describe(placements);
        let new = organizations.len().saturating_sub(state.organizations.len());
        state.organizations.reserve(new);
        for organization in organizations {
            state.put(&organization, self.now());
        }
        self.changed.notify_waiters();
        left
    }

    /// Takes the catalog's word for some organisations, for those that are unreadable, and for all placements.
    pub(super) fn update(
        &self,
        organizations: &[Organization],
        unreadable: &[TenantId],
        placements: Vec<Placement>,
    ) -> Left {
        let mut state = self.write();
        let left = state.describe(placements);
        for organization in organizations {
            state.put(organization, self.now());
        }
        for tenant in unreadable {
            state.remove(*tenant);
        }
        self.changed.notify_waiters();
        left
    }

    /// Takes the catalog's word for one organisation, which may be that there is none.
    pub(super) fn set(&self, tenant: TenantId, organization: Option<&Organization>) {
        let mut state = self.write();
        match organization {
            Some(organization) => state.put(organization, self.now()),
            None => state.remove(tenant),
        }
        self.changed.notify_waiters();
    }

    /// Ends with the next change that is learned of after it was asked for.
    pub(super) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// How often organisations were removed: for [`Self::learn`].
    pub(super) fn removals(&self) -> u64 {
        self.read().removals
    }

    /// Notes an organisation that nobody told of, unless it was told of meanwhile; or may have been removed since there were
    /// so many `removals`.
    pub(super) fn learn(&self, organization: &Organization, removals: u64) {
        let mut state = self.write();
        if state.removals == removals && !state.organizations.contains_key(&organization.id) {
            state.put(organization, self.now());
        }
    }

    /// Whether what was read is as it is known.
    pub(super) fn agrees(&self, read: &CatalogState) -> bool {
        let state = self.read();
        read.organizations.iter().all(|organization| {
            state.organizations.get(&organization.id).is_some_and(|entry| entry.epoch == organization.epoch)
        }) && read.unreadable.iter().all(|tenant| !state.organizations.contains_key(tenant))
            && read.placements.iter().all(|placement| {
                state.homes.get(&placement.name).is_some_and(|home| home.placement() == Some(placement))
            })
    }

    /// All placements that the catalog describes.
    pub(super) fn homes(&self) -> Vec<Arc<Home>> {
        self.read().homes.values().filter(|home| home.placement().is_some()).cloned().collect()
    }

    /// How many organisations are known.
    pub(super) fn len(&self) -> usize {
        self.read().organizations.len()
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn remove(&mut self, tenant: TenantId) {
        self.organizations.remove(&tenant);
        self.removals += 1;
    }

    fn put(&mut self, organization: &Organization, now: Since) {
        let name = &organization.placement;
        let home = self.homes.entry(name.clone()).or_insert_with(|| Arc::new(Home::described(name.clone(), None)));
        let Organization { tier, status, epoch, .. } = *organization;
        let former = self.organizations.get(&organization.id).filter(|former| former.home.name() == name);
        let since = former.map_or(now, |former| former.since);
        let entry = Entry { home: Arc::clone(home), epoch, since, tier, status };
        entry.fit();
        self.organizations.insert(organization.id, entry);
    }

    /// Notes how all placements are described. One that is described otherwise than before is another home: it is opened anew.
    fn describe(&mut self, placements: Vec<Placement>) -> Left {
        let mut former = std::mem::take(&mut self.homes);
        let mut changed = HashMap::new();
        for placement in placements {
            let name = placement.name.clone();
            let home = match former.remove(&name) {
                Some(home) if home.placement() == Some(&placement) => home,
                other => {
                    let home = Arc::new(Home::described(name.clone(), Some(placement)));
                    changed.extend(other.map(|other| (name.clone(), (other, Arc::clone(&home)))));
                    home
                }
            };
            self.homes.insert(name, home);
        }
        // What isn't described any more: its organisations get an error that says so.
        for (name, home) in former {
            if home.placement().is_none() {
                self.homes.insert(name, home);
                continue;
            }
            let undescribed = Arc::new(Home::described(name.clone(), None));
            self.homes.insert(name.clone(), Arc::clone(&undescribed));
            changed.insert(name, (home, undescribed));
        }
        if !changed.is_empty() {
            for entry in self.organizations.values_mut() {
                if let Some((_, home)) = changed.get(entry.home.name()) {
                    entry.home = Arc::clone(home);
                    entry.fit();
                }
            }
        }
        changed.into_values().map(|(left, _)| left).collect()
    }
}
