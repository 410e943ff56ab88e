//! The access log: who reads it, that nobody changes it, and that there is room in it.

use crate::verify::lint::Severity::{Error, Warning};
use crate::verify::lint::{Lint, Topic};

pub(super) const LINTS: &[Lint] = &[
    lint!(
        "access_log",
        "log-without-rls",
        Topic::AccessLog,
        Error,
        "a table or partition of the access log on which row-level security is off or not forced",
        "Whoever may read the log reads what was done with every tenant's rows."
    ),
    lint!(
        "access_log",
        "log-shows-others",
        Topic::AccessLog,
        Error,
        "a policy of the access log that shows entries about all tenants to other roles than the framework's, or a missing floor",
        "A tenant reads what was done with its own rows, and nobody else's."
    ),
    lint!(
        "access_log",
        "log-writable",
        Topic::AccessLog,
        Error,
        "a right to write the access log, or any right on a partition of it, of a role that is not the owner's",
        "Entries are written by the framework's functions alone, which say who really did it."
    ),
    lint!(
        "access_log",
        "log-changeable",
        Topic::AccessLog,
        Error,
        "a trigger that keeps entries from being changed and that is missing or does not always fire",
        "Without it whoever has the owner's rights changes entries, and only the next check of the seals tells."
    ),
    lint!(
        "access_log",
        "log-month-missing",
        Topic::AccessLog,
        Error,
        "an access log without a partition for the present month",
        "No entry can be written: every statement that is logged fails, or its entry is lost where the deploy said so."
    ),
    lint!(
        "access_log",
        "log-ends-soon",
        Topic::AccessLog,
        Warning,
        "an access log without a partition for a month that begins within 35 days",
        "Each `migrate up` and `migrate audit retain` makes months ahead: none has run for a long time."
    ),
];
