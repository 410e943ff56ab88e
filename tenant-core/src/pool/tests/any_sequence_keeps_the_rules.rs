//! Whatever is asked for and given back, and in whatever order: the pool's rules hold after every step.

use std::collections::HashSet;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;

use super::simulated::{Back, Outcome, Request, Simulated, settings, tenant};
use crate::pool::settings::PoolSettings;
use crate::pool::state::Refusal;
use crate::pool::tier::{Tier, TierLimits};

#[derive(Clone, Debug)]
enum Step {
    /// By a tenant of this number, mostly as its own tier.
    Ask {
        tenant: u128,
        as_tier: Option<usize>,
        user: u128,
        binds: bool,
    },
    End {
        which: Index,
        back: Back,
        microseconds: u64,
    },
    Vacate,
    Leave {
        which: Index,
    },
    Forget,
    Resize {
        max_connections: u32,
    },
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    let back = prop_oneof![6 => Just(Back::Idle), 1 => Just(Back::Gone), 1 => Just(Back::Closing)];
    let as_tier = prop_oneof![15 => Just(None), 1 => (0..3_usize).prop_map(Some)];
    prop_oneof![
        50 => (0..6_u128, as_tier, 0..2_u128, any::<bool>())
            .prop_map(|(tenant, as_tier, user, binds)| Step::Ask { tenant, as_tier, user, binds }),
        40 => (any::<Index>(), back, 0..5_000_u64)
            .prop_map(|(which, back, microseconds)| Step::End { which, back, microseconds }),
        8 => Just(Step::Vacate),
        8 => any::<Index>().prop_map(|which| Step::Leave { which }),
        4 => Just(Step::Forget),
        4 => (1..8_u32).prop_map(|max_connections| Step::Resize { max_connections }),
        1 => Just(Step::Close),
    ]
}

fn limits() -> impl Strategy<Value = TierLimits> {
    (1..5_u32, 1..5_u32, 0..3_u32).prop_map(|(weight, connections, reserved)| {
        TierLimits::of(Tier::Small).weight(weight).max_connections(connections).reserved_connections(reserved)
    })
}

fn pools() -> impl Strategy<Value = PoolSettings> {
    let pool = (1..6_u32, 0..8_u32, [limits(), limits(), limits()]);
    let pool = pool.prop_map(|(max_connections, max_waiting, limits)| PoolSettings {
        max_waiting,
        ..settings(max_connections, limits)
    });
    pool.prop_filter("settings that the builder refuses", is_sound)
}

/// Whether the builder takes it, and all that is reserved fits in.
fn is_sound(pool: &PoolSettings) -> bool {
    pool.check().is_ok() && reserved(pool) <= pool.max_connections
}

fn reserved(pool: &PoolSettings) -> u32 {
    Tier::ALL.into_iter().map(|tier| pool.tiers[tier].reserved).sum()
}

fn apply(pool: &mut Simulated, step: &Step) {
    match step {
        Step::Ask { tenant: number, as_tier, user, binds } => {
            let tier = Tier::ALL[as_tier.unwrap_or(*number as usize % 3)];
            ask(pool, Request { binds: *binds, ..Request::of(tenant(*number), tier).user(*user) });
        }
        Step::End { which, back, microseconds } if !pool.held.is_empty() => {
            // The program closes what comes back to a closed pool.
            let back = if pool.state.is_closed() && *back == Back::Idle { Back::Closing } else { *back };
            pool.end(which.index(pool.held.len()), Duration::from_micros(*microseconds), back);
        }
        Step::Vacate if pool.closing > 0 => pool.vacate(),
        Step::Leave { which } if !pool.waiting.is_empty() => pool.leave(which.index(pool.waiting.len())),
        Step::Forget => {
            pool.state.queue.forget();
            if pool.waiting.is_empty() {
                let users = pool.held.iter().map(|held| held.seat.tenant).collect::<HashSet<_>>();
                assert_eq!(pool.state.queue.known(), users.len(), "nobody is remembered who uses nothing");
            }
        }
        Step::Resize { max_connections } => {
            let resized = PoolSettings { max_connections: *max_connections, ..pool.settings.clone() };
            if is_sound(&resized) {
                pool.resize(resized);
            }
        }
        Step::Close => pool.close(),
        Step::End { .. } | Step::Vacate | Step::Leave { .. } => {}
    }
}

/// Asks, and checks who was refused for it.
fn ask(pool: &mut Simulated, request: Request) {
    let (tenant, tier, limits) = (request.tenant(), request.tier, pool.settings.tiers[request.tier]);
    let mut lengths = lengths(pool);
    let waits = lengths.iter().any(|(other, _)| *other == tenant);
    lengths.retain(|(other, _)| *other != tenant);
    let displaced = pool.displaced.len();
    let own = (pool.waiting_of(tenant) + 1, u64::from(limits.weight));
    let is_kept_for = pool.used_of(tier) < limits.reserved && pool.used_by(tenant) < limits.max_connections;
    let is_full = pool.waiting.len() as u64 >= u64::from(pool.settings.max_waiting);
    let (is_closed, closing) = (pool.state.is_closed(), pool.closing);
    let outcome = pool.ask(request);
    match outcome {
        _ if is_closed => assert_eq!(outcome, Outcome::Refused(Refusal::Closed)),
        Outcome::Refused(_) => {
            assert!(is_full, "refused although there is room in the queue");
            assert!(!lengths.iter().any(|(_, length)| is_longer(*length, own)), "refused although another waits more");
        }
        Outcome::Queued if is_full => {
            assert_eq!(pool.displaced.len(), displaced + 1, "one more than may wait");
            let victim = pool.displaced[displaced];
            let length = lengths.iter().find(|(other, _)| *other == victim).expect("who waited").1;
            assert!(is_longer(length, own), "displaced by one that waits more");
            assert!(
                !lengths.iter().any(|(_, other)| is_longer(*other, length)),
                "displaced although another waits more"
            );
        }
        Outcome::Served | Outcome::Queued => assert_eq!(pool.displaced.len(), displaced, "displaced for nothing"),
    }
    if is_kept_for && closing == 0 && !is_closed && !waits && !pool.squeezed {
        assert_eq!(outcome, Outcome::Served, "a connection is kept for its tier");
    }
}

/// Each tenant's queue: how many wait, and the weight that they are measured by.
fn lengths(pool: &Simulated) -> Vec<(crate::TenantId, (u64, u64))> {
    let tenants = pool.waiting.iter().map(|waiting| waiting.request.tenant()).collect::<HashSet<_>>();
    let weight = |tenant| u64::from(pool.settings.tiers[pool.tiers[&tenant]].weight);
    tenants.into_iter().map(|tenant| (tenant, (pool.waiting_of(tenant), weight(tenant)))).collect()
}

const fn is_longer(one: (u64, u64), other: (u64, u64)) -> bool {
    one.0 * other.1 > other.0 * one.1
}

fn check(pool: &mut Simulated) {
    let (max, tiers) = (pool.settings.max_connections, pool.settings.tiers);
    let in_use = u32::try_from(pool.held.len()).expect("few");
    let idle = u32::try_from(pool.state.stock.idle().len()).expect("few");
    let open = pool.state.stock.open();
    assert_eq!(pool.state.in_use(), in_use);
    assert_eq!(open, idle + in_use + pool.closing, "a place without a connection, or a connection without a place");
    assert!(idle == 0 || idle + in_use <= max, "{idle} are idle beside {in_use} of {max}");
    let waiting = u32::try_from(pool.waiting.len()).expect("few");
    assert_eq!(pool.state.queue.waiting(), waiting);
    assert!(waiting <= pool.settings.max_waiting, "{waiting} wait");
    for (tenant, used) in pool.state.queue.users() {
        assert_eq!(used, pool.used_by(tenant));
        let most = Tier::ALL.into_iter().map(|tier| tiers[tier].max_connections).max().expect("three");
        let one_tier = pool
            .held
            .iter()
            .filter(|held| held.seat.tenant == tenant)
            .all(|held| held.seat.tier == pool.tiers[&tenant]);
        let cap = if one_tier { tiers[pool.tiers[&tenant]].max_connections } else { most };
        assert!(used <= cap, "{used} of at most {cap} connections");
    }
    let taken_or_kept = Tier::ALL.into_iter().map(|tier| pool.used_of(tier).max(tiers[tier].reserved)).sum::<u32>();
    pool.squeezed &= taken_or_kept > max || open > max;
    assert!(pool.squeezed || open <= max, "{open} connections of {max}");
    assert!(pool.squeezed || taken_or_kept <= max, "what is reserved for one tier is used by another");
    if idle == 0 && open >= max {
        return;
    }
    for waiting in &pool.waiting {
        let tenant = waiting.request.tenant();
        let tier = pool.tiers[&tenant];
        let others = Tier::ALL.into_iter().filter(|other| *other != tier);
        let kept = others.map(|other| tiers[other].reserved.saturating_sub(pool.used_of(other))).sum::<u32>();
        let may = pool.used_by(tenant) < tiers[tier].max_connections && in_use + kept < max;
        assert!(!may, "{tenant} waits although it may have one of {idle} idle connections and {} places", max - open);
    }
}

proptest! {
    #![proptest_config(tenant_seed::seeded(2_000))]

    #[test]
    fn any_sequence_keeps_the_rules(settings in pools(), steps in prop::collection::vec(step(), 1..100)) {
        let mut pool = Simulated::new(settings);
        for step in &steps {
            apply(&mut pool, step);
            check(&mut pool);
        }
        // Whoever waits is served as the others end, so that everybody is answered and nothing is left.
        while !pool.held.is_empty() || pool.closing > 0 {
            if pool.closing > 0 { pool.vacate() } else { pool.end(0, Duration::ZERO, Back::Closing) }
            check(&mut pool);
        }
        prop_assert_eq!(pool.waiting.len(), 0);
        pool.state.queue.forget();
        prop_assert_eq!(pool.state.queue.known(), 0, "a tenant that uses nothing is remembered");
    }
}
