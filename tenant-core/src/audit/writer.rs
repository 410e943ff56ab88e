//! Writing what waits, in the background.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use super::entry::Entry;
use super::queue::Queued;
use super::recorder::Recorder;

/// How long an entry is tried to be written.
const RETRIED_FOR: Duration = Duration::from_secs(30);

/// The pauses between attempts.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What writes. There is one at a time, with one connection at a time: the log takes no more of the pool.
///
/// Dropped before all is written, also by a runtime that has ended, it gives back what it has in hand.
pub(super) struct Writer {
    recorder: Arc<Recorder>,
    batches: VecDeque<Vec<Queued>>,
    is_over: bool,
}

impl Writer {
    pub(super) fn new(recorder: &Arc<Recorder>) -> Self {
        Self { recorder: Arc::clone(recorder), batches: VecDeque::new(), is_over: false }
    }

    /// Writes until nothing waits.
    pub(super) async fn run(mut self) {
        loop {
            if self.recorder.queue().close_by.is_none() {
                // As many as one statement takes, or until the oldest has waited for long enough.
                drop(timeout(self.recorder.reads().flush_every(), self.recorder.hurry.notified()).await);
            }
            {
                let mut queue = self.recorder.queue();
                self.batches = queue.take(self.recorder.reads().batch());
                if self.batches.is_empty() {
                    // Under the lock in which whoever comes looks for a writer.
                    queue.is_served = false;
                    self.is_over = true;
                    break;
                }
            }
            self.write().await;
        }
    }

    async fn write(&mut self) {
        // The batch leaves the list when its fate is known.
        while let Some(batch) = self.batches.front() {
            let entries: Vec<&Entry> = batch.iter().map(|queued| &queued.entry).collect();
            match write(&self.recorder, &entries).await {
                Ok(written) => {
                    self.recorder.wrote(written);
                    let unwritten = batch.len().saturating_sub(written);
                    self.recorder
                        .lose(unwritten, "the database could not write them, and goes on without as it was deployed");
                }
                Err(failure) => self.recorder.lose(batch.len(), &failure),
            }
            self.recorder.queue().done(batch.len());
            self.batches.pop_front();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.is_over {
            let mut queue = self.recorder.queue();
            queue.put_back(self.batches.drain(..));
            queue.is_served = false;
        }
        self.recorder.writer_has_ended();
    }
}

/// Writes a batch, again and again until it is too old. What was committed without an answer is written twice.
async fn write(recorder: &Recorder, entries: &[&Entry]) -> Result<usize, String> {
    let since = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let until =
            |recorder: &Recorder| recorder.queue().close_by.unwrap_or(since + RETRIED_FOR).min(since + RETRIED_FOR);
        let failure = match timeout_at(until(recorder), recorder.record(entries)).await {
            Ok(Ok(written)) => return Ok(written),
            Ok(Err(failure)) => failure.to_string(),
            Err(_) => "the database did not answer in time".to_owned(),
        };
        recorder.failed();
        if Instant::now() + pause >= until(recorder) {
            return Err(failure);
        }
        tracing::debug!("entries of the access log could not be written, which is tried again: {failure}");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
