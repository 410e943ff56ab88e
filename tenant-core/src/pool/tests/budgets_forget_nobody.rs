//! A pool that misses a connection of the budget gets the next one that is free, whenever it became free.

use sqlx::postgres::PgConnectOptions;

use super::simulated::{settings, tenant};
use crate::TenantContext;
use crate::pool::budget::ConnectionBudget;
use crate::pool::pool::Pool;
use crate::pool::settings::PoolSettings;
use crate::pool::state::Asked;
use crate::pool::tier::{Tier, TierLimits};

/// Another pool gives the place back after this one was told that there is none, and before it has said that it waits.
#[test]
fn a_place_that_becomes_free_while_one_enlists_is_not_missed() {
    let budget = ConnectionBudget::new(1);
    let limits = Tier::ALL.map(TierLimits::of);
    let pool = Pool::new(
        PgConnectOptions::new_without_pgpass(),
        "nowhere".to_owned(),
        PoolSettings { budget: Some(budget.clone()), ..settings(2, limits) },
    );
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
