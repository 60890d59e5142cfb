//! One server, through at most one connection, which is made when it is needed.

use super::batch::Batch;
use super::connection::Connection;
use super::fault::Fault;
use super::settings::Settings;
use super::target::Target;
use redis::{Cmd, Value};
use std::sync::Arc;
use std::time::Instant;

pub(super) struct Server {
    pub(super) target: Target,
    settings: Arc<Settings>,
    idle: Option<Connection>,
    /// Owes answers.
    asked: Option<Connection>,
}

impl Server {
    pub(super) fn new(settings: &Arc<Settings>, target: Target) -> Self {
        Self { target, settings: settings.clone(), idle: None, asked: None }
    }

    /// A connection that works as far as can be seen: the last one, or a new one that is made by then.
    fn connection(&mut self, until: Instant) -> Result<Connection, Fault> {
        self.asked = None;
        match self.idle.take().filter(Connection::is_quiet) {
            Some(connection) => Ok(connection),
            None => Connection::open(&self.settings, &self.target, until),
        }
    }

    pub(super) fn ping(&mut self, until: Instant) -> Result<(), Fault> {
        let mut connection = self.connection(until)?;
        connection.ping(until)?;
        self.idle = Some(connection);
        Ok(())
    }

    pub(super) fn ask(&mut self, command: &Cmd, until: Instant) -> Result<Value, Fault> {
        let mut connection = self.connection(until)?;
        let value = connection.ask(command, until)?;
        self.idle = Some(connection);
        Ok(value)
    }

    /// Sends commands, whose replies are to be fetched by [`Server::receive`] before anything else. To connect may take
    /// longer than the question has, so that a far server is reached at all.
    pub(super) fn send(&mut self, commands: &[u8], until: Instant) -> Result<(), Fault> {
        let mut connection = self.connection(Instant::now() + self.settings.connect_timeout)?;
        if Instant::now() >= until {
            self.idle = Some(connection); // making it took all the time: it is for the next
            return Err(Fault::Late);
        }
        connection.send(commands, until)?;
        self.asked = Some(connection);
        Ok(())
    }

    /// The replies to the commands of these numbers, in their order. `asking`: each was announced by an ASKING.
    pub(super) fn receive(
        &mut self, batch: &Batch, commands: impl Iterator<Item = (usize, bool)>, until: Instant,
        each: &mut dyn FnMut(usize, Value),
    ) -> Result<(), Fault> {
        let Some(mut connection) = self.asked.take() else { return Err(Fault::Garbage("nothing was asked")) };
        connection.receive_number(until)?;
        for (n, asking) in commands {
            if asking && connection.receive(until)? != Value::Okay {
                return Err(Fault::Garbage("ASKING without OK"));
            }
            let reply = connection.receive(until)?;
            if !batch.fits(n, &reply) {
                return Err(Fault::Garbage("it answers another command"));
            }
            if matches!(&reply, Value::BulkString(value) if value.len() > self.settings.max_value_bytes) {
                return Err(Fault::Garbage("it is larger than anything stored"));
            }
            each(n, reply);
        }
        self.idle = Some(connection);
        Ok(())
    }
}
