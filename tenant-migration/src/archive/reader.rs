//! Reading the file.

use std::io::{BufRead, BufReader, Read};
use std::mem;

use sha2::{Digest, Sha256};

use super::encryption::Decryption;
use super::fault::ArchiveFault;
use super::frame::{CHUNK, Frame};
use super::writer::{MAGIC, VERSION};

/// What an encrypted file begins with.
const AGE: &[u8] = b"age-encryption.org/";

/// How long the line with the version may be.
const LONGEST_VERSION: u64 = 16;

/// How far back a compressed stream may refer, as a power of two: what this program writes refers back less. It bounds the
/// memory that reading takes.
const WINDOW_LOG: u32 = 23;

/// How large what it says of itself may be.
const LARGEST_TEXT: usize = 64 * 1024 * 1024;

/// An archive that is being read. What it gives is as it was written once it has given [`Frame::Tail`], and not before.
pub(super) struct Reader {
    input: Box<dyn BufRead + Send>,
    digest: Sha256,
    next: Next,
    tables: usize,
}

/// What may come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Head,
    /// This table, or the end after the last.
    Table(usize),
    /// Rows, or this table.
    Rows(usize),
    Nothing,
}

impl Reader {
    pub(super) fn open(input: impl Read + Send + 'static, key: Option<&Decryption>) -> Result<Self, ArchiveFault> {
        let mut input = BufReader::new(input);
        let is_encrypted = starts_with(&mut input, AGE)?;
        let mut input: Box<dyn BufRead + Send> = match (is_encrypted, key) {
            (false, None) => Box::new(input),
            (false, Some(_)) if starts_with(&mut input, MAGIC)? => return Err(ArchiveFault::NotEncrypted),
            (false, Some(_)) => return Err(ArchiveFault::NotAnArchive),
            (true, None) => return Err(ArchiveFault::Encrypted),
            (true, Some(key)) => Box::new(BufReader::new(key.open(input)?)),
        };
        let mut line = Vec::new();
        let longest = MAGIC.len() as u64 + LONGEST_VERSION;
        input.by_ref().take(longest).read_until(b'\n', &mut line).map_err(ArchiveFault::reading)?;
        match line.strip_prefix(MAGIC) {
            Some(VERSION) => {}
            Some(version) if version.ends_with(b"\n") => {
                return Err(ArchiveFault::Newer {
                    version: String::from_utf8_lossy(version.trim_ascii()).into_owned(),
                });
            }
            None if !MAGIC.starts_with(&line) || line.is_empty() => return Err(ArchiveFault::NotAnArchive),
            _ => return Err(ArchiveFault::Truncated),
        }
        let mut input = zstd::Decoder::with_buffer(input).map_err(ArchiveFault::reading)?;
        input.window_log_max(WINDOW_LOG).map_err(ArchiveFault::File)?;
        Ok(Self { input: Box::new(BufReader::new(input)), digest: Sha256::new(), next: Next::Head, tables: 0 })
    }

    /// The next one; after the last it is not to be asked.
    pub(super) fn frame(&mut self) -> Result<Frame, ArchiveFault> {
        let (kind, body) = self.raw()?;
        let unexpected = || ArchiveFault::altered("its parts are not in order");
        match (kind, self.next) {
            (b'H', Next::Head) => {
                let head: Box<super::head::Head> = parse(&body)?;
                self.tables = head.tables.len();
                self.next = Next::Table(0);
                Ok(Frame::Head(head))
            }
            (b'T', Next::Table(next) | Next::Rows(next)) if next < self.tables => {
                if body != u32::try_from(next).unwrap_or(u32::MAX).to_be_bytes() {
                    return Err(unexpected());
                }
                self.next = Next::Rows(next + 1);
                Ok(Frame::Table(next))
            }
            (b'R', Next::Rows(_)) if body.len() <= CHUNK => Ok(Frame::Rows(body)),
            (b'E', Next::Table(next) | Next::Rows(next)) if next == self.tables => {
                let tail: super::head::Tail = parse(&body)?;
                self.next = Next::Nothing;
                self.end()?;
                if tail.tables.len() == self.tables { Ok(Frame::Tail(tail)) } else { Err(unexpected()) }
            }
            _ => Err(unexpected()),
        }
    }

    /// Whether all was as it was written, and nothing follows.
    fn end(&mut self) -> Result<(), ArchiveFault> {
        let expected = mem::take(&mut self.digest).finalize();
        match self.raw()? {
            (b'D', digest) if digest == expected[..] => {}
            _ => return Err(ArchiveFault::altered("its digest")),
        }
        match self.input.fill_buf().map_err(ArchiveFault::reading)? {
            [] => Ok(()),
            _ => Err(ArchiveFault::altered("something follows its end")),
        }
    }

    fn raw(&mut self) -> Result<(u8, Vec<u8>), ArchiveFault> {
        let mut start = [0; 5];
        self.input.read_exact(&mut start).map_err(ArchiveFault::reading)?;
        let [kind, length @ ..] = start;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > if kind == b'R' { CHUNK } else { LARGEST_TEXT } {
            return Err(ArchiveFault::altered("a part is larger than one is"));
        }
        // What is claimed is not set aside before it comes.
        let mut body = Vec::new();
        self.input.by_ref().take(length as u64).read_to_end(&mut body).map_err(ArchiveFault::reading)?;
        if body.len() < length {
            return Err(ArchiveFault::Truncated);
        }
        for part in [&start[..], &body] {
            self.digest.update(part);
        }
        Ok((kind, body))
    }
}

fn starts_with(input: &mut impl BufRead, start: &[u8]) -> Result<bool, ArchiveFault> {
    // One read of a file fills the buffer as far as the file goes.
    Ok(input.fill_buf().map_err(ArchiveFault::File)?.starts_with(start))
}

fn parse<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, ArchiveFault> {
    serde_json::from_slice(body).map_err(|error| ArchiveFault::altered(error.to_string()))
}
