//! The one thread that moves the bytes of all connections.

use std::{
    io::{self, Read},
    net::{TcpListener, TcpStream},
    os::{fd::AsFd, unix::net::UnixStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TryRecvError},
    },
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    net::sockopt::set_socket_linger,
};

use super::{
    connection::{Conditions, Connection},
    stream::Target,
};

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) connections: AtomicU64,
    pub(super) round_trips: AtomicU64,
    pub(super) stop: Mutex<Stop>,
}

/// A round trip at which everything stops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stop {
    #[default]
    Never,
    /// At the beginning of the one of this number; with `answer`, once the server has what was sent.
    At { round_trip: u64, answer: bool },
    /// It has begun: nothing goes on, or no answer does.
    Reached { answer: bool },
}

impl Counts {
    /// Notes round trips that begin.
    pub(super) fn begin(&self, begun: u64) {
        let all = self.round_trips.fetch_add(begun, Ordering::SeqCst) + begun;
        let mut stop = self.stop();
        if let Stop::At { round_trip, answer } = *stop
            && all >= round_trip
        {
            *stop = Stop::Reached { answer };
        }
    }

    pub(super) fn stop(&self) -> MutexGuard<'_, Stop> {
        // Nothing panics while it is held.
        self.stop.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what clients send is held, and whether what the server answers is.
    pub(super) fn held(&self, conditions: &Conditions) -> (bool, bool) {
        match *self.stop() {
            _ if conditions.stalled => (true, true),
            Stop::Reached { answer } => (!answer, true),
            Stop::Never | Stop::At { .. } => (false, false),
        }
    }
}

/// What the proxy's owner wants changed.
#[derive(Debug)]
pub(super) enum Change {
    Delay(Duration),
    Stall(bool),
    StopAt { round_trip: u64, answer: bool },
    Refuse(bool),
    Cut,
    CutAfter(u64),
}

/// A change, and whom to tell that it is made.
pub(super) type Order = (Change, SyncSender<()>);

#[derive(Debug)]
pub(super) struct EventLoop {
    pub(super) listener: TcpListener,
    pub(super) target: Target,
    pub(super) conditions: Conditions,
    pub(super) counts: Arc<Counts>,
    pub(super) orders: Receiver<Order>,
    /// Readable when there are orders, or nobody is left to give any.
    pub(super) bell: UnixStream,
    pub(super) refusing: bool,
    pub(super) connections: Vec<Connection>,
}

impl EventLoop {
    /// Runs until nobody is left to give orders.
    pub(super) fn run(mut self) {
        sleep_precisely();
        while self.wait().is_ok() {
            if !self.obey() {
                break;
            }
            self.accept();
            let (conditions, counts) = (&self.conditions, &*self.counts);
            self.connections.retain_mut(|connection| connection.advance(conditions, counts).unwrap_or(false));
        }
    }

    /// Waits until a socket has something or bytes are due, and wakes the connections that it concerns.
    fn wait(&mut self) -> io::Result<()> {
        let (requests_held, answers_held) = self.counts.held(&self.conditions);
        let mut sockets = vec![
            PollFd::from_borrowed_fd(self.listener.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(self.bell.as_fd(), PollFlags::IN),
        ];
        // Where each connection's sockets end.
        let mut ends = Vec::with_capacity(self.connections.len());
        for connection in &self.connections {
            connection.wait_for(&mut sockets, requests_held, answers_held);
            ends.push(sockets.len());
        }
        let due = self.connections.iter().filter(|_| !requests_held).filter_map(Connection::due).min();
        let timeout = due.map(|due| due.saturating_duration_since(Instant::now()));
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        match poll(&mut sockets, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let told: Vec<bool> = sockets.iter().map(|socket| !socket.revents().is_empty()).collect();
        let (now, mut begin) = (Instant::now(), 2);
        for (connection, end) in self.connections.iter_mut().zip(ends) {
            if told[begin..end].contains(&true) || connection.due().is_some_and(|due| due <= now) {
                connection.wake();
            }
            begin = end;
        }
        Ok(())
    }

    /// Makes the changes that were asked for. `false` if nobody is left to ask.
    fn obey(&mut self) -> bool {
        // Several rings may have come together, and none is missed: the orders come before the ring.
        let _ = self.bell.read(&mut [0; 64]);
        loop {
            match self.orders.try_recv() {
                Ok((change, made)) => {
                    self.make(change);
                    self.connections.iter_mut().for_each(Connection::wake);
                    // Who doesn't wait needn't know.
                    let _ = made.send(());
                }
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn make(&mut self, change: Change) {
        match change {
            Change::Delay(delay) => self.conditions.delay = delay,
            Change::Stall(stalled) => {
                self.conditions.stalled = stalled;
                *self.counts.stop() = Stop::Never;
            }
            Change::StopAt { round_trip, answer } => *self.counts.stop() = Stop::At { round_trip, answer },
            Change::Refuse(refuse) => {
                // Who has come before isn't refused.
                self.accept();
                self.refusing = refuse;
            }
            Change::Cut => {
                self.accept();
                self.connections.drain(..).for_each(Connection::reset);
            }
            Change::CutAfter(bytes) => {
                self.accept();
                self.connections.iter_mut().for_each(|connection| connection.limit_answer(bytes));
            }
        }
    }

    fn accept(&mut self) {
        while let Ok((client, _)) = self.listener.accept() {
            if self.refusing {
                let _ = set_socket_linger(&client, Some(Duration::ZERO));
                continue;
            }
            // A client whom the server doesn't accept sees its connection closed.
            self.connections.extend(self.connect(client).ok());
        }
    }

    fn connect(&self, client: TcpStream) -> io::Result<Connection> {
        Connection::new(client, self.target.connect()?)
    }
}

/// Linux rounds a thread's timers up by 50 µs to save wake-ups, unless told not to.
fn sleep_precisely() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
}
