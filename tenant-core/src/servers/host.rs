//! A host as it is named in settings, and the hosts of a URL.

use sqlx::postgres::PgConnectOptions;

/// A host that can't be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// It isn't a name, an address or a folder, with a port or without.
    #[error(
        "`{host}` is no host of a database: give `name`, `name:port`, `[IPv6 address]:port` or the folder of a socket, several \
         as `postgres://role@one:5432,two:5432/database` or by `TenantDatabaseBuilder::hosts`"
    )]
    Form {
        /// What was given.
        host: String,
    },
    /// The URL's own socket would win over the host.
    #[error(
        "the URL names the socket folder {socket} by its `host` parameter, which would win over `{host}`: take it out of the URL"
    )]
    Socket {
        /// The folder.
        socket: String,
        /// The host that it would win over.
        host: String,
    },
    /// An empty list.
    #[error("the list of hosts is empty: name at least one, or leave it to the URL")]
    None,
}

/// A host, and its port if that isn't the URL's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    name: String,
    port: Option<u16>,
}

impl Host {
    pub(crate) fn parse(text: &str) -> Result<Self, HostError> {
        let bad = || HostError::Form { host: text.to_owned() };
        if text.starts_with('/') {
            return Ok(Self { name: text.to_owned(), port: None });
        }
        let (name, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, port) = rest.split_once(']').ok_or_else(bad)?;
                (address, if port.is_empty() { None } else { Some(port.strip_prefix(':').ok_or_else(bad)?) })
            }
            None => text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port))),
        };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
        if name.is_empty() || !name.chars().all(is_plain) {
            return Err(bad());
        }
        let port = port.map(str::parse).transpose().map_err(|_| bad())?;
        Ok(Self { name: name.to_owned(), port })
    }

    /// How to connect there, where `options` say all else.
    pub(crate) fn of(&self, options: &PgConnectOptions) -> Result<PgConnectOptions, HostError> {
        let mut options = options.clone();
        if self.name.starts_with('/') {
            options = options.socket(&self.name);
        } else if let Some(socket) = options.get_socket() {
            return Err(HostError::Socket { socket: socket.display().to_string(), host: self.name.clone() });
        } else {
            options = options.host(&self.name);
        }
        Ok(match self.port {
            Some(port) => options.port(port),
            None => options,
        })
    }
}

/// A URL with its first host alone, and all the hosts that it names if there are several. sqlx reads one.
pub(crate) fn split_url(url: &str) -> (String, Vec<&str>) {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at);
    let hosts_start = url[start..end].rfind('@').map_or(start, |at| start + at + 1);
    let hosts: Vec<&str> = url[hosts_start..end].split(',').collect();
    match hosts.as_slice() {
        [first, _, ..] => (format!("{}{first}{}", &url[..hosts_start], &url[end..]), hosts),
        _ => (url.to_owned(), Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_a_port_or_the_urls() {
        let url: PgConnectOptions = "postgres://u@other:7000/d".parse().expect("a URL");
        for (text, host, port) in [
            ("db1.example", "db1.example", 7000),
            ("db1.example:5433", "db1.example", 5433),
            ("[fe80::1]", "fe80::1", 7000),
            ("[fe80::1]:5433", "fe80::1", 5433),
        ] {
            let options = Host::parse(text).expect(text).of(&url).expect(text);
            assert_eq!((options.get_host(), options.get_port()), (host, port));
        }
        let socket = Host::parse("/run/pg").expect("a folder").of(&url).expect("a folder");
        assert_eq!(socket.get_socket().expect("a socket").to_str(), Some("/run/pg"));
        for bad in ["", ":5432", "a:b", "a:99999", "[::1", "[::1]x", "a b", "u@h", "a,b"] {
            assert!(matches!(Host::parse(bad), Err(HostError::Form { .. })), "{bad}");
        }
    }

    #[test]
    fn the_socket_of_a_url_wins_over_no_host() {
        let url: PgConnectOptions = "postgres://u@localhost/d?host=/run/pg".parse().expect("a URL");
        let refused = Host::parse("db1.example").expect("a host").of(&url);
        assert!(matches!(refused, Err(HostError::Socket { .. })), "{refused:?}");
    }

    #[test]
    fn the_hosts_of_a_url_are_those_before_its_path() {
        let several = "postgres://u:p,w@one:5433,[::1]:5434,three/d,e?x=a,b";
        let (first, hosts) = split_url(several);
        assert_eq!(first, "postgres://u:p,w@one:5433/d,e?x=a,b");
        assert_eq!(hosts, ["one:5433", "[::1]:5434", "three"]);
        for one in ["postgres://u@one:5433/d,e", "postgres://one", "postgres:///d?host=a"] {
            assert_eq!(split_url(one), (one.to_owned(), Vec::new()));
        }
    }
}
