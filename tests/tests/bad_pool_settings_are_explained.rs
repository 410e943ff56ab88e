//! Settings with which no statement could ever run are refused before anything is connected, with what to change.

use std::time::Duration;

use tenant_core::{
    ConnectionBudget, DatabaseError, PoolSettingsError, Registry, TenantDatabase, TenantDatabaseBuilder, Tier,
    TierLimits,
};

/// Why a database with these settings can't be built. There is none at its address.
async fn refusal(set: impl FnOnce(TenantDatabaseBuilder) -> TenantDatabaseBuilder) -> PoolSettingsError {
    let builder = TenantDatabase::builder("postgres://nobody@127.0.0.1:1/none").registry(Registry::collect().unwrap());
    match set(builder).build().await.expect_err("unusable settings") {
        DatabaseError::Settings(error) => error,
        other => panic!("{other}"),
    }
}

fn is_explained(error: &PoolSettingsError, parts: &[&str]) {
    let text = error.to_string();
    assert!(parts.iter().all(|part| text.contains(part)), "{text}");
}

#[tokio::test]
async fn no_connections() {
    let error = refusal(|builder| builder.max_connections(0)).await;
    assert_eq!(error, PoolSettingsError::NoConnections);
    is_explained(&error, &["max_connections is 0", "give at least 1"]);
}

#[tokio::test]
async fn more_kept_than_there_may_be() {
    let error = refusal(|builder| builder.max_connections(4).min_connections(5)).await;
    assert!(matches!(error, PoolSettingsError::MinimumAboveMaximum { minimum: 5, maximum: 4, .. }), "{error:?}");
    is_explained(&error, &["min_connections is 5", "4 of max_connections"]);
    let budget = ConnectionBudget::new(4);
    let error = refusal(|builder| builder.min_connections(5).budget(&budget)).await;
    assert!(matches!(error, PoolSettingsError::MinimumAboveMaximum { minimum: 5, maximum: 4, .. }), "{error:?}");
    is_explained(&error, &["min_connections is 5", "4 of the budget"]);
    assert_eq!(budget.taken(), 0);
}

#[tokio::test]
async fn a_budget_of_nothing() {
    let error = refusal(|builder| builder.budget(&ConnectionBudget::new(0))).await;
    assert_eq!(error, PoolSettingsError::NoBudget);
    is_explained(&error, &["budget is 0", "give at least 1"]);
}

#[tokio::test]
async fn a_tier_that_may_have_nothing() {
    for tier in Tier::ALL {
        let error = refusal(|builder| builder.tier(tier, TierLimits::of(tier).max_connections(0))).await;
        assert_eq!(error, PoolSettingsError::EmptyTier { tier, what: "max_connections" });
        is_explained(&error, &["max_connections of tier", &tier.to_string(), "give at least 1"]);
        let error = refusal(|builder| builder.tier(tier, TierLimits::of(tier).weight(0))).await;
        assert_eq!(error, PoolSettingsError::EmptyTier { tier, what: "weight" });
    }
}

#[tokio::test]
async fn reserved_connections_that_leave_none_to_the_others() {
    let large = TierLimits::of(Tier::Large).reserved_connections(4);
    let error = refusal(|builder| builder.max_connections(4).tier(Tier::Large, large)).await;
    assert_eq!(error, PoolSettingsError::AllReserved { tier: Tier::Small, reserved: 4, maximum: 4 });
    is_explained(
        &error,
        &["reserve 4 connections beside tier small", "all of the 4 of max_connections or the budget", "reserve fewer"],
    );
    let [medium, large] = [Tier::Medium, Tier::Large].map(|tier| TierLimits::of(tier).reserved_connections(u32::MAX));
    let error = refusal(|builder| builder.tier(Tier::Medium, medium).tier(Tier::Large, large)).await;
    assert!(matches!(error, PoolSettingsError::AllReserved { reserved: u32::MAX, .. }), "{error:?}");
}

#[tokio::test]
async fn no_time_to_do_anything_in() {
    type Set = fn(TenantDatabaseBuilder, Duration) -> TenantDatabaseBuilder;
    let settings: [(&str, Set); 5] = [
        ("acquire_timeout", TenantDatabaseBuilder::acquire_timeout),
        ("idle_timeout", TenantDatabaseBuilder::idle_timeout),
        ("max_lifetime", TenantDatabaseBuilder::max_lifetime),
        ("answer_timeout", TenantDatabaseBuilder::answer_timeout),
        ("connect_timeout", TenantDatabaseBuilder::connect_timeout),
    ];
    for (setting, set) in settings {
        let error = refusal(|builder| set(builder, Duration::ZERO)).await;
        assert_eq!(error, PoolSettingsError::NoTime { setting });
        is_explained(&error, &[setting, "give more"]);
    }
}
