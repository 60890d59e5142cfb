//! Writing behind: a put in memory is done when memory has it, and a thread of the store's own seals and writes it
//! later. Nobody waits for that thread but [`Behind::flush`] and [`Behind::stop`], each for its time at most.
//!
//! - `queue`: what waits to be written
//! - `thread`: what writes it
//! - `turns`: in which order memory got it
//! - `bell`: something has happened

mod bell;
mod queue;
#[cfg(test)]
mod queue_tests;
#[cfg(test)]
mod tests;
mod thread;
mod turns;

use super::Store;
use super::envelope::Seal;
use super::fences::Fences;
use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::lock::Mutex;
use crate::process::Birth;
use crate::value::Value;
use bell::Bell;
pub(crate) use queue::{Most, Write};
use queue::{Pushed, Queue};
use std::sync::{Arc, PoisonError};
use std::thread::{Builder, JoinHandle, ThreadId, current};
use std::time::{Duration, Instant};
use thread::{Phase, Shared, State};
use turns::Turns;

/// How much waits, and how much is written at a time. A batch is sealed in memory as a whole, beside the values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) queue: Most,
    pub(crate) batch: Most,
}

/// What became of the writes so far. Each that was put is one of these, or pending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BehindStats {
    /// Writes that the store has taken.
    pub(crate) written: u64,
    /// For want of room in the queue, or left in it when it was stopped.
    pub(crate) dropped: u64,
    /// Replaced by a later one of the same key before they were written.
    pub(crate) superseded: u64,
    /// Removed or purged before they were written.
    pub(crate) refused: u64,
    /// Larger than the store takes, which counts them, too.
    pub(crate) too_large: u64,
    /// Given up because the store failed, or memory for the envelope.
    pub(crate) faults: u64,
    /// Panics that ended the thread.
    pub(crate) panics: u64,
    /// Writes that wait or are being written, and the bytes of memory that they keep.
    pub(crate) pending_entries: u64,
    pub(crate) pending_bytes: u64,
}

/// The queue of one store, and the thread that empties it. Dropping it never waits: what is left in the queue is
/// dropped, and the thread ends by itself.
#[derive(Debug)]
pub(crate) struct Behind {
    shared: Arc<Shared>,
    /// Std's lock, for it is taken where nothing but the handle is.
    thread: std::sync::Mutex<Option<JoinHandle<()>>>,
    its_id: ThreadId,
    birth: Birth,
}

impl Behind {
    /// Starts the thread, which `name` names.
    pub(crate) fn start(
        name: &str, store: Arc<dyn Store>, seal: Arc<Seal>, fences: Arc<Fences>, limits: Limits,
    ) -> Result<Arc<Self>> {
        let Limits { queue, batch } = limits;
        let state = State {
            queue: Queue::new(queue),
            phase: Phase::Open,
            is_idle: false,
            stats: BehindStats::default(),
            turns: Turns::new()?,
        };
        let (work, done) = (Bell::default(), Bell::default());
        let shared = Arc::new(Shared { store, seal, fences, batch, state: Mutex::new(state), work, done });
        let birth = Birth::here()?;
        let its_own = Arc::clone(&shared);
        let mut writes = Vec::new();
        writes.try_reserve_exact(batch.entries.max(1))?;
        let thread = Builder::new().name(name.into()).spawn(move || its_own.run(writes));
        let thread = thread.map_err(|e| {
            Error::new(
                ErrorKind::NoMemory,
                format!("the thread {name}, which writes to a store, could not be started: {e}"),
            )
        })?;
        let its_id = thread.thread().id();
        Ok(Arc::new(Self { shared, thread: std::sync::Mutex::new(Some(thread)), its_id, birth }))
    }

    /// Queues a write, in place of one of the same key; drops it where there is no room, and says so. Never waits. What
    /// can't leave memory is left there, and a copy is where its key was put since it was read: asked under the lock, for
    /// whoever puts counts that first and queues afterwards.
    pub(crate) fn put(&self, write: Write) -> bool {
        if !Seal::takes(&write.value) || !self.shared.store.takes(write.value.size()) {
            // What is queued is out of date, unless memory got it later: asked under the lock under which it is forgotten.
            self.forgetting(|State { turns, queue, .. }| {
                let is_last = !write.is_copy && turns.take(&write.key, &write.pass);
                is_last.then(|| queue.forget(&write.key)).flatten().into_iter()
            });
            return false;
        }
        let bytes = write.value.charged();
        let mut state = self.shared.state.lock();
        if !state.turns.take(&write.key, &write.pass) {
            state.stats.superseded += 1;
            return true; // memory has had another since, which was queued before this, or may have
        }
        if write.is_copy && (state.has(&write.key) || !self.shared.fences.is_unput(&write.pass)) {
            return false;
        }
        let pushed = match state.phase {
            Phase::Open => state.queue.push(write, bytes),
            _ => Pushed::Full(write, None),
        };
        let is_queued = !matches!(pushed, Pushed::Full(..));
        match &pushed {
            Pushed::Queued => {}
            Pushed::Superseding(_) => state.stats.superseded += 1,
            Pushed::Full(_, replaced) => state.stats.dropped += 1 + u64::from(replaced.is_some()),
        }
        let is_idle = std::mem::take(&mut state.is_idle);
        drop(state);
        if is_idle {
            self.shared.work.ring();
        }
        drop(pushed); // a value may end here, so not before the lock is free
        is_queued
    }

    /// What waits to be written under a key: newer than anything that the store has.
    pub(crate) fn queued(&self, key: &Digest) -> Option<Value> {
        self.shared.state.lock().queue.get(key).map(|write| write.value.clone())
    }

    /// Whether a key waits to be written, or is being written. Where it is not, and [`Fences::is_unput`] says so, too, what
    /// was read from the store was the newest: to be asked in this order.
    pub(crate) fn has(&self, key: &Digest) -> bool {
        self.shared.state.lock().has(key)
    }

    /// Changes how many bytes wait at most. What waits already stays.
    pub(crate) fn limit(&self, bytes: u64) {
        self.shared.state.lock().queue.limit(bytes);
    }

    /// Drops what is queued for a key. What the thread has already taken is refused by its pass, or by the store's
    /// epoch: so fences first, then this, then the store. The same for the two below.
    pub(crate) fn forget(&self, key: &Digest) {
        self.forgetting(|state| state.queue.forget(key).into_iter());
    }

    /// Drops what is queued under these tags.
    pub(crate) fn forget_tagged(&self, tags: &[u64]) {
        self.forgetting(|state| state.queue.forget_tagged(tags).into_iter());
    }

    /// Drops all that is queued.
    pub(crate) fn forget_all(&self) {
        self.forgetting(|state| state.queue.clear());
    }

    fn forgetting<W: ExactSizeIterator<Item = Write>>(&self, forget: impl FnOnce(&mut State) -> W) {
        let mut state = self.shared.state.lock();
        let forgotten = forget(&mut state);
        state.stats.refused += forgotten.len() as u64;
        drop(state);
        if forgotten.len() > 0 {
            self.shared.done.ring();
        }
        drop(forgotten);
    }

    /// Waits until all that was queued when this was called is written or dropped; false when the time is up, when the
    /// thread has panicked, and on that thread itself.
    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        let all = self.shared.state.lock().queue.next();
        self.wait(timeout, |state| state.stats.panics > 0 || state.queue.done_up_to() >= all)
            && self.shared.state.lock().stats.panics == 0
    }

    /// Waits until there is room for another write, or nothing is taken any more; false when the time is up.
    pub(crate) fn wait_for_room(&self, timeout: Duration) -> bool {
        self.wait(timeout, |state| state.queue.has_room() || state.phase != Phase::Open)
    }

    /// Takes no more writes, waits until all that are queued are written, and joins the thread. When the time is up,
    /// and on that thread itself, it gives the rest up, and the thread ends by itself. Says how many were not known to
    /// be written then.
    pub(crate) fn stop(&self, timeout: Duration) -> u64 {
        let dropped_before = {
            let mut state = self.shared.state.lock();
            if state.phase == Phase::Open {
                state.phase = Phase::Draining;
            }
            state.is_idle = false;
            state.stats.dropped
        };
        self.shared.work.ring();
        if !self.wait(timeout, |state| state.phase == Phase::Ended) {
            return self.abandon() - dropped_before;
        }
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join(); // its panics were contained, and counted
        }
        self.shared.state.lock().stats.dropped - dropped_before
    }

    /// Waits until `is_so`, unless this is the thread itself.
    fn wait(&self, timeout: Duration, is_so: impl Fn(&mut State) -> bool) -> bool {
        let until = Instant::now().checked_add(timeout);
        loop {
            let heard = self.shared.done.rung();
            if is_so(&mut self.shared.state.lock()) {
                return true;
            }
            if current().id() == self.its_id || !self.shared.done.wait(heard, until) {
                return false;
            }
        }
    }

    /// Drops the queue and lets the thread end; says how many writes were dropped so far or are not known to be written.
    fn abandon(&self) -> u64 {
        let mut state = self.shared.state.lock();
        if state.phase != Phase::Ended {
            state.phase = Phase::Abandoned;
        }
        state.is_idle = false;
        let left = state.queue.clear();
        state.stats.dropped += left.len() as u64;
        let dropped = state.stats.dropped + state.queue.taken() as u64;
        drop(state);
        self.shared.work.ring();
        self.shared.done.ring();
        drop(left);
        dropped
    }

    pub(crate) fn stats(&self) -> BehindStats {
        let state = self.shared.state.lock();
        let (entries, bytes) = state.queue.pending();
        BehindStats { pending_entries: entries as u64, pending_bytes: bytes, ..state.stats }
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if self.birth.is_here() {
            self.abandon();
        } else {
            std::mem::forget(thread); // it is the parent's, and so are the locks
        }
    }
}
