//! One flight: a missing value that someone computes and others may wait for. Whoever has the right to compute is named
//! by a number, a claim's or a waiter's: when the owner gives up, its right goes to a waiter under the flight's lock,
//! and that waiter finds itself the owner whenever it looks, also when its time is up at that moment.

use super::sync::{AtomicBool, AtomicU64, Mutex, Signal};
use crate::digest::Digest;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// No one's number.
const NO_ONE: u64 = 0;

/// Whoever waits: a number for the flights it waits for, and what wakes it.
#[derive(Debug)]
pub(crate) struct Waiter {
    pub(super) number: u64,
    /// Whether it may become the owner: not if what it computes is not to be stored.
    pub(super) is_heir: bool,
    signal: Signal,
}

impl Waiter {
    pub(super) fn new(number: u64, is_heir: bool) -> Arc<Self> {
        Arc::new(Self { number, is_heir, signal: Signal::default() })
    }

    /// Waits until one of its flights changed, or the time is up.
    pub(super) fn wait(&self, until: Instant) {
        self.signal.wait(until);
    }
}

/// How a flight ends.
#[derive(Clone, Debug)]
pub(crate) enum End<T> {
    /// With the value, stored or not.
    Landed(T),
    /// Without one: whoever still needs it begins anew.
    Abandoned,
}

/// What a waiter finds.
#[derive(Debug)]
pub(super) enum Found<T> {
    Ended(End<T>),
    /// The right to compute is this waiter's.
    Yours,
    /// Someone computes, since then.
    UnderWay(Instant),
}

#[derive(Debug)]
struct State<T> {
    owner: u64,
    /// When the owner began.
    since: Instant,
    end: Option<End<T>>,
    waiters: VecDeque<Arc<Waiter>>,
}

#[derive(Debug)]
pub(crate) struct Flight<T> {
    pub(super) key: Digest,
    pub(super) hash: u64,
    /// The filter's, once one has joined: what a ready key begins and a filter waits for is the filter's, too.
    tag: AtomicU64,
    /// No one finds it: what comes of it is not for others.
    pub(super) alone: bool,
    /// Purged, removed or overtaken: no one finds it any more, and what comes of it is not stored.
    fenced: AtomicBool,
    state: Mutex<State<T>>,
}

impl<T: Clone> Flight<T> {
    pub(super) fn new(key: Digest, hash: u64, tag: u64, alone: bool, owner: u64, since: Instant) -> Self {
        let state = Mutex::new(State { owner, since, end: None, waiters: VecDeque::new() });
        let (tag, fenced) = (AtomicU64::new(tag), AtomicBool::new(false));
        Self { key, hash, tag, alone, fenced, state }
    }

    pub(super) fn tag(&self) -> u64 {
        self.tag.load(Ordering::Relaxed)
    }

    /// Under the table's lock, where whoever fences by tag looks.
    pub(super) fn belongs_to(&self, tag: u64) {
        if tag != 0 {
            self.tag.store(tag, Ordering::Relaxed);
        }
    }

    pub(super) fn fence(&self) {
        self.fenced.store(true, Ordering::SeqCst);
    }

    /// To be asked under the lock of the shard where the value would be stored: whoever fences sweeps that shard
    /// afterwards.
    pub(super) fn is_fenced(&self) -> bool {
        self.fenced.load(Ordering::SeqCst)
    }

    pub(super) fn is_owner(&self, number: u64) -> bool {
        self.state.lock().owner == number
    }

    /// When its owner began; None once it has ended.
    pub(super) fn since(&self) -> Option<Instant> {
        let state = self.state.lock();
        state.end.is_none().then_some(state.since)
    }

    /// Lines up behind the owner, unless it has ended.
    pub(super) fn enlist(&self, waiter: &Arc<Waiter>) {
        let mut state = self.state.lock();
        if state.end.is_none() {
            state.waiters.push_back(Arc::clone(waiter));
        }
    }

    /// Looks; an heir takes the right from an owner that is older than `max_age`.
    pub(super) fn look(&self, number: u64, is_heir: bool, max_age: Option<Duration>, now: Instant) -> Found<T> {
        let mut state = self.state.lock();
        if let Some(end) = &state.end {
            return Found::Ended(end.clone());
        }
        let too_old = max_age.is_some_and(|max_age| now.saturating_duration_since(state.since) >= max_age);
        if state.owner != number && too_old && is_heir {
            if self.is_fenced() {
                return Found::Ended(End::Abandoned); // nothing of it would be stored
            }
            state.owner = number;
            state.since = now;
            state.waiters.retain(|waiter| waiter.number != number);
        }
        if state.owner == number { Found::Yours } else { Found::UnderWay(state.since) }
    }

    /// Waits no more; true if it was made the owner meanwhile.
    pub(super) fn leave(&self, number: u64) -> bool {
        let mut state = self.state.lock();
        state.waiters.retain(|waiter| waiter.number != number);
        state.owner == number
    }

    /// Ends with `value`, unless `number` is no longer the owner.
    pub(super) fn land(&self, number: u64, value: &T) -> bool {
        self.end(|state| state.owner == number, || End::Landed(value.clone()))
    }

    /// Ends for everyone, whoever the owner is.
    pub(super) fn overtake(&self, end: End<T>) {
        self.end(|_| true, || end);
    }

    fn end(&self, may: impl FnOnce(&State<T>) -> bool, how: impl FnOnce() -> End<T>) -> bool {
        let waiters = {
            let mut state = self.state.lock();
            if state.end.is_some() || !may(&state) {
                return false;
            }
            state.owner = NO_ONE;
            state.end = Some(how());
            std::mem::take(&mut state.waiters)
        };
        waiters.iter().for_each(|waiter| waiter.signal.set());
        true
    }

    /// Gives up the right of `number`: the first heir in line has it from now on. True if there was none and so the
    /// flight has ended, and those who wait begin anew; so do those who wait for a fenced one.
    pub(super) fn abandon(&self, number: u64, now: Instant) -> bool {
        let heir = {
            let mut state = self.state.lock();
            if state.owner != number {
                return false;
            }
            let first = state.waiters.iter().position(|waiter| waiter.is_heir).filter(|_| !self.is_fenced());
            let heir = first.and_then(|first| state.waiters.remove(first));
            if let Some(heir) = &heir {
                state.owner = heir.number;
                state.since = now;
            }
            heir
        };
        match heir {
            Some(heir) => heir.signal.set(),
            None => return self.end(|state| state.owner == number, || End::Abandoned),
        }
        false
    }
}
