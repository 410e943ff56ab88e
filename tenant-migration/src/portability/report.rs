//! The facts that matter to a registry, by server.

use super::fact::{Fact, Isolation, facts};
use super::mechanism::Mechanism;
use super::server::Server;
use super::uses::Uses;

/// What each server has of what is used. Its `Display` is a text for people.
#[derive(Clone, Debug)]
pub struct Portability {
    servers: Vec<ServerReport>,
}

/// What one server has.
#[derive(Clone, Debug)]
pub struct ServerReport {
    server: Server,
    entries: Vec<Entry>,
}

/// One mechanism on one server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Entry {
    /// What is used.
    pub mechanism: Mechanism,
    /// The tables that use it; empty where the framework does for all.
    pub tables: Vec<String>,
    /// What is known.
    pub fact: Fact,
}

impl Portability {
    /// For what is used.
    #[must_use]
    pub fn new(uses: &Uses) -> Self {
        let servers = Server::ALL.map(|server| {
            let known = |mechanism: Mechanism| {
                facts().flatten().find(|fact| fact.mechanism == mechanism.id() && fact.server == server.id())
            };
            let entry = |(mechanism, tables): (Mechanism, &[String])| {
                Some(Entry { mechanism, tables: tables.to_vec(), fact: known(mechanism)? })
            };
            ServerReport { server, entries: uses.iter().filter_map(entry).collect() }
        });
        Self { servers: servers.into() }
    }

    /// The servers, in order.
    #[must_use]
    pub fn servers(&self) -> &[ServerReport] {
        &self.servers
    }
}

impl ServerReport {
    /// Which server.
    #[must_use]
    pub const fn server(&self) -> Server {
        self.server
    }

    /// What it has, one entry a mechanism.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The worst that any of it means.
    #[must_use]
    pub fn isolation(&self) -> Isolation {
        self.entries.iter().map(|entry| entry.fact.isolation).max().unwrap_or(Isolation::Unproven)
    }
}
