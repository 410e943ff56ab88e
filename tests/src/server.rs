//! One throw-away server process and its folder.

use std::{
    fs::{self, File, OpenOptions},
    io,
    net::TcpListener,
    os::unix::{fs::FileExt, process::CommandExt},
    path::Path,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{address::Address, private_folder::PrivateFolder, programs::Programs};

const WATCHDOG: &str = include_str!("watchdog.sh");

/// The socket's folder is private to the server's user, so whoever gets there is let in. Over TCP anybody on this machine
/// gets there, and a superuser can run programs: it isn't let in.
const WHO_MAY_CONNECT: &str = "\
local all all trust
local replication all trust
host all postgres 127.0.0.1/32 reject
host all all 127.0.0.1/32 trust
";

/// How much of the log an error carries.
const LOG_TAIL: u64 = 4096;

/// How long a stopping server may take: the watchdog kills it after 5 s.
const STOP_DEADLINE: Duration = Duration::from_secs(15);

/// A running server. Stopped, and its folder removed, when dropped or when this process ends in any way.
#[derive(Debug)]
pub(crate) struct Server {
    watchdog: Child,
    /// The pipe whose end stops the server. Programs started later don't inherit it: the standard library opens every
    /// file close-on-exec.
    life_line: Option<ChildStdin>,
    folder: PrivateFolder,
    /// Held open, so that it can be read when the folder is gone already.
    log: File,
    port: u16,
    tcp: bool,
}

impl Server {
    /// Begins to initialise and start a server; it isn't ready when this returns.
    pub(crate) fn launch(programs: &Programs, settings: &[(String, String)], tcp: bool) -> io::Result<Self> {
        let folder = PrivateFolder::create()?;
        for (name, content) in [("watchdog.sh", WATCHDOG), ("pg_hba.conf", WHO_MAY_CONNECT)] {
            let file = folder.path().join(name);
            fs::write(&file, content)?;
            if let Some(user) = folder.user() {
                user.own(&file)?;
            }
        }
        let log = OpenOptions::new().create_new(true).read(true).append(true).open(folder.path().join("log"))?;
        let port = if tcp { free_port()? } else { 5432 };

        let mut command = Command::new("sh");
        command.arg(folder.path().join("watchdog.sh")).arg(folder.path()).arg(programs.folder());
        command.arg("-k").arg(folder.path()).arg("-p").arg(port.to_string());
        command.args(["-h", if tcp { "127.0.0.1" } else { "" }]);
        for (name, value) in settings {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        if let Some(user) = folder.user() {
            user.run(&mut command);
        }
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
            command.env_remove(name);
        }
        let mut watchdog = command
            .current_dir(folder.path())
            .env("LC_ALL", "C")
            // Ctrl-C is for this process; the server follows when it ends.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log.try_clone()?)
            .spawn()?;
        let life_line = watchdog.stdin.take();
        Ok(Self { watchdog, life_line, folder, log, port, tcp })
    }

    /// The watchdog's status if the server is gone.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.watchdog.try_wait()
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn socket(&self) -> Address {
        Address::Socket { folder: self.folder.path().to_owned(), port: self.port }
    }

    pub(crate) fn tcp(&self) -> Option<Address> {
        self.tcp.then_some(Address::Port(self.port))
    }

    /// The end of what the server has written.
    pub(crate) fn log_tail(&self) -> String {
        let length = self.log.metadata().map_or(0, |of| of.len());
        let mut tail = vec![0; usize::try_from(length.min(LOG_TAIL)).unwrap_or_default()];
        let read = self.log.read_at(&mut tail, length.saturating_sub(LOG_TAIL)).unwrap_or_default();
        String::from_utf8_lossy(&tail[..read]).trim_end().to_owned()
    }
}

impl Drop for Server {
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

/// A port nobody listens on now. Somebody else may take it before the server does: then the start is tried again.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
