//! One server, through at most one connection, which is made when it is needed.

use super::batch::Batch;
use super::connection::Connection;
use super::fault::Fault;
use super::replies::Reply;
use super::settings::Settings;
use super::target::Target;
use redis::Value;
use std::sync::Arc;
use std::time::Instant;

/// MGETs that were refused in a row, each on a connection of its own, before it is asked for no other: who hangs up after
/// each would have us connect for every batch.
const REFUSALS: u32 = 3;

pub(super) struct Server {
    pub(super) target: Target,
    settings: Arc<Settings>,
    idle: Option<Connection>,
    /// Owes answers.
    asked: Option<Connection>,
    /// Whether the last question was sent, at least in part.
    pub(super) has_sent: bool,
    /// Whether it takes GETs as one MGET: false once it has refused that, for not every user may, until it is connected to
    /// anew.
    pub(super) gathers: bool,
    refusals: u32,
}

impl Server {
    pub(super) fn new(settings: &Arc<Settings>, target: Target) -> Self {
        let settings = settings.clone();
        Self { target, settings, idle: None, asked: None, has_sent: false, gathers: true, refusals: 0 }
    }

    /// A connection that works as far as can be seen: the last one, or a new one that is made by then.
    fn connection(&mut self, until: Instant) -> Result<Connection, Fault> {
        self.asked = None;
        match self.idle.take().and_then(quiet) {
            Some(connection) => Ok(connection),
            None => {
                let connection = Connection::open(&self.settings, &self.target, until)?;
                self.gathers = self.refusals < REFUSALS;
                Ok(connection)
            }
        }
    }

    pub(super) fn ping(&mut self, until: Instant) -> Result<(), Fault> {
        let mut connection = self.connection(until)?;
        connection.ping(until)?;
        self.idle = Some(connection);
        Ok(())
    }

    /// Whether there is a connection that works as far as can be seen.
    pub(super) fn is_connected(&mut self) -> bool {
        self.idle = self.idle.take().and_then(quiet);
        self.idle.is_some()
    }

    /// Takes a connection that someone else made.
    pub(super) fn connected(&mut self, connection: Connection) {
        self.idle = Some(connection);
    }

    /// Sends commands, whose replies are to be fetched by [`Server::receive`] before anything else. To connect may take
    /// longer than the question has, so that a far server is reached at all.
    pub(super) fn send(&mut self, commands: &[u8], until: Instant) -> Result<(), Fault> {
        self.has_sent = false;
        let mut connection = self.connection(Instant::now() + self.settings.connect_timeout)?;
        if Instant::now() >= until {
            self.idle = Some(connection); // making it took all the time: it is for the next
            return Err(Fault::Late);
        }
        self.has_sent = true;
        connection.send(commands, until)?;
        self.asked = Some(connection);
        Ok(())
    }

    /// The connection that is there, for whoever brings it back with [`Server::connected`].
    pub(super) fn take(&mut self) -> Option<Connection> {
        self.idle.take()
    }

    /// The replies to the commands of a batch, in their order.
    pub(super) fn receive(
        &mut self, batch: &Batch, until: Instant, each: &mut dyn FnMut(usize, Reply<'_>),
    ) -> Result<(), Fault> {
        let Some(mut connection) = self.asked.take() else { return Err(Fault::Garbage("nothing was asked")) };
        connection.receive_number(until)?;
        if batch.is_gathered() {
            match connection.receive_array(until)? {
                Reply::Many(parts) if parts == batch.len() => self.refusals = 0,
                Reply::Other(Value::ServerError(error)) => {
                    let fault = Fault::refused(&error);
                    if fault.concerns_the_command() {
                        (self.gathers, self.refusals) = (false, self.refusals + 1);
                    }
                    self.idle = Some(connection);
                    return Err(fault);
                }
                _ => return Err(Fault::Garbage("it answers another command")),
            }
        }
        for n in 0..batch.len() {
            let reply = connection.receive(until)?;
            batch.check(n, &reply, self.settings.max_value_bytes)?;
            each(n, reply);
        }
        connection.settle();
        self.idle = Some(connection);
        Ok(())
    }
}

fn quiet(mut connection: Connection) -> Option<Connection> {
    connection.is_quiet().then_some(connection)
}
