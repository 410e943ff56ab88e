//! A tenant asks as often as its tier allows, whatever others do, by a clock that stands still until it is told.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::FakeRelativeClock;

use super::simulated::tenant;
use crate::pool::error::PoolError;
use crate::pool::rates::Rates;
use crate::pool::tier::{Tier, TierLimits, Tiers};

/// Small ones may ask 10 times a second and 3 times at once, medium ones twice a second; large ones as they like.
fn rates() -> (Rates<FakeRelativeClock>, FakeRelativeClock) {
    let number = |number| NonZeroU32::new(number).expect("not 0");
    let (clock, mut tiers) = (FakeRelativeClock::default(), Tiers::default());
    tiers[Tier::Small] = TierLimits::of(Tier::Small).statements_per_second(number(10)).burst(number(3));
    tiers[Tier::Medium] = TierLimits::of(Tier::Medium).statements_per_second(number(2));
    (Rates::new(&tiers, &clock), clock)
}

/// How many of so many are let through.
fn admitted(rates: &Rates<FakeRelativeClock>, number: u128, tier: Tier, asked: usize) -> usize {
    (0..asked).filter(|_| rates.admit(tenant(number), tier).is_ok()).count()
}

#[test]
fn a_burst_and_then_the_rate() {
    let (rates, clock) = rates();
    assert_eq!(admitted(&rates, 1, Tier::Small, 50), 3);
    for _ in 0..20 {
        clock.advance(Duration::from_millis(100));
        assert_eq!(admitted(&rates, 1, Tier::Small, 5), 1);
    }
    clock.advance(Duration::from_secs(3600));
    assert_eq!(admitted(&rates, 1, Tier::Small, 50), 3, "no more is saved up than a burst");
    assert_eq!(admitted(&rates, 1, Tier::Medium, 50), 2, "a burst is a second's, unless another is given");
    assert_eq!(admitted(&rates, 1, Tier::Large, 50), 50);
}

#[test]
fn each_tenant_has_its_own() {
    let (rates, _clock) = rates();
    assert_eq!(admitted(&rates, 1, Tier::Small, 50), 3);
    assert_eq!(admitted(&rates, 2, Tier::Small, 2), 2);
}

#[test]
fn another_tier_has_its_rate_at_once() {
    let (rates, _clock) = rates();
    assert_eq!(admitted(&rates, 1, Tier::Small, 50), 3);
    assert_eq!(admitted(&rates, 1, Tier::Large, 50), 50);
    assert_eq!(admitted(&rates, 1, Tier::Medium, 50), 2);
    assert_eq!(admitted(&rates, 1, Tier::Small, 50), 0, "what was used is used");
}

#[test]
fn who_is_refused_is_told_when_to_come_again() {
    let (rates, clock) = rates();
    admitted(&rates, 1, Tier::Small, 3);
    clock.advance(Duration::from_millis(30));
    let refusal = rates.admit(tenant(1), Tier::Small).expect_err("one too many");
    let PoolError::RateLimited { tier, statements_per_second, burst, retry_after } = refusal else {
        panic!("{refusal}")
    };
    assert_eq!((tier, statements_per_second, burst), (Tier::Small, 10, 3));
    assert_eq!(retry_after, Duration::from_millis(70));
    clock.advance(retry_after - Duration::from_nanos(1));
    assert_eq!(admitted(&rates, 1, Tier::Small, 1), 0);
    clock.advance(Duration::from_nanos(1));
    assert_eq!(admitted(&rates, 1, Tier::Small, 2), 1);
}

#[test]
fn those_that_could_have_a_whole_burst_again_are_forgotten() {
    let (rates, clock) = rates();
    for number in 0..1_000 {
        admitted(&rates, number, Tier::Small, 3);
    }
    rates.forget();
    assert_eq!(rates.known(), 1_000);
    assert_eq!(admitted(&rates, 1, Tier::Small, 1), 0, "forgetting gives nobody more");
    clock.advance(Duration::from_millis(250));
    admitted(&rates, 7, Tier::Small, 3);
    clock.advance(Duration::from_millis(150));
    rates.forget();
    assert_eq!(rates.known(), 1);
    assert_eq!(admitted(&rates, 7, Tier::Small, 5), 2, "the rest of its burst is still to come");
}
