//! Statements from the query builder that SeaORM's own queries are made with.

mod builder;
mod change;
mod condition;
mod select;

use sea_orm::DbBackend;

use super::choices::Choices;
use super::generated::Generated;
use builder::Builder;

/// A statement of any kind that the builder builds.
pub(crate) fn statement(choices: &mut Choices) -> Generated {
    let mut builder = Builder::new(choices);
    match builder.choices.weighted(&[70, 12, 10, 8]) {
        1 => Generated::write("write: tree", DbBackend::Postgres.build(&builder.insert())),
        2 => Generated::write("write: tree", DbBackend::Postgres.build(&builder.update())),
        3 => Generated::write("write: tree", DbBackend::Postgres.build(&builder.delete())),
        _ => {
            let (query, ordered) = builder.find();
            Generated::read("read: tree", ordered, DbBackend::Postgres.build(&query))
        }
    }
}
