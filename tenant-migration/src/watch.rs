//! What a session is at, seen from another one.

use std::future::Future;
use std::time::{Duration, Instant};

use sqlx::postgres::PgPool;

use crate::progress::{Event, Observer};

/// How often it is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// How long a look may take: without it there is less to say, and nothing else.
const LOOK: Duration = Duration::from_millis(500);

/// Looks at a session with connections of a pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch<'a> {
    pool: &'a PgPool,
    process: i32,
}

#[derive(Debug, Default, sqlx::FromRow)]
struct Seen {
    phase: Option<String>,
    share: Option<f64>,
    blockers: Option<String>,
}

impl<'a> Watch<'a> {
    pub(crate) const fn new(pool: &'a PgPool, process: i32) -> Self {
        Self { pool, process }
    }

    /// Does some work of the session's, and says how it goes on. Gives the sessions too that were last seen in its way.
    pub(crate) async fn over<T>(
        self,
        observer: &dyn Observer,
        change: &str,
        work: impl Future<Output = T>,
    ) -> (T, Option<String>) {
        let begun = Instant::now();
        let mut blockers = None;
        let watching = async {
            loop {
                tokio::time::sleep(EVERY).await;
                let seen = self.look().await;
                let (phase, share) = (seen.phase.as_deref(), seen.share);
                blockers = seen.blockers.or_else(|| blockers.take().filter(|_| phase.is_none()));
                let elapsed = begun.elapsed();
                observer.notice(&Event::Working { change, elapsed, phase, share, blockers: blockers.as_deref() });
            }
        };
        let done = tokio::select! {
            biased;
            done = work => done,
            never = watching => never,
        };
        (done, blockers)
    }

    async fn look(self) -> Seen {
        let query = sqlx::query_as(include_str!("../sql/working.sql")).bind(self.process).persistent(false);
        let looked = tokio::time::timeout(LOOK, query.fetch_one(self.pool)).await;
        looked.ok().and_then(Result::ok).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Debug, Default)]
    struct Heard(Mutex<Vec<String>>);

    impl Observer for Heard {
        fn notice(&self, event: &Event<'_>) {
            self.0.lock().expect("no panic").push(format!("{event:?}"));
        }
    }

    #[tokio::test]
    async fn work_goes_on_and_is_told_of_without_a_second_connection() {
        let pool = PgPool::connect_lazy("postgres://nobody@127.0.0.1:1/nothing").expect("a URL");
        let heard = Heard::default();
        let work = async {
            tokio::time::sleep(EVERY + LOOK * 2).await;
            7
        };
        assert_eq!(Watch::new(&pool, 1).over(&heard, "a change", work).await, (7, None));
        let heard = heard.0.into_inner().expect("no panic");
        assert!(heard[0].contains("a change") && heard[0].contains("phase: None"), "{heard:?}");
    }
}
