//! An archive that was read to its end.

use std::fs::File;
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;

use super::encryption::Decryption;
use super::error::ArchiveError;
use super::fault::ArchiveFault;
use super::frame::{self, Frame};
use super::head::{Head, Summary, Tail};
use super::reader::Reader;

/// An archive that is whole, and as it was made.
#[derive(Debug)]
pub struct Archive {
    file: PathBuf,
    key: Option<Decryption>,
    pub(super) head: Head,
    pub(super) tail: Tail,
}

impl Archive {
    /// Reads it to its end, and keeps none of its rows.
    ///
    /// # Errors
    /// [`ArchiveError::File`] where it can't be read, is cut short or altered, of a later version, or the key is another.
    pub async fn open(file: &Path, key: Option<Decryption>) -> Result<Self, ArchiveError> {
        let (path, opener) = (file.to_owned(), key.clone());
        let read = tokio::task::spawn_blocking(move || read(&path, opener.as_ref(), |_| Ok(()))).await;
        let (head, tail) = told(file, read)?;
        Ok(Self { file: file.to_owned(), key, head, tail })
    }

    /// What is in it.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.head.summary(&self.tail)
    }

    pub(super) fn wrong(&self, source: ArchiveFault) -> ArchiveError {
        ArchiveError::File { file: self.file.clone(), source }
    }

    /// Its parts, once more, and what came of reading them.
    pub(super) fn frames(&self) -> (mpsc::Receiver<Frame>, tokio::task::JoinHandle<Read>) {
        let ((sender, frames), path, key) = (frame::channel(), self.file.clone(), self.key.clone());
        let first = self.head.clone();
        let send = move |frame: Frame| match &frame {
            // What was looked at is what is written.
            Frame::Head(head) if **head != first => Err(replaced()),
            // Whoever takes no more of it has a reason of their own.
            _ => sender.blocking_send(frame).map_err(|_| ArchiveFault::File(std::io::ErrorKind::BrokenPipe.into())),
        };
        (frames, tokio::task::spawn_blocking(move || read(&path, key.as_ref(), send)))
    }

    /// Whether it was the same when it was read once more.
    pub(super) fn read_again(&self, read: Result<Read, tokio::task::JoinError>) -> Result<(), ArchiveError> {
        let (head, tail) = told(&self.file, read)?;
        if (&head, &tail) == (&self.head, &self.tail) { Ok(()) } else { Err(self.wrong(replaced())) }
    }
}

fn replaced() -> ArchiveFault {
    ArchiveFault::altered("it was replaced while it was read")
}

type Read = Result<(Head, Tail), ArchiveFault>;

fn told(file: &Path, read: Result<Read, tokio::task::JoinError>) -> Result<(Head, Tail), ArchiveError> {
    let read = read.unwrap_or_else(|error| Err(ArchiveFault::File(std::io::Error::other(error))));
    read.map_err(|source| ArchiveError::File { file: file.to_owned(), source })
}

/// Reads all, each part to `take`.
fn read(file: &Path, key: Option<&Decryption>, take: impl Fn(Frame) -> Result<(), ArchiveFault>) -> Read {
    let mut reader = Reader::open(File::open(file).map_err(ArchiveFault::File)?, key)?;
    let mut head: Option<Box<Head>> = None;
    loop {
        let frame = reader.frame()?;
        if let Frame::Head(first) = &frame {
            head = Some(first.clone());
        }
        let tail = if let Frame::Tail(tail) = &frame { Some(tail.clone()) } else { None };
        take(frame)?;
        if let Some(tail) = tail
            && let Some(head) = head.take()
        {
            return Ok((*head, tail));
        }
    }
}
