//! Ports for programs that must be told one.

use std::{io, net::TcpListener};

/// How often a port is taken away before it is given up.
pub(crate) const PORT_ATTEMPTS: usize = 5;

/// A port nobody listens on now. Somebody else may take it before the program does: then the start is tried again.
pub(crate) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Whether that has happened, told from the program's log.
pub(crate) fn port_taken(log: &str) -> bool {
    log.contains("Address already in use")
}
