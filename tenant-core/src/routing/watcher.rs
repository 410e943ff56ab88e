//! Follows the catalog for a router.

use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{sleep, timeout};

use super::core::Core;
use crate::{Catalog, CatalogChange, CatalogError, CatalogListener, CatalogMark, CatalogState, TenantId};

/// How often the catalog is read beside what it tells, and how often where it tells nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pub(super) listening: Duration,
    pub(super) deaf: Duration,
}

/// Follows the catalog until the router is gone.
pub(super) async fn watch(
    core: Weak<Core>,
    mut listener: Option<Box<dyn CatalogListener>>,
    mut mark: CatalogMark,
    pace: Pace,
) {
    let Some(catalog) = core.upgrade().map(|core| Arc::clone(&core.catalog)) else { return };
    loop {
        let reason = match listener.take() {
            Some(listener) => follow(&core, &*catalog, listener, &mut mark, pace).await,
            None => match catalog.listen().await {
                // All is read after that has begun, so that nothing falls between.
                Ok(new) => match read_all(&core, &*catalog).await {
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
        match read_since(&core, &*catalog, mark).await {
            Ok(Some(read)) => {
                mark = read;
                let Some(core) = core.upgrade() else { return };
                core.health.polling(&Arc::new(reason));
            }
            Ok(None) => return,
            Err(error) => {
                let Some(core) = core.upgrade() else { return };
                core.health.unreachable(error);
            }
        }
        // Programs that lost the same database don't come back all at once.
        sleep(pace.deaf.mul_f64(0.5 + fastrand::f64())).await;
    }
}

/// Follows a listener until it has failed, and says why; `None` when the router is gone.
async fn follow(
    core: &Weak<Core>,
    catalog: &dyn Catalog,
    mut listener: Box<dyn CatalogListener>,
    mark: &mut CatalogMark,
    pace: Pace,
) -> Option<CatalogError> {
    core.upgrade()?.health.listening();
    loop {
        let read = match timeout(pace.listening, listener.next()).await {
            Ok(Err(lost)) => return Some(lost),
            Ok(Ok(change)) => take(core, catalog, &mut *listener, change, *mark).await,
            // Nothing was told for a while. If something was changed nevertheless, the listener is deaf.
            Err(_) => match catalog.read_since(*mark).await {
                Ok(state) => {
                    let core = core.upgrade()?;
                    if core.directory.agrees(&state.organizations, &state.placements) {
                        core.health.listening();
                        *mark = state.mark;
                        continue;
                    }
                    return Some(CatalogError::Deaf);
                }
                Err(error) => Err(error),
            },
        };
        match read {
            Ok(Some(Some(read))) => *mark = read,
            Ok(Some(None)) => {}
            Ok(None) => return None,
            Err(error) => return Some(error),
        }
        core.upgrade()?.health.listening();
    }
}

/// Reads what was told of, and all that was told by then; `None` when the router is gone. What it gives is the new mark, if there
/// is one.
async fn take(
    core: &Weak<Core>,
    catalog: &dyn Catalog,
    listener: &mut dyn CatalogListener,
    first: CatalogChange,
    mark: CatalogMark,
) -> Result<Option<Option<CatalogMark>>, CatalogError> {
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
        return Ok(read_all(core, catalog).await?.map(Some));
    }
    if !placements && told.len() == 1 {
        for id in told {
            let organization = catalog.organization(id).await?;
            let Some(core) = core.upgrade() else { return Ok(None) };
            core.directory.set(id, organization.as_ref());
            core.unknown.forget(id);
        }
        return Ok(Some(None));
    }
    let state = catalog.read_since(mark).await?;
    let found: HashSet<TenantId> = state.organizations.iter().map(|organization| organization.id).collect();
    let Some(core) = core.upgrade() else { return Ok(None) };
    let mark = apply(&core, state);
    // It was deleted, or told later than it was read, before the mark.
    for id in told.difference(&found) {
        core.directory.set(*id, catalog.organization(*id).await?.as_ref());
    }
    Ok(Some(Some(mark)))
}

/// Reads everything; `None` when the router is gone.
async fn read_all(core: &Weak<Core>, catalog: &dyn Catalog) -> Result<Option<CatalogMark>, CatalogError> {
    let state = catalog.read().await?;
    let Some(core) = core.upgrade() else { return Ok(None) };
    Core::leave(core.directory.replace(state.organizations, state.placements));
    Ok(Some(state.mark))
}

/// Reads what was changed; `None` when the router is gone.
async fn read_since(
    core: &Weak<Core>,
    catalog: &dyn Catalog,
    mark: CatalogMark,
) -> Result<Option<CatalogMark>, CatalogError> {
    let state = catalog.read_since(mark).await?;
    let Some(core) = core.upgrade() else { return Ok(None) };
    Ok(Some(apply(&core, state)))
}

fn apply(core: &Core, state: CatalogState) -> CatalogMark {
    Core::leave(core.directory.update(&state.organizations, state.placements));
    for organization in &state.organizations {
        core.unknown.forget(organization.id);
    }
    state.mark
}
