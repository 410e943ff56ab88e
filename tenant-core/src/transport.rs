//! What keeps a connection private on its way to the server, and who may say that it needs nothing.

use std::net::IpAddr;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// How connections travel to a server that is not this machine's.
///
/// This machine's is one that is reached by a Unix socket, as `localhost`, or by a literal loopback address (`127.0.0.1`,
/// `::1`): there the URL's own `sslmode` holds. A name that merely resolves to a loopback address doesn't count, because what a
/// name resolves to is for others to decide.
///
/// A certificate counts when an authority has signed it that is in the URL's `sslrootcert` (a file, or the PEM text itself) or
/// among Mozilla's roots, which are compiled in; the operating system's store is not asked. `sslrootcert` adds to Mozilla's roots:
/// it does not replace them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// TLS, with the server's certificate checked and its name too (`sslmode=verify-full`). A URL with a weaker `sslmode` is
    /// refused; one without any means this.
    #[default]
    VerifiedTls,
    /// The network itself is trusted (a tunnel, a mesh that encrypts): the URL's `sslmode` holds, however weak. One without any
    /// means `verify-full` here too.
    TrustedNetwork,
}

/// A URL that would give a connection away to whoever stands on its way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "sslmode={sslmode} in the URL would let whoever stands between this machine and {host} pass for the server: give \
     sslmode=verify-full, and sslrootcert=FILE if an authority of your own signed its certificate; or, if the network itself \
     is trusted, say so (`transport(Transport::TrustedNetwork)`; `--trust-network` of the migration's command line)"
)]
pub struct TransportError {
    host: String,
    sslmode: &'static str,
}

impl TransportError {
    /// The server that the URL names.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The URL's `sslmode`.
    #[must_use]
    pub const fn sslmode(&self) -> &'static str {
        self.sslmode
    }
}

impl Transport {
    /// The options as they may be used, where `url` is what they were read from.
    ///
    /// # Errors
    /// [`TransportError`] when the URL asks for less than it must.
    pub fn secure(self, url: &str, options: PgConnectOptions) -> Result<PgConnectOptions, TransportError> {
        if is_local(&options) {
            return Ok(options);
        }
        // The environment's PGSSLMODE is not asked: what weakens a connection has to stand where the connection is described.
        let named = names_sslmode(url).then(|| options.get_ssl_mode());
        match (self, named) {
            (_, None | Some(PgSslMode::VerifyFull)) => Ok(options.ssl_mode(PgSslMode::VerifyFull)),
            (Self::TrustedNetwork, Some(_)) => Ok(options),
            (Self::VerifiedTls, Some(weak)) => {
                Err(TransportError { host: options.get_host().to_owned(), sslmode: spelled(weak) })
            }
        }
    }
}

/// Whether a failure to connect is one of TLS: the server has none, or its certificate does not hold.
pub(crate) fn is_of_tls(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Tls(_) => true,
        // What the TLS library says about a certificate travels in an error of the socket.
        sqlx::Error::Io(failure) => failure.kind() == std::io::ErrorKind::InvalidData && failure.get_ref().is_some(),
        _ => false,
    }
}

/// Whether what is sent there never leaves this machine.
fn is_local(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    if options.get_socket().is_some() || host.starts_with('/') {
        return true;
    }
    // An IPv6 address stands in brackets in a URL.
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Whether the URL has a parameter for the mode, under one of the names that sqlx knows. One that is spelled in another way is
/// not found, and then the connection is verified in full.
fn names_sslmode(url: &str) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    query.split('&').filter_map(|pair| pair.split('=').next()).any(|name| matches!(name, "sslmode" | "ssl-mode"))
}

const fn spelled(mode: PgSslMode) -> &'static str {
    match mode {
        PgSslMode::Disable => "disable",
        PgSslMode::Allow => "allow",
        PgSslMode::Prefer => "prefer",
        PgSslMode::Require => "require",
        PgSslMode::VerifyCa => "verify-ca",
        PgSslMode::VerifyFull => "verify-full",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of the mode of a URL.
    fn mode(transport: Transport, url: &str) -> Result<&'static str, TransportError> {
        let options = url.parse().expect(url);
        transport.secure(url, options).map(|options| spelled(options.get_ssl_mode()))
    }

    #[test]
    fn a_remote_host_is_verified_unless_the_url_says_less_which_is_refused() {
        for host in ["db.example", "127.1", "0x7f000001", "localhost.", "10.0.0.1", "[fe80::1]", "128.0.0.1"] {
            for none in ["", "?application_name=x", "?application_name=sslmode", "#sslmode=disable"] {
                assert_eq!(mode(Transport::VerifiedTls, &format!("postgres://u@{host}/d{none}")), Ok("verify-full"));
            }
            for weak in ["disable", "allow", "prefer", "require", "verify-ca"] {
                for name in ["sslmode", "ssl-mode"] {
                    let url = format!("postgres://u:geheim@{host}/d?x=y&{name}={weak}");
                    let error = mode(Transport::VerifiedTls, &url).expect_err(&url);
                    assert_eq!((error.host(), error.sslmode()), (host, weak));
                    assert!(!error.to_string().contains("geheim"), "{error}");
                }
            }
            let full = format!("postgres://u@{host}/d?sslmode=verify-full");
            assert_eq!(mode(Transport::VerifiedTls, &full), Ok("verify-full"));
        }
    }

    #[test]
    fn a_trusted_network_takes_what_the_url_says_and_is_verified_where_it_says_nothing() {
        for said in ["disable", "prefer", "require", "verify-ca", "verify-full"] {
            let url = format!("postgres://u@db.example/d?sslmode={said}");
            assert_eq!(mode(Transport::TrustedNetwork, &url), Ok(said));
        }
        assert_eq!(mode(Transport::TrustedNetwork, "postgres://u@db.example/d"), Ok("verify-full"));
    }

    #[test]
    fn on_this_machine_the_urls_mode_holds() {
        for (url, expected) in [
            ("postgres://u@localhost/d?sslmode=disable", "disable"),
            ("postgres://u@LOCALHOST/d?sslmode=require", "require"),
            ("postgres://u@127.0.0.1/d?sslmode=disable", "disable"),
            ("postgres://u@127.8.9.1/d?sslmode=disable", "disable"),
            ("postgres://u@[::1]/d?sslmode=disable", "disable"),
            ("postgres://u@%2Frun%2Fpostgresql/d?sslmode=disable", "disable"),
            ("postgres://u@db.example/d?sslmode=disable&host=/run/postgresql", "disable"),
            ("postgres://u@db.example/d?sslmode=disable&hostaddr=127.0.0.1", "disable"),
        ] {
            assert_eq!(mode(Transport::VerifiedTls, url), Ok(expected), "{url}");
        }
    }

    #[test]
    fn a_parameter_of_the_url_that_names_another_host_is_the_one_that_counts() {
        let url = "postgres://u@localhost/d?sslmode=disable&host=db.example";
        assert_eq!(mode(Transport::VerifiedTls, url).expect_err(url).host(), "db.example");
    }

    #[test]
    fn a_parameter_that_is_spelled_oddly_weakens_nothing() {
        assert_eq!(mode(Transport::VerifiedTls, "postgres://u@db.example/d?%73slmode=disable"), Ok("verify-full"));
    }
}
