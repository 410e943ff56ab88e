//! Writing the file.

use std::io::{self, BufWriter, Write};

use age::stream::StreamWriter;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::encryption::Encryption;
use super::frame::Frame;

/// What an archive begins with, before its version.
pub(super) const MAGIC: &[u8] = b"tenancy archive ";

/// This version, and the end of the line.
pub(super) const VERSION: &[u8] = b"1\n";

/// That of the library: most of what there is to gain, at hundreds of megabytes a second.
const LEVEL: i32 = 3;

/// Writes all frames. When there is no more and the last was no [`Frame::Tail`], whoever sent them gave up.
pub(super) fn write<W: Write>(
    out: W,
    encryption: Option<&Encryption>,
    mut frames: mpsc::Receiver<Frame>,
) -> io::Result<Option<W>> {
    let out = BufWriter::new(out);
    let mut out = match encryption {
        None => Out::Plain(out),
        Some(encryption) => Out::Encrypted(Box::new(encryption.wrap(out)?)),
    };
    out.write_all(MAGIC)?;
    out.write_all(VERSION)?;
    let mut writer = Writer { out: zstd::Encoder::new(out, LEVEL)?, digest: Sha256::new() };
    while let Some(frame) = frames.blocking_recv() {
        match frame {
            Frame::Head(head) => writer.frame(b'H', &serde_json::to_vec(&head)?)?,
            Frame::Table(number) => {
                let number = u32::try_from(number).map_err(io::Error::other)?;
                writer.frame(b'T', &number.to_be_bytes())?;
            }
            Frame::Rows(rows) => writer.frame(b'R', &rows)?,
            Frame::Tail(tail) => {
                writer.frame(b'E', &serde_json::to_vec(&tail)?)?;
                return writer.finish().map(Some);
            }
        }
    }
    Ok(None)
}

struct Writer<W: Write> {
    out: zstd::Encoder<'static, Out<W>>,
    digest: Sha256,
}

impl<W: Write> Writer<W> {
    fn frame(&mut self, kind: u8, body: &[u8]) -> io::Result<()> {
        let length = u32::try_from(body.len()).map_err(io::Error::other)?.to_be_bytes();
        for part in [&[kind][..], &length, body] {
            self.digest.update(part);
            self.out.write_all(part)?;
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<W> {
        let digest = self.digest.finalize_reset();
        self.frame(b'D', &digest)?;
        let out = match self.out.finish()? {
            Out::Plain(out) => out,
            Out::Encrypted(out) => out.finish()?,
        };
        out.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

/// Under what is compressed.
enum Out<W: Write> {
    Plain(BufWriter<W>),
    Encrypted(Box<StreamWriter<BufWriter<W>>>),
}

impl<W: Write> Write for Out<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(buffer),
            Self::Encrypted(out) => out.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Encrypted(out) => out.flush(),
        }
    }
}
