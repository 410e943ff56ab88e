//! How long entries are kept, and the record that old ones were dropped.

use std::fmt;
use std::num::NonZeroU32;

use crate::access_log::months::{self, AHEAD};
use crate::audit::{Moment, Retention};
use crate::change::Change;
use crate::ident::Ident;
use crate::step::{LockMode, Step};
use crate::template::literal;

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

/// The row of `tenancy.access_log_retentions` that says what was dropped.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) number: i64,
    pub(super) before: Moment,
    pub(super) dropped_at: Moment,
    /// Without it whoever verifies can't know that it was not somebody else who dropped the entries.
    pub(super) signed: Option<Retention>,
}

impl Record {
    /// The values of the columns `key` and `signature`.
    fn signature(&self) -> String {
        let signed = self.signed.as_ref().and_then(|signed| Some((signed.key()?, signed.signature()?)));
        let Some((key, signature)) = signed else { return "NULL, NULL".to_owned() };
        let digits: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}, decode('{digits}', 'hex')", literal(key))
    }
}

/// The change that drops what is old, and says so in the log itself.
pub(super) fn change(plan: &RetentionPlan, record: &Record, policy: RetentionPolicy, reader: &Ident) -> Change {
    let time = |micros: i64| format!("(timestamptz 'epoch' + {micros} * interval '1 microsecond')");
    let (before, dropped_at) = (time(record.before.microseconds()), time(record.dropped_at.microseconds()));
    let (number, signature) = (record.number, record.signature());
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
SET LOCAL search_path = pg_catalog, pg_temp;
INSERT INTO tenancy.access_log_retentions (retention, before, dropped_at, key, signature)
  VALUES ({number}, {before}, {dropped_at}, {signature});
SELECT tenancy.write_entry(clock_timestamp(), NULL, NULL, NULL, NULL, 'retention', ARRAY['tenancy.access_log'], {entries}, NULL, NULL,
  format('entries from before %s were dropped', {before}), NULL);"
        ),
    ));
    Change::new("old months of the access log", steps)
}
