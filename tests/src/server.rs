//! One throw-away server process and its folder.

use std::{fs, io, path::Path, process::ExitStatus};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    address::Address,
    free_port::free_port,
    plan::Plan,
    programs::Programs,
    watchdog::{Launch, Watched},
};

const INITIALISE: &str = include_str!("initialise.sh");
const FOLLOW: &str = include_str!("standby.sh");
const HOLD: &str = include_str!("hold.sh");

/// While this file is in the folder, a server that can be started again stays away.
const DOWN: &str = "down";

/// The socket's folder is private to the server's user, so whoever gets there is let in. Over TCP anybody on this machine
/// gets there, and a superuser can run programs: it isn't let in.
const WHO_MAY_CONNECT: &str = "\
local all all trust
local replication all trust
host all postgres 127.0.0.1/32 reject
host all all 127.0.0.1/32 trust
";

/// A running server. Stopped, and its folder removed, when dropped or when this process ends in any way.
#[derive(Debug)]
pub(crate) struct Server {
    watched: Watched,
    port: u16,
    tcp: bool,
    restarts: bool,
}

impl Server {
    /// Begins to initialise and start a server; it isn't ready when this returns.
    pub(crate) fn launch(programs: &Programs, plan: &Plan) -> io::Result<Self> {
        let tcp = plan.tcp;
        let port = if tcp { free_port()? } else { 5432 };
        // An immediate shutdown: the data is about to be removed.
        let mut launch = Launch::new(programs.path("postgres"), "QUIT")?;
        let folder = launch.folder().to_owned();
        launch.write("pg_hba.conf", WHO_MAY_CONNECT)?;
        match &plan.primary {
            Some(primary) => {
                launch.write("primary", primary)?;
                // Servers of several processes may follow one: the folder's name is theirs alone.
                launch.write("slot", &slot(&folder))?;
                launch.prepare(FOLLOW)?;
            }
            None => launch.prepare(INITIALISE)?,
        }
        if plan.restarts {
            launch.hold(HOLD)?;
        }
        launch.argument("-D").argument(folder.join("data")).argument("-k").argument(&folder);
        launch.argument("-p").argument(port.to_string());
        launch.argument("-h").argument(if tcp { "127.0.0.1" } else { "" });
        if let Some(identity) = &plan.identity {
            let certificate = launch.write("server.crt", &identity.certificate)?;
            let key = launch.write_secret("server.key", &identity.key)?;
            for (name, file) in [("ssl_cert_file", certificate), ("ssl_key_file", key)] {
                launch.argument("-c").argument(format!("{name}={}", file.display()));
            }
            launch.argument("-c").argument("ssl=on");
        }
        for (name, value) in &plan.settings {
            launch.argument("-c").argument(format!("{name}={value}"));
        }
        Ok(Self { watched: launch.start()?, port, tcp, restarts: plan.restarts })
    }

    /// The watchdog's status if the server is gone.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.watched.ended()
    }

    /// Kills it, as a power failure would; it stays away until [`Self::start_again`].
    pub(crate) fn kill(&self) -> io::Result<()> {
        if !self.restarts {
            return Err(io::Error::other("a server is killed only if it was started with `restarts`"));
        }
        let postmaster = fs::read_to_string(self.folder().join("data/postmaster.pid"))?;
        fs::write(self.folder().join(DOWN), "")?;
        let pid = postmaster.lines().next().and_then(|line| line.parse().ok()).and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| io::Error::other("its postmaster.pid names no process"))?;
        Ok(kill_process(pid, Signal::KILL)?)
    }

    /// Lets it run again; it isn't ready when this returns.
    pub(crate) fn start_again(&self) -> io::Result<()> {
        fs::remove_file(self.folder().join(DOWN))
    }

    pub(crate) fn folder(&self) -> &Path {
        self.watched.folder()
    }

    pub(crate) fn socket(&self) -> Address {
        Address::Socket { folder: self.folder().to_owned(), port: self.port }
    }

    pub(crate) fn tcp(&self) -> Option<Address> {
        self.tcp.then_some(Address::Port(self.port))
    }

    /// The end of what the server has written.
    pub(crate) fn log_tail(&self) -> String {
        self.watched.log_tail()
    }
}

/// A name for what the primary keeps for this standby: lower-case letters, digits and underscores.
fn slot(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    name.chars().map(plain).collect()
}
