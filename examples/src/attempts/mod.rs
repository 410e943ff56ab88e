//! Attempts to reach another organisation's data, and what stopped each.
//!
//! They run as the application role, through the connection an application has, and through a plain connection of that
//! role on which the filter is not in the way.

mod outcome;
mod reads;
mod scene;
mod sessions;
mod sql;
mod writes;

pub use outcome::{Attempt, Barrier, Outcome};
pub use scene::Scene;

use sea_orm::DbErr;

/// Makes every attempt, and after each compares the other organisation's rows with what they were.
///
/// # Errors
/// A database error outside the attempts themselves.
pub async fn all(scene: &Scene) -> Result<Vec<Attempt>, DbErr> {
    let before = scene.victims_rows().await?;
    let mut attempts = Vec::new();
    for group in [reads::all(scene).await, writes::all(scene).await, sql::all(scene).await, sessions::all(scene).await]
    {
        attempts.extend(group);
    }
    let unchanged = before == scene.victims_rows().await?;
    let outcome = if unchanged {
        Outcome::stopped(Barrier::BothWalls, "every row is as it was")
    } else {
        Outcome::Crossed("rows changed".to_owned())
    };
    attempts.push(Attempt::new("Afterwards", "compare the other organisation's rows with before", outcome));
    Ok(attempts)
}
