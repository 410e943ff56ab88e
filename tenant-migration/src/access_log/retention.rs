//! How long entries are kept, and the record that old ones were dropped.

use std::fmt;
use std::num::NonZeroU32;

use crate::access_log::months::{self, AHEAD};
use crate::change::Change;
use crate::ident::Ident;
use crate::step::{LockMode, Step};

/// How long entries of the access log are kept.
#[derive(Clone, Copy, Debug)]
pub struct RetentionPolicy {
    pub(super) months: NonZeroU32,
    pub(super) ahead: u32,
    pub(super) unsealed: bool,
}

impl RetentionPolicy {
    /// Months that ended so many months ago or more are dropped.
    #[must_use]
    pub const fn new(months: NonZeroU32) -> Self {
        Self { months, ahead: AHEAD, unsealed: false }
    }

    /// How many months are made ahead of the present one: three, unless this says otherwise.
    #[must_use]
    pub const fn ahead(mut self, months: u32) -> Self {
        self.ahead = months;
        self
    }

    /// Drops entries too that no seal covers, where nothing is ever sealed.
    #[must_use]
    pub const fn even_unsealed(mut self) -> Self {
        self.unsealed = true;
        self
    }
}

/// A partition whose month is over for long enough.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct OldPart {
    pub(super) part: String,
    pub(super) month: String,
    /// In microseconds since 1970.
    pub(super) ends: i64,
    pub(super) entries: i64,
    pub(super) unsealed: i64,
}

/// What a [`RetentionPolicy`] makes and drops. Its `Display` is a line for each month.
#[derive(Clone, Debug)]
pub struct RetentionPlan {
    pub(super) missing: Vec<String>,
    pub(super) old: Vec<OldPart>,
}

impl RetentionPlan {
    /// Whether there is nothing to make or drop.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.old.is_empty()
    }

    /// The month that must be sealed before it can be dropped, and how many of its entries are not.
    pub(super) fn unsealed(&self) -> Option<(&str, i64)> {
        self.old.iter().find(|part| part.unsealed > 0).map(|part| (part.month.as_str(), part.unsealed))
    }

    /// The end of what is dropped, in microseconds since 1970.
    pub(super) fn before(&self) -> Option<i64> {
        self.old.iter().map(|part| part.ends).max()
    }
}

impl fmt::Display for RetentionPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for month in &self.missing {
            writeln!(f, "make {}", month.replace('_', "-"))?;
        }
        for OldPart { part, month, entries, unsealed, .. } in &self.old {
            write!(f, "drop {month}: tenancy.{part}, {entries} entries")?;
            if *unsealed > 0 {
                write!(f, ", {unsealed} of them not sealed")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// The record that entries were dropped: a row of `tenancy.access_log_retentions`. Times are in microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retention {
    pub(crate) number: i64,
    pub(crate) before: i64,
    pub(crate) dropped_at: i64,
}

impl Retention {
    /// What a signature is over: a name that nothing else that is signed begins with, and each number as eight bytes, the
    /// highest first.
    #[cfg_attr(not(test), expect(dead_code, reason = "retentions are signed where there is a key to sign with"))]
    pub(crate) fn canonical(self) -> Vec<u8> {
        let numbers = [self.number, self.before, self.dropped_at];
        let mut bytes = b"tenancy.access_log_retentions\0".to_vec();
        bytes.extend(numbers.into_iter().flat_map(i64::to_be_bytes));
        bytes
    }
}

/// The change that drops what is old, and says so in the log itself.
pub(super) fn change(plan: &RetentionPlan, retention: Retention, policy: RetentionPolicy, reader: &Ident) -> Change {
    let time = |micros: i64| format!("(timestamptz 'epoch' + {micros} * interval '1 microsecond')");
    let Retention { number, before, dropped_at } = retention;
    let (before, dropped_at) = (time(before), time(dropped_at));
    let entries: i64 = plan.old.iter().map(|part| part.entries).sum();
    let mut lock = Step::forward(
        "who is writing to the log ends first",
        "LOCK TABLE ONLY tenancy.access_log, ONLY tenancy.access_log_values IN ACCESS EXCLUSIVE MODE;",
    );
    for table in &months::tables() {
        lock = lock.locking(LockMode::AccessExclusive, table);
    }
    let mut steps = vec![lock];
    if !policy.unsealed {
        let late = include_str!("../../sql/late_entries.sql").replace(":before", &before);
        // The session's role is a superuser or the reader itself.
        let check = Step::lasting(
            "what was written while the seals were looked at is sealed too",
            format!("SET LOCAL ROLE {reader}; SET LOCAL row_security = on;\n{late}"),
        );
        steps.push(check);
    }
    let parts: Vec<String> = plan.old.iter().map(|part| format!("tenancy.{}", Ident::live(&part.part))).collect();
    steps.push(Step::forward("months that are old enough", format!("DROP TABLE {};", parts.join(", "))));
    steps.push(Step::forward(
        "the log says itself what was dropped",
        format!(
            "SET LOCAL row_security = on;
INSERT INTO tenancy.access_log_retentions (retention, before, dropped_at) VALUES ({number}, {before}, {dropped_at});
INSERT INTO tenancy.access_log (kind, tables, touched, reason)
  VALUES ('retention', ARRAY['tenancy.access_log'], {entries}, format('entries from before %s were dropped', {before}));"
        ),
    ));
    Change::new("old months of the access log", steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_says_all_of_the_record() {
        let of = |number, before, dropped_at| Retention { number, before, dropped_at }.canonical();
        assert_eq!(of(1, 2, 3).len(), 30 + 24);
        let known = [of(1, 2, 3), of(2, 2, 3), of(1, 3, 3), of(1, 2, 4), of(2, 1, 3)];
        for (place, one) in known.iter().enumerate() {
            assert!(known[..place].iter().all(|other| other != one));
        }
    }
}
