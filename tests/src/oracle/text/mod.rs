//! Statements as text: all that SeaORM builds, and what people write that it can't build.

mod expression;
mod from;
mod insert;
mod merge;
mod query;
mod select;
mod write;
mod writer;

use super::choices::Choices;
use super::generated::Generated;
use writer::Writer;

/// How deep subqueries nest.
const DEPTH: usize = 3;

/// A SELECT, VALUES or TABLE.
pub(crate) fn read(choices: &mut Choices) -> Generated {
    let mut writer = Writer::new(choices);
    let query = if writer.choices.chance(6) { writer.locking(1) } else { writer.query(None, DEPTH) };
    Generated::read("read: text", query.ordered, writer.finish(&query.sql))
}

/// An INSERT, UPDATE, DELETE or MERGE, also in WITH.
pub(crate) fn write(choices: &mut Choices) -> Generated {
    let mut writer = Writer::new(choices);
    let (family, sql) = writer.write();
    Generated::write(family, writer.finish(&sql))
}
