//! Foreign keys between tables that are spread already.

use super::distribution::one_connection;
use crate::change::Change;
use crate::desired::Desired;
use crate::step::{Actor, Step};

/// The change that adds all foreign keys, and what of them is left out.
pub(super) fn references(desired: &Desired) -> (Option<Change>, Vec<String>) {
    let (mut steps, mut left_out) = (vec![one_connection()], Vec::new());
    for (table, key) in desired.tables.iter().flat_map(|table| table.references().iter().map(move |key| (table, key))) {
        let reduced = if key.has_tenant_key() { key.changing_no_column() } else { None };
        if reduced.is_some() {
            left_out.push(format!(
                "left out: what {} of {} does to the column when the row referred to changes or goes (rule 5). Until then a \
                 row that is referred to can't be deleted: set the column to NULL in the same transaction, before the DELETE",
                key.name(),
                table.name(),
            ));
        }
        let key = reduced.as_ref().unwrap_or(key);
        // By a superuser, who sees the rows that FORCE hides from the owner: the server looks at them as whoever adds the key.
        let up = format!("{}\n{}", key.addition(), key.mark());
        steps.push(Step { up, down: None, locks: Vec::new(), actor: Actor::Operator, ..key.step() });
    }
    let change =
        (steps.len() > 1).then(|| Change::new("foreign keys, between tables that are where they belong", steps));
    (change, left_out)
}
