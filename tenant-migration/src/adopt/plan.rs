//! What an adoption is about to do.

use std::fmt;

use crate::change::Change;
use crate::plan::Plan;

/// What an adoption is about to do, stage by stage. Its `Display` is SQL with remarks.
#[derive(Clone, Debug)]
pub struct AdoptionPlan {
    pub(super) stages: Vec<(&'static str, Plan)>,
    pub(super) notes: Vec<String>,
}

impl AdoptionPlan {
    /// Whether nothing is left to do but what was not asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stages.iter().all(|(_, plan)| plan.is_empty() && plan.notes().is_empty())
    }

    /// All changes, in order.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.stages.iter().flat_map(|(_, plan)| plan.changes())
    }

    /// What is left as it is, and why.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

impl fmt::Display for AdoptionPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (title, plan) in self.stages.iter().filter(|(_, plan)| !plan.is_empty() || !plan.notes().is_empty()) {
            writeln!(f, "\n---- {title}\n{plan}")?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "\n-- {note}"))
    }
}
