//! What a registry becomes for other servers.

use entities as _;
use entities::{molecule, organization, target, user};
use tenant_core::{Registry, Table};
use tenant_migration::{Change, CitusPlan, RoleNames, Step, TenantMigrator};

fn citus() -> CitusPlan {
    let registry = Registry::collect().expect("the sample is consistent");
    CitusPlan::new(&registry, &RoleNames::default()).expect("a plan can be made")
}

#[test]
fn the_samples_tables_are_made_as_citus_takes_them() {
    let plan = citus();
    let text: String = plan
        .changes()
        .iter()
        .map(|change| {
            let steps = change.steps().iter().map(|step| {
                // What is the same on PostgreSQL, or sent to the workers as it is, has snapshots of its own.
                let up =
                    if step.up().starts_with("DO ") || step.up().contains("SCHEMA IF") { "…" } else { step.up() };
                format!("-- {}\n{}\n", step.reason(), up.trim_end())
            });
            format!("\n== {}\n{}", change.name(), steps.collect::<String>())
        })
        .collect();
    let notes: String = plan.notes().iter().map(|note| format!("-- {note}\n")).collect();
    insta::assert_snapshot!("citus_sample", format!("{text}\n{notes}"));
}

#[test]
fn a_plan_for_citus_says_at_its_top_that_it_was_not_run_there() {
    let text = citus().to_string();
    assert!(text.starts_with("-- Not run against a live Citus cluster."), "{}", &text[..80]);
}

#[test]
fn no_policy_for_citus_has_a_sub_select_and_all_others_have() {
    let registry = Registry::collect().expect("the sample is consistent");
    let postgres = tenant_migration::Plan::new(&registry, &RoleNames::default()).expect("a plan can be made");
    // The framework's own tables are spread over no workers.
    let asked = |changes: &[Change]| {
        let tables = changes.iter().filter(|change| change.name().starts_with("table "));
        let text: String = tables.flat_map(Change::steps).map(Step::up).collect();
        (text.matches("(SELECT tenancy.").count(), text.matches("CREATE POLICY").count())
    };
    let (sub_selects, policies) = asked(citus().changes());
    assert_eq!((sub_selects, policies > 0), (0, true));
    assert!(asked(postgres.changes()).0 >= policies);
}

#[test]
fn the_report_on_servers_names_the_samples_tables() {
    let registry = Registry::collect().expect("the sample is consistent");
    let report = TenantMigrator::new(&registry).expect("a plan can be made").portability();
    insta::assert_snapshot!("portability_text", report);
    insta::assert_snapshot!("portability_json", format!("{:#}", report.to_json()));
}

#[test]
fn what_no_table_uses_is_not_in_the_report() {
    let registry = Registry::builder()
        .table(Table::scoped::<organization::Entity>().key("id"))
        .table(Table::scoped::<user::Entity>())
        .table(Table::scoped::<molecule::Entity>())
        .table(Table::shared::<target::Entity>())
        .build()
        .expect("consistent");
    let text = TenantMigrator::new(&registry).expect("a plan can be made").portability().to_string();
    assert!(text.contains("row-level security\n") && !text.contains("SET NULL") && !text.contains("partial"), "{text}");
}
