//! Bytes on their way in one direction.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind, Write},
    time::{Duration, Instant},
};

/// What one direction may hold before it reads no more. While a delay lasts, that much can be on its way.
const CAPACITY: usize = 4 << 20;

/// Bytes that were read and not yet written, each piece with the time when it may be.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pieces: VecDeque<Piece>,
    length: usize,
    /// The socket took no more at the last attempt.
    blocked: bool,
}

#[derive(Debug)]
struct Piece {
    due: Instant,
    bytes: Vec<u8>,
    written: usize,
}

impl Queue {
    pub(super) fn push(&mut self, bytes: Vec<u8>, delay: Duration) {
        self.length += bytes.len();
        self.pieces.push_back(Piece { due: Instant::now() + delay, bytes, written: 0 });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub(super) fn has_room(&self) -> bool {
        self.length < CAPACITY
    }

    /// The next write waits for the socket.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// The next write waits for this time.
    pub(super) fn due(&self) -> Option<Instant> {
        self.pieces.front().filter(|_| !self.blocked).map(|piece| piece.due)
    }

    /// Writes what is due, at most `limit` bytes, until the socket takes no more. Calls back with what was written.
    pub(super) fn write_due(
        &mut self,
        to: &mut impl Write,
        mut limit: u64,
        mut written: impl FnMut(&[u8]),
    ) -> io::Result<()> {
        self.blocked = false;
        while let Some(piece) = self.pieces.front_mut().filter(|piece| limit > 0 && piece.due <= Instant::now()) {
            let rest = &piece.bytes[piece.written..];
            let allowed = usize::try_from(limit).unwrap_or(usize::MAX).min(rest.len());
            match to.write(&rest[..allowed]) {
                Ok(count) => {
                    written(&rest[..count]);
                    limit -= count as u64;
                    self.length -= count;
                    piece.written += count;
                    if piece.written == piece.bytes.len() {
                        self.pieces.pop_front();
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.blocked = true;
                    break;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
