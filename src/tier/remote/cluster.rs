//! A cluster: each slot's commands go to its node, all nodes are asked before the first is waited for, who has replied is
//! heard first, and who is sent elsewhere goes there. A node that fails rests alone: its keys are misses.

use super::batch::Batch;
use super::exchange::{Errand, Exchange};
use super::fault::Fault;
use super::nodes::{Nodes, State};
use super::pace::is_evidence;
use super::replies::Reply;
use super::servers::Answer;
use super::settings::Settings;
use redis::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often a command is sent elsewhere: while a slot moves, twice is common.
const ROUNDS: usize = 4;
/// How long one node is waited for before the others are looked at again.
const SLICE: Duration = Duration::from_millis(2);

pub(super) struct Cluster {
    settings: Arc<Settings>,
    nodes: Nodes,
    /// Which commands of the last question may have been sent, and have no answer.
    sent: Vec<bool>,
}

/// What all rounds of a question share.
struct Question<'a> {
    batch: &'a Batch,
    until: Instant,
    each: &'a mut dyn FnMut(usize, Answer<'_>),
}

impl Question<'_> {
    fn fail(&mut self, errands: &[Errand], fault: &Fault) {
        errands.iter().for_each(|errand| (self.each)(errand.n, Err(fault.clone())));
    }
}

impl Cluster {
    pub(super) fn new(settings: &Arc<Settings>) -> Self {
        Self { settings: settings.clone(), nodes: Nodes::new(settings), sent: Vec::new() }
    }

    /// What befalls one node is the answer to its commands; a fault is of the whole cluster.
    pub(super) fn ask(
        &mut self, batch: &Batch, until: Instant, each: &mut dyn FnMut(usize, Answer<'_>),
    ) -> Result<(), Fault> {
        self.sent = vec![false; batch.len()];
        self.nodes.wait_for_one(until)?;
        let mut question = Question { batch, until, each };
        let mut errands: Vec<Errand> =
            (0..batch.len()).map(|n| Errand { n, node: self.nodes.owner(batch.slot(n)), asking: false }).collect();
        for _ in 0..ROUNDS {
            errands = self.round(&mut question, errands);
            if errands.is_empty() {
                break;
            }
            if Instant::now() >= until {
                question.fail(&errands, &Fault::Late);
                return self.end();
            }
        }
        question.fail(&errands, &Fault::Cluster("its nodes send requests to each other in circles".into()));
        self.end()
    }

    fn end(&self) -> Result<(), Fault> {
        if self.settings.is_closed() { Err(Fault::Closed) } else { Ok(()) }
    }

    pub(super) fn has_sent(&self, n: usize) -> bool {
        self.sent.get(n).is_some_and(|sent| *sent)
    }

    /// Runs every errand once and returns those that were sent elsewhere.
    fn round(&mut self, question: &mut Question<'_>, mut errands: Vec<Errand>) -> Vec<Errand> {
        errands.sort_by_key(|errand| errand.node); // stable: the order per node stays
        let (mut asked, mut elsewhere) = (Vec::new(), Vec::new());
        let mut waiting: Vec<&[Errand]> = errands.chunk_by(|a, b| a.node == b.node).collect();
        let begun = Instant::now();
        loop {
            waiting.retain(|group| self.sends(question, group, &mut asked));
            let mut moves = false;
            for exchange in std::mem::take(&mut asked) {
                let (moved, exchange) = self.hear(question, exchange, &mut elsewhere);
                moves |= moved;
                asked.extend(exchange);
            }
            if asked.is_empty() && waiting.is_empty() || self.settings.is_closed() {
                break;
            }
            let now = Instant::now();
            // What had come in time is heard, if we are late ourselves.
            if now >= question.until && (!moves || now >= question.until + SLICE) {
                break;
            }
            if !moves {
                let slice = question.until.min(now + SLICE);
                match asked.first() {
                    Some(exchange) => {
                        exchange.wait_for_news(slice);
                        asked.rotate_left(1);
                    }
                    None => self.nodes.dialer.wait(slice),
                }
            }
            self.nodes.learn();
        }
        for group in waiting {
            if self.is_evidence(question, begun) {
                self.nodes.account(group[0].node, Some(&Fault::Late));
            }
            question.fail(group, &Fault::Late);
        }
        for exchange in asked {
            if self.is_evidence(question, exchange.since()) {
                self.nodes.account(exchange.node(), Some(&Fault::Late));
            } else if exchange.has_answered() {
                // It answers, and was asked for more than there was time for.
                self.nodes.account(exchange.node(), None);
            }
            self.fail(question, &exchange, &Fault::Late);
        }
        elsewhere
    }

    /// Whether a node that is silent since then is to blame.
    fn is_evidence(&self, question: &Question<'_>, since: Instant) -> bool {
        is_evidence(question.until.saturating_duration_since(since), self.settings.lookup_timeout)
    }

    /// Begins to send a node its commands, as soon as there is a connection; whether it still waits for one.
    fn sends<'e>(&mut self, question: &mut Question<'_>, group: &'e [Errand], asked: &mut Vec<Exchange<'e>>) -> bool {
        let place = group[0].node;
        let fault = match self.nodes.state(place) {
            State::Dials => return true,
            State::Nobody => Fault::Cluster("no node of the cluster has these slots".into()),
            State::Rests(why) => Fault::Resting(why),
            State::Connected if Instant::now() >= question.until => return true,
            State::Connected => match self.nodes.get(place).and_then(|node| node.server.take()) {
                Some(connection) => {
                    asked.push(Exchange::new(question.batch, group, connection));
                    return false;
                }
                None => return true,
            },
        };
        question.fail(group, &fault);
        false
    }

    /// Sends a node and hears of it what goes without waiting: whether anything did, and the exchange if it isn't over.
    fn hear<'e>(
        &mut self, question: &mut Question<'_>, mut exchange: Exchange<'e>, elsewhere: &mut Vec<Errand>,
    ) -> (bool, Option<Exchange<'e>>) {
        let place = exchange.node();
        let (mut moved, mut refused) = (Vec::new(), None);
        let result = exchange.advance(question.batch, self.settings.max_value_bytes, &mut |n, reply| match reply {
            Reply::Other(Value::ServerError(error)) if matches!(error.code(), "MOVED" | "ASK") => {
                moved.push((n, error))
            }
            Reply::Other(Value::ServerError(error)) => {
                let fault = Fault::refused(&error);
                if !fault.concerns_one_entry() {
                    refused.get_or_insert(fault.clone());
                }
                (question.each)(n, Err(fault));
            }
            reply => (question.each)(n, Ok(reply)),
        });
        exchange.refused = exchange.refused.take().or(refused);
        for (n, error) in moved {
            match self.nodes.redirected(place, &error) {
                Some((node, asking)) => elsewhere.push(Errand { n, node, asking }),
                None => (question.each)(n, Err(Fault::Garbage("it sends us to no address"))),
            }
        }
        match result {
            Err(fault) => {
                self.nodes.account(place, Some(&fault));
                self.fail(question, &exchange, &fault);
                (true, None)
            }
            Ok(moves) if !exchange.is_over() => (moves, Some(exchange)),
            Ok(_) => {
                self.nodes.account(place, exchange.refused.as_ref());
                if let Some(node) = self.nodes.get(place) {
                    node.server.connected(exchange.into_connection());
                }
                (true, None)
            }
        }
    }

    /// Its connection goes with it: what is still to come answers nobody.
    fn fail(&mut self, question: &mut Question<'_>, exchange: &Exchange<'_>, fault: &Fault) {
        for (n, was_sent) in exchange.unanswered() {
            self.sent[n] = was_sent;
            (question.each)(n, Err(fault.clone()));
        }
    }

    /// Whether a node can be asked; looks for one where not.
    pub(super) fn probe(&mut self, until: Instant) -> Result<(), Fault> {
        self.nodes.wait_for_one(until)
    }

    /// Why it can't be asked at all.
    pub(super) fn rests(&self) -> Option<Fault> {
        self.nodes.why_none()
    }

    pub(super) fn failures(&mut self) -> Vec<Fault> {
        std::mem::take(&mut self.nodes.failures)
    }

    pub(super) fn tend(&mut self) -> Option<Instant> {
        self.nodes.tend()
    }
}
