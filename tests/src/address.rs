//! Where a server listens, and the URLs that lead there.

use std::path::PathBuf;

use url::Url;

/// A server's address. Every URL made from it works for SeaORM, sqlx and PostgreSQL's own programs alike.
#[derive(Clone, Debug)]
pub(crate) enum Address {
    /// A throw-away server's socket, open to every role without a password.
    Socket { folder: PathBuf, port: u16 },
    /// A throw-away server's port on this machine, open to every role but the superuser without a password.
    Port(u16),
    /// The superuser's URL of a server that was here before.
    Given(Url),
}

impl Address {
    /// The URL of a database for a role.
    pub(crate) fn url(&self, role: &str, database: &str) -> String {
        let mut url = self.on(database, &["dbname", "user"]);
        // Only a URL without a host takes no user.
        let _ = url.set_username(role);
        url.into()
    }

    /// The URL of a database for the superuser.
    pub(crate) fn superuser_url(&self, database: &str) -> String {
        match self {
            Self::Socket { .. } | Self::Port(_) => self.url("postgres", database),
            Self::Given(_) => self.on(database, &["dbname"]).into(),
        }
    }

    /// The same server as it is reached through a port of this machine, in plain text.
    pub(crate) fn through(&self, port: u16) -> Self {
        let Self::Given(url) = self else { return Self::Port(port) };
        let mut through = url.clone();
        let names_the_way = |name: &str| matches!(name, "host" | "hostaddr" | "port") || name.starts_with("ssl");
        let kept: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(name, _)| !names_the_way(name))
            .map(|(name, value)| (name.into(), value.into()))
            .chain([("sslmode".to_owned(), "disable".to_owned())])
            .collect();
        through.query_pairs_mut().clear().extend_pairs(kept);
        // Only a URL that can't have a host takes none.
        let _ = through.set_host(Some("127.0.0.1"));
        let _ = through.set_port(Some(port));
        Self::Given(through)
    }

    /// The URL with this database, without parameters that would win over what stands before them.
    fn on(&self, database: &str, without: &[&str]) -> Url {
        let mut url = match self {
            Self::Socket { folder, port } => {
                let mut url = local("localhost", *port);
                url.query_pairs_mut().append_pair("host", &folder.to_string_lossy());
                url
            }
            Self::Port(port) => local("127.0.0.1", *port),
            Self::Given(url) => url.clone(),
        };
        let kept: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(name, _)| !without.contains(&name.as_ref()))
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        url.set_query(None);
        if !kept.is_empty() {
            url.query_pairs_mut().extend_pairs(kept);
        }
        url.set_path(database);
        url
    }
}

/// Port and TLS are named because PGPORT and PGSSLMODE would take their place.
fn local(host: &str, port: u16) -> Url {
    let text = format!("postgres://{host}:{port}/?sslmode=disable");
    Url::parse(&text).unwrap_or_else(|_| unreachable!("only a host's name and a port vary"))
}

/// The URL as it may be shown: without its password.
pub(crate) fn without_password(url: &Url) -> String {
    let mut url = url.clone();
    if url.password().is_some() {
        let _ = url.set_password(Some("***"));
    }
    url.into()
}

#[cfg(test)]
mod tests {
    use super::{Address, without_password};

    #[test]
    fn a_socket_needs_no_environment() {
        let address = Address::Socket { folder: "/dev/shm/a b".into(), port: 5432 };
        assert_eq!(
            address.url("tenancy_app", "d"),
            "postgres://tenancy_app@localhost:5432/d?sslmode=disable&host=%2Fdev%2Fshm%2Fa+b"
        );
    }

    #[test]
    fn a_given_url_keeps_what_is_not_replaced() {
        let url = "postgres://root:secret@db.example/postgres?user=other&sslmode=require".parse().expect("a URL");
        let address = Address::Given(url);
        assert_eq!(address.url("tenancy_app", "d"), "postgres://tenancy_app:secret@db.example/d?sslmode=require");
        assert_eq!(address.superuser_url("d"), "postgres://root:secret@db.example/d?user=other&sslmode=require");
    }

    #[test]
    fn a_given_url_keeps_role_and_password_on_another_way() {
        for url in [
            "postgres://root:secret@db.example:7000/postgres?application_name=x&sslmode=require&sslrootcert=f&port=8",
            "postgres://root:secret@%2Fvar%2Frun/postgres?application_name=x",
        ] {
            let through = Address::Given(url.parse().expect("a URL")).through(5433);
            let expected = "postgres://tenancy_app:secret@127.0.0.1:5433/d?application_name=x&sslmode=disable";
            assert_eq!(through.url("tenancy_app", "d"), expected);
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        let url = "postgres://root:secret@db.example/postgres".parse().expect("a URL");
        assert_eq!(without_password(&url), "postgres://root:***@db.example/postgres");
    }
}
