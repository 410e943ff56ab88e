//! What a server says of itself.

use sqlx::postgres::PgConnection;
use sqlx::{Executor, Row};

/// Asked without preparing anything, in one round trip. On a standby there is no position of the log to name a timeline.
///
/// These functions are everybody's unless somebody has closed them; then nothing can be said, and the host is not used.
const STANDING: &str = "
    SELECT pg_catalog.concat_ws(' ',
        pg_catalog.pg_is_in_recovery(),
        pg_catalog.current_setting('transaction_read_only'),
        CASE WHEN pg_catalog.pg_is_in_recovery() THEN '0'
             ELSE pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8) END,
        (SELECT system_identifier FROM pg_catalog.pg_control_system()),
        EXTRACT(epoch FROM pg_catalog.pg_postmaster_start_time()))";

/// What a server is at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) is_standby: bool,
    pub(super) is_read_only: bool,
    /// The timeline that it writes. Each promotion begins a new one, with a higher number.
    pub(super) timeline: u32,
    /// The cluster that it holds, or is a copy of.
    pub(super) cluster: String,
    /// When it was started: with the cluster it tells two servers from one under two names.
    pub(super) started: String,
}

impl Standing {
    pub(super) async fn of(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let answer: String = connection.fetch_one(STANDING).await?.try_get_unchecked(0)?;
        Self::read(&answer).ok_or_else(|| sqlx::Error::Protocol(format!("not the standing of a server: {answer}")))
    }

    /// Whether this primary can't be told from `other` by its timeline: both were promoted from the same one, or they have nothing
    /// in common. One server under two names is no rival of itself.
    pub(super) fn rivals(&self, other: &Self) -> bool {
        let is_the_same_server = self.cluster == other.cluster && self.started == other.started;
        !is_the_same_server && (self.cluster != other.cluster || self.timeline == other.timeline)
    }

    fn read(answer: &str) -> Option<Self> {
        let mut words = answer.split(' ');
        let standing = Self {
            is_standby: words.next()? == "t",
            is_read_only: words.next()? == "on",
            timeline: u32::from_str_radix(words.next()?, 16).ok()?,
            cluster: words.next()?.to_owned(),
            started: words.next()?.to_owned(),
        };
        words.next().is_none().then_some(standing)
    }
}

#[cfg(test)]
mod tests {
    use super::Standing;

    #[test]
    fn primaries_that_no_timeline_tells_apart_are_rivals() {
        let one = Standing::read("f off 00000002 7412 1.5").expect("an answer");
        for (other, rivals) in [
            ("00000002 7412 1.5", false),
            ("00000002 7412 2.5", true),
            ("00000001 7412 2.5", false),
            ("00000001 8523 1.5", true),
        ] {
            assert_eq!(Standing::read(&format!("f off {other}")).expect("an answer").rivals(&one), rivals, "{other}");
        }
    }

    #[test]
    fn the_answer_is_read_word_by_word() {
        let standing = Standing::read("f off 0000001A 7412 1732377600.5").expect("an answer");
        assert_eq!((standing.timeline, standing.is_standby, standing.is_read_only), (26, false, false));
        let standby = Standing::read("t on 0 7412 1732377600.5").expect("an answer");
        assert!(standby.is_standby && standby.is_read_only);
        for odd in ["", "f off", "f off xyz 1 2", "f off 00000001 1 2 3"] {
            assert_eq!(Standing::read(odd), None, "{odd}");
        }
    }
}
