//! The proxy as its owner sees it.

use std::{
    io::{self, Write},
    net::{Ipv4Addr, TcpListener},
    os::unix::net::UnixStream,
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{self, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{
    connection::Conditions,
    event_loop::{Change, Counts, EventLoop, Order, Stop},
    upstream::Upstream,
};
use crate::address::Address;

/// A TCP proxy in front of a server, on a free port of 127.0.0.1, that counts round trips, adds latency, and breaks
/// connections.
///
/// It runs on a thread of its own, without an async runtime, and takes clients of any. What a method changes holds when it
/// returns. Dropping it closes every connection and ends its thread, stalled or not; it doesn't keep the server running.
///
/// It speaks plain text: asked for TLS it answers "no" itself. In front of a throw-away server it doesn't let the superuser
/// in, because anybody on this machine can reach it.
///
/// ```
/// # use tenant_testkit::{Cluster, Proxy};
/// # use sqlx::{Connection, PgConnection};
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// # let cluster = Cluster::builder().start().await?;
/// # let database = cluster.empty_database().await?;
/// # sea_orm::ConnectionTrait::execute_unprepared(&database.admin().await?, "CREATE ROLE somebody LOGIN").await?;
/// let proxy = Proxy::start(&database)?;
/// let mut connection = PgConnection::connect(&proxy.url("somebody", database.name())).await?;
/// let before = proxy.round_trips();
/// sqlx::raw_sql("SELECT 1").execute(&mut connection).await?;
/// assert_eq!(proxy.round_trips() - before, 1);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "the proxy closes all connections when it is dropped"]
pub struct Proxy {
    address: Address,
    counts: Arc<Counts>,
    /// `None` only while dropping.
    orders: Option<Sender<Order>>,
    bell: UnixStream,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// A proxy in front of a [`Cluster`](crate::Cluster), the cluster of a [`Database`](crate::Database), or a
    /// [`PgBouncer`](crate::PgBouncer), all given by reference.
    ///
    /// # Errors
    /// There is no free port, or the host of `DATABASE_URL` has no address. Whether the server answers is not asked.
    pub fn start(upstream: impl Into<Upstream>) -> io::Result<Self> {
        let upstream = upstream.into();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let (bell, rung) = UnixStream::pair()?;
        rung.set_nonblocking(true)?;
        // A bell that nobody answers any more must not hold up whoever rings it.
        bell.set_nonblocking(true)?;
        let (orders, received) = mpsc::channel();
        let counts = Arc::new(Counts::default());
        let event_loop = EventLoop {
            listener,
            target: upstream.target()?,
            conditions: Conditions { delay: Duration::ZERO, stalled: false, refused_role: upstream.refused_role() },
            counts: Arc::clone(&counts),
            orders: received,
            bell: rung,
            refusing: false,
            connections: Vec::new(),
        };
        let thread = thread::Builder::new().name(format!("proxy {port}")).spawn(|| event_loop.run())?;
        Ok(Self { address: upstream.through(port), counts, orders: Some(orders), bell, thread: Some(thread) })
    }

    /// The URL of a database for a role, through the proxy. With `DATABASE_URL`, its password is kept.
    #[must_use]
    pub fn url(&self, role: &str, database: &str) -> String {
        self.address.url(role, database)
    }

    /// How many round trips clients have begun, over all connections.
    ///
    /// One begins when a client that has got all its answers starts to send a message. It lasts until the server says that
    /// it is ready for the next statement (`ReadyForQuery`) as many times as it was asked to (`Query`, `Sync`), so what a
    /// client sends meanwhile, in however many writes, belongs to it. `COPY … FROM STDIN` takes two: the server's permission
    /// to send is an answer of its own. So is one that the client asks for with `Flush`.
    ///
    /// Not counted are the opening of a connection, up to the first `ReadyForQuery`; its closing, which nothing answers; and
    /// requests to cancel. What the server sends unasked, such as a notification, is no answer.
    ///
    /// Seen from the proxy: a client that sends its next message by itself while the answer to the last one is under way
    /// counts as waiting for it if that answer has left the proxy first.
    #[must_use]
    pub fn round_trips(&self) -> u64 {
        self.counts.round_trips.load(Ordering::SeqCst)
    }

    /// How many sessions clients have opened so far: start-up packets passed on to the server, let in or not.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.counts.connections.load(Ordering::SeqCst)
    }

    /// Holds everything that clients send from now on for this long, as the way there and back through a network would. Zero
    /// ends it. Pieces sent one after the other are on their way together, up to 4 MiB a connection.
    ///
    /// Never less than asked. On Linux some 40 µs more while a core is free, longer when all are busy; on macOS up to 1 ms
    /// more. Without a delay the proxy itself takes some 25 µs a round trip, and 100 µs with a hundred idle connections.
    ///
    /// Opening a connection is delayed too: once for the start-up packet, and for each answer to a question for the
    /// password; not for the handshake of TCP.
    pub fn delay(&self, round_trip: Duration) {
        self.order(Change::Delay(round_trip));
    }

    /// Resets all connections that are open (the client gets a TCP reset, the server the end of its input). New ones work.
    pub fn cut(&self) {
        self.order(Change::Cut);
    }

    /// Closes each connection that is open now after this many more bytes of its answers, in the midst of a message or not.
    /// The client gets these bytes and an orderly end (FIN). The last call counts.
    pub fn cut_after(&self, bytes: u64) {
        self.order(Change::CutAfter(bytes));
    }

    /// Whether new connections are reset at once. Those that are open stay.
    pub fn refuse(&self, refuse: bool) {
        self.order(Change::Refuse(refuse));
    }

    /// Holds all bytes in both directions, and the ends of connections with them. New connections are accepted, and get no
    /// answer either.
    pub fn stall(&self) {
        self.order(Change::Stall(true));
    }

    /// [Stalls](Self::stall) when the round trip of this number, counted as [`round_trips`](Self::round_trips) does, begins: the
    /// server has nothing of it yet. With `answer` it has all, and is answering; what it says is held alone.
    pub fn stall_at(&self, round_trip: u64, answer: bool) {
        self.order(Change::StopAt { round_trip, answer });
    }

    /// Whether that round trip has begun.
    #[must_use]
    pub fn is_stalled(&self) -> bool {
        matches!(*self.counts.stop(), Stop::Reached { .. })
    }

    /// Lets the bytes go on that were held.
    pub fn resume(&self) {
        self.order(Change::Stall(false));
    }

    /// Has the thread change something, and waits until it has.
    fn order(&self, change: Change) {
        let (made, wait) = mpsc::sync_channel(1);
        let sent = self.orders.as_ref().map(|orders| orders.send((change, made)));
        if matches!(sent, Some(Ok(()))) {
            self.ring();
            // An error means that the thread has ended, and all connections with it.
            let _ = wait.recv();
        }
    }

    fn ring(&self) {
        // If it is full, it has been rung.
        let _ = (&self.bell).write(&[0]);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.orders = None;
        self.ring();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
