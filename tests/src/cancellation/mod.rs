//! Futures that are dropped half-way, at a point of one's choice.
//!
//! A request that is timed out or whose client went away is a future that is dropped, at any of its `await`s. To see what that
//! leaves behind, cut the same operation at each of its points, until it runs to its end before it is cut:
//!
//! ```
//! use tenant_testkit::cancellation::{Cut, CutPoint};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let mut points = 0;
//! for polls in 0.. {
//!     let operation = async { tokio::task::yield_now().await };
//!     match CutPoint::after(polls).cut(operation).await {
//!         Cut::Finished(()) => break,
//!         Cut::Dropped => points += 1, // What is left behind now?
//!     }
//! }
//! assert_eq!(points, 2, "before the first poll, and at the `await`");
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```

mod cut_point;

pub use cut_point::{Cut, CutPoint, Moment};
