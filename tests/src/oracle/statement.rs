//! Random statements.

use proptest::prelude::Strategy;

use super::choices::Choices;
use super::generated::Generated;
use super::{text, tree};

/// Longer tapes make longer statements.
const LONGEST: usize = 160;

/// Statements that read, as text.
pub fn reads() -> impl Strategy<Value = Generated> {
    Choices::strategy(LONGEST).prop_map(|mut choices| text::read(&mut choices))
}

/// Statements that change rows, as text.
pub fn writes() -> impl Strategy<Value = Generated> {
    Choices::strategy(LONGEST).prop_map(|mut choices| text::write(&mut choices))
}

/// Statements that SeaORM's query builder builds from a tree.
pub fn trees() -> impl Strategy<Value = Generated> {
    Choices::strategy(LONGEST).prop_map(|mut choices| tree::statement(&mut choices))
}

/// Statements of all kinds.
pub fn any() -> impl Strategy<Value = Generated> {
    Choices::strategy(LONGEST).prop_map(|mut choices| match choices.weighted(&[40, 30, 30]) {
        0 => text::read(&mut choices),
        1 => tree::statement(&mut choices),
        _ => text::write(&mut choices),
    })
}
