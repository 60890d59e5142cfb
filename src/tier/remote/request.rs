//! What an engine's thread wants of the thread that speaks to the server, and how it waits for it.

use super::fault::Fault;
use super::gate::Gate;
use crate::digest::Digest;
use std::time::Instant;

/// What small values share.
const BLOCK: usize = 64 << 10;

/// What one request keeps of what was found, until whoever asked takes it: one value at least. It is in no budget.
const HELD: usize = 8 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Remove,
}

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
    came: Came,
    /// The bytes of what was found.
    held: usize,
    /// How many keys have an answer.
    answered: usize,
    /// The first fault among the answers.
    fault: Option<Fault>,
    /// Nothing more will come.
    over: bool,
}

/// What came of a request, by the places of its keys.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Came {
    pub(super) found: Found,
    /// Found too, and more than a request may hold: to be asked for once more.
    pub(super) left: Vec<usize>,
    /// The first fault of a cluster's node: its keys are misses.
    pub(super) missed: Option<Fault>,
}

/// Values one behind the other in a few blocks, for an allocation each would cost more than to copy them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    blocks: Vec<Vec<u8>>,
    /// The place of each, its block, and where it ends there; it begins where the one before it ends.
    all: Vec<(usize, usize, usize)>,
}

impl Found {
    /// `others` are to come, of about the same length.
    fn push(&mut self, place: usize, bytes: &[u8], others: usize) {
        let has_room = self.blocks.last().is_some_and(|last| last.capacity() - last.len() >= bytes.len());
        if !has_room {
            let room = bytes.len().saturating_mul(others).min(BLOCK).max(bytes.len());
            self.blocks.push(Vec::with_capacity(room));
        }
        let block = self.blocks.len() - 1;
        self.blocks[block].extend_from_slice(bytes);
        self.all.push((place, block, self.blocks[block].len()));
    }

    pub(super) fn each<'a>(&'a self, mut each: impl FnMut(usize, &'a [u8])) {
        let mut before = (0, 0);
        for &(place, block, end) in &self.all {
            let begin = if before.0 == block { before.1 } else { 0 };
            each(place, &self.blocks[block][begin..end]);
            before = (block, end);
        }
    }
}

impl Request {
    pub(super) fn new(verb: Verb, keys: Vec<Digest>, until: Instant) -> Self {
        Self { verb, keys, until, progress: Gate::new(Progress::default()) }
    }

    pub(super) fn found(&self, place: usize, bytes: &[u8]) {
        let mut progress = self.progress.lock();
        let others = self.keys.len().saturating_sub(progress.answered);
        progress.answered += 1;
        if progress.held > 0 && progress.held + bytes.len() > HELD {
            progress.came.left.push(place);
        } else {
            progress.held += bytes.len();
            progress.came.found.push(place, bytes, others);
        }
    }

    /// A key has an answer that bears nothing.
    pub(super) fn answered(&self) {
        self.progress.lock().answered += 1;
    }

    /// A node of a cluster has no answer for a key.
    pub(super) fn missed(&self, fault: Fault) {
        let mut progress = self.progress.lock();
        progress.answered += 1;
        progress.came.missed.get_or_insert(fault);
    }

    pub(super) fn failed(&self, fault: Fault) {
        self.progress.lock().fault.get_or_insert(fault);
    }

    pub(super) fn end(&self) {
        self.progress.change(|progress| progress.over = true);
    }

    /// Waits for the end, `until` at the latest, and takes what came: also of a request that failed, or is late. It went
    /// well only if each key has an answer: silence is none.
    pub(super) fn wait(&self) -> (Came, Result<(), Fault>) {
        let mut progress = self.progress.wait(Some(self.until), |progress| progress.over);
        let came = std::mem::take(&mut progress.came);
        let outcome = match progress.fault.take() {
            Some(fault) => Err(fault),
            None if progress.answered < self.keys.len() => Err(Fault::Late),
            None => Ok(()),
        };
        (came, outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn request(keys: usize) -> Request {
        Request::new(Verb::Get, vec![Digest([0; 32]); keys], Instant::now() + Duration::from_secs(60))
    }

    #[test]
    fn silence_is_no_answer() {
        let request = request(2);
        request.answered();
        request.end();
        assert_eq!(request.wait(), (Came::default(), Err(Fault::Late)));
    }

    #[test]
    fn what_is_too_much_at_once_is_left() {
        let request = request(4);
        request.found(0, &vec![0; HELD + 1]);
        request.found(3, &[0; 1]);
        request.found(2, &vec![0; HELD]);
        request.answered();
        request.end();
        let (came, outcome) = request.wait();
        let mut found = Vec::new();
        came.found.each(|place, bytes| found.push((place, bytes.len())));
        assert_eq!((&found[..], &came.left[..], outcome), (&[(0, HELD + 1)][..], &[3, 2][..], Ok(())));
    }

    #[test]
    fn what_was_found_is_handed_out_as_it_came() {
        let values: Vec<Vec<u8>> = (0..200usize).map(|n| vec![n as u8; n * n % 977 * (1 + n % 7 * 40)]).collect();
        let request = request(values.len());
        values.iter().enumerate().rev().for_each(|(place, bytes)| request.found(place, bytes));
        request.end();
        let (came, _) = request.wait();
        let mut count = 0;
        came.found.each(|place, bytes| {
            assert_eq!(bytes, values[place]);
            count += 1;
        });
        assert_eq!(count + came.left.len(), values.len());
        assert!(came.found.blocks.len() > 1);
    }
}
