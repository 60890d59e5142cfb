//! Connections to the nodes of a cluster, and its map, each made on a thread of its own that lives as long as that takes:
//! who asks the other nodes waits for none of it.

use super::connection::Connection;
use super::fault::Fault;
use super::gate::Gate;
use super::settings::Settings;
use super::slots::ranges;
use super::target::{Address, Target};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::Builder;
use std::time::Instant;

/// Threads at once.
const AT_ONCE: usize = 32;
const STACK: usize = 512 << 10;

/// First and last slot, and whose they are.
pub(super) type Map = Vec<(u16, u16, String, u16)>;

pub(super) enum Done {
    Connected(Address, Result<Connection, Fault>),
    Mapped(Result<Map, Fault>),
}

pub(super) struct Dialer {
    settings: Arc<Settings>,
    done: Arc<Gate<Vec<Done>>>,
    /// How many are to come.
    under_way: usize,
}

impl Dialer {
    pub(super) fn new(settings: &Arc<Settings>) -> Self {
        Self { settings: settings.clone(), done: Arc::default(), under_way: 0 }
    }

    pub(super) fn has_room(&self) -> bool {
        self.under_way < AT_ONCE
    }

    pub(super) fn is_busy(&self) -> bool {
        self.under_way > 0
    }

    /// Connects and logs in.
    pub(super) fn connect(&mut self, target: Target) {
        let address = target.address.clone();
        self.start(
            move |settings| Connection::open(settings, &target, Instant::now() + settings.connect_timeout),
            move |result| Done::Connected(address.clone(), result),
        );
    }

    /// Asks for the cluster's map, one after the other until one has it.
    pub(super) fn map(&mut self, candidates: Vec<Target>) {
        let ask = move |settings: &Settings| {
            let mut last = Fault::Cluster("none of its nodes can be asked at present".into());
            for target in &candidates {
                match map(settings, target) {
                    Err(fault) if fault != Fault::Closed => last = fault,
                    result => return result,
                }
            }
            Err(last)
        };
        self.start(ask, Done::Mapped);
    }

    fn start<R>(
        &mut self, work: impl FnOnce(&Settings) -> Result<R, Fault> + Send + 'static,
        done: impl Fn(Result<R, Fault>) -> Done + Send + Clone + 'static,
    ) {
        self.under_way += 1;
        let (settings, gate, wrap) = (self.settings.clone(), self.done.clone(), done.clone());
        let run = move || {
            let result = catch_unwind(AssertUnwindSafe(|| work(&settings))).unwrap_or(Err(Fault::Panic));
            gate.change(|all| all.push(wrap(result)));
        };
        let builder = Builder::new().name("streamcache-dials".into()).stack_size(STACK);
        if let Err(e) = self.settings.threads.start(builder, run) {
            self.done.change(|all| all.push(done(Err(Fault::Io(e.to_string())))));
        }
    }

    /// What was done since.
    pub(super) fn take(&mut self) -> Vec<Done> {
        if self.under_way == 0 {
            return Vec::new();
        }
        let done = std::mem::take(&mut *self.done.lock());
        self.under_way -= done.len();
        done
    }

    /// Waits until something is done.
    pub(super) fn wait(&self, until: Instant) {
        drop(self.done.wait(Some(until), |done| !done.is_empty()));
    }
}

/// The map as a node tells it.
fn map(settings: &Settings, target: &Target) -> Result<Map, Fault> {
    let Address::Tcp(asked, _) = &target.address else {
        return Err(Fault::Cluster("a cluster is reached over TCP".into()));
    };
    let until = Instant::now() + settings.connect_timeout;
    let mut connection = Connection::open(settings, target, until)?;
    let reply = connection.ask_for_map(until).map_err(|fault| match fault {
        Fault::Refused(code) if code == "ERR" => Fault::Cluster("the server is not a node of a cluster".into()),
        fault => fault,
    })?;
    let ranges = ranges(reply).ok_or(Fault::Garbage("no map of a cluster"))?;
    Ok(ranges.into_iter().map(|r| (r.first, r.last, r.host.unwrap_or_else(|| asked.clone()), r.port)).collect())
}
