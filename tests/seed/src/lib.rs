//! Property tests that tell the seed they ran with, so that what was found once can be found again.

use std::collections::hash_map::RandomState;
use std::env;
use std::hash::BuildHasher;

use proptest::test_runner::{Config, RngSeed};

/// What sets the seed: proptest's own variable.
const SEED: &str = "PROPTEST_RNG_SEED";

/// What sets the number of cases: proptest's own variable.
const CASES: &str = "PROPTEST_CASES";

/// So many cases from a new seed, which is printed; or from the seed of `PROPTEST_RNG_SEED`, and `PROPTEST_CASES` of them.
///
/// A test's output is shown when it fails, and the seed with it. No file of failures is kept: the seed says the same, also
/// after a run elsewhere.
///
/// # Panics
/// If one of the variables is set and not a number.
#[must_use]
pub fn seeded(cases: u32) -> Config {
    let seed = variable(SEED).unwrap_or_else(|| RandomState::new().hash_one(SEED));
    println!("{SEED}={seed}");
    let cases = variable(CASES).map_or(cases, |cases| u32::try_from(cases).expect(CASES));
    Config { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(seed), ..Config::default() }
}

fn variable(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::any;
    use proptest::strategy::{Strategy, ValueTree};
    use proptest::test_runner::TestRunner;

    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_cases() {
        let config = seeded(1);
        let draw = || {
            let mut runner = TestRunner::new(config.clone());
            [(); 8].map(|()| any::<u64>().new_tree(&mut runner).expect("a number").current())
        };
        assert_eq!(draw(), draw());
    }

    #[test]
    fn each_run_has_a_seed_of_its_own() {
        if env::var_os(SEED).is_none() {
            assert_ne!(seeded(1).rng_seed, seeded(1).rng_seed);
        }
    }
}
