//! A rewritten statement is kept by its text: what comes again is found, within bounds, and no value is kept.

use std::sync::Arc;

use entities::molecule;
use sea_orm::{DbBackend, EntityTrait, QueryTrait, Statement, Value, Values};
use tenant_core::{Registry, RewriteStatistics, Rewriter, ScopeError, TenantId};
use uuid::Uuid;

fn rewriter() -> Rewriter {
    Rewriter::new(Arc::new(Registry::collect().expect("the sample's models")))
}

fn tenant(number: u128) -> TenantId {
    TenantId::new(Uuid::from_u128(number))
}

fn by_id(id: u128) -> Statement {
    molecule::Entity::find_by_id(Uuid::from_u128(id)).build(DbBackend::Postgres)
}

#[test]
fn a_text_that_comes_again_is_found() {
    let rewriter = rewriter();
    for id in 0..5 {
        rewriter.clone().scope(by_id(id), tenant(id)).expect("accepted");
    }
    let RewriteStatistics { hits, misses, entries, bytes } = rewriter.statistics();
    assert_eq!((hits, misses, entries), (4, 1, 1));
    assert!(bytes > by_id(0).sql.len() as u64 * 2, "{bytes} bytes can't hold both texts");
}

#[test]
fn what_is_kept_is_the_same_for_all_tenants_and_holds_no_values() {
    let rewriter = rewriter();
    for number in [1, 2, 1] {
        let scoped: Statement = rewriter.scope(by_id(number), tenant(number)).expect("accepted").into();
        let id = Uuid::from_u128(number);
        assert_eq!(scoped.values, Some(Values(vec![id.into(), id.into()])));
    }
    let kept = format!("{rewriter:?}");
    assert!(!kept.contains(&Uuid::from_u128(2).to_string()), "a value was kept");
}

#[test]
fn a_found_statement_is_checked_against_its_own_tenant_each_time() {
    let rewriter = rewriter();
    let sql =
        "INSERT INTO molecules (id, organization_id, external_ref, name, molecule_type) VALUES ($1, $2, $3, $4, $5)";
    let insert = |organization: u128| {
        let text = |text: &str| Value::from(text);
        let values = [Uuid::nil().into(), Uuid::from_u128(organization).into(), text("r"), text("n"), text("t")];
        Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
    };
    rewriter.scope(insert(1), tenant(1)).expect("one's own");
    let refusal = rewriter.scope(insert(1), tenant(2)).expect_err("another's, by the same text");
    assert!(matches!(refusal, ScopeError::TenantMismatch { .. }), "{refusal}");
    assert_eq!(rewriter.statistics().hits, 1);
}

#[test]
fn a_refused_text_is_not_kept() {
    let rewriter = rewriter();
    for _ in 0..3 {
        let text = Statement::from_string(DbBackend::Postgres, "SELECT pg_sleep(1)");
        rewriter.scope(text, tenant(1)).expect_err("refused");
    }
    assert_eq!(rewriter.statistics().entries, 0);
}

#[test]
fn what_is_kept_is_bounded() {
    const BYTES: u64 = 256 << 10;
    let rewriter = rewriter().cache_bytes(BYTES);
    for number in 0..5_000 {
        let text = Statement::from_string(DbBackend::Postgres, format!("SELECT m.id AS id_{number} FROM molecules m"));
        rewriter.scope(text, tenant(1)).expect("accepted");
    }
    let statistics = rewriter.statistics();
    assert!(statistics.bytes <= BYTES, "{statistics:?}");
    assert!((10..5_000).contains(&statistics.entries), "{statistics:?}");
}

#[test]
fn the_often_asked_outlive_the_one_off() {
    let rewriter = rewriter().cache_bytes(256 << 10);
    for number in 0..5_000 {
        let text = Statement::from_string(DbBackend::Postgres, format!("SELECT m.id AS id_{number} FROM molecules m"));
        rewriter.scope(text, tenant(1)).expect("accepted");
        rewriter.scope(by_id(number), tenant(1)).expect("accepted");
    }
    assert!(rewriter.statistics().hits > 4_900, "{:?}", rewriter.statistics());
}
