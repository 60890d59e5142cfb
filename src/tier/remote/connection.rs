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
    /// How many times commands were sent.
    sent: u64,
}

impl Connection {
    /// Connects and logs in.
    pub(super) fn open(settings: &Settings, target: &Target, until: Instant) -> Result<Self, Fault> {
        let socket = Socket::open(target, settings.tls.as_ref(), until, &settings.closed)?;
        let limit = settings.max_value_bytes + SLACK;
        let mut connection = Self { socket, parser: Parser::new(), limit, sent: 0 };
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

    /// Whether something has come, be it the end.
    pub(super) fn has_news(&self) -> bool {
        self.socket.has_news()
    }

    pub(super) fn wait_for_news(&self, until: Instant) {
        self.socket.wait_for_news(until);
    }

    /// Sends commands behind a PING with a number of its own.
    pub(super) fn send(&mut self, commands: &[u8], until: Instant) -> Result<(), Fault> {
        self.sent += 1;
        let mut bytes = Vec::with_capacity(commands.len() + 64);
        cmd("PING").arg(self.sent).write_packed_command(&mut bytes);
        bytes.extend_from_slice(commands);
        self.write(&bytes, until)
    }

    /// The reply to that PING: what follows answers these commands and no others. Without it a reply that came twice
    /// would be taken for the next one's.
    pub(super) fn receive_number(&mut self, until: Instant) -> Result<(), Fault> {
        match self.receive(until)? {
            Value::BulkString(number) if number == self.sent.to_string().as_bytes() => Ok(()),
            Value::ServerError(error) => Err(Fault::refused(&error)),
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
        let mut limited = Limited { socket: &mut self.socket, left: self.limit, fault: None };
        match self.parser.parse_value(&mut limited) {
            Ok(value) => Ok(value),
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

/// Feeds the parser no more than a reply may have, and keeps what went wrong, which the parser's error does not tell.
struct Limited<'a> {
    socket: &'a mut Socket,
    left: usize,
    fault: Option<Fault>,
}

impl Read for Limited<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let fault = match self.socket.read(buffer) {
            Ok(0) => Fault::Cut,
            Ok(count) if count > self.left => Fault::Garbage("it is larger than anything stored"),
            Ok(count) => {
                self.left -= count;
                return Ok(count);
            }
            Err(error) => error.into(),
        };
        self.fault = Some(fault);
        Err(io::ErrorKind::Other.into())
    }
}
