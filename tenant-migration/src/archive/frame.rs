//! What goes from whoever has the rows to whoever takes them: over a file, or directly.

use tokio::sync::mpsc;

use super::head::{Head, Tail};

/// How many bytes of rows go together.
pub(super) const CHUNK: usize = 256 * 1024;

/// How many frames may be on their way.
const WAITING: usize = 8;

/// A piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// The first.
    Head(Box<Head>),
    /// Rows of this table of the head follow. Each comes once, in order.
    Table(usize),
    /// What COPY printed, cut anywhere; at most [`CHUNK`].
    Rows(Vec<u8>),
    /// The last.
    Tail(Tail),
}

pub(super) fn channel() -> (mpsc::Sender<Frame>, mpsc::Receiver<Frame>) {
    mpsc::channel(WAITING)
}
