//! A connection that leaves this machine goes by TLS to a server that has proved to be the one that is meant, or isn't made.

use tenant_core::{DatabaseError, TenantContext, TenantDatabase, Transport};
use tenant_testkit::Cluster;

use crate::support::{Authority, Validity, World, application_role, owners, texts};

/// Leads to this machine, but for the policy it is no address of it: that is for the operating system to decide.
const SERVER: &str = "0.0.0.0";

/// A server, and its URL without what concerns TLS.
struct Place {
    world: World,
    port: u16,
}

impl Place {
    async fn new(cluster: Cluster) -> Self {
        let world = World::on(&cluster).await;
        let url = cluster.tcp_url("nobody", "none").expect("it listens");
        let port = url.split([':', '/']).find_map(|part| part.parse().ok()).expect("a port");
        Self { world, port }
    }

    async fn certified(authority: &Authority, name: &str, validity: Validity) -> Self {
        let [certificate, key] = authority.certify(name, validity);
        Self::new(Cluster::builder().tls(certificate, key).start().await.expect("a server with TLS")).await
    }

    fn url(&self, host: &str, parameters: &str) -> String {
        let (role, database) = (application_role(), self.world.database.name());
        format!("postgres://{role}:geheim@{host}:{}/{database}?application_name=private&{parameters}", self.port)
    }

    async fn build(&self, transport: Transport, host: &str, parameters: &str) -> Result<TenantDatabase, DatabaseError> {
        let builder = TenantDatabase::builder(self.url(host, parameters)).registry(self.world.registry.clone());
        let outcome = builder.transport(transport).build().await;
        if let Err(error) = &outcome {
            assert!(!format!("{error} {error:?}").contains("geheim"), "{error:?}");
        }
        outcome
    }

    /// It is not used, because it doesn't prove to be the server; `why` is told.
    async fn is_untrusted(&self, host: &str, parameters: &str, why: &str) {
        let error = self.build(Transport::VerifiedTls, host, parameters).await.expect_err("nothing to be trusted");
        assert!(matches!(error, DatabaseError::Untrusted { .. }), "{error:?}");
        let said = error.to_string();
        assert!(said.contains(host) && said.contains(why), "{said}");
    }

    /// Whether the sessions that wait for a statement are encrypted.
    async fn encrypted(&self) -> Vec<String> {
        let sql = "SELECT DISTINCT ssl::text FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                   WHERE datname = current_database() AND application_name = 'private'";
        texts(&self.world.admin, sql).await
    }
}

#[tokio::test]
async fn a_server_on_the_network_is_reached_by_tls_alone_and_only_if_it_proves_itself() {
    let (authority, other) = (Authority::new(), Authority::new());
    let place = Place::certified(&authority, SERVER, Validity::Now).await;
    let trusted = format!("sslrootcert={}", authority.path());

    let database = place.build(Transport::VerifiedTls, SERVER, &trusted).await.expect("the right server");
    let acme = database.connect(TenantContext::new(place.world.acme.id));
    assert_eq!(owners(&acme).await.expect("an answer"), [place.world.acme.id]);
    assert_eq!(place.encrypted().await, ["true"], "without a word of it in the URL");
    database.close().await;

    place.is_untrusted(SERVER, &format!("sslrootcert={}", other.path()), "invalid peer certificate").await;
    place.is_untrusted(SERVER, "", "invalid peer certificate").await;
}

#[tokio::test]
async fn a_certificate_of_another_server_proves_nothing() {
    let authority = Authority::new();
    let place = Place::certified(&authority, "db.example", Validity::Now).await;
    place.is_untrusted(SERVER, &format!("sslrootcert={}", authority.path()), "not valid for name").await;
}

#[tokio::test]
async fn a_certificate_that_is_over_proves_nothing() {
    let authority = Authority::new();
    let place = Place::certified(&authority, SERVER, Validity::Over).await;
    place.is_untrusted(SERVER, &format!("sslrootcert={}", authority.path()), "certificate expired").await;
}

#[tokio::test]
async fn a_server_without_tls_is_used_on_this_machine_or_on_a_network_that_is_called_trusted() {
    let place = Place::new(Cluster::builder().tcp().start().await.expect("a server")).await;
    place.is_untrusted(SERVER, "", "server does not support TLS").await;
    // The short form of a loopback address is for the C library to understand.
    let error = place.build(Transport::VerifiedTls, "127.1", "").await.expect_err("not local by its name");
    assert!(matches!(error, DatabaseError::Untrusted { .. }), "{error:?}");

    for weak in ["disable", "allow", "prefer", "require", "verify-ca"] {
        let asked = format!("sslmode={weak}");
        let error = place.build(Transport::VerifiedTls, SERVER, &asked).await.expect_err("refused before it is tried");
        let DatabaseError::Transport(refusal) = &error else { panic!("{error:?}") };
        assert_eq!((refusal.host(), refusal.sslmode()), (SERVER, weak));
        let said = error.to_string();
        assert!(said.contains("sslmode=verify-full") && said.contains("Transport::TrustedNetwork"), "{said}");
    }

    for (transport, host, parameters) in [
        (Transport::VerifiedTls, "127.0.0.1", "sslmode=disable"),
        (Transport::VerifiedTls, "localhost", "sslmode=prefer"),
        (Transport::TrustedNetwork, SERVER, "sslmode=disable"),
    ] {
        place.build(transport, host, parameters).await.expect("allowed").close().await;
    }
    let error = place.build(Transport::TrustedNetwork, SERVER, "").await.expect_err("the URL has to say it too");
    assert!(matches!(error, DatabaseError::Untrusted { .. }), "{error:?}");
}
