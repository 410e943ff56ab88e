//! What a proxy stands in front of.

use std::{io, net::ToSocketAddrs};

use sqlx::postgres::PgConnectOptions;

use super::stream::Target;
use crate::{Cluster, Database, address::Address};

/// A server that a [`Proxy`](super::Proxy) can stand in front of.
#[derive(Clone, Debug)]
pub struct Upstream {
    address: Address,
}

impl Upstream {
    pub(crate) fn new(address: Address) -> Self {
        Self { address }
    }

    /// How a client gets there through a port of this machine.
    pub(super) fn through(&self, port: u16) -> Address {
        self.address.through(port)
    }

    /// Whom its socket lets in, and a port must not: see [`server`](crate::server).
    pub(super) fn refused_role(&self) -> Option<&'static str> {
        matches!(self.address, Address::Socket { .. }).then_some("postgres")
    }

    pub(super) fn target(&self) -> io::Result<Target> {
        match &self.address {
            Address::Socket { folder, port } => Ok(Target::Unix(folder.join(format!(".s.PGSQL.{port}")))),
            Address::Port(port) => Ok(Target::Tcp(vec![([127, 0, 0, 1], *port).into()])),
            Address::Given(url) => {
                // Reads the URL as the other connections do.
                let options: PgConnectOptions = url.as_str().parse().map_err(io::Error::other)?;
                let (host, port) = (options.get_host(), options.get_port());
                match options.get_socket() {
                    Some(folder) => Ok(Target::Unix(folder.join(format!(".s.PGSQL.{port}")))),
                    None => Ok(Target::Tcp((host, port).to_socket_addrs()?.collect())),
                }
            }
        }
    }
}

impl From<&Cluster> for Upstream {
    fn from(cluster: &Cluster) -> Self {
        Self::new(cluster.address())
    }
}

impl From<&Database> for Upstream {
    fn from(database: &Database) -> Self {
        database.cluster().into()
    }
}
