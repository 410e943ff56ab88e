//! A throw-away program that runs.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::Path,
    process::{Child, ChildStdin, ExitStatus},
    thread,
    time::{Duration, Instant},
};

use crate::private_folder::PrivateFolder;

/// How much of the log an error carries.
const LOG_TAIL: u64 = 4096;

/// How long a stopping program may take: the watchdog kills it after 5 s.
const STOP_DEADLINE: Duration = Duration::from_secs(15);

/// A running program. Stopped, and its folder removed, when dropped or when this process ends in any way.
#[derive(Debug)]
pub(crate) struct Watched {
    watchdog: Child,
    /// The pipe whose end stops the program. Programs started later don't inherit it: the standard library opens every
    /// file close-on-exec.
    life_line: Option<ChildStdin>,
    folder: PrivateFolder,
    /// Held open, so that it can be read when the folder is gone already.
    log: File,
}

impl Watched {
    pub(super) fn new(mut watchdog: Child, folder: PrivateFolder, log: File) -> Self {
        let life_line = watchdog.stdin.take();
        Self { watchdog, life_line, folder, log }
    }

    /// The watchdog's status if the program is gone.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.watchdog.try_wait()
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The end of what the program has written.
    pub(crate) fn log_tail(&self) -> String {
        let length = self.log.metadata().map_or(0, |of| of.len());
        let mut tail = vec![0; usize::try_from(length.min(LOG_TAIL)).unwrap_or_default()];
        let read = self.log.read_at(&mut tail, length.saturating_sub(LOG_TAIL)).unwrap_or_default();
        String::from_utf8_lossy(&tail[..read]).trim_end().to_owned()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        drop(self.life_line.take());
        let deadline = Instant::now() + STOP_DEADLINE;
        while let Ok(None) = self.watchdog.try_wait() {
            if Instant::now() > deadline {
                let _ = self.watchdog.kill();
                let _ = self.watchdog.wait();
                break;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}
