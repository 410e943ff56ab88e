//! Random statements from the sample's entities, as a program writes them with SeaORM.

use entities::{docking_job, job_result, membership, molecule, organization, pipeline, target, user};
use proptest::prelude::Strategy;
use sea_orm::sea_query::{ColumnType, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, DbBackend, EntityTrait, Iterable, JoinType, PrimaryKeyToColumn, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Related, RelationDef, RelationTrait, Value,
};
use tenant_testkit::oracle::{Choices, Generated};
use uuid::Uuid;

/// Enough for the longest of them.
const LONGEST: usize = 60;

/// Finders with filters, relations, order and limits; aggregates; bulk updates and deletes.
pub(crate) fn finders() -> impl Strategy<Value = Generated> {
    Choices::strategy(LONGEST).prop_map(|mut choices| match choices.below(13) {
        0 => find::<molecule::Entity>(&mut choices),
        1 => find::<docking_job::Entity>(&mut choices),
        2 => find::<job_result::Entity>(&mut choices),
        3 => find::<pipeline::Entity>(&mut choices),
        4 => find::<user::Entity>(&mut choices),
        5 => find::<membership::Entity>(&mut choices),
        6 => find::<organization::Entity>(&mut choices),
        7 => find::<target::Entity>(&mut choices),
        8 => find_related::<docking_job::Entity, molecule::Entity>(&mut choices),
        9 => find_related::<docking_job::Entity, target::Entity>(&mut choices),
        10 => find_related::<molecule::Entity, docking_job::Entity>(&mut choices),
        11 => find_related::<user::Entity, membership::Entity>(&mut choices),
        _ => find_related::<pipeline::Entity, user::Entity>(&mut choices),
    })
}

/// A value of the few that the sample's columns hold in the oracle's data.
fn value(choices: &mut Choices, column: &impl ColumnTrait) -> Value {
    match column.def().get_column_type() {
        ColumnType::Uuid => Uuid::from_u128(1 + choices.below(6) as u128).into(),
        ColumnType::Integer => (*choices.pick(&[1, 2, 3, 0])).into(),
        ColumnType::Double => (*choices.pick(&[0.5, 1.25, -2.0, 0.25])).into(),
        ColumnType::TimestampWithTimeZone => {
            let times = ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"];
            choices.pick(&times).parse::<sea_orm::prelude::ChronoDateTimeUtc>().ok().into()
        }
        ColumnType::JsonBinary => serde_json::json!({"a": 1}).into(),
        _ => (*choices.pick(&["a", "b", "pending", "owner", "failed", "ab"])).into(),
    }
}

fn condition<E: EntityTrait>(choices: &mut Choices) -> Condition {
    let columns: Vec<E::Column> = E::Column::iter().collect();
    let mut condition = if choices.chance(40) { Condition::any() } else { Condition::all() };
    for _ in 0..choices.below(4) {
        let column = *choices.pick(&columns);
        let value = value(choices, &column);
        condition = condition.add(match choices.below(7) {
            1 => column.ne(value),
            2 => column.is_null(),
            3 => column.is_not_null(),
            4 => column.gte(value),
            5 => column.is_in([value]),
            6 => column.eq(value).not(),
            _ => column.eq(value),
        });
    }
    condition
}

fn key<E: EntityTrait>() -> Vec<E::Column> {
    E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column).collect()
}

fn find<E: EntityTrait>(choices: &mut Choices) -> Generated {
    let filter = condition::<E>(choices);
    let shared = E::default().table_name() == "targets";
    match choices.weighted(&[70, 15, 15]) {
        1 if !shared => Generated::write("write: finder", E::delete_many().filter(filter).build(DbBackend::Postgres)),
        2 if !shared => {
            let columns: Vec<E::Column> = E::Column::iter().collect();
            let column = *choices.pick(&columns);
            // To itself: every row passes through the constraints, and none is sure to break one.
            let update = E::update_many().col_expr(column, column.into_expr()).filter(filter);
            Generated::write("write: finder", update.build(DbBackend::Postgres))
        }
        _ => {
            let mut select = E::find().filter(filter);
            let relations: Vec<RelationDef> = E::Relation::iter().map(|relation| relation.def()).collect();
            if !relations.is_empty() && choices.chance(50) {
                let kind = *choices.pick(&[JoinType::InnerJoin, JoinType::LeftJoin, JoinType::RightJoin]);
                select = select.join(kind, choices.pick(&relations).clone());
            }
            if choices.chance(25) {
                let columns: Vec<E::Column> = E::Column::iter().collect();
                let column = *choices.pick(&columns);
                let select = select.select_only().column(column).column_as(key::<E>()[0].count(), "count");
                return Generated::read("read: finder", false, select.group_by(column).build(DbBackend::Postgres));
            }
            if !choices.chance(50) {
                return Generated::read("read: finder", false, select.build(DbBackend::Postgres));
            }
            // Rows with the same key are the same row, as often as it was joined.
            let ordered = key::<E>().into_iter().fold(select, |select, column| select.order_by_desc(column));
            let limited = ordered.limit(1 + choices.below(4) as u64).offset(choices.below(2) as u64);
            Generated::read("read: finder", true, limited.build(DbBackend::Postgres))
        }
    }
}

fn find_related<E: EntityTrait + Related<R>, R: EntityTrait>(choices: &mut Choices) -> Generated {
    let (one, other) = (condition::<E>(choices), condition::<R>(choices));
    let related = E::find().find_also_related(R::default()).filter(one);
    let related = if choices.chance(30) { related.filter(other) } else { related };
    Generated::read("read: finder", false, related.build(DbBackend::Postgres))
}
