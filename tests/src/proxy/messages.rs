//! Where the messages of PostgreSQL's protocol begin, in bytes that arrive in pieces of any size.

/// A message's type and the length that follows it, which counts itself but not the type.
const HEADER: usize = 5;
const LENGTH: usize = 4;

/// One direction of a connection, after its first packet.
#[derive(Debug, Default)]
pub(super) struct Messages {
    header: [u8; HEADER],
    /// How much of the header is there.
    filled: usize,
    /// How much of the body is still to come.
    body: usize,
}

impl Messages {
    /// Takes the next bytes, and calls back with the type of each message that begins in them.
    pub(super) fn take(&mut self, mut bytes: &[u8], mut begins: impl FnMut(u8)) {
        while let Some(&first) = bytes.first() {
            if self.body > 0 {
                let skipped = self.body.min(bytes.len());
                self.body -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            if self.filled == 0 {
                begins(first);
            }
            self.header[self.filled] = first;
            self.filled += 1;
            bytes = &bytes[1..];
            if self.filled == HEADER {
                let [_, a, b, c, d] = self.header;
                let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
                self.body = length.saturating_sub(LENGTH);
                self.filled = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Messages;

    #[test]
    fn pieces_of_any_size_give_the_same_messages() {
        let bytes = b"Q\0\0\0\x09abcd\0S\0\0\0\x04Q\0\0\0\x05\0";
        for size in 1..=bytes.len() {
            let (mut messages, mut seen) = (Messages::default(), Vec::new());
            for piece in bytes.chunks(size) {
                messages.take(piece, |kind| seen.push(kind));
            }
            assert_eq!(seen, b"QSQ", "in pieces of {size}");
        }
    }
}
