//! Whoever waits gets connections by weight, soon, and whatever the others do.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use super::simulated::{Back, Outcome, Request, Simulated, settings, tenant};
use crate::TenantId;
use crate::pool::tier::{Tier, TierLimits};

/// A pool whose tiers differ in weight alone.
fn pool(connections: u32, weights: [u32; 3]) -> Simulated {
    let limits = weights.map(|weight| TierLimits::of(Tier::Small).weight(weight).max_connections(connections));
    Simulated::new(settings(connections, limits))
}

/// A tenant that always has requests waiting, each of which takes so many microseconds, by turns.
struct Flood {
    request: Request,
    takes: &'static [u64],
}

impl Flood {
    fn of(number: u128, tier: Tier, takes: &'static [u64]) -> Self {
        Self { request: Request::of(tenant(number), tier), takes }
    }
}

/// Microseconds of connections that each tenant has used after so many requests were served.
fn used_time(pool: &mut Simulated, floods: &[Flood], requests: usize) -> HashMap<TenantId, u64> {
    for flood in floods {
        while pool.waiting_of(flood.request.tenant()) < 16 {
            pool.ask(flood.request.clone());
        }
    }
    let (mut used, mut turns) = (HashMap::new(), HashMap::new());
    let mut ends = BinaryHeap::new();
    let mut now = 0;
    let mut begun = 0;
    for end in 0..requests {
        // Whoever has got a connection uses it from now on.
        for held in &pool.held[begun..] {
            let flood = floods.iter().find(|flood| flood.request.tenant() == held.seat.tenant).expect("one of them");
            let turn: &mut usize = turns.entry(held.seat.tenant).or_default();
            let takes = flood.takes[*turn % flood.takes.len()];
            *turn += 1;
            ends.push(Reverse((now + takes, begun + end, held.seat.tenant, takes)));
            begun += 1;
        }
        let Reverse((at, _, tenant, takes)) = ends.pop().expect("somebody uses a connection");
        now = at;
        *used.entry(tenant).or_default() += takes;
        // Any of the tenant's connections is as good as another.
        let which = pool.held.iter().position(|held| held.seat.tenant == tenant).expect("it has one");
        // Those begun stay in front of those that will have begun.
        pool.held.swap(which, begun - 1);
        begun -= 1;
        pool.end(begun, Duration::from_micros(takes), Back::Idle);
        let flood = floods.iter().find(|flood| flood.request.tenant() == tenant).expect("one of them");
        pool.ask(flood.request.clone());
    }
    used
}

#[test]
fn floods_of_weights_1_and_3_get_connection_time_1_to_3() {
    for connections in [1, 2, 8] {
        for (light, heavy) in [
            (&[1_000][..], &[1_000][..]),
            (&[10_000], &[1_000]),
            (&[1_000], &[10_000]),
            (&[900, 4_000, 50], &[3_000, 20]),
        ] {
            let floods = [Flood::of(1, Tier::Small, light), Flood::of(2, Tier::Medium, heavy)];
            let used = used_time(&mut pool(connections, [1, 3, 9]), &floods, 20_000);
            let of = |number| used.get(&tenant(number)).copied().unwrap_or(0) as f64;
            let ratio = of(2) / of(1);
            assert!((2.7..3.3).contains(&ratio), "{connections} connections, {light:?} and {heavy:?}: 1 to {ratio:.2}");
        }
    }
}

#[test]
fn only_the_ratio_of_weights_counts() {
    for connections in [1, 2, 8] {
        let floods = [Flood::of(1, Tier::Small, &[900, 400, 50]), Flood::of(2, Tier::Medium, &[300, 20])];
        let used = used_time(&mut pool(connections, [u32::MAX / 9, u32::MAX / 3, u32::MAX]), &floods, 20_000);
        let of = |number| used.get(&tenant(number)).copied().unwrap_or(0) as f64;
        let ratio = of(2) / of(1);
        assert!((2.7..3.3).contains(&ratio), "{connections} connections: 1 to {ratio:.2}");
    }
}

#[test]
fn a_small_one_is_not_starved_by_many_large_ones() {
    for connections in [1, 2, 8, 10] {
        let large = (1..=8).map(|number| Flood::of(number, Tier::Large, &[1_000]));
        let floods = large.chain([Flood::of(9, Tier::Small, &[1_000])]).collect::<Vec<_>>();
        let used = used_time(&mut pool(connections, [5, 10, 20]), &floods, 20_000);
        let of = |number| used.get(&tenant(number)).copied().unwrap_or(0) as f64;
        let ratio = of(1) / of(9);
        assert!((3.0..5.0).contains(&ratio), "{connections} connections: 1 to {ratio:.2} instead of 1 to 4");
    }
}

/// How many of a flood are served before one request of another tenant that comes when 64 of the flood wait.
fn served_before_a_quiet_one(connections: u32, flood: Tier, quiet: Tier) -> usize {
    let mut pool = pool(connections, [5, 10, 20]);
    while pool.waiting_of(tenant(1)) < 64 {
        pool.ask(Request::of(tenant(1), flood));
    }
    assert_eq!(pool.ask(Request::of(tenant(2), quiet)), Outcome::Queued);
    while pool.served.last() != Some(&tenant(2)) {
        pool.end(0, Duration::from_millis(5), Back::Idle);
    }
    pool.served.len() - 1
}

#[test]
fn a_quiet_tenant_is_served_at_the_next_connection_that_is_given_back() {
    for connections in [2, 3, 8, 32] {
        for (flood, quiet) in [(Tier::Small, Tier::Small), (Tier::Large, Tier::Small), (Tier::Small, Tier::Large)] {
            assert_eq!(
                served_before_a_quiet_one(connections, flood, quiet),
                0,
                "{connections}: {quiet} beside {flood}"
            );
        }
    }
}

/// With a single connection the flood uses none at the moment when its connection is given back, as the quiet one does.
#[test]
fn a_bound_connection_stays_with_its_tenant_four_times_and_no_more() {
    for tier in Tier::ALL {
        assert_eq!(served_before_a_quiet_one(1, tier, tier), 4);
    }
}

/// Transactions leave a connection bound to whoever it was bound to before.
#[test]
fn whom_all_connections_are_bound_to_gets_no_more_than_the_others() {
    for connections in [1, 2, 3] {
        let mut floods = (1..=5).map(|number| Flood::of(number, Tier::Small, &[1_000])).collect::<Vec<_>>();
        floods[1..].iter_mut().for_each(|flood| flood.request.binds = false);
        let used = used_time(&mut pool(connections, [5, 10, 20]), &floods, 20_000);
        let of = |number| used.get(&tenant(number)).copied().unwrap_or(0) as f64;
        let ratio = of(1) / of(2);
        assert!((0.9..1.1).contains(&ratio), "{connections} connections: {ratio:.2} to 1");
    }
}

#[test]
fn those_that_were_away_have_saved_nothing_up() {
    let mut pool = pool(1, [5, 10, 20]);
    used_time(&mut pool, &[Flood::of(1, Tier::Small, &[1_000])], 5_000);
    let floods = [Flood::of(1, Tier::Small, &[1_000]), Flood::of(2, Tier::Small, &[1_000])];
    // The clock of the second run is new; what the queue knows is not.
    let mut turns = HashMap::<_, u32>::new();
    for _ in 0..200 {
        for flood in &floods {
            pool.ask(flood.request.clone());
        }
        pool.end(0, Duration::from_millis(1), Back::Idle);
        *turns.entry(*pool.served.last().expect("somebody")).or_default() += 1;
    }
    let of = |number| turns.get(&tenant(number)).copied().unwrap_or(0);
    assert!(of(1).abs_diff(of(2)) <= 20, "{} against {}", of(1), of(2));
}
