//! Where in its log a server is.

use sqlx::postgres::PgConnection;
use sqlx::{Executor, Row};

/// A primary's position counts what was inserted into the log, not only what was written out: a commit that doesn't wait for
/// its log is counted too.
///
/// A standby can't be asked which timeline it replays. What its control file says of that may be older, so a standby that follows
/// a promotion is used only some time after it; one that doesn't follow is never taken for one that does.
const POSITION: &str = "
    SELECT pg_catalog.concat_ws(' ',
        pg_catalog.pg_is_in_recovery(),
        CASE WHEN pg_catalog.pg_is_in_recovery() THEN coalesce(pg_catalog.pg_last_wal_replay_lsn(), '0/0')
             ELSE pg_catalog.pg_current_wal_insert_lsn() END - '0/0',
        CASE WHEN pg_catalog.pg_is_in_recovery()
             THEN GREATEST((SELECT timeline_id FROM pg_catalog.pg_control_checkpoint()),
                           (SELECT min_recovery_end_timeline FROM pg_catalog.pg_control_recovery()))::text
             ELSE pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8) END,
        (SELECT system_identifier FROM pg_catalog.pg_control_system()),
        pg_catalog.current_setting('wal_block_size'))";

/// The shorter header of a page of the log, and the longer one of a file's first page.
const HEADERS: [u64; 2] = [24, 40];

/// A position in the log of one cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) is_standby: bool,
    /// The bytes of log before it.
    pub(super) bytes: u64,
    pub(super) branch: Branch,
}

/// Which log it is: positions of different ones can't be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Branch {
    cluster: String,
    timeline: u32,
}

impl Position {
    pub(super) async fn of(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let answer: String = connection.fetch_one(POSITION).await?.try_get_unchecked(0)?;
        Self::read(&answer).ok_or_else(|| sqlx::Error::Protocol(format!("not a position in a log: {answer}")))
    }

    pub(super) fn read(answer: &str) -> Option<Self> {
        let mut words = answer.split(' ');
        let is_standby = words.next()? == "t";
        let bytes: u64 = words.next()?.parse().ok()?;
        // The name of a file of the log is hexadecimal.
        let timeline = u32::from_str_radix(words.next()?, if is_standby { 10 } else { 16 }).ok()?;
        let branch = Branch { cluster: words.next()?.to_owned(), timeline };
        let page: u64 = words.next()?.parse().ok()?;
        // What comes next stands behind the page's header, where a standby that has it all has not been yet.
        let header = bytes.checked_rem(page).filter(|header| HEADERS.contains(header)).unwrap_or_default();
        words.next().is_none().then_some(Self { is_standby, bytes: bytes - header, branch })
    }
}

#[cfg(test)]
mod tests {
    use super::Position;

    #[test]
    fn timelines_are_compared_by_their_numbers() {
        let primary = Position::read("f 50331648 00000012 7412 8192").expect("an answer");
        let standby = Position::read("t 50331600 18 7412 8192").expect("an answer");
        assert_eq!(primary.branch, standby.branch);
        assert_eq!((standby.bytes, standby.is_standby, primary.is_standby), (50_331_600, true, false));
        assert_ne!(Position::read("t 50331600 12 7412 8192").expect("an answer").branch, primary.branch);
        assert_eq!(Position::read("t x 12 7412 8192"), None);
    }

    #[test]
    fn a_pages_header_is_nothing_that_a_standby_could_miss() {
        for (answer, bytes) in [(16384, 16384), (16408, 16384), (16424, 16384), (16432, 16432)] {
            let position = Position::read(&format!("f {answer} 00000001 7412 8192")).expect("an answer");
            assert_eq!(position.bytes, bytes);
        }
    }
}
