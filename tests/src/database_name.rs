//! Names of the databases that tests make.

use std::{
    fmt, process,
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

/// After this many hours nobody is using a database of a test any more.
const LEFT_BEHIND_AFTER: u64 = 24;

/// `tenant_test_<hours since 1970>_<process>_<number>`: unique on a server that several processes share, and it tells its age.
/// Needs no quotes in SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DatabaseName {
    hour: u64,
    process: u32,
    number: u64,
}

impl DatabaseName {
    pub(crate) fn unique() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { hour: this_hour(), process: process::id(), number: NEXT.fetch_add(1, Ordering::Relaxed) }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        let mut parts = name.strip_prefix("tenant_test_")?.split('_');
        let (hour, process, number) = (parts.next()?, parts.next()?, parts.next()?);
        parts.next().is_none().then_some(Self {
            hour: hour.parse().ok()?,
            process: process.parse().ok()?,
            number: number.parse().ok()?,
        })
    }

    pub(crate) fn is_left_behind(&self) -> bool {
        self.hour + LEFT_BEHIND_AFTER < this_hour()
    }
}

impl fmt::Display for DatabaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tenant_test_{}_{}_{}", self.hour, self.process, self.number)
    }
}

fn this_hour() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() / 3600)
}

#[cfg(test)]
mod tests {
    use super::DatabaseName;

    #[test]
    fn only_old_names_of_this_form_are_left_behind() {
        let left_behind = |name: &str| DatabaseName::parse(name).is_some_and(|name| name.is_left_behind());
        assert!(left_behind("tenant_test_400000_1_2"));
        assert!(!left_behind(&DatabaseName::unique().to_string()));
        assert!(!left_behind("tenant_test_of_mine"));
        assert!(!left_behind("tenant_test_400000_1_2_3"));
    }
}
