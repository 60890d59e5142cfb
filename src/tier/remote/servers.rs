//! Whom the store talks to, seen from outside: commands in, answers out, from one server or from many.

use super::batch::Batch;
use super::cluster::Cluster;
use super::fault::Fault;
use super::replies::Reply;
use super::server::Server;
use super::settings::Settings;
use redis::Value;
use std::sync::Arc;
use std::time::Instant;

/// What came of a command.
pub(super) type Answer<'a> = Result<Reply<'a>, Fault>;

pub(super) enum Servers {
    One(Box<Server>),
    Cluster(Box<Cluster>),
}

impl Servers {
    pub(super) fn new(settings: &Arc<Settings>) -> Self {
        match &settings.targets[..] {
            [target] if !settings.cluster => Self::One(Box::new(Server::new(settings, target.clone()))),
            _ => Self::Cluster(Box::new(Cluster::new(settings))),
        }
    }

    /// Asks everything at once and hands out the answers as they come: one for each command, unless it returns a fault,
    /// which is the answer to all that have none.
    pub(super) fn ask(
        &mut self, batch: &Batch, until: Instant, each: &mut dyn FnMut(usize, Answer<'_>),
    ) -> Result<(), Fault> {
        match self {
            Self::One(server) => {
                server.send(batch.bytes(), until)?;
                server.receive(batch, until, &mut |n, reply| match reply {
                    Reply::Other(Value::ServerError(error)) => each(n, Err(Fault::refused(&error))),
                    reply => each(n, Ok(reply)),
                })
            }
            Self::Cluster(cluster) => cluster.ask(batch, until, each),
        }
    }

    /// Whether GETs may go as one [`Batch::gathered`].
    pub(super) fn gathers(&self) -> bool {
        match self {
            Self::One(server) => server.gathers,
            Self::Cluster(_) => false,
        }
    }

    /// Whether it answers at all.
    pub(super) fn probe(&mut self, until: Instant) -> Result<(), Fault> {
        match self {
            Self::One(server) => server.ping(until),
            Self::Cluster(cluster) => cluster.probe(until),
        }
    }

    /// Whether command `n` of the last question, which has no answer, may have been sent.
    pub(super) fn has_sent(&self, n: usize) -> bool {
        match self {
            Self::One(server) => server.has_sent,
            Self::Cluster(cluster) => cluster.has_sent(n),
        }
    }

    /// Why nobody can be asked, where that is known without asking.
    pub(super) fn rests(&self) -> Option<Fault> {
        match self {
            Self::One(_) => None,
            Self::Cluster(cluster) => cluster.rests(),
        }
    }

    /// What went wrong beside the answers since this was asked last.
    pub(super) fn failures(&mut self) -> Vec<Fault> {
        match self {
            Self::One(_) => Vec::new(),
            Self::Cluster(cluster) => cluster.failures(),
        }
    }

    /// Looks after nodes that rest; when it wants to do so again.
    pub(super) fn tend(&mut self) -> Option<Instant> {
        match self {
            Self::One(_) => None,
            Self::Cluster(cluster) => cluster.tend(),
        }
    }
}
