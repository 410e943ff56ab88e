//! How busy a thread of this process is.

use std::fs;
use std::time::{Duration, Instant};

/// The thread's share of one core since it was made.
pub(crate) struct Busy {
    task: Option<std::path::PathBuf>,
    before: Duration,
    since: Instant,
}

impl Busy {
    /// The proxy's thread.
    pub(crate) fn proxy() -> Self {
        Self::of(|name| name.starts_with("proxy"))
    }

    /// The thread that sends all statements.
    pub(crate) fn client() -> Self {
        Self::of(|name| name.starts_with("pool"))
    }

    fn of(is_it: impl Fn(&str) -> bool) -> Self {
        let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten().map(|task| task.path());
        let mut tasks = tasks.filter(|task| fs::read_to_string(task.join("comm")).is_ok_and(|name| is_it(&name)));
        let task = tasks.next();
        Self { before: worked(task.as_deref()).unwrap_or_default(), task, since: Instant::now() }
    }

    /// `None` where the system doesn't say.
    pub(crate) fn share(&self) -> Option<f64> {
        let worked = worked(self.task.as_deref())?.saturating_sub(self.before);
        Some(worked.as_secs_f64() / self.since.elapsed().as_secs_f64())
    }
}

/// Time on a processor, as Linux counts it.
fn worked(task: Option<&std::path::Path>) -> Option<Duration> {
    let times = fs::read_to_string(task?.join("schedstat")).ok()?;
    times.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}
