//! A cluster: each slot's commands go to its node, all nodes are asked before the first is waited for, and who is sent
//! elsewhere goes there. A node that fails rests alone.

use super::batch::Batch;
use super::breaker::Breaker;
use super::fault::Fault;
use super::server::Server;
use super::servers::Answer;
use super::settings::Settings;
use super::slots::{SLOTS, ranges, redirection};
use super::target::Address;
use redis::{Value, cmd};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often a command is sent elsewhere: while a slot moves, twice is common.
const ROUNDS: usize = 4;
/// Between two looks at the cluster's map of itself.
const REFRESH: Duration = Duration::from_millis(500);
const PROBE: Duration = Duration::from_millis(250);
const NOBODY: u16 = u16::MAX;

struct Node {
    server: Server,
    breaker: Breaker,
}

pub(super) struct Cluster {
    settings: Arc<Settings>,
    /// Grows while the cluster does; a refresh drops whom nobody names any more.
    nodes: Vec<Node>,
    /// The node of each slot.
    owners: Vec<u16>,
    /// The map is missing or known to be wrong.
    stale: bool,
    refreshed: Option<Instant>,
}

/// A command that is still to be answered.
struct Errand {
    n: usize,
    node: u16,
    asking: bool,
}

impl Cluster {
    pub(super) fn new(settings: &Arc<Settings>) -> Self {
        let owners = vec![NOBODY; SLOTS];
        Self { settings: settings.clone(), nodes: Vec::new(), owners, stale: true, refreshed: None }
    }

    pub(super) fn ask(
        &mut self, batch: &Batch, until: Instant, each: &mut dyn FnMut(usize, Answer),
    ) -> Result<(), Fault> {
        if self.stale && self.refreshed.is_none_or(|last| last.elapsed() >= REFRESH) {
            match self.refresh(until.max(Instant::now() + self.settings.connect_timeout)) {
                Err(fault) if self.nodes.is_empty() => return Err(fault),
                _ => {}
            }
        }
        let mut errands: Vec<Errand> = (0..batch.len())
            .map(|n| Errand { n, node: self.owners[usize::from(batch.slot(n))], asking: false })
            .collect();
        for _ in 0..ROUNDS {
            errands = self.round(batch, errands, until, each);
            if errands.is_empty() {
                return Ok(());
            }
            if Instant::now() >= until {
                return Err(Fault::Late);
            }
        }
        Err(Fault::Cluster("its nodes send requests to each other in circles".into()))
    }

    /// Runs every errand once and returns those that were sent elsewhere.
    fn round(
        &mut self, batch: &Batch, mut errands: Vec<Errand>, until: Instant, each: &mut dyn FnMut(usize, Answer),
    ) -> Vec<Errand> {
        errands.sort_by_key(|errand| errand.node); // stable: the order per node stays
        let groups = || errands.chunk_by(|a, b| a.node == b.node);
        let mut sent = Vec::new();
        for group in groups() {
            let result = match self.nodes.get_mut(usize::from(group[0].node)) {
                None => {
                    self.stale = true;
                    Err(Fault::Cluster("no node of the cluster has these slots".into()))
                }
                Some(node) => match node.breaker.reason() {
                    Some(why) => Err(Fault::Resting(why)),
                    // Others wait while this thread connects: who can't be reached rests at once.
                    None => node.server.send(&packed(batch, group), until).inspect_err(|fault| {
                        node.breaker.trip(fault);
                    }),
                },
            };
            sent.push(result);
        }
        let mut elsewhere = Vec::new();
        for (group, sent) in groups().zip(sent) {
            let mut answered = vec![false; group.len()];
            let mut moved = Vec::new();
            let result = sent.and_then(|()| {
                let mut place = 0;
                let commands = group.iter().map(|errand| (errand.n, errand.asking));
                self.nodes[usize::from(group[0].node)].server.receive(batch, commands, until, &mut |n, reply| {
                    answered[place] = true;
                    place += 1;
                    match reply {
                        Value::ServerError(error) if matches!(error.code(), "MOVED" | "ASK") => moved.push((n, error)),
                        Value::ServerError(error) => each(n, Err(Fault::refused(&error))),
                        value => each(n, Ok(value)),
                    }
                })
            });
            for (n, error) in moved {
                match self.redirected(group[0].node, &error) {
                    Some((node, asking)) => elsewhere.push(Errand { n, node, asking }),
                    None => each(n, Err(Fault::Garbage("it sends us to no address"))),
                }
            }
            self.account(group[0].node, &result);
            if let Err(fault) = result {
                for (errand, _) in group.iter().zip(answered).filter(|(_, answered)| !answered) {
                    each(errand.n, Err(fault.clone()));
                }
            }
        }
        elsewhere
    }

    /// Remembers how a node behaves. Whoever fails has perhaps been replaced.
    fn account(&mut self, node: u16, result: &Result<(), Fault>) {
        let Some(node) = self.nodes.get(usize::from(node)) else { return };
        match result {
            Ok(()) => node.breaker.answered(),
            Err(Fault::Resting(_)) => {}
            Err(fault) => {
                node.breaker.failed(fault);
                self.stale = true;
            }
        }
    }

    fn redirected(&mut self, from: u16, error: &redis::ServerError) -> Option<(u16, bool)> {
        let (slot, host, port) = redirection(error.details()?)?;
        let host = match host {
            Some(host) => host.to_owned(),
            None => self.host(from)?,
        };
        let node = self.node(&host, port)?;
        let asking = error.code() == "ASK";
        if !asking {
            self.owners[usize::from(slot)] = node;
            self.stale = true;
        }
        Some((node, asking))
    }

    fn host(&self, node: u16) -> Option<String> {
        match &self.nodes.get(usize::from(node))?.server.target.address {
            Address::Tcp(host, _) => Some(host.clone()),
            Address::Unix(_) => None,
        }
    }

    /// The place of a node, a new one where it was not known; None where there are impossibly many.
    fn node(&mut self, host: &str, port: u16) -> Option<u16> {
        let target = self.settings.targets[0].sibling(host, port);
        let place =
            self.nodes.iter().position(|node| node.server.target.address == target.address).unwrap_or_else(|| {
                let breaker = Breaker::new(self.settings.first_rest, self.settings.longest_rest);
                self.nodes.push(Node { server: Server::new(&self.settings, target), breaker });
                self.nodes.len() - 1
            });
        u16::try_from(place).ok().filter(|&place| place < 2048)
    }

    /// Asks for the cluster's map: a node that works, or else those the URLs name.
    pub(super) fn refresh(&mut self, until: Instant) -> Result<(), Fault> {
        self.refreshed = Some(Instant::now());
        let mut last = Fault::Cluster("none of its nodes can be asked at present".into());
        for place in 0..self.nodes.len() {
            let node = &mut self.nodes[place];
            if !node.breaker.rests() {
                match map(&mut node.server, until) {
                    Ok(map) => return self.adopt(map),
                    Err(fault) => {
                        node.breaker.failed(&fault);
                        last = fault;
                    }
                }
            }
        }
        for target in self.settings.targets.clone() {
            let known = self.nodes.iter().any(|node| node.server.target.address == target.address);
            if self.settings.is_closed() {
                return Err(Fault::Closed);
            }
            if !known || self.nodes.iter().all(|node| node.breaker.rests()) {
                match map(&mut Server::new(&self.settings, target), until) {
                    Ok(map) => return self.adopt(map),
                    Err(fault) => last = fault,
                }
            }
        }
        Err(last)
    }

    fn adopt(&mut self, map: Vec<(u16, u16, String, u16)>) -> Result<(), Fault> {
        self.owners.fill(NOBODY);
        let mut before = std::mem::take(&mut self.nodes);
        for (first, last, host, port) in map {
            let target = self.settings.targets[0].sibling(&host, port);
            if let Some(place) = before.iter().position(|node| node.server.target.address == target.address) {
                self.nodes.push(before.swap_remove(place));
            }
            let node = self.node(&host, port).ok_or(Fault::Cluster("it has too many nodes".into()))?;
            if first <= last {
                self.owners[usize::from(first)..=usize::from(last)].fill(node);
            }
        }
        self.stale = self.owners.contains(&NOBODY);
        Ok(())
    }

    /// Makes the probes that are due, each in a time that is short, because others wait meanwhile, and enough for
    /// whoever is worth asking; when the next is due.
    pub(super) fn tend(&mut self) -> Option<Instant> {
        let mut any = false;
        for node in &mut self.nodes {
            if node.breaker.probe() {
                match node.server.ping(Instant::now() + PROBE) {
                    Ok(()) => node.breaker.recovered(),
                    Err(fault) => drop(node.breaker.trip(&fault)),
                }
                any = true;
            }
        }
        self.stale |= any;
        self.nodes.iter().filter_map(|node| node.breaker.due()).min()
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

/// The map as a node tells it.
fn map(server: &mut Server, until: Instant) -> Result<Vec<(u16, u16, String, u16)>, Fault> {
    let Address::Tcp(asked, _) = server.target.address.clone() else {
        return Err(Fault::Cluster("a cluster is reached over TCP".into()));
    };
    let reply = server.ask(cmd("CLUSTER").arg("SLOTS"), until).map_err(|fault| match fault {
        Fault::Refused(code) if code == "ERR" => Fault::Cluster("the server is not a node of a cluster".into()),
        fault => fault,
    })?;
    let ranges = ranges(reply).ok_or(Fault::Garbage("no map of a cluster"))?;
    Ok(ranges.into_iter().map(|r| (r.first, r.last, r.host.unwrap_or_else(|| asked.clone()), r.port)).collect())
}
