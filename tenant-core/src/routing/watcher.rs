//! Follows the catalog for a router.

use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

use super::core::Core;
use crate::{Catalog, CatalogChange, CatalogError, CatalogListener, CatalogMark, CatalogState, TenantId};

/// How many organisations are read one by one before all is.
const ONE_BY_ONE: usize = 16;

/// How often the catalog is read beside what it tells, and how often where it tells nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pub(super) listening: Duration,
    pub(super) deaf: Duration,
}

impl Pace {
    /// One at which nothing that was read becomes too old while the catalog can be read.
    pub(super) fn within(self, trusted: Duration) -> Self {
        let longest = trusted / 2;
        Self { listening: self.listening.min(longest), deaf: self.deaf.min(longest) }
    }
}

/// Follows the catalog until the router is gone: what finds that out gives `None`.
#[derive(Debug)]
pub(super) struct Watcher {
    core: Weak<Core>,
    catalog: Arc<dyn Catalog>,
    reading: Arc<Mutex<()>>,
    pace: Pace,
}

impl Watcher {
    pub(super) fn new(core: &Arc<Core>, pace: Pace) -> Self {
        let (catalog, reading) = (Arc::clone(&core.catalog), Arc::clone(&core.reading));
        Self { core: Arc::downgrade(core), catalog, reading, pace }
    }

    /// Follows the catalog, all of which was read at the mark.
    pub(super) async fn watch(self, mut listener: Option<Box<dyn CatalogListener>>, mut mark: CatalogMark) {
        loop {
            let reason = match listener.take() {
                Some(listener) => self.follow(listener, &mut mark).await,
                None => match self.catalog.listen().await {
                    // All is read after that has begun, so that nothing falls between.
                    Ok(new) => match self.read_all().await {
                        Ok(Some(read)) => {
                            mark = read;
                            listener = Some(new);
                            continue;
                        }
                        Ok(None) => return,
                        Err(error) => Some(error),
                    },
                    Err(error) => Some(error),
                },
            };
            let Some(reason) = reason else { return };
            let read = self.read_since(mark, &HashSet::new()).await;
            let Some(core) = self.core.upgrade() else { return };
            match read {
                Ok(Some(read)) => {
                    mark = read;
                    core.health.polling(&Arc::new(reason));
                }
                Ok(None) => return,
                Err(error) => core.health.unreachable(error),
            }
            drop(core);
            // Programs that lost the same database don't come back all at once.
            sleep(self.pace.deaf.mul_f64(0.5 + fastrand::f64())).await;
        }
    }

    /// Follows a listener until it has failed, and says why.
    async fn follow(&self, mut listener: Box<dyn CatalogListener>, mark: &mut CatalogMark) -> Option<CatalogError> {
        self.core.upgrade()?.health.listening();
        loop {
            let read = match timeout(self.pace.listening, listener.next()).await {
                Ok(Err(lost)) => return Some(lost),
                Ok(Ok(change)) => self.take(&mut *listener, change, *mark).await,
                Err(_) => self.read_beside(*mark).await,
            };
            match read {
                Ok(read) => *mark = read?,
                Err(error) => return Some(error),
            }
            self.core.upgrade()?.health.listening();
        }
    }

    /// Reads what was changed though nothing was told for a while. If there is anything, the listener is deaf.
    async fn read_beside(&self, mark: CatalogMark) -> Result<Option<CatalogMark>, CatalogError> {
        let _turn = self.reading.lock().await;
        let state = self.catalog.read_since(mark).await?;
        let Some(core) = self.core.upgrade() else { return Ok(None) };
        if state.mark >= mark && core.directory.agrees(&state) { Ok(Some(state.mark)) } else { Err(CatalogError::Deaf) }
    }

    /// Reads what was told of, and all that was told by then.
    async fn take(
        &self,
        listener: &mut dyn CatalogListener,
        first: CatalogChange,
        mark: CatalogMark,
    ) -> Result<Option<CatalogMark>, CatalogError> {
        let (mut told, mut everything, mut placements) = (HashSet::new(), false, false);
        let mut next = Some(first);
        while let Some(change) = next {
            match change {
                CatalogChange::Organization(id) => drop(told.insert(id)),
                CatalogChange::Placements => placements = true,
                CatalogChange::Everything => everything = true,
            }
            next = listener.next().now_or_never().transpose()?;
        }
        if everything {
            self.read_all().await
        } else if !placements && told.len() == 1 {
            let _turn = self.reading.lock().await;
            Ok(self.read_each(told).await?.then_some(mark))
        } else {
            self.read_since(mark, &told).await
        }
    }

    /// Reads everything, and gives the new mark.
    async fn read_all(&self) -> Result<Option<CatalogMark>, CatalogError> {
        let _turn = self.reading.lock().await;
        let state = self.catalog.read().await?;
        let Some(core) = self.core.upgrade() else { return Ok(None) };
        Core::leave(core.directory.replace(state.organizations, state.placements));
        Ok(Some(state.mark))
    }

    /// Reads what was changed, and those that were told of; gives the new mark.
    async fn read_since(
        &self,
        mark: CatalogMark,
        told: &HashSet<TenantId>,
    ) -> Result<Option<CatalogMark>, CatalogError> {
        let turn = self.reading.lock().await;
        let state = self.catalog.read_since(mark).await?;
        if state.mark < mark {
            // An older copy has taken the catalog's place, in which this mark says nothing.
            drop(turn);
            return self.read_all().await;
        }
        let Some(core) = self.core.upgrade() else { return Ok(None) };
        let found: HashSet<TenantId> = state.organizations.iter().map(|organization| organization.id).collect();
        let mark = apply(&core, state);
        drop(core);
        // They were deleted; or told of late, when an earlier mark was past them already.
        let others: HashSet<TenantId> = told.difference(&found).copied().collect();
        if others.len() > ONE_BY_ONE {
            drop(turn);
            return self.read_all().await;
        }
        Ok(self.read_each(others).await?.then_some(mark))
    }

    /// Reads these organisations; `false` when the router is gone.
    async fn read_each(&self, told: HashSet<TenantId>) -> Result<bool, CatalogError> {
        for id in told {
            let organization = self.catalog.organization(id).await?;
            let Some(core) = self.core.upgrade() else { return Ok(false) };
            core.directory.set(id, organization.as_ref());
            core.unknown.forget(id);
        }
        Ok(true)
    }
}

fn apply(core: &Core, state: CatalogState) -> CatalogMark {
    Core::leave(core.directory.update(&state.organizations, &state.unreadable, state.placements));
    for organization in &state.organizations {
        core.unknown.forget(organization.id);
    }
    state.mark
}
