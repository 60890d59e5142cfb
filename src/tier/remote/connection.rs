//! One connection: commands out, replies in, each within a deadline and a size. Whatever goes wrong ends it: what is
//! still to come on it answers questions that nobody asks any more.

use super::fault::Fault;
use super::replies::{Replies, Reply};
use super::settings::Settings;
use super::socket::Socket;
use super::target::Target;
use redis::{Cmd, Value, cmd};
use std::io::{self, Read, Write};
use std::time::Instant;

/// What a reply may have beside its value.
const SLACK: usize = 256 << 10;
/// A cluster's map of itself: 128 bytes for each of its slots, as if each were apart from its neighbours.
const MAP: usize = 2 << 20;

pub(super) struct Connection {
    socket: Socket,
    replies: Replies,
    /// What a reply may have.
    limit: usize,
    /// How many times commands were sent.
    sent: u64,
    /// Commands that go piece by piece: the PING before them, how much is gone, and what went either way.
    posted: Vec<u8>,
    ping: usize,
    gone: usize,
    moved: u64,
}

impl Connection {
    /// Connects and logs in.
    pub(super) fn open(settings: &Settings, target: &Target, until: Instant) -> Result<Self, Fault> {
        let socket = Socket::open(target, settings.tls.as_ref(), until, &settings.closed)?;
        let limit = settings.max_value_bytes + SLACK;
        let replies = Replies::new(settings.cluster);
        let mut connection = Self { socket, replies, limit, sent: 0, posted: Vec::new(), ping: 0, gone: 0, moved: 0 };
        if let Some(password) = &target.password {
            let mut auth = cmd("AUTH");
            if let Some(user) = &target.user {
                auth.arg(user);
            }
            connection.expect_ok(auth.arg(password.as_str()), until)?;
        }
        if target.database != 0 {
            connection.expect_ok(cmd("SELECT").arg(target.database), until)?;
        }
        connection.ping(until)?;
        Ok(connection)
    }

    /// Whether it can be used for another question.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.replies.are_none() && self.socket.is_quiet()
    }

    pub(super) fn wait_for_news(&self, until: Instant) {
        self.socket.wait_for_news(until);
    }

    /// Sends commands behind a PING with a number of its own.
    pub(super) fn send(&mut self, commands: &[u8], until: Instant) -> Result<(), Fault> {
        let bytes = self.numbered(commands);
        self.write(&bytes, until)
    }

    fn numbered(&mut self, commands: &[u8]) -> Vec<u8> {
        self.sent += 1;
        let mut bytes = Vec::with_capacity(commands.len() + 64);
        cmd("PING").arg(self.sent).write_packed_command(&mut bytes);
        bytes.extend_from_slice(commands);
        bytes
    }

    /// The same with what `pack` appends, which goes as far as [`Connection::send_some`] brings it.
    pub(super) fn post(&mut self, pack: impl FnOnce(&mut Vec<u8>)) {
        self.posted = self.numbered(&[]);
        (self.ping, self.gone) = (self.posted.len(), 0);
        pack(&mut self.posted);
    }

    /// Sends what goes without waiting.
    pub(super) fn send_some(&mut self) -> Result<(), Fault> {
        self.socket.set_impatient();
        while self.gone < self.posted.len() {
            match self.socket.write(&self.posted[self.gone..]) {
                Ok(0) => return Ok(()), // TLS holds as much as it may
                Ok(count) => {
                    self.gone += count;
                    self.moved += count as u64;
                }
                Err(error) => return later(error),
            }
        }
        self.socket.flush().or_else(later)
    }

    /// It was answered, and may be large, and so may be what answered it.
    pub(super) fn settle(&mut self) {
        (self.posted, self.ping, self.gone) = (Vec::new(), 0, 0);
        self.replies.shrink();
    }

    /// How many bytes of what was posted may be with the server.
    pub(super) fn gone(&self) -> usize {
        self.gone.saturating_sub(self.ping)
    }

    /// Grows with each byte that goes either way.
    pub(super) fn moved(&self) -> u64 {
        self.moved
    }

    /// The reply to that PING: what follows answers these commands and no others. Without it a reply that came twice
    /// would be taken for the next one's.
    pub(super) fn receive_number(&mut self, until: Instant) -> Result<(), Fault> {
        let sent = self.sent;
        check_number(sent, &self.receive(until)?)
    }

    /// Which number that is.
    pub(super) fn number(&self) -> u64 {
        self.sent
    }

    fn write(&mut self, bytes: &[u8], until: Instant) -> Result<(), Fault> {
        self.socket.set_deadline(until);
        self.socket.write_all(bytes)?;
        Ok(self.socket.flush()?)
    }

    /// The next reply, an error of the server's among them.
    pub(super) fn receive(&mut self, until: Instant) -> Result<Reply<'_>, Fault> {
        self.socket.set_deadline(until);
        let Self { replies, socket, moved, .. } = self;
        replies.next(self.limit, |buffer| read(socket, moved, buffer))
    }

    /// The same where an array is expected, whose parts come one by one.
    pub(super) fn receive_array(&mut self, until: Instant) -> Result<Reply<'_>, Fault> {
        self.socket.set_deadline(until);
        let Self { replies, socket, moved, .. } = self;
        replies.next_array(self.limit, |buffer| read(socket, moved, buffer))
    }

    /// The same where it may be arrays within arrays, as one: for a tool, whose limit is that of a cache without options.
    #[cfg(feature = "cli")]
    pub(super) fn receive_nested(&mut self, until: Instant) -> Result<Reply<'_>, Fault> {
        self.socket.set_deadline(until);
        let Self { replies, socket, moved, .. } = self;
        replies.next_nested(self.limit, |buffer| read(socket, moved, buffer))
    }

    /// The next reply, if all of it has come. What has come of one is kept.
    pub(super) fn receive_some(&mut self) -> Result<Option<Reply<'_>>, Fault> {
        self.socket.set_impatient();
        let Self { replies, socket, moved, .. } = self;
        match replies.next(self.limit, |buffer| read(socket, moved, buffer)) {
            Err(Fault::Late) => Ok(None), // it would block
            reply => reply.map(Some),
        }
    }

    fn ask(&mut self, command: &Cmd, until: Instant) -> Result<Value, Fault> {
        self.write(&command.get_packed_command(), until)?;
        unless_refused(self.receive(until)?)
    }

    /// Asks a node for its cluster's map.
    pub(super) fn ask_for_map(&mut self, until: Instant) -> Result<Value, Fault> {
        self.write(&cmd("CLUSTER").arg("SLOTS").get_packed_command(), until)?;
        let Self { replies, socket, moved, .. } = self;
        unless_refused(replies.next_nested(MAP, |buffer| read(socket, moved, buffer))?)
    }

    pub(super) fn ping(&mut self, until: Instant) -> Result<(), Fault> {
        match self.ask(&cmd("PING"), until)? {
            Value::SimpleString(pong) if pong == "PONG" => Ok(()),
            _ => Err(Fault::Garbage("PING without PONG")),
        }
    }

    fn expect_ok(&mut self, command: &Cmd, until: Instant) -> Result<(), Fault> {
        match self.ask(command, until)? {
            Value::Okay => Ok(()),
            _ => Err(Fault::Garbage("a login without OK")),
        }
    }
}

fn unless_refused(reply: Reply<'_>) -> Result<Value, Fault> {
    match reply.into_value() {
        Value::ServerError(error) => Err(Fault::refused(&error)),
        value => Ok(value),
    }
}

/// What would block is no fault.
fn later(error: io::Error) -> Result<(), Fault> {
    if error.kind() == io::ErrorKind::WouldBlock { Ok(()) } else { Err(error.into()) }
}

fn read(socket: &mut Socket, moved: &mut u64, buffer: &mut [u8]) -> Result<usize, Fault> {
    match socket.read(buffer)? {
        0 => Err(Fault::Cut),
        count => {
            *moved += count as u64;
            Ok(count)
        }
    }
}

/// Whether a reply is that to the PING with this number.
pub(super) fn check_number(number: u64, reply: &Reply<'_>) -> Result<(), Fault> {
    match reply {
        Reply::Bytes(bytes) if *bytes == number.to_string().as_bytes() => Ok(()),
        Reply::Other(Value::ServerError(error)) => Err(Fault::refused(error)),
        _ => Err(Fault::Garbage("it answers another command")),
    }
}
