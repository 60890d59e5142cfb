//! One connection: commands out, replies in, each within a deadline and a size. Whatever goes wrong ends it: what is
//! still to come on it answers questions that nobody asks any more.

use super::fault::Fault;
use super::settings::Settings;
use super::socket::Socket;
use super::target::Target;
use redis::{Cmd, Parser, Value, cmd};
use std::io::{self, Read, Write};
use std::time::Instant;

/// What a reply has beside its bytes, what the parser reads ahead, and room for a cluster's map of itself.
const SLACK: usize = 256 << 10;

pub(super) struct Connection {
    socket: Socket,
    parser: Parser,
    limit: usize,
    /// What the reply that is being read may still have.
    left: usize,
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
        let parser = Parser::new();
        let mut connection =
            Self { socket, parser, limit, left: limit, sent: 0, posted: Vec::new(), ping: 0, gone: 0, moved: 0 };
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
        self.socket.is_quiet()
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

    /// It was answered, and may be large.
    pub(super) fn forget_posted(&mut self) {
        (self.posted, self.ping, self.gone) = (Vec::new(), 0, 0);
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
        let reply = self.receive(until)?;
        self.check_number(&reply)
    }

    pub(super) fn check_number(&self, reply: &Value) -> Result<(), Fault> {
        match reply {
            Value::BulkString(number) if number == self.sent.to_string().as_bytes() => Ok(()),
            Value::ServerError(error) => Err(Fault::refused(error)),
            _ => Err(Fault::Garbage("it answers another command")),
        }
    }

    fn write(&mut self, bytes: &[u8], until: Instant) -> Result<(), Fault> {
        self.socket.set_deadline(until);
        self.socket.write_all(bytes)?;
        Ok(self.socket.flush()?)
    }

    /// The next reply, an error of the server's among them.
    pub(super) fn receive(&mut self, until: Instant) -> Result<Value, Fault> {
        self.socket.set_deadline(until);
        self.parse()
    }

    /// The next reply, if all of it has come. What has come of one is kept.
    pub(super) fn receive_some(&mut self) -> Result<Option<Value>, Fault> {
        self.socket.set_impatient();
        match self.parse() {
            Err(Fault::Late) => Ok(None), // it would block
            reply => reply.map(Some),
        }
    }

    fn parse(&mut self) -> Result<Value, Fault> {
        let mut limited =
            Limited { socket: &mut self.socket, left: &mut self.left, moved: &mut self.moved, fault: None };
        match self.parser.parse_value(&mut limited) {
            Ok(value) => {
                self.left = self.limit;
                Ok(value)
            }
            Err(_) => Err(limited.fault.unwrap_or(Fault::Garbage("it is not of the protocol"))),
        }
    }

    pub(super) fn ask(&mut self, command: &Cmd, until: Instant) -> Result<Value, Fault> {
        self.write(&command.get_packed_command(), until)?;
        match self.receive(until)? {
            Value::ServerError(error) => Err(Fault::refused(&error)),
            value => Ok(value),
        }
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

/// What would block is no fault.
fn later(error: io::Error) -> Result<(), Fault> {
    if error.kind() == io::ErrorKind::WouldBlock { Ok(()) } else { Err(error.into()) }
}

/// Feeds the parser no more than a reply may have, and keeps what went wrong, which the parser's error does not tell.
struct Limited<'a> {
    socket: &'a mut Socket,
    left: &'a mut usize,
    moved: &'a mut u64,
    fault: Option<Fault>,
}

impl Read for Limited<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let fault = match self.socket.read(buffer) {
            Ok(0) => Fault::Cut,
            Ok(count) if count > *self.left => Fault::Garbage("it is larger than anything stored"),
            Ok(count) => {
                *self.left -= count;
                *self.moved += count as u64;
                return Ok(count);
            }
            Err(error) => error.into(),
        };
        self.fault = Some(fault);
        Err(io::ErrorKind::Other.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a byte, then would block, and so on.
    struct Pieces<'a>(&'a [u8], bool);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            self.0.read(&mut buffer[..1])
        }
    }

    #[test]
    fn the_parser_goes_on_where_it_would_have_blocked() {
        let replies = b"$5\r\nhello\r\n$-1\r\n+OK\r\n:12\r\n-ERR no\r\n*2\r\n$1\r\na\r\n*1\r\n:7\r\n";
        let (mut whole, mut parser, mut pieces) = (&replies[..], Parser::new(), Pieces(replies, false));
        let (mut expected, mut blocked) = (Parser::new(), 0);
        for _ in 0..6 {
            let reply = loop {
                match parser.parse_value(&mut pieces) {
                    Ok(reply) => break reply,
                    Err(_) => blocked += 1,
                }
            };
            assert_eq!(reply, expected.parse_value(&mut whole).unwrap());
        }
        assert_eq!(blocked, replies.len());
    }
}
