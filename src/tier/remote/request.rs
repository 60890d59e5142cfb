//! What an engine's thread wants of the thread that speaks to the server, and how it waits for it.

use super::fault::Fault;
use super::gate::Gate;
use crate::digest::Digest;
use std::time::Instant;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Remove,
}

/// What was found: the place of a key and the bytes under it.
pub(super) type Found = Vec<(usize, Vec<u8>)>;

#[derive(Debug)]
pub(super) struct Request {
    pub(super) verb: Verb,
    pub(super) keys: Vec<Digest>,
    /// When whoever asked goes away.
    pub(super) until: Instant,
    progress: Gate<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    /// What was found so far, by its place in `keys`.
    found: Found,
    /// The first fault among the answers.
    fault: Option<Fault>,
    /// Nothing more will come.
    over: bool,
}

impl Request {
    pub(super) fn new(verb: Verb, keys: Vec<Digest>, until: Instant) -> Self {
        Self { verb, keys, until, progress: Gate::new(Progress::default()) }
    }

    pub(super) fn found(&self, place: usize, bytes: Vec<u8>) {
        self.progress.lock().found.push((place, bytes));
    }

    pub(super) fn failed(&self, fault: Fault) {
        self.progress.lock().fault.get_or_insert(fault);
    }

    pub(super) fn end(&self) {
        self.progress.change(|progress| progress.over = true);
    }

    /// Waits for the end, `until` at the latest, and takes what came: also of a request that failed, or is late.
    pub(super) fn wait(&self) -> (Found, Result<(), Fault>) {
        let mut progress = self.progress.wait(Some(self.until), |progress| progress.over);
        let found = std::mem::take(&mut progress.found);
        let outcome = match progress.fault.take() {
            Some(fault) => Err(fault),
            None if !progress.over => Err(Fault::Late),
            None => Ok(()),
        };
        (found, outcome)
    }
}
