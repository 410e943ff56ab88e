//! A pool that misses a connection of the budget gets the next one that is free, whenever it became free.

use std::sync::Arc;

use sqlx::postgres::PgConnectOptions;

use super::simulated::{settings, tenant};
use crate::TenantContext;
use crate::pool::budget::ConnectionBudget;
use crate::pool::pool::Pool;
use crate::pool::settings::PoolSettings;
use crate::pool::state::Asked;
use crate::pool::tier::{Tier, TierLimits};
use crate::servers::Servers;

fn pool(budget: &ConnectionBudget) -> Arc<Pool> {
    let limits = Tier::ALL.map(TierLimits::of);
    let settings = PoolSettings { budget: Some(budget.clone()), ..settings(2, limits) };
    Pool::new(Servers::new(vec![PgConnectOptions::new_without_pgpass()]), settings)
}

/// Else every connection that is given back elsewhere would be closed for nobody.
#[test]
fn a_pool_in_which_nobody_waits_any_more_is_not_waited_for() {
    let budget = ConnectionBudget::new(1);
    let pool = pool(&budget);
    assert!(budget.take(), "another pool's");
    let asked = pool.change(|state| state.ask(&TenantContext::new(tenant(1)), Tier::Small, true));
    let Ok(Asked::Wait(serial, _answer)) = asked else { panic!("there was none: {asked:?}") };
    assert!(budget.is_wanted());
    pool.change(|state| state.queue.leave(tenant(1), serial));
    assert!(!budget.is_wanted());
}

/// Another pool gives the place back after this one was told that there is none, and before it has said that it waits.
#[test]
fn a_place_that_becomes_free_while_one_enlists_is_not_missed() {
    let budget = ConnectionBudget::new(1);
    let pool = pool(&budget);
    assert!(budget.take(), "another pool's");
    let asked = pool.change(|state| {
        let asked = state.ask(&TenantContext::new(tenant(1)), Tier::Small, true);
        budget.give_back(1);
        asked
    });
    let Ok(Asked::Wait(_, mut answer)) = asked else { panic!("there was none: {asked:?}") };
    let grant = answer.try_recv().expect("told of the place that is free");
    assert!(grant.is_ok() && budget.taken() == 1);
}
