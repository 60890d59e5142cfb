//! The nodes of a cluster: who has which slots, who is connected to, and who rests. Nothing here waits for a node.

use super::breaker::Breaker;
use super::connection::Connection;
use super::dialer::{Dialer, Done, Map};
use super::fault::Fault;
use super::server::Server;
use super::settings::Settings;
use super::slots::{SLOTS, redirection};
use super::target::{Address, Target};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Between two looks at the cluster's map of itself.
const REFRESH: Duration = Duration::from_millis(500);
/// How soon to look for what a thread of the dialer has done.
const SOON: Duration = Duration::from_millis(20);
const NOBODY: u16 = u16::MAX;
/// A cluster has a thousand nodes at most, and a server may send us anywhere.
const MOST: usize = 1024;
/// Nodes that are asked for the map before those the URLs name.
const ASKED: usize = 3;

pub(super) struct Node {
    pub(super) server: Server,
    pub(super) breaker: Breaker,
    /// A thread connects to it.
    dials: bool,
}

/// How it is with a node.
pub(super) enum State {
    /// The cluster has none for these slots.
    Nobody,
    Connected,
    /// A connection is being made.
    Dials,
    Rests(String),
}

pub(super) struct Nodes {
    settings: Arc<Settings>,
    pub(super) dialer: Dialer,
    /// Grows while the cluster does; a new map drops whom nobody names any more.
    all: Vec<Node>,
    /// The node of each slot.
    owners: Vec<u16>,
    /// The map is missing or known to be wrong.
    stale: bool,
    /// When the map was last asked for, and whether that is under way.
    asked: Option<Instant>,
    is_asked: bool,
    /// A map that came, to be adopted when nobody holds a node's number.
    came: Option<Map>,
    fault: Fault,
    /// What went wrong with connections since, for whoever counts it.
    pub(super) failures: Vec<Fault>,
}

impl Nodes {
    pub(super) fn new(settings: &Arc<Settings>) -> Self {
        Self {
            settings: settings.clone(),
            dialer: Dialer::new(settings),
            all: Vec::new(),
            owners: vec![NOBODY; SLOTS],
            stale: true,
            asked: None,
            is_asked: false,
            came: None,
            fault: Fault::Cluster("none of its nodes can be asked at present".into()),
            failures: Vec::new(),
        }
    }

    pub(super) fn owner(&self, slot: u16) -> u16 {
        self.owners[usize::from(slot)]
    }

    pub(super) fn get(&mut self, node: u16) -> Option<&mut Node> {
        self.all.get_mut(usize::from(node))
    }

    /// How it is with a node; begins to connect to it where nobody does.
    pub(super) fn state(&mut self, node: u16) -> State {
        let has_room = self.dialer.has_room();
        let Some(node) = self.all.get_mut(usize::from(node)) else {
            self.stale = true;
            return State::Nobody;
        };
        if let Some(why) = node.breaker.reason() {
            return State::Rests(why);
        }
        if node.server.is_connected() {
            return State::Connected;
        }
        if !node.dials && has_room {
            node.dials = true;
            self.dialer.connect(node.server.target.clone());
        }
        State::Dials
    }

    /// Takes over what the dialer's threads have done, but for the map.
    pub(super) fn learn(&mut self) {
        for done in self.dialer.take() {
            match done {
                Done::Connected(address, result) => self.dialled(&address, result),
                Done::Mapped(result) => {
                    self.is_asked = false;
                    match result {
                        Ok(map) => self.came = Some(map),
                        Err(fault) => self.fault = fault,
                    }
                }
            }
        }
    }

    fn dialled(&mut self, address: &Address, result: Result<Connection, Fault>) {
        let Some(node) = self.all.iter_mut().find(|node| node.server.target.address == *address) else { return };
        node.dials = false;
        match result {
            Ok(connection) => {
                node.server.connected(connection);
                if node.breaker.rests() {
                    node.breaker.recovered();
                }
            }
            // Who can't be reached rests at once: others would wait for it again and again.
            Err(fault) => {
                node.breaker.trip(&fault);
                self.stale = true;
                self.failures.push(fault);
            }
        }
    }

    /// Adopts a map that came, asks for one that is wanted, and makes the probes that are due; when it wants to do so
    /// again. To be called while nobody holds a node's number.
    pub(super) fn tend(&mut self) -> Option<Instant> {
        self.learn();
        if let Some(map) = self.came.take() {
            self.adopt(&map);
        }
        if self.stale && !self.is_asked && self.asked.is_none_or(|last| last.elapsed() >= REFRESH) {
            self.ask_for_the_map();
        }
        for node in &mut self.all {
            if !node.dials && self.dialer.has_room() && node.breaker.probe() {
                node.dials = true;
                self.stale = true; // whoever fails has perhaps been replaced
                self.dialer.connect(node.server.target.clone());
            }
        }
        let soon = self.dialer.is_busy().then(|| Instant::now() + SOON);
        self.all.iter().filter_map(|node| node.breaker.due()).chain(soon).min()
    }

    /// Asks a node that works, or else those the URLs name.
    fn ask_for_the_map(&mut self) {
        (self.asked, self.is_asked) = (Some(Instant::now()), true);
        let (mut connected, mut others) = (Vec::new(), Vec::new());
        for node in self.all.iter_mut().filter(|node| !node.breaker.rests()) {
            let target = node.server.target.clone();
            if node.server.is_connected() { connected.push(target) } else { others.push(target) }
        }
        connected.append(&mut others);
        connected.truncate(ASKED);
        let named: Vec<Target> = self.settings.targets.clone();
        connected.extend(named);
        self.dialer.map(connected);
    }

    fn adopt(&mut self, map: &Map) {
        self.owners.fill(NOBODY);
        let mut before = std::mem::take(&mut self.all);
        for (first, last, host, port) in map {
            let address = self.settings.targets[0].sibling(host, *port).address;
            if let Some(place) = before.iter().position(|node| node.server.target.address == address) {
                self.all.push(before.swap_remove(place));
            }
            if let Some(node) = self.node(host, *port).filter(|_| first <= last) {
                self.owners[usize::from(*first)..=usize::from(*last)].fill(node);
            }
        }
        self.stale = self.owners.contains(&NOBODY);
    }

    /// The place of a node, a new one where it was not known; None where there are impossibly many.
    fn node(&mut self, host: &str, port: u16) -> Option<u16> {
        let target = self.settings.targets[0].sibling(host, port);
        let known = self.all.iter().position(|node| node.server.target.address == target.address);
        let place = match known {
            Some(place) => place,
            None if self.all.len() >= MOST => return None,
            None => {
                let breaker = Breaker::new(self.settings.first_rest, self.settings.longest_rest);
                self.all.push(Node { server: Server::new(&self.settings, target), breaker, dials: false });
                self.all.len() - 1
            }
        };
        u16::try_from(place).ok()
    }

    /// Where a node sends us, and whether only this once.
    pub(super) fn redirected(&mut self, from: u16, error: &redis::ServerError) -> Option<(u16, bool)> {
        let (slot, host, port) = redirection(error.details()?)?;
        let host = match (host, &self.all.get(usize::from(from))?.server.target.address) {
            (Some(host), _) => host.to_owned(),
            (None, Address::Tcp(host, _)) => host.clone(),
            (None, Address::Unix(_)) => return None,
        };
        let node = self.node(&host, port)?;
        let asking = error.code() == "ASK";
        if !asking {
            self.owners[usize::from(slot)] = node;
            self.stale = true;
        }
        Some((node, asking))
    }

    /// Remembers how a node behaves. One that answers with errors may know more than we do, one that doesn't answer may
    /// have been replaced.
    pub(super) fn account(&mut self, node: u16, fault: Option<&Fault>) {
        let Some(node) = self.all.get(usize::from(node)) else { return };
        match fault {
            None => node.breaker.answered(),
            Some(Fault::Resting(_) | Fault::Closed) => {}
            Some(fault) => {
                node.breaker.failed(fault);
                self.stale = true;
            }
        }
    }

    /// Why no node at all can be asked.
    pub(super) fn why_none(&self) -> Option<Fault> {
        let why = self.all.first().map(|node| node.breaker.reason());
        match why {
            None => Some(self.fault.clone()),
            Some(Some(why)) if self.all.iter().all(|node| node.breaker.rests()) => {
                Some(Fault::Cluster(format!("all its nodes rest, the first because {why}").into()))
            }
            _ => None,
        }
    }

    /// Waits until a node can be asked, or nothing is under way that could change it.
    pub(super) fn wait_for_one(&mut self, until: Instant) -> Result<(), Fault> {
        loop {
            self.tend();
            let Some(fault) = self.why_none() else { return Ok(()) };
            if self.settings.is_closed() {
                return Err(Fault::Closed);
            }
            let now = Instant::now();
            if now >= until || !self.dialer.is_busy() {
                return Err(fault);
            }
            self.dialer.wait(until.min(now + SOON));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn nodes() -> Nodes {
        let urls = vec!["redis+cluster://127.0.0.1:1".into()];
        Nodes::new(&Arc::new(Settings::new(&Config { urls, ..Config::default() }).unwrap()))
    }

    #[test]
    fn whoever_sends_us_elsewhere_again_and_again_makes_no_more_nodes_than_a_cluster_has() {
        let mut nodes = nodes();
        nodes.adopt(&vec![(0, 16_383, "127.0.0.1".into(), 1)]);
        let mut followed = 0;
        for n in 0..2 * MOST {
            let reply = format!("-MOVED {n} 10.0.0.1:{}\r\n", n + 1);
            let redis::Value::ServerError(error) = redis::parse_redis_value(reply.as_bytes()).unwrap() else {
                panic!()
            };
            followed += usize::from(nodes.redirected(0, &error).is_some());
        }
        assert_eq!((followed, nodes.all.len()), (MOST - 1, MOST));
        // Neither does a map.
        nodes.adopt(&(0..3000).map(|n| (n, n, "10.0.0.2".into(), n + 1)).collect());
        assert_eq!((nodes.all.len(), nodes.owner(0), nodes.owner(2999)), (MOST, 0, NOBODY));
        assert!(nodes.stale && !nodes.dialer.is_busy(), "nobody was connected to");
    }

    #[test]
    fn a_new_map_keeps_what_is_known_of_a_node() {
        let mut nodes = nodes();
        nodes.adopt(&vec![(0, 8191, "a".into(), 1), (8192, 16_383, "b".into(), 1)]);
        (0..3).for_each(|_| nodes.account(1, Some(&Fault::Late)));
        assert!(nodes.why_none().is_none());
        nodes.adopt(&vec![(0, 0, "c".into(), 1), (1, 16_383, "b".into(), 1)]);
        assert!(matches!(nodes.state(nodes.owner(9)), State::Rests(_)) && nodes.all.len() == 2);
        nodes.adopt(&vec![(0, 16_383, "b".into(), 1)]);
        assert!(nodes.why_none().is_some());
    }
}
