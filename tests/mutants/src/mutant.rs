//! What a mutant is.

/// A rule of the filter, broken.
#[derive(Clone, Copy, Debug)]
pub struct Mutant {
    /// What it does, in a few words.
    pub name: &'static str,
    /// The changes that make it.
    pub changes: &'static [Change],
}

/// One expression of the filter's source in the place of another.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// The file, as in `join.rs`.
    pub file: &'static str,
    /// Text that the file has exactly once, however its blanks are. The expression is what stands between `«` and `»`, or all
    /// of it.
    pub find: &'static str,
    /// The expression that takes its place.
    pub replace: &'static str,
}

/// A mutant of one change.
pub(crate) const fn mutant(name: &'static str, changes: &'static [Change]) -> Mutant {
    Mutant { name, changes }
}

/// A change of a file.
pub(crate) const fn change(file: &'static str, find: &'static str, replace: &'static str) -> Change {
    Change { file, find, replace }
}
