//! The thread that writes, and what it shares with the handle.

use super::BehindStats;
use super::bell::Bell;
use super::queue::{Most, Queue, Write};
use super::turns::Turns;
use crate::digest::Digest;
use crate::lock::Mutex;
use crate::log::{self, Level};
use crate::process::wall_ms;
use crate::tier::envelope::Seal;
use crate::tier::fences::Fences;
use crate::tier::{Sealed, Store, Written};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    /// Takes no more, and ends when all is written.
    Draining,
    /// Ends as soon as it can.
    Abandoned,
    Ended,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) queue: Queue,
    pub(super) phase: Phase,
    /// The thread waits for a bell that no one has rung since.
    pub(super) is_idle: bool,
    pub(super) stats: BehindStats,
    pub(super) turns: Turns,
}

/// So long nothing came, and the store may be tidied; as often a tidy one is looked after. Where results come in bursts,
/// what tidying gives back would be taken again with each.
const QUIET: Duration = Duration::from_secs(1);
/// Between two steps of tidying.
const STEP: Duration = Duration::from_millis(200);

/// The memory of envelopes that were written, for the next ones while there is much to write: to allocate that of a batch
/// and give it back each time costs more than to fill it.
#[derive(Debug, Default)]
struct Spare {
    buffers: Vec<Vec<u8>>,
    bytes: usize,
}

impl Spare {
    fn take(&mut self) -> Vec<u8> {
        let buffer = self.buffers.pop().unwrap_or_default();
        self.bytes -= buffer.capacity();
        buffer
    }

    /// Keeps as much as a batch has, at most.
    fn keep(&mut self, written: Vec<Sealed>, most: u64) {
        for Sealed { bytes, .. } in written {
            let with_it = self.bytes + bytes.capacity();
            if with_it as u64 <= most && self.buffers.try_reserve(1).is_ok() {
                self.bytes = with_it;
                self.buffers.push(bytes);
            }
        }
    }
}

/// What the thread and the handle share. The thread owns its part of it, so it needs no handle.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) store: Arc<dyn Store>,
    pub(super) seal: Arc<Seal>,
    pub(super) fences: Arc<Fences>,
    pub(super) batch: Most,
    pub(super) state: Mutex<State>,
    /// There is something to do for the thread.
    pub(super) work: Bell,
    /// The thread has done something, or something is not to be done any more.
    pub(super) done: Bell,
}

impl State {
    pub(super) fn has(&self, key: &Digest) -> bool {
        self.queue.get(key).is_some() || self.queue.taken_keys().contains(key)
    }
}

impl BehindStats {
    /// Of all that were taken to be written, how many have an end.
    fn ends(&self) -> u64 {
        self.written + self.dropped + self.refused + self.too_large + self.faults
    }

    fn add(&mut self, other: &Self) {
        self.written += other.written;
        self.dropped += other.dropped;
        self.refused += other.refused;
        self.too_large += other.too_large;
        self.faults += other.faults;
        self.panics += other.panics;
    }
}

impl Shared {
    /// The thread, with room for a batch.
    pub(super) fn run(&self, mut writes: Vec<Write>) {
        let (mut is_tidy, mut pause, mut spare) = (false, STEP, Spare::default());
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
                if !self.work.wait(heard, Some(Instant::now() + pause)) {
                    spare = Spare::default();
                    if !is_tidy || self.rests() {
                        is_tidy = !self.tidy();
                    }
                    pause = if is_tidy { QUIET } else { STEP };
                }
                continue;
            }
            drop(state);
            (is_tidy, pause) = (false, QUIET);
            let stats = self.write_contained(&mut writes, &mut spare);
            let mut state = self.state.lock();
            state.stats.add(&stats);
            // Before they are done: what was read meanwhile may be from before.
            state.queue.taken_keys().iter().for_each(|key| self.fences.put(key));
            state.queue.done();
            drop(state);
            if stats.panics > 0 {
                return self.end();
            }
            self.done.ring();
        }
    }

    /// Whether the store is not asked at present: where no one writes, no one but this thread finds out when it may be.
    fn rests(&self) -> bool {
        catch_unwind(AssertUnwindSafe(|| self.store.stats().resting.is_some())).unwrap_or(false)
    }

    /// Lets the store do a part of what waits for a quiet moment; says whether there is more.
    fn tidy(&self) -> bool {
        let tidied = catch_unwind(AssertUnwindSafe(|| self.store.tidy()));
        if tidied.is_err() {
            log::say(Level::Error, "tier", || "a panic while a store was tidied was contained".into());
        }
        matches!(tidied, Ok(Ok(true)))
    }

    /// Writes a batch, which is empty then. After a panic in it, what had no end yet is a fault.
    fn write_contained(&self, writes: &mut Vec<Write>, spare: &mut Spare) -> BehindStats {
        let (all, mut stats) = (writes.len() as u64, BehindStats::default());
        let panic = catch_unwind(AssertUnwindSafe(|| self.write(writes, spare, &mut stats))).err();
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

    fn write(&self, writes: &mut Vec<Write>, spare: &mut Spare, stats: &mut BehindStats) {
        let (mut sealed, mut passes) = (Vec::new(), Vec::new());
        if sealed.try_reserve_exact(writes.len()).is_err() || passes.try_reserve_exact(writes.len()).is_err() {
            stats.faults += writes.len() as u64;
            return writes.clear();
        }
        let now = wall_ms();
        for Write { key, value, tag, epoch, expires_ms, pass, .. } in writes.drain(..) {
            if !self.fences.holds(&pass) {
                stats.refused += 1;
                continue;
            }
            match self.seal.close_into(spare.take(), &key, tag, &value, now, expires_ms) {
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
            Ok(Written { taken, outdated, too_large, failed }) => {
                debug_assert_eq!(taken + outdated + too_large + failed, sealed.len());
                stats.written += taken as u64;
                stats.refused += outdated as u64;
                stats.too_large += too_large as u64;
                stats.faults += failed as u64;
            }
            Err(_) => stats.faults += all, // which the store counts and tells of, too
        }
        spare.keep(sealed, self.batch.bytes);
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
