//! Tickets: the right to compute one missing value, as a handle. It belongs to no thread, and ends by a commit or by
//! giving up; those who wait for the value get it from here, stored or not.

mod commit;

use crate::budget::Reservation;
use crate::cache::{Begun, Cache, Looked};
use crate::call::Flags;
use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::flight::Claim;
use crate::last_commit::LastCommit;
use crate::lock::Mutex;
use crate::named::Bound;
use crate::stats::FilterUse;
use crate::tier::fences::Epochs;
use crate::value::{Buffer, Value};
use std::fmt;
use std::mem::replace;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a lookup whose caller computes what is missing answers.
#[derive(Debug)]
pub enum Begin {
    /// The result.
    Hit(Value),
    /// An empty value with the reason why there is no result.
    Rejected(Value),
    /// It is missing, and this caller's to compute.
    Fill(Arc<Ticket>),
    /// Another caller computes it, and the time was up.
    Busy,
}

impl Begin {
    pub(crate) fn found(value: Value) -> Self {
        if value.rejection().is_some() { Self::Rejected(value) } else { Self::Hit(value) }
    }
}

/// Where a ticket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Phase {
    /// The value is this ticket's to compute.
    Open = 0,
    /// It was committed, stored or not.
    Committed = 1,
    /// It was given up.
    Aborted = 2,
    /// A purge, a removal, a put or another ticket overtook it: a commit is not stored.
    Fenced = 3,
}

/// What a ticket's computation belongs to.
#[derive(Debug, Default)]
pub(crate) struct Origin {
    /// The filter's state that the key names; None for a ready key.
    pub(crate) bound: Option<Arc<Bound>>,
    /// Whose counters it moves.
    pub(crate) counted: Option<Arc<FilterUse>>,
    /// The stream it moves on.
    pub(crate) step: Option<Step>,
    /// Flags of the lookup it comes from.
    pub(crate) flags: Flags,
    /// The batch's that it is one of: that shows the value it committed.
    pub(crate) batch: Option<Arc<LastCommit>>,
}

/// A stream's step: the recurrent state it begins with, where that is known, and who is told once how it ended.
pub(crate) struct Step {
    pub(crate) from: Option<(Value, Digest)>,
    pub(crate) tell: Box<dyn FnMut(Moved) + Send>,
}

/// How a step ended.
pub(crate) enum Moved {
    /// With an output; the next state, where it is known.
    On(Option<Value>),
    /// Without one: the stream is where it was.
    Not,
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step").field("from", &self.from).finish_non_exhaustive()
    }
}

impl fmt::Debug for Tell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tell")
    }
}

/// The right to compute one missing value. Dropping the last reference gives it up.
#[derive(Debug)]
pub struct Ticket {
    cache: Arc<Cache>,
    key: Digest,
    bound: Option<Arc<Bound>>,
    counted: Option<Arc<FilterUse>>,
    is_step: bool,
    /// The recurrent state that a step begins with.
    from: Option<(Value, Digest)>,
    flags: Flags,
    batch: Option<Arc<LastCommit>>,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Open(Open),
    /// A call works on it without the lock: it may run destructors.
    Taken,
    Ended(Phase, Option<Value>),
}

#[derive(Debug)]
struct Open {
    claim: Claim<Value>,
    /// What other processes had forgotten when it began.
    epochs: Epochs,
    buffer: Option<(Buffer, Reservation)>,
    tell: Option<Tell>,
}

/// Who is told how a step ended.
struct Tell(Box<dyn FnMut(Moved) + Send>);

impl Drop for Open {
    fn drop(&mut self) {
        self.tell(Moved::Not);
    }
}

impl Open {
    fn tell(&mut self, moved: Moved) {
        if let Some(Tell(mut tell)) = self.tell.take() {
            tell(moved);
        }
    }
}

impl Ticket {
    pub(crate) fn new(cache: &Arc<Cache>, claim: Claim<Value>, epochs: Epochs, origin: Origin) -> Arc<Self> {
        let Origin { bound, counted, step, flags, batch } = origin;
        let (key, is_step) = (*claim.key(), step.is_some());
        let (from, tell) = step.map_or((None, None), |step| (step.from, Some(Tell(step.tell))));
        let state = Mutex::new(State::Open(Open { claim, epochs, buffer: None, tell }));
        let cache = Arc::clone(cache);
        Arc::new(Self { cache, key, bound, counted, is_step, from, flags, batch, state })
    }

    pub(crate) fn cache(&self) -> &Cache {
        &self.cache
    }

    /// The key of the missing value.
    pub fn key(&self) -> &Digest {
        &self.key
    }

    /// The filter's state that the key names, to compute with: its digest, and a lease on its bytes unless only the
    /// digest was loaded.
    pub fn state(&self) -> Result<(Option<Value>, Digest)> {
        let bound = self.bound.as_ref().ok_or(ErrorKind::NoState)?;
        Ok((bound.bytes.clone(), bound.state))
    }

    /// The recurrent state that a stream's step begins with, and its content digest: the one to compute from, wherever
    /// the stream is by now.
    pub fn step_state(&self) -> Result<(Value, Digest)> {
        self.from.clone().ok_or_else(|| {
            Error::new(
                ErrorKind::NoState,
                "this ticket is no stream's, or the stream's state was unknown when it began",
            )
        })
    }

    /// Where it stands.
    pub fn phase(&self) -> Phase {
        self.outcome().0
    }

    /// Where it stands, and the value it committed if it keeps that.
    pub(crate) fn outcome(&self) -> (Phase, Option<Value>) {
        match &*self.state.lock() {
            State::Open(open) if open.claim.is_fenced() => (Phase::Fenced, None),
            State::Open(_) | State::Taken => (Phase::Open, None),
            State::Ended(phase, value) => (*phase, value.clone()),
        }
    }

    /// Whether a commit may still come, stored or not.
    pub(crate) fn is_open(&self) -> bool {
        matches!(&*self.state.lock(), State::Open(_))
    }

    /// How long it may have been computed; nothing once it has ended.
    pub(crate) fn age(&self) -> Duration {
        match &*self.state.lock() {
            State::Open(open) => self.began(open).elapsed(),
            _ => Duration::ZERO,
        }
    }

    /// One of a batch is computed after those that were committed before it.
    fn began(&self, open: &Open) -> Instant {
        let since = open.claim.since();
        self.batch.as_ref().map_or(since, |last| since.max(last.at()))
    }

    /// Takes what is open out of the lock, for a call that may evict and so run destructors.
    fn take(&self) -> Result<Open> {
        let mut state = self.state.lock();
        match replace(&mut *state, State::Taken) {
            State::Open(open) => Ok(open),
            State::Taken => Err(Error::invalid("another thread is using this ticket at this moment")),
            ended @ State::Ended(..) => {
                *state = ended;
                Err(ErrorKind::Ended.into())
            }
        }
    }

    fn put_back(&self, open: Open) {
        *self.state.lock() = State::Open(open);
    }

    fn ended(&self, phase: Phase, value: Option<Value>) {
        *self.state.lock() = State::Ended(phase, value.filter(|_| self.batch.is_some()));
    }

    /// Reserves and allocates `len` bytes to write the value into, in place of an earlier buffer, which stays if there is
    /// no room. They are aligned to 64 bytes, not initialised, and the ticket's until it ends.
    pub(crate) fn buffer(&self, len: usize) -> Result<*mut u8> {
        if self.is_step {
            return Err(Error::invalid("a stream's output and next state are copied: a step has no buffer"));
        }
        let mut open = self.take()?;
        let made = self.cache.buffer(&self.key, len, self.flags.stores());
        let data = made.map(|made| open.buffer.insert(made).0.data());
        self.put_back(open);
        data
    }
}

/// Looks a result up under a ready key; if it is missing, this caller gets the right to compute it, or waits until
/// `wait` is over for the one who has it.
pub fn begin_key(cache: &Arc<Cache>, key: &Digest, wait: Duration, flags: Flags) -> Result<Begin> {
    match cache.look(key, flags)? {
        Looked::Hit(value) => Ok(Begin::found(value)),
        Looked::Missed(missed) => {
            let begun = cache.begin(missed, key, 0, wait, flags)?;
            Ok(begin(cache, begun, || Origin { flags, ..Origin::default() }))
        }
    }
}

/// A lookup that went on, for a caller who wants a handle.
pub(crate) fn begin(cache: &Arc<Cache>, begun: Begun, origin: impl FnOnce() -> Origin) -> Begin {
    match begun {
        Begun::Hit(value) | Begun::Coalesced(value) => Begin::found(value),
        Begun::Fill(claim, epochs) => Begin::Fill(Ticket::new(cache, claim, epochs, origin())),
        Begun::Busy => Begin::Busy,
    }
}
