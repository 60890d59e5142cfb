//! Writing behind: a put in memory is done when memory has it, and a thread of the store's own seals and writes it
//! later. Nobody waits for that thread but [`Behind::flush`] and [`Behind::stop`], each for its time at most.
//!
//! - `queue`: what waits to be written
//! - `bell`: something has happened

mod bell;
mod queue;
#[cfg(test)]
mod queue_tests;
#[cfg(test)]
mod tests;

use super::envelope::Seal;
use super::fences::Fences;
use super::{Sealed, Store};
use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::lock::Mutex;
use crate::log::{self, Level};
use crate::process::{Birth, wall_ms};
use bell::Bell;
pub(crate) use queue::{Most, Write};
use queue::{Pushed, Queue};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::{Duration, Instant};

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
    /// Given up because the store failed, or memory for the envelope.
    pub(crate) faults: u64,
    /// Panics that ended the thread.
    pub(crate) panics: u64,
    /// Writes that wait or are being written, and the bytes of memory that they keep.
    pub(crate) pending_entries: u64,
    pub(crate) pending_bytes: u64,
}

impl BehindStats {
    /// Of all that were taken to be written, how many have an end.
    fn ends(&self) -> u64 {
        self.written + self.dropped + self.refused + self.faults
    }

    fn add(&mut self, other: &Self) {
        self.written += other.written;
        self.dropped += other.dropped;
        self.refused += other.refused;
        self.faults += other.faults;
        self.panics += other.panics;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// Takes no more, and ends when all is written.
    Draining,
    /// Ends as soon as it can.
    Abandoned,
    Ended,
}

#[derive(Debug)]
struct State {
    queue: Queue,
    phase: Phase,
    /// The thread waits for a bell that no one has rung since.
    is_idle: bool,
    stats: BehindStats,
}

/// What the thread and the handle share. The thread owns its part of it, so it needs no handle.
#[derive(Debug)]
struct Shared {
    store: Arc<dyn Store>,
    seal: Arc<Seal>,
    fences: Arc<Fences>,
    batch: Most,
    state: Mutex<State>,
    /// There is something to do for the thread.
    work: Bell,
    /// The thread has done something, or something is not to be done any more.
    done: Bell,
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
        let state =
            State { queue: Queue::new(queue), phase: Phase::Open, is_idle: false, stats: BehindStats::default() };
        let (work, done) = (Bell::default(), Bell::default());
        let shared = Arc::new(Shared { store, seal, fences, batch, state: Mutex::new(state), work, done });
        let birth = Birth::here()?;
        let its_own = Arc::clone(&shared);
        let mut writes = Vec::new();
        writes.try_reserve_exact(batch.entries.max(1))?;
        let thread = thread::Builder::new().name(name.into()).spawn(move || its_own.run(writes));
        let thread = thread.map_err(|e| {
            Error::new(
                ErrorKind::NoMemory,
                format!("the thread {name}, which writes to a store, could not be started: {e}"),
            )
        })?;
        let its_id = thread.thread().id();
        Ok(Arc::new(Self { shared, thread: std::sync::Mutex::new(Some(thread)), its_id, birth }))
    }

    /// Queues a write, in place of one of the same key; drops it where there is no room. Never waits. What can't leave
    /// memory is left there.
    pub(crate) fn put(&self, write: Write) {
        if !Seal::takes(&write.value) {
            return;
        }
        let bytes = write.value.charged();
        let mut state = self.shared.state.lock();
        let pushed = match state.phase {
            Phase::Open => state.queue.push(write, bytes),
            _ => Pushed::Full(write, None),
        };
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
    }

    /// Drops what is queued for a key. What the thread has already taken is refused by its pass, or by the store's
    /// epoch: so fences first, then this, then the store. The same for the two below.
    pub(crate) fn forget(&self, key: &Digest) {
        self.forgetting(|queue| queue.forget(key).into_iter());
    }

    /// Drops what is queued under these tags.
    pub(crate) fn forget_tagged(&self, tags: &[u64]) {
        self.forgetting(|queue| queue.forget_tagged(tags).into_iter());
    }

    /// Drops all that is queued.
    pub(crate) fn forget_all(&self) {
        self.forgetting(Queue::clear);
    }

    fn forgetting<W: ExactSizeIterator<Item = Write>>(&self, forget: impl FnOnce(&mut Queue) -> W) {
        let mut state = self.shared.state.lock();
        let forgotten = forget(&mut state.queue);
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
            if thread::current().id() == self.its_id || !self.shared.done.wait(heard, until) {
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

impl Shared {
    /// The thread.
    fn run(&self, mut writes: Vec<Write>) {
        loop {
            let heard = self.work.rung();
            let mut state = self.state.lock();
            if state.phase != Phase::Abandoned {
                state.queue.take(self.batch, &mut writes);
            }
            if writes.is_empty() {
                if state.phase != Phase::Open {
                    drop(state);
                    return self.end();
                }
                state.is_idle = true;
                drop(state);
                self.work.wait(heard, None);
                continue;
            }
            drop(state);
            let stats = self.write_contained(&mut writes);
            let mut state = self.state.lock();
            state.stats.add(&stats);
            state.queue.done();
            drop(state);
            if stats.panics > 0 {
                return self.end();
            }
            self.done.ring();
        }
    }

    /// Writes a batch, which is empty then. After a panic in it, what had no end yet is a fault.
    fn write_contained(&self, writes: &mut Vec<Write>) -> BehindStats {
        let (all, mut stats) = (writes.len() as u64, BehindStats::default());
        let panic = catch_unwind(AssertUnwindSafe(|| self.write(writes, &mut stats))).err();
        if let Some(panic) = panic {
            stats.faults += all - stats.ends();
            stats.panics += 1;
            log::say(Level::Error, "tier", || {
                format!(
                    "a panic while writing to a store was contained, and nothing more is written: {}",
                    text(&*panic)
                )
            });
            writes.clear();
        }
        debug_assert_eq!(stats.ends(), all);
        stats
    }

    fn write(&self, writes: &mut Vec<Write>, stats: &mut BehindStats) {
        let (mut sealed, mut passes) = (Vec::new(), Vec::new());
        if sealed.try_reserve_exact(writes.len()).is_err() || passes.try_reserve_exact(writes.len()).is_err() {
            stats.faults += writes.len() as u64;
            return writes.clear();
        }
        let now = wall_ms();
        for Write { key, value, tag, epoch, expires_ms, pass } in writes.drain(..) {
            if !self.fences.holds(&pass) {
                stats.refused += 1;
                continue;
            }
            match self.seal.close(&key, tag, &value, now, expires_ms) {
                Ok(bytes) => {
                    sealed.push(Sealed { key, tag, expires_ms, epoch, bytes });
                    passes.push(pass);
                }
                Err(_) => stats.faults += 1,
            }
        }
        // Values have ended here, and with one the last handle may have gone.
        if self.state.lock().phase == Phase::Abandoned {
            stats.dropped += sealed.len() as u64;
            return;
        }
        // Sealing takes its time. What is forgotten from here on the store leaves out by its epoch.
        let mut passes = passes.iter();
        let before = sealed.len();
        sealed.retain(|_| passes.next().is_some_and(|pass| self.fences.holds(pass)));
        stats.refused += (before - sealed.len()) as u64;
        if sealed.is_empty() {
            return;
        }
        let all = sealed.len() as u64;
        match self.store.put_many(&sealed) {
            Ok(taken) => {
                let taken = (taken as u64).min(all);
                stats.written += taken;
                stats.refused += all - taken;
            }
            Err(_) => stats.faults += all, // which the store counts and tells of, too
        }
    }

    /// The thread's last words.
    fn end(&self) {
        let mut state = self.state.lock();
        state.phase = Phase::Ended;
        let left = state.queue.clear();
        state.stats.dropped += left.len() as u64;
        drop(state);
        self.done.ring();
        drop(left);
    }
}

fn text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref().map(String::as_str)).unwrap_or("no text")
}
