//! A node's part of a question: it goes and its replies come piece by piece, each as far as it does without waiting, so
//! that a node that stalls holds up nobody else.

use super::batch::Batch;
use super::connection::{Connection, check_number};
use super::fault::Fault;
use super::replies::Reply;
use redis::{Value, cmd};
use std::time::Instant;

/// Replies of one node before the others are heard again.
const AT_ONCE: usize = 16;

/// A command that is still to be answered.
pub(super) struct Errand {
    pub(super) n: usize,
    pub(super) node: u16,
    pub(super) asking: bool,
}

pub(super) struct Exchange<'e> {
    errands: &'e [Errand],
    connection: Connection,
    /// Where each command ends among the bytes that were posted.
    ends: Vec<usize>,
    /// Whether the number that goes before the replies has come, and the OK before the next one.
    is_numbered: bool,
    is_announced: bool,
    answered: usize,
    /// Since when nothing has come of it.
    since: Instant,
    /// The first error among the replies that says something of the node.
    pub(super) refused: Option<Fault>,
}

impl<'e> Exchange<'e> {
    /// Each command that needs it is announced by an ASKING.
    pub(super) fn new(batch: &Batch, errands: &'e [Errand], mut connection: Connection) -> Self {
        let mut ends = Vec::with_capacity(errands.len());
        connection.post(|bytes| {
            let first = bytes.len();
            for errand in errands {
                if errand.asking {
                    cmd("ASKING").write_packed_command(bytes);
                }
                bytes.extend_from_slice(batch.command(errand.n));
                ends.push(bytes.len() - first);
            }
        });
        let since = Instant::now();
        Self { errands, connection, ends, is_numbered: false, is_announced: false, answered: 0, since, refused: None }
    }

    pub(super) fn node(&self) -> u16 {
        self.errands[0].node
    }

    /// Sends and takes what goes without waiting; whether anything did.
    pub(super) fn advance(
        &mut self, batch: &Batch, max_value_bytes: usize, each: &mut dyn FnMut(usize, Reply<'_>),
    ) -> Result<bool, Fault> {
        let before = self.connection.moved();
        let mut taken = 0;
        self.connection.send_some()?;
        while taken < AT_ONCE && !self.is_over() {
            let Self { connection, errands, is_numbered, is_announced, answered, .. } = self;
            let number = connection.number();
            let Some(reply) = connection.receive_some()? else { break };
            taken += 1;
            let Errand { n, asking, .. } = errands[*answered];
            if !std::mem::replace(is_numbered, true) {
                check_number(number, &reply)?;
            } else if asking && !std::mem::replace(is_announced, true) {
                if reply != Reply::Other(Value::Okay) {
                    return Err(Fault::Garbage("ASKING without OK"));
                }
            } else {
                batch.check(n, &reply, max_value_bytes)?;
                *is_announced = false;
                *answered += 1;
                each(n, reply);
            }
        }
        let moves = taken > 0 || self.connection.moved() != before;
        // Single bytes are no answer, but after one they are the next that is on its way.
        if moves && self.answered > 0 {
            self.since = Instant::now();
        }
        Ok(moves)
    }

    /// Whether every command has its reply.
    pub(super) fn is_over(&self) -> bool {
        self.answered == self.errands.len()
    }

    /// What has no reply, and whether it may have been sent: half a command is none to a server.
    pub(super) fn unanswered(&self) -> impl Iterator<Item = (usize, bool)> {
        let gone = self.connection.gone();
        let places = self.answered..self.errands.len();
        places.map(move |place| (self.errands[place].n, self.ends[place] <= gone))
    }

    pub(super) fn has_answered(&self) -> bool {
        self.answered > 0
    }

    pub(super) fn since(&self) -> Instant {
        self.since
    }

    pub(super) fn wait_for_news(&self, until: Instant) {
        self.connection.wait_for_news(until);
    }

    /// For the next question.
    pub(super) fn into_connection(mut self) -> Connection {
        self.connection.settle();
        self.connection
    }
}
