//! One throw-away server process and its folder.

use std::{io, path::Path, process::ExitStatus};

use crate::{
    address::Address,
    free_port::free_port,
    programs::Programs,
    watchdog::{Launch, Watched},
};

const INITIALISE: &str = include_str!("initialise.sh");

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
}

impl Server {
    /// Begins to initialise and start a server; it isn't ready when this returns.
    pub(crate) fn launch(programs: &Programs, settings: &[(String, String)], tcp: bool) -> io::Result<Self> {
        let port = if tcp { free_port()? } else { 5432 };
        // An immediate shutdown: the data is about to be removed.
        let mut launch = Launch::new(programs.path("postgres"), "QUIT")?;
        let folder = launch.folder().to_owned();
        launch.write("pg_hba.conf", WHO_MAY_CONNECT)?;
        launch.prepare(INITIALISE)?;
        launch.argument("-D").argument(folder.join("data")).argument("-k").argument(&folder);
        launch.argument("-p").argument(port.to_string());
        launch.argument("-h").argument(if tcp { "127.0.0.1" } else { "" });
        for (name, value) in settings {
            launch.argument("-c").argument(format!("{name}={value}"));
        }
        Ok(Self { watched: launch.start()?, port, tcp })
    }

    /// The watchdog's status if the server is gone.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.watched.ended()
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
