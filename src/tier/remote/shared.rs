//! What the store's handle and its thread share.

use super::batch::Name;
use super::breaker::Breaker;
use super::config::Config;
use super::doubts::Doubts;
use super::fault::Fault;
use super::gate::Gate;
use super::pace::Pace;
use super::removals::Removals;
use super::request::Request;
use super::settings::Settings;
use super::tally::Tally;
use super::writer::Writer;
use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::log::{self, Level};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

#[derive(Default)]
pub(super) struct Queue {
    pub(super) requests: Vec<Arc<Request>>,
    /// There is other news: a rest began, whose end is the thread's to see to, or the store was closed.
    pub(super) news: bool,
}

/// A rest that began: to be told when no lock is held, for whoever hears of it is foreign.
#[must_use]
pub(super) struct Rest {
    what: &'static str,
    fault: Fault,
    time: Duration,
}

pub(super) struct Shared {
    pub(super) settings: Arc<Settings>,
    prefix: String,
    /// What is waiting for the thread.
    pub(super) queue: Gate<Queue>,
    /// Lookups and stores rest apart: a full server has answers, but takes nothing.
    pub(super) reads: Breaker,
    pub(super) writes: Breaker,
    pub(super) writer: Writer,
    pub(super) removals: Removals,
    pub(super) doubts: Doubts,
    pub(super) tally: Tally,
    pub(super) pace: Pace,
}

impl Shared {
    pub(super) fn new(config: &Config) -> Result<Self> {
        let settings = Arc::new(Settings::new(config)?);
        let breaker = || Breaker::new(settings.first_rest, settings.longest_rest);
        Ok(Self {
            prefix: config.prefix.clone(),
            queue: Gate::default(),
            reads: breaker(),
            writes: breaker(),
            writer: Writer::new(config, &settings),
            removals: Removals::default(),
            doubts: Doubts::default(),
            tally: Tally::default(),
            pace: Pace::default(),
            settings,
        })
    }

    /// What a key is called at the server.
    pub(super) fn name(&self, key: &Digest) -> Name<'_> {
        Name { prefix: &self.prefix, hex: key.to_hex() }
    }

    /// Counts a failed request; enough of them in a row are a reason to rest.
    pub(super) fn failed(&self, breaker: &Breaker, what: &'static str, fault: &Fault) -> Option<Rest> {
        if let Fault::Resting(_) | Fault::Closed = fault {
            return None;
        }
        self.tally.count(fault);
        if fault.concerns_one_entry() {
            return None;
        }
        breaker.failed(fault).map(|time| self.rests(what, fault, time))
    }

    pub(super) fn count(&self, faults: &[Fault]) {
        let is_news = |fault: &&Fault| !matches!(fault, Fault::Resting(_) | Fault::Closed);
        faults.iter().filter(is_news).for_each(|fault| self.tally.count(fault));
    }

    /// Rests at once.
    pub(super) fn rest(&self, breaker: &Breaker, what: &'static str, fault: &Fault) -> Option<Rest> {
        if *fault == Fault::Closed || self.settings.is_closed() {
            return None;
        }
        self.tally.count(fault);
        Some(self.rests(what, fault, breaker.trip(fault)))
    }

    fn rests(&self, what: &'static str, fault: &Fault, time: Duration) -> Rest {
        self.queue.change(|queue| queue.news = true);
        Rest { what, fault: fault.clone(), time }
    }

    pub(super) fn tell(&self, rests: impl IntoIterator<Item = Rest>) {
        for Rest { what, fault, time } in rests {
            log::say(Level::Warning, "remote", || {
                format!("{self}: {fault}; {what} go without it for {:.1} s", time.as_secs_f64())
            });
        }
    }

    pub(super) fn recovered(&self, breaker: &Breaker, what: &str) {
        breaker.recovered();
        log::say(Level::Info, "remote", || format!("{self}: it answers again; {what} use it"));
    }

    /// Lets the thread end, and whoever waits.
    pub(super) fn close(&self) {
        self.settings.closed.store(true, Ordering::Relaxed);
        self.queue.change(|queue| queue.news = true);
        self.writer.close();
    }

    pub(super) fn error(&self, fault: &Fault) -> Error {
        match fault {
            Fault::Closed => ErrorKind::Closed.into(),
            fault => Error::new(ErrorKind::Io, format!("{self}: {fault}")),
        }
    }
}

impl std::fmt::Display for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let target = &self.settings.targets[0];
        if self.settings.cluster { write!(f, "the cluster of {target}") } else { write!(f, "{target}") }
    }
}
