//! What SeaORM builds is scoped as it stands.

mod sample;

use std::fmt::Write as _;

use entities::{docking_job, job_result, molecule, organization, pipeline, target};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, OnConflict, Query, UnionType};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DbBackend, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    RelationTrait, Statement,
};
use tenant_core::TenantId;
use uuid::Uuid;

const fn tenant() -> TenantId {
    TenantId::new(Uuid::from_u128(1))
}

fn new_molecule(id: u128) -> molecule::ActiveModel {
    molecule::ActiveModel { id: Set(Uuid::from_u128(id)), name: Set("aspirin".to_owned()), ..Default::default() }
}

fn statements() -> Vec<(&'static str, Statement)> {
    let id = Uuid::from_u128(7);
    let db = DbBackend::Postgres;
    let mut ids = molecule::Entity::find().select_only().column(molecule::Column::Id).into_query();
    let more_ids = pipeline::Entity::find().select_only().column(pipeline::Column::Id).into_query();
    vec![
        ("find_by_id", molecule::Entity::find_by_id(id).build(db)),
        (
            "a filter, an order and a limit",
            docking_job::Entity::find()
                .filter(docking_job::Column::Status.eq(docking_job::Status::Pending))
                .filter(docking_job::Column::MoleculeId.is_in([id, id]))
                .order_by_desc(docking_job::Column::CreatedAt)
                .limit(5)
                .offset(2)
                .build(db),
        ),
        ("an empty IN", molecule::Entity::find().filter(molecule::Column::Id.is_in(Vec::<Uuid>::new())).build(db)),
        ("also related", docking_job::Entity::find().find_also_related(molecule::Entity).build(db)),
        ("with related", molecule::Entity::find().find_with_related(docking_job::Entity).build(db)),
        ("both related", docking_job::Entity::find().find_both_related(pipeline::Entity).build(db)),
        (
            "a join with another name, grouped",
            molecule::Entity::find()
                .select_only()
                .column(molecule::Column::Id)
                .column(molecule::Column::Name)
                .column_as(docking_job::Column::Id.count(), "jobs")
                .join_as(JoinType::LeftJoin, molecule::Relation::DockingJob.def(), Alias::new("r0"))
                .group_by(molecule::Column::Id)
                .having(Expr::col((Alias::new("r0"), docking_job::Column::Id)).count().gt(1))
                .build(db),
        ),
        (
            "a subquery",
            molecule::Entity::find()
                .filter(
                    molecule::Column::Id.in_subquery(
                        Query::select()
                            .column(docking_job::Column::MoleculeId)
                            .from(docking_job::Entity)
                            .and_where(docking_job::Column::TargetCode.like("C%"))
                            .to_owned(),
                    ),
                )
                .build(db),
        ),
        ("a lock", molecule::Entity::find().lock_exclusive().build(db)),
        ("DISTINCT ON", molecule::Entity::find().distinct_on([molecule::Column::Name]).build(db)),
        ("a union", db.build(ids.union(UnionType::All, more_ids))),
        ("a shared table", target::Entity::find().filter(target::Column::Code.eq("CDK2")).build(db)),
        ("the tenant itself", organization::Entity::find().build(db)),
        ("insert", molecule::Entity::insert(new_molecule(1)).build(db)),
        ("insert_many", molecule::Entity::insert_many([new_molecule(1), new_molecule(2)]).build(db)),
        (
            "insert_many of mixed models",
            molecule::Entity::insert_many([
                new_molecule(1),
                molecule::ActiveModel { organization_id: Set(tenant()), ..new_molecule(2) },
            ])
            .build(db),
        ),
        ("insert of nothing", pipeline::Entity::insert(pipeline::ActiveModel::default()).build(db)),
        (
            "an upsert",
            molecule::Entity::insert(new_molecule(1))
                .on_conflict(OnConflict::column(molecule::Column::Id).update_column(molecule::Column::Name).to_owned())
                .build(db),
        ),
        (
            "an upsert of all columns",
            molecule::Entity::insert(molecule::ActiveModel { organization_id: Set(tenant()), ..new_molecule(1) })
                .on_conflict(
                    OnConflict::column(molecule::Column::ExternalRef)
                        .update_columns([molecule::Column::OrganizationId, molecule::Column::Name])
                        .to_owned(),
                )
                .build(db),
        ),
        (
            "an insert that may do nothing",
            molecule::Entity::insert(new_molecule(1))
                .on_conflict(OnConflict::column(molecule::Column::Id).do_nothing().to_owned())
                .build(db),
        ),
        ("update", molecule::Entity::update(new_molecule(1)).validate().expect("has its key").build(db)),
        (
            "update_many",
            docking_job::Entity::update_many()
                .col_expr(docking_job::Column::Status, Expr::value("failed"))
                .set(docking_job::ActiveModel { organization_id: Set(tenant()), ..Default::default() })
                .filter(docking_job::Column::MoleculeId.is_null().or(docking_job::Column::PipelineId.eq(id)))
                .build(db),
        ),
        ("delete_by_id", job_result::Entity::delete_by_id(id).build(db)),
        ("delete_many", job_result::Entity::delete_many().build(db)),
    ]
}

#[test]
fn what_seaorm_builds_is_scoped_as_it_stands() {
    let rewriter = sample::rewriter();
    let mut shown = String::new();
    for (name, statement) in statements() {
        let scoped = rewriter.scope(statement, tenant()).unwrap_or_else(|error| panic!("{name}: {error}"));
        writeln!(shown, "-- {name}\n{}\n", scoped.sql()).expect("a String takes everything");
    }
    insta::assert_snapshot!(shown);
}
