//! UNLOGGED tables, whose rows a crash takes.

use super::{Differences, Pair};
use crate::conflict::Conflict;

/// Not mended by a step: PostgreSQL would write each row anew, and refuse where an unlogged table is referred to.
pub(super) fn compare(pair: &Pair<'_>, out: &mut Differences) {
    for (name, _) in pair.family().filter(|(_, table)| table.unlogged) {
        let repair = format!("ALTER TABLE {name} SET LOGGED");
        out.conflicts.push(Conflict::Unlogged { table: name.to_string(), repair });
    }
}
