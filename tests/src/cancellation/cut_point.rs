//! Where a future is dropped.

use std::fmt;
use std::future::{Future, poll_fn};
use std::task::Poll;
use std::time::Duration;

use tokio::time::sleep;

/// When, after its last poll, a future is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// At once: what it waits for has not come yet, such as a server's answer.
    Waiting,
    /// When it is woken: what it waited for has come, and nobody takes it. A future that nothing wakes is never dropped.
    Woken,
}

/// A point at which a future is dropped: after so many polls that each found it pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutPoint {
    polls: u32,
    moment: Moment,
    pace: Duration,
}

/// What became of a future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Cut<T> {
    /// It ended before the point was reached.
    Finished(T),
    /// It was dropped while it was pending.
    Dropped,
}

impl CutPoint {
    /// After this many polls, [`Moment::Waiting`]. After none, a future is dropped that never ran.
    #[must_use]
    pub const fn after(polls: u32) -> Self {
        Self { polls, moment: Moment::Waiting, pace: Duration::ZERO }
    }

    /// At another moment.
    #[must_use]
    pub const fn moment(mut self, moment: Moment) -> Self {
        self.moment = moment;
        self
    }

    /// Lets this much time pass between being woken and being polled, as on a busy machine: more of what is waited for has
    /// come by then.
    #[must_use]
    pub const fn pace(mut self, pace: Duration) -> Self {
        self.pace = pace;
        self
    }

    /// Polls `future` whenever it was woken, until it ends or the point is reached. It is gone when this returns.
    pub async fn cut<F: Future>(self, future: F) -> Cut<F::Output> {
        // Boxed, so that it can be dropped before this returns.
        let mut future = Box::pin(future);
        for poll in 1..=self.polls {
            if poll > 1 && !self.pace.is_zero() {
                sleep(self.pace).await;
            }
            let may_wait = poll < self.polls || self.moment == Moment::Woken;
            let mut polled = false;
            let output = poll_fn(|context| {
                if polled {
                    return Poll::Ready(None);
                }
                polled = true;
                match future.as_mut().poll(context) {
                    Poll::Ready(output) => Poll::Ready(Some(output)),
                    Poll::Pending if may_wait => Poll::Pending,
                    Poll::Pending => Poll::Ready(None),
                }
            });
            if let Some(output) = output.await {
                return Cut::Finished(output);
            }
        }
        drop(future);
        Cut::Dropped
    }
}

impl fmt::Display for CutPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = match self.moment {
            Moment::Waiting => "while it waits",
            Moment::Woken => "when it is woken",
        };
        write!(f, "cut after {} polls {moment}, {:?} between polls", self.polls, self.pace)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Notify;

    use super::*;

    /// Notes what it reaches, and waits twice.
    async fn waits_twice(reached: &mut u32, notify: &Notify) {
        *reached = 1;
        notify.notified().await;
        *reached = 2;
        notify.notified().await;
        *reached = 3;
    }

    async fn reached(point: CutPoint) -> (Cut<()>, u32) {
        let notify = Arc::new(Notify::new());
        let waker = Arc::clone(&notify);
        tokio::spawn(async move {
            for _ in 0..2 {
                sleep(Duration::from_millis(2)).await;
                waker.notify_one();
            }
        });
        let mut reached = 0;
        let cut = point.cut(waits_twice(&mut reached, &notify)).await;
        (cut, reached)
    }

    #[tokio::test]
    async fn a_future_is_polled_as_often_as_said_and_only_when_it_was_woken() {
        for moment in [Moment::Waiting, Moment::Woken] {
            for pace in [0, 1].map(Duration::from_millis) {
                for polls in 0..3 {
                    let point = CutPoint::after(polls).moment(moment).pace(pace);
                    assert_eq!(reached(point).await, (Cut::Dropped, polls), "{point}");
                }
                let point = CutPoint::after(3).moment(moment).pace(pace);
                assert_eq!(reached(point).await, (Cut::Finished(()), 3), "{point}");
            }
        }
    }
}
