//! What a throw-away server is started with.

/// A throw-away server to be launched.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) settings: Vec<(String, String)>,
    /// Whether it listens on a port of 127.0.0.1 too.
    pub(crate) tcp: bool,
    /// Its certificate and key for TLS.
    pub(crate) identity: Option<Identity>,
    /// The server that it copies and then follows.
    pub(crate) primary: Option<String>,
    /// Whether it can be killed and started again.
    pub(crate) restarts: bool,
}

/// What a server shows to be itself, in PEM.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}
