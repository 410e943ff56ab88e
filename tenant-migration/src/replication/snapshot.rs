//! Which transactions a snapshot has seen.

use std::collections::HashSet;

use sqlx::postgres::PgConnection;

/// A transaction's snapshot, as `pg_current_snapshot()` prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    xmin: u64,
    xmax: u64,
    open: HashSet<u64>,
}

impl Snapshot {
    /// That of the open transaction; as text, it is kept for a later run.
    pub(crate) async fn current(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
        let query = sqlx::query_scalar("SELECT pg_catalog.pg_current_snapshot()::text");
        query.persistent(false).fetch_one(connection).await
    }

    /// What `pg_current_snapshot()` printed: `xmin:xmax:open,open,…`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let (xmin, xmax, open) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?);
        let open = open.split(',').filter(|xid| !xid.is_empty()).map(str::parse).collect::<Result<_, _>>().ok()?;
        parts.next().is_none().then_some(Self { xmin, xmax, open })
    }

    /// Whether it saw the transaction of which the log prints the lower half of the number. One of the log lies within
    /// half of all such numbers of the snapshot, as long as the slot holds the server's clean-up back.
    pub(crate) fn has_seen(&self, xid: u32) -> bool {
        let whole = whole(self.xmax, xid);
        whole < self.xmin || whole < self.xmax && !self.open.contains(&whole)
    }
}

/// The number near `near` that ends as `xid`.
fn whole(near: u64, xid: u32) -> u64 {
    // As PostgreSQL compares such halves: by the sign of their difference.
    let difference = i64::from(xid.wrapping_sub(near as u32) as i32);
    near.saturating_add_signed(difference)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_open_or_came_later_was_not_seen() {
        let snapshot = Snapshot::read("10:20:10,15").expect("a snapshot");
        let seen: Vec<u32> = (8..23).filter(|xid| snapshot.has_seen(*xid)).collect();
        assert_eq!(seen, [8, 9, 11, 12, 13, 14, 16, 17, 18, 19]);
    }

    #[test]
    fn numbers_are_compared_around_the_end_of_a_half() {
        let around = 1_u64 << 32;
        let snapshot = Snapshot::read(&format!("{}:{}:{}", around - 2, around + 3, around + 1)).expect("a snapshot");
        assert!(snapshot.has_seen(u32::MAX) && snapshot.has_seen(0) && snapshot.has_seen(2));
        assert!(!snapshot.has_seen(1) && !snapshot.has_seen(3));
    }

    #[test]
    fn what_is_no_snapshot_is_none() {
        for text in ["", "1:2", "1:2:x", "1:2:3:4", "a:2:"] {
            assert_eq!(Snapshot::read(text), None, "{text}");
        }
        assert!(Snapshot::read("1:2:").is_some());
    }
}
