//! One client and its connection to the server.

use std::{
    io::{self, ErrorKind, Read},
    net::TcpStream,
    os::fd::AsFd,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags},
    net::sockopt::set_socket_linger,
};

use super::{
    conversation::Conversation,
    event_loop::Counts,
    opening::{Opening, refusal},
    queue::Queue,
    stream::Stream,
};

/// How much is read at once: what the loopback device takes in one segment.
const READ: usize = 64 << 10;

/// What holds for all connections alike.
#[derive(Debug)]
pub(super) struct Conditions {
    pub(super) delay: Duration,
    pub(super) stalled: bool,
    /// A role that isn't let in.
    pub(super) refused_role: Option<&'static str>,
}

#[derive(Debug)]
pub(super) struct Connection {
    client: TcpStream,
    server: Stream,
    /// There may be something to move.
    ready: bool,
    buffer: Box<[u8]>,
    /// The first packet until it is complete.
    opening: Option<Vec<u8>>,
    /// `None` for one that only cancels another's statement.
    conversation: Option<Conversation>,
    to_server: Queue,
    to_client: Queue,
    /// The client has closed its side; and the server was told.
    client_ended: bool,
    end_passed_on: bool,
    /// Nothing more comes from the server; what is here is still passed on.
    server_ended: bool,
    /// How much of the answer may still go through.
    answer_left: u64,
}

impl Connection {
    pub(super) fn new(client: TcpStream, server: Stream) -> io::Result<Self> {
        client.set_nodelay(true)?;
        client.set_nonblocking(true)?;
        Ok(Self {
            client,
            server,
            ready: true,
            buffer: vec![0; READ].into(),
            opening: Some(Vec::new()),
            conversation: None,
            to_server: Queue::default(),
            to_client: Queue::default(),
            client_ended: false,
            end_passed_on: false,
            server_ended: false,
            answer_left: u64::MAX,
        })
    }

    /// Adds what is waited for. A socket for which there is nothing to wait is left out: its end would be told each time.
    pub(super) fn wait_for<'a>(&'a self, sockets: &mut Vec<PollFd<'a>>, requests_held: bool, answers_held: bool) {
        let mut wait = |socket, read: bool, write: bool| {
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, read);
            flags.set(PollFlags::OUT, write);
            if !flags.is_empty() {
                sockets.push(PollFd::from_borrowed_fd(socket, flags));
            }
        };
        let (from_client, from_server) = (!self.client_ended, !self.server_ended);
        wait(
            self.client.as_fd(),
            from_client && self.to_server.has_room(),
            self.to_client.is_blocked() && !answers_held,
        );
        wait(
            self.server.as_fd(),
            from_server && self.to_client.has_room(),
            self.to_server.is_blocked() && !requests_held,
        );
    }

    /// When the next bytes are due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.to_server.due()
    }

    /// Has it [advance](Self::advance).
    pub(super) fn wake(&mut self) {
        self.ready = true;
    }

    /// From now on, only so many bytes of the answer go through.
    pub(super) fn limit_answer(&mut self, bytes: u64) {
        self.answer_left = bytes;
    }

    /// Closes both sides, the client's with a reset.
    pub(super) fn reset(self) {
        // It closes in any case.
        let _ = set_socket_linger(&self.client, Some(Duration::ZERO));
    }

    /// Moves what can be moved, if there may be something. `Ok(false)` when the connection has come to its end, an error when it broke.
    pub(super) fn advance(&mut self, conditions: &Conditions, counts: &Counts) -> io::Result<bool> {
        if !std::mem::take(&mut self.ready) {
            return Ok(true);
        }
        self.read_client(conditions, counts)?;
        let (requests_held, answers_held) = counts.held(conditions);
        if !requests_held {
            // A server that takes no more has said why, or is about to.
            if self.to_server.write_due(&mut self.server, u64::MAX, |_| {}).is_err() {
                self.to_server = Queue::default();
            }
        }
        self.read_server();
        if answers_held {
            return Ok(true);
        }
        if !self.to_client.is_empty() {
            // All that the client sent before it could see this answer was not sent because of it.
            self.read_client(conditions, counts)?;
            let (conversation, left) = (&mut self.conversation, &mut self.answer_left);
            self.to_client.write_due(&mut self.client, *left, |bytes| {
                *left -= bytes.len() as u64;
                if let Some(conversation) = conversation {
                    conversation.answered(bytes);
                }
            })?;
        }
        // Last, because the end may have been read just now, and is not waited for again.
        if self.client_ended && self.to_server.is_empty() && !self.end_passed_on {
            self.end_passed_on = true;
            self.server_ended |= self.server.end().is_err();
        }
        Ok(self.answer_left > 0 && !(self.server_ended && self.to_client.is_empty()))
    }

    fn read_client(&mut self, conditions: &Conditions, counts: &Counts) -> io::Result<()> {
        while !self.client_ended && self.to_server.has_room() {
            match read(&mut self.client, &mut self.buffer)? {
                Some(0) => self.client_ended = true,
                Some(count) => {
                    self.receive(count, conditions, counts)?;
                    if count < READ {
                        break;
                    }
                }
                None => break,
            }
        }
        Ok(())
    }

    fn read_server(&mut self) {
        while !self.server_ended && self.to_client.has_room() {
            match read(&mut self.server, &mut self.buffer) {
                Ok(Some(0)) | Err(_) => self.server_ended = true,
                Ok(Some(count)) => {
                    self.to_client.push(self.buffer[..count].to_vec(), Duration::ZERO);
                    if count < READ {
                        break;
                    }
                }
                Ok(None) => break,
            }
        }
    }

    /// Takes what the client has sent from the buffer.
    fn receive(&mut self, count: usize, conditions: &Conditions, counts: &Counts) -> io::Result<()> {
        let bytes = self.buffer[..count].to_vec();
        let Some(mut opening) = self.opening.take() else {
            let begun = self.conversation.as_mut().map_or(0, |conversation| conversation.sent(&bytes));
            counts.begin(begun);
            self.to_server.push(bytes, conditions.delay);
            return Ok(());
        };
        opening.extend(bytes);
        while let Opening::Encryption(length) = Opening::read(&opening) {
            opening.drain(..length);
            self.to_client.push(b"N".to_vec(), Duration::ZERO);
        }
        match Opening::read(&opening) {
            Opening::Incomplete | Opening::Encryption(_) => self.opening = Some(opening),
            Opening::Cancel => self.to_server.push(opening, conditions.delay),
            Opening::Foreign => return Err(ErrorKind::InvalidData.into()),
            Opening::Session { role } if conditions.refused_role.is_some_and(|refused| refused.as_bytes() == role) => {
                let role = String::from_utf8_lossy(role);
                let why = format!("a throw-away server lets {role} in through its socket only, not through a proxy");
                self.to_client.push(refusal(&why), Duration::ZERO);
                self.server_ended = true;
            }
            Opening::Session { .. } => {
                counts.connections.fetch_add(1, Ordering::SeqCst);
                self.conversation = Some(Conversation::default());
                self.to_server.push(opening, conditions.delay);
            }
        }
        Ok(())
    }
}

/// How much was there: 0 at the end, `None` if nothing is there yet.
fn read(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    loop {
        match from.read(buffer) {
            Ok(count) => return Ok(Some(count)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
