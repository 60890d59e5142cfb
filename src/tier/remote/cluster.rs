//! A cluster: each slot's commands go to its node, all nodes are asked before the first is waited for, who has replied is
//! heard first, and who is sent elsewhere goes there. A node that fails rests alone: its keys are misses.

use super::batch::Batch;
use super::fault::Fault;
use super::nodes::{Nodes, State};
use super::pace::is_evidence;
use super::servers::Answer;
use super::settings::Settings;
use redis::{Value, cmd};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often a command is sent elsewhere: while a slot moves, twice is common.
const ROUNDS: usize = 4;
/// How long one node is waited for before the others are looked at again.
const SLICE: Duration = Duration::from_millis(2);

pub(super) struct Cluster {
    settings: Arc<Settings>,
    nodes: Nodes,
    /// Whether the last question was sent to anyone.
    sent: bool,
}

/// A command that is still to be answered.
struct Errand {
    n: usize,
    node: u16,
    asking: bool,
}

/// What all rounds of a question share.
struct Question<'a> {
    batch: &'a Batch,
    until: Instant,
    /// Whether silence says anything of a node.
    is_evidence: bool,
    each: &'a mut dyn FnMut(usize, Answer),
}

impl Question<'_> {
    fn fail(&mut self, errands: &[Errand], fault: &Fault) {
        errands.iter().for_each(|errand| (self.each)(errand.n, Err(fault.clone())));
    }
}

impl Cluster {
    pub(super) fn new(settings: &Arc<Settings>) -> Self {
        Self { settings: settings.clone(), nodes: Nodes::new(settings), sent: false }
    }

    /// What befalls one node is the answer to its commands; a fault is of the whole cluster.
    pub(super) fn ask(
        &mut self, batch: &Batch, until: Instant, each: &mut dyn FnMut(usize, Answer),
    ) -> Result<(), Fault> {
        self.sent = false;
        self.nodes.wait_for_one(until)?;
        let is_evidence = is_evidence(until.saturating_duration_since(Instant::now()), self.settings.lookup_timeout);
        let mut question = Question { batch, until, is_evidence, each };
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

    pub(super) fn has_sent(&self) -> bool {
        self.sent
    }

    /// Runs every errand once and returns those that were sent elsewhere.
    fn round(&mut self, question: &mut Question<'_>, mut errands: Vec<Errand>) -> Vec<Errand> {
        errands.sort_by_key(|errand| errand.node); // stable: the order per node stays
        let (mut asked, mut elsewhere) = (Vec::new(), Vec::new());
        let mut waiting: Vec<&[Errand]> = errands.chunk_by(|a, b| a.node == b.node).collect();
        loop {
            waiting.retain(|group| self.sends(question, group, &mut asked));
            if let Some(place) = asked.iter().position(|group| self.has_replied(group)) {
                self.hear(question, asked.swap_remove(place), &mut elsewhere);
                continue;
            }
            let now = Instant::now();
            if asked.is_empty() && waiting.is_empty() || now >= question.until || self.settings.is_closed() {
                break;
            }
            let slice = question.until.min(now + SLICE);
            match asked.first().and_then(|group| self.nodes.get(group[0].node)) {
                Some(node) => {
                    node.server.wait_for_reply(slice);
                    asked.rotate_left(1);
                }
                None => self.nodes.dialer.wait(slice),
            }
            self.nodes.learn();
        }
        for group in asked.into_iter().chain(waiting) {
            if let Some(node) = self.nodes.get(group[0].node) {
                node.server.give_up();
            }
            self.nodes.account(group[0].node, Some(&Fault::Late).filter(|_| question.is_evidence));
            question.fail(group, &Fault::Late);
        }
        elsewhere
    }

    /// Sends a node its commands, as soon as there is a connection; whether it still waits for one.
    fn sends<'e>(&mut self, question: &mut Question<'_>, group: &'e [Errand], asked: &mut Vec<&'e [Errand]>) -> bool {
        let place = group[0].node;
        let fault = match self.nodes.state(place) {
            State::Dials => return true,
            State::Nobody => Fault::Cluster("no node of the cluster has these slots".into()),
            State::Rests(why) => Fault::Resting(why),
            State::Connected => {
                self.sent = true;
                let Some(node) = self.nodes.get(place) else { return false };
                match node.server.push(&packed(question.batch, group), question.until) {
                    Ok(()) => {
                        asked.push(group);
                        return false;
                    }
                    Err(fault) => {
                        self.nodes.account(place, Some(&fault));
                        fault
                    }
                }
            }
        };
        question.fail(group, &fault);
        false
    }

    fn has_replied(&mut self, group: &[Errand]) -> bool {
        self.nodes.get(group[0].node).is_some_and(|node| node.server.has_replied())
    }

    /// Takes the replies of a node.
    fn hear(&mut self, question: &mut Question<'_>, group: &[Errand], elsewhere: &mut Vec<Errand>) {
        let place = group[0].node;
        let (mut answered, mut moved, mut refused) = (0, Vec::new(), None);
        let Some(node) = self.nodes.get(place) else { return };
        let commands = group.iter().map(|errand| (errand.n, errand.asking));
        let result = node.server.receive(question.batch, commands, question.until, &mut |n, reply| {
            answered += 1;
            match reply {
                Value::ServerError(error) if matches!(error.code(), "MOVED" | "ASK") => moved.push((n, error)),
                Value::ServerError(error) => {
                    let fault = Fault::refused(&error);
                    if !fault.concerns_one_entry() {
                        refused.get_or_insert(fault.clone());
                    }
                    (question.each)(n, Err(fault));
                }
                value => (question.each)(n, Ok(value)),
            }
        });
        for (n, error) in moved {
            match self.nodes.redirected(place, &error) {
                Some((node, asking)) => elsewhere.push(Errand { n, node, asking }),
                None => (question.each)(n, Err(Fault::Garbage("it sends us to no address"))),
            }
        }
        match &result {
            // It answers, and was asked for more than there was time for.
            Err(Fault::Late) if answered > 0 || !question.is_evidence => self.nodes.account(place, None),
            Err(fault) => self.nodes.account(place, Some(fault)),
            Ok(()) => self.nodes.account(place, refused.as_ref()),
        }
        if let Err(fault) = result {
            question.fail(&group[answered..], &fault);
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

/// The commands of one node, each that needs it announced by an ASKING.
fn packed(batch: &Batch, errands: &[Errand]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for errand in errands {
        if errand.asking {
            cmd("ASKING").write_packed_command(&mut bytes);
        }
        bytes.extend_from_slice(batch.command(errand.n));
    }
    bytes
}
