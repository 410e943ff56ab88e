//! What a registry becomes in the database, as SQL.

use entities::{docking_job, job_result, membership, molecule, organization, pipeline, target, user};
use tenant_core::{Index, Registry, Table, Unique};
use tenant_migration::{Plan, RoleNames};

fn sample() -> Registry {
    let jobs = Table::scoped::<docking_job::Entity>()
        .index(Index::new().ascending("status"))
        .index(Index::new().ascending("created_at").filter("status IN ('pending', 'running')"))
        .index(Index::new().ascending("molecule_id"));
    let molecules = Table::scoped::<molecule::Entity>()
        .index(Index::new().descending("created_at"))
        .index(Index::new().ascending("id").include("name").include("created_at"))
        .unique(Unique::new().column("external_ref"));
    Registry::builder()
        .table(jobs)
        .table(molecules)
        .table(Table::scoped::<job_result::Entity>().index(Index::new().ascending("job_id")))
        .table(Table::scoped::<membership::Entity>().unique(Unique::new().column("user_id").column("role")))
        .table(Table::scoped::<organization::Entity>().key("id"))
        .table(Table::scoped::<pipeline::Entity>().unique(Unique::new().column("name")))
        .table(Table::scoped::<user::Entity>().unique(Unique::new().column("email")))
        .table(Table::shared::<target::Entity>())
        .build()
        .expect("the sample is consistent")
}

fn plan(registry: &Registry) -> Plan {
    Plan::new(registry, &RoleNames::default()).expect("a plan can be made")
}

fn up_of(plan: &Plan, name: &str) -> String {
    let change = plan.changes().iter().find(|known| known.name() == name).expect("there is one");
    change.steps().iter().map(|step| format!("-- {}\n{}\n", step.reason(), step.up())).collect()
}

#[test]
fn the_sample_becomes_tables_in_the_order_of_their_references() {
    let plan = plan(&sample());
    let names: Vec<_> = plan.changes().iter().map(|change| change.name()).collect();
    insta::assert_debug_snapshot!(names);
    let tables: String = names[1..].iter().map(|name| up_of(&plan, name)).collect();
    insta::assert_snapshot!("sample_tables", tables);
}

#[test]
fn the_first_migration_makes_the_roles_and_the_schema_of_the_framework() {
    insta::assert_snapshot!("tenancy_v01", up_of(&plan(&sample()), "roles and the schema tenancy"));
}

#[test]
fn every_step_on_a_table_can_be_taken_back() {
    let plan = plan(&sample());
    let change = plan.changes().iter().find(|known| known.name() == "table public.molecules");
    let steps = change.expect("there is one").steps();
    let down: String = steps.iter().rev().filter_map(|step| Some(format!("{}\n", step.down()?))).collect();
    insta::assert_snapshot!("molecules_down", down);
}

#[test]
fn the_printed_plan_is_a_script() {
    let printed = plan(&sample()).to_string();
    let begins = printed.matches("\nBEGIN;").count();
    assert_eq!((begins, printed.matches("\nCOMMIT;").count()), (9, 9));
}
