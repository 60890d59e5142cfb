//! The store across the network: Redis or Valkey, one server or a cluster.
//!
//! One thread speaks to the server for all lookups, so that no engine's thread resolves, connects or reads: it leaves a
//! [`request`], waits until its deadline and goes. What waits together goes out together. Stores have connections of
//! their own, on the thread that brings them. When the server fails it rests ([`breaker`]) and lookups pass by.
//!
//! From the ground: [`fault`] and [`gate`]; [`config`], [`target`], [`threads`] and [`settings`]; [`socket`], [`replies`],
//! [`connection`], [`server`]; [`slots`], [`dialer`], [`nodes`], [`exchange`], [`cluster`] and [`servers`], who are asked a [`batch`]; [`breaker`],
//! [`tally`], [`pace`], [`removals`], [`doubts`]; [`request`], [`writer`], [`shared`], [`reader`].

#[cfg(feature = "cli")]
mod asker;
mod batch;
mod breaker;
mod cluster;
mod config;
mod connection;
mod dialer;
mod doubts;
mod exchange;
mod fault;
mod gate;
mod nodes;
mod pace;
mod reader;
mod removals;
mod replies;
mod request;
mod server;
mod servers;
mod settings;
mod shared;
mod slots;
mod socket;
mod tally;
mod target;
#[cfg(test)]
mod tests;
mod threads;
mod writer;

#[cfg(feature = "cli")]
pub(crate) use asker::Asker;
pub(crate) use config::Config;

use super::{Envelopes, Purged, Sealed, Store, StoreStats, Written};
use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::process::Birth;
use fault::Fault;
use pace::is_evidence;
use request::{Came, Request, Verb};
use shared::Shared;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::thread::Builder;
use std::time::{Duration, Instant};

/// How long a close waits for threads: whoever waits for a socket looks every 10 ms whether the store was closed.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// A store on a Redis or Valkey server, or a cluster of them.
///
/// What it keeps is only as private as the server. It can't tell what other processes remove, and two processes that
/// miss the same key may each compute it. A write whose connection broke may still take effect: what it may have stored is
/// removed when the server answers again ([`doubts`]), and until then [`Store::remove`] says that it can't promise it.
pub(crate) struct Remote {
    shared: Arc<Shared>,
    birth: Birth,
}

impl Remote {
    /// Opens it. Fails only for mistakes in `config`, or where no thread can be started; a server that is not there
    /// rests from the start, and the log says so.
    pub(crate) fn open(config: &Config) -> Result<Self> {
        let birth = Birth::here()?;
        let shared = Arc::new(Shared::new(config)?);
        let theirs = shared.clone();
        let builder = Builder::new().name("streamcache-remote".into());
        shared.settings.threads.start(builder, move || reader::run(&theirs)).map_err(|e| {
            Error::new(ErrorKind::NoMemory, format!("no thread could be started for the remote store: {e}"))
        })?;
        Ok(Self { shared, birth })
    }

    fn check(&self) -> Result<()> {
        self.birth.check()?;
        if self.shared.settings.is_closed() { Err(ErrorKind::Closed.into()) } else { Ok(()) }
    }

    /// Hands a request to the thread and waits for what comes of it.
    fn ask(&self, verb: Verb, keys: Vec<Digest>, until: Instant) -> Result<(Came, std::result::Result<(), Fault>)> {
        let request = Arc::new(Request::new(verb, keys, until));
        self.shared.queue.change(|queue| queue.requests.push(request.clone()));
        self.check()?; // closed meanwhile: the thread may have been gone
        Ok(request.wait())
    }

    /// Counts what came of a lookup that began `then`, and what it says of the server.
    fn judge(&self, outcome: std::result::Result<(), Fault>, then: Instant, until: Instant) -> Result<()> {
        let shared = &self.shared;
        match outcome {
            Ok(()) => shared.reads.answered(),
            Err(Fault::Resting(_)) => {} // since it was in the queue
            // Too much was asked in too little time, by this thread or by others.
            Err(Fault::Late) if shared.pace.has_heard_since(then) => {
                shared.tally.count(&Fault::Late);
                shared.reads.answered();
            }
            Err(fault) => {
                let is_slow = fault == Fault::Late && !is_evidence(until - then, shared.settings.lookup_timeout);
                // Of a cluster the thread knows which of its nodes are to blame.
                if (is_slow || shared.settings.cluster) && fault != Fault::Closed {
                    shared.tally.count(&fault);
                } else {
                    shared.tell(shared.failed(&shared.reads, "lookups", &fault));
                }
                return Err(shared.error(&fault));
            }
        }
        Ok(())
    }
}

impl Store for Remote {
    fn get_many(&self, keys: &[Digest], until: Instant, found: &mut dyn FnMut(usize, &[u8])) -> Result<()> {
        self.get_together(keys, until, &mut |some| some.iter().for_each(|&(at, bytes)| found(at, bytes)))
    }

    /// While the server rests, or when `until` is past, nothing is found, at once.
    fn get_together(&self, keys: &[Digest], until: Instant, found: &mut dyn FnMut(&Envelopes<'_>)) -> Result<()> {
        self.check()?;
        let begun = Instant::now();
        if self.shared.reads.rests() {
            return Ok(());
        }
        let mut wanted: VecDeque<usize> = (0..keys.len()).collect();
        while !wanted.is_empty() && !self.shared.reads.rests() && Instant::now() < until {
            // No more at once than comes in time, by the look of it, and than may be held.
            let portion: Vec<usize> = wanted.drain(..wanted.len().min(self.shared.pace.keys_at_once())).collect();
            let (came, outcome) = self.ask(Verb::Get, portion.iter().map(|&at| keys[at]).collect(), until)?;
            let mut some = Vec::with_capacity(portion.len());
            came.found.each(|place, bytes| some.push((portion[place], bytes)));
            found(&some);
            if let Some(fault) = &came.missed {
                self.shared.tally.count(fault);
            }
            wanted.extend(came.left.iter().map(|&place| portion[place]));
            self.judge(outcome, begun, until)?;
        }
        Ok(())
    }

    /// What is too large or at its end is left out; an error is the last fault where all failed.
    fn put_many(&self, entries: &[Sealed]) -> Result<Written> {
        self.check()?;
        let put = self.shared.writer.put(&self.shared, entries);
        match put.fault {
            Some(fault) if put.written.failed == entries.len() => Err(self.shared.error(&fault)),
            _ => Ok(put.written),
        }
    }

    /// Counts what it does not take.
    fn takes(&self, payload: usize) -> bool {
        let takes = payload <= self.shared.settings.max_value_bytes;
        if !takes {
            self.shared.tally.count_too_large();
        }
        takes
    }

    /// Removes what may have been stored by writes that broke off.
    fn tidy(&self) -> Result<bool> {
        self.check()?;
        Ok(self.shared.writer.settle(&self.shared))
    }

    fn remove(&self, key: &Digest, until: Instant) -> Result<()> {
        self.check()?;
        self.shared.removals.removed(key);
        if let Some(why) = self.shared.reads.reason() {
            return Err(self.shared.error(&Fault::Resting(why)));
        }
        if !self.shared.writer.wait_for(key, until) {
            return Err(self.shared.error(&Fault::Late));
        }
        // What becomes of it is no evidence for lookups.
        let (_, outcome) = self.ask(Verb::Remove, vec![*key], until)?;
        let doubt = if self.shared.doubts.has(key) { Err(Fault::InDoubt) } else { Ok(()) };
        outcome.and(doubt).map_err(|fault| {
            if !matches!(fault, Fault::Resting(_) | Fault::Closed) {
                self.shared.tally.count(&fault);
            }
            self.shared.error(&fault)
        })
    }

    fn purge(&self, _: Purged<'_>, _: Instant) -> Result<()> {
        self.check()?;
        const MESSAGE: &str = "a remote store can't be purged: others share it; change the namespace instead";
        Err(Error::new(ErrorKind::NotSupported, MESSAGE))
    }

    fn epoch(&self) -> u64 {
        self.shared.removals.epoch()
    }

    fn stats(&self) -> StoreStats {
        let shared = &self.shared;
        StoreStats {
            faults: shared.tally.faults(),
            last_fault: shared.tally.last_fault(),
            too_large: shared.tally.too_large(),
            resting: shared.reads.reason().or_else(|| Some(format!("stores only: {}", shared.writes.reason()?))),
            ..StoreStats::default()
        }
    }

    /// Waits for its threads, too, but not as long as a resolver may take.
    fn close(&self, until: Instant) {
        if self.birth.is_here() {
            self.shared.close();
            self.shared.settings.threads.join(until.min(Instant::now() + LAST_WAIT));
        }
    }
}

impl Drop for Remote {
    /// Lets the thread end, and waits for nothing: the thread has its own share. In a forked child nothing is touched,
    /// and what is shared is leaked: its locks may be held by threads that are not there.
    fn drop(&mut self) {
        if self.birth.is_here() {
            self.shared.close();
        } else {
            std::mem::forget(self.shared.clone());
        }
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("targets", &self.shared.settings.targets).finish_non_exhaustive()
    }
}
