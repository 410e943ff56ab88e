//! The whole way, tried out before the first change: in one transaction, which is rolled back.

use std::collections::BTreeMap;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

use super::adoption::Adoption;
use super::plan::AdoptionPlan;
use super::problem::{AdoptionProblem, AdoptionProblems};
use super::rule::Column;
use super::seen::Seen;
use super::{backfill, check, filling, identity, observation, ownership};
use crate::change::Change;
use crate::desired::Desired;
use crate::diff::Part;
use crate::error::MigrationError;
use crate::ident::QualifiedName;
use crate::live::{LiveColumn, LiveTable};
use crate::plan::Plan;
use crate::reconcile::{self, Allowed};
use crate::session;

/// What is to be done, where nothing stands in the way.
pub(super) async fn plan(
    connection: &mut PgConnection,
    desired: &Desired,
    adoption: &Adoption,
    rewrites: bool,
) -> Result<AdoptionPlan, MigrationError> {
    let mut transaction = connection.begin().await.map_err(MigrationError::Look)?;
    let plan = look(&mut transaction, desired, adoption, rewrites).await;
    let ended = transaction.rollback().await;
    let plan = plan?;
    ended.map_err(MigrationError::Look)?;
    Ok(plan)
}

async fn look(
    connection: &mut PgConnection,
    desired: &Desired,
    adoption: &Adoption,
    rewrites: bool,
) -> Result<AdoptionPlan, MigrationError> {
    sqlx::raw_sql(session::PREPARE).execute(&mut *connection).await.map_err(MigrationError::Look)?;
    let seen = Seen::read(connection, desired, adoption).await.map_err(MigrationError::Look)?;
    let mut problems = seen.problems.clone();
    if seen.decided {
        problems.extend(check::rows(connection, &seen.rules).await.map_err(MigrationError::Look)?);
    }
    let laid = ownership::foundation(desired, &seen);
    if !seen.foundation.current {
        let done = lay(connection, desired, &laid).await;
        // What is known already may be why.
        done.map_err(|error| if problems.is_empty() { error } else { refusal(problems.clone()) })?;
    }
    let part = async |connection: &mut PgConnection, part: Part| {
        let mut aside = connection.begin().await.map_err(MigrationError::Look)?;
        let allowed = Allowed { rewrites, taking_over: true, part };
        let imagined = |live: &mut BTreeMap<QualifiedName, LiveTable>| imagine(live, desired, &seen);
        let found = reconcile::differences(&mut aside, desired, allowed, &imagined).await;
        aside.rollback().await.map_err(MigrationError::Look)?;
        found
    };
    let all = match part(connection, Part::All).await {
        Err(MigrationError::Conflicts(conflicts)) => {
            let more = conflicts.0.into_iter().filter(|conflict| !problems.iter().any(|said| said.names(conflict)));
            let more: Vec<AdoptionProblem> = more.map(AdoptionProblem::from).collect();
            problems.extend(more);
            return Err(refusal(problems));
        }
        found => found?,
    };
    let departing = identity::departing(connection, &seen.rules, &all.changes).await;
    problems.extend(departing.map_err(MigrationError::Look)?);
    if !problems.is_empty() {
        return Err(refusal(problems));
    }
    let notes = all.notes;
    let beside = part(connection, Part::Beside).await?.changes;
    let walls = part(connection, Part::Walls).await?.changes;
    let rest: Vec<Change> =
        all.changes.into_iter().filter(|change| !beside.contains(change) && !walls.contains(change)).collect();
    Ok(stages(desired, adoption, &seen, (laid, beside, walls, rest), notes))
}

fn refusal(problems: Vec<AdoptionProblem>) -> MigrationError {
    MigrationError::Adoption(AdoptionProblems(problems))
}

fn stages(
    desired: &Desired,
    adoption: &Adoption,
    seen: &Seen<'_>,
    (laid, beside, walls, rest): (Change, Vec<Change>, Vec<Change>, Vec<Change>),
    notes: Vec<String>,
) -> AdoptionPlan {
    let stage =
        |changes: Vec<Change>, notes: Vec<String>| Plan { roles: desired.roles.clone(), changes, notes, known: false };
    let mut owned: Vec<Change> = (!seen.foundation.current).then_some(laid).into_iter().collect();
    owned.extend(ownership::changes(desired, seen));
    let rules = seen.rules.clone().with_columns();
    let columns = seen.rules.open().map(|ruled| filling::change(&rules, ruled, &seen.triggers));
    let columns = columns.filter(|(_, lasting)| *lasting).map(|(change, _)| change).collect();
    let filled = seen
        .rules
        .open()
        .map(|ruled| format!("{} ({} MiB)", backfill::describe(ruled), (ruled.have.pages + 127) / 128));
    let filled = filled.collect();
    let mut observed = observation::changes(seen, &desired.roles);
    observed.extend(walls);
    let mut enforced = rest;
    let filling = seen.rules.open().map(|ruled| ruled.schema.name()).chain(&seen.triggers);
    let mut filling: Vec<&QualifiedName> = filling.collect();
    filling.sort();
    filling.dedup();
    enforced.extend(filling.into_iter().map(filling::removal));
    let mut stages = vec![
        ("roles, the schema tenancy, and the tables' owner", stage(owned, Vec::new())),
        ("the tenant column, filled in new rows", stage(columns, Vec::new())),
        ("rows that are there, in batches", stage(Vec::new(), filled)),
        ("keys, indexes and foreign keys, beside the old ones", stage(beside, Vec::new())),
        (
            "row-level security, which lets programs without a tenant through and reports them",
            stage(observed, Vec::new()),
        ),
    ];
    if adoption.enforcing {
        stages.push(("what was kept for programs without a tenant goes", stage(enforced, Vec::new())));
    }
    AdoptionPlan { stages, notes }
}

/// Makes the foundation, in a transaction that is rolled back.
async fn lay(connection: &mut PgConnection, desired: &Desired, change: &Change) -> Result<(), MigrationError> {
    for step in &change.steps {
        let act = session::act_as(step.actor, &desired.roles, session::Scope::Transaction);
        let sql = AssertSqlSafe(format!("{act}\n{}", step.up));
        sqlx::raw_sql(sql).execute(&mut *connection).await.map_err(|source| MigrationError::Step {
            change: change.name.clone(),
            step: step.reason.clone(),
            source,
        })?;
    }
    sqlx::raw_sql("RESET ROLE").execute(connection).await.map(drop).map_err(MigrationError::Look)
}

/// The tables as they are when they are owned and have their tenant column.
fn imagine(live: &mut BTreeMap<QualifiedName, LiveTable>, desired: &Desired, seen: &Seen<'_>) {
    for (name, have) in live.iter_mut() {
        desired.roles.owner.as_str().clone_into(&mut have.owner);
        have.forced &= !ownership::is_lowered(seen, name, have);
    }
    for ruled in seen.rules.tables.values().filter(|ruled| ruled.column == Column::Missing) {
        if let Some(have) = live.get_mut(ruled.schema.name()) {
            have.columns.push(LiveColumn {
                name: ruled.key.as_str().to_owned(),
                kind: "uuid".to_owned(),
                not_null: false,
                identity: String::new(),
                generated: String::new(),
                default: None,
            });
        }
    }
}
