//! Tickets: the right to compute one missing value, as a handle. It belongs to no thread, and ends by a commit or by
//! giving up; those who wait for the value get it from here, stored or not.

use crate::budget::Reservation;
use crate::cache::{Begun, Cache, Looked};
use crate::call::{Flags, PutOptions};
use crate::description::Plan;
use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::flight::Claim;
use crate::last_commit::LastCommit;
use crate::lock::Mutex;
use crate::memory::Put;
use crate::named::Bound;
use crate::stats::FilterUse;
use crate::value::{Buffer, Draft, Payload, Value};
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
    stores: bool,
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

/// Where the value of a commit comes from.
enum Source<'a> {
    Given(Payload<'a>),
    /// The first bytes of the ticket's buffer.
    Written(usize),
    Rejection(i32),
    /// A stream's output and next state, where that is known.
    Step(&'a [u8], Option<&'a [u8]>),
}

impl Ticket {
    pub(crate) fn new(cache: &Arc<Cache>, claim: Claim<Value>, origin: Origin) -> Arc<Self> {
        let Origin { bound, counted, step, flags, batch } = origin;
        let (key, is_step) = (*claim.key(), step.is_some());
        let (from, tell) = step.map_or((None, None), |step| (step.from, Some(Tell(step.tell))));
        let state = Mutex::new(State::Open(Open { claim, buffer: None, tell }));
        let (cache, stores) = (Arc::clone(cache), flags.stores());
        Arc::new(Self { cache, key, bound, counted, is_step, from, stores, batch, state })
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
        let made = self.cache.buffer(&self.key, len, self.stores);
        let data = made.map(|made| open.buffer.insert(made).0.data());
        self.put_back(open);
        data
    }

    /// Publishes a copy of `bytes`.
    pub fn commit_copy(&self, bytes: &[u8], options: &PutOptions<'_>) -> Result<Put> {
        self.commit(Source::Given(Payload::Copy(bytes)), options)
    }

    pub(crate) fn commit_payload(&self, payload: Payload<'_>, options: &PutOptions<'_>) -> Result<Put> {
        self.commit(Source::Given(payload), options)
    }

    /// Publishes the first `len` bytes of the buffer.
    pub(crate) fn commit_written(&self, len: usize, options: &PutOptions<'_>) -> Result<Put> {
        self.commit(Source::Written(len), options)
    }

    /// Publishes that there is no result, with a reason in the caller's own numbers. It stays in memory, for `ttl_ms`
    /// (0: as long as results do).
    pub fn commit_rejection(&self, code: i32, ttl_ms: u64) -> Result<Put> {
        if self.is_step {
            return Err(Error::invalid(
                "a stream's step can't be a rejection: abort the ticket, and the stream stays where it is",
            ));
        }
        self.commit(Source::Rejection(code), &PutOptions { ttl_ms, ..PutOptions::default() })
    }

    /// Publishes a stream's output together with its next state, None where that is not known, and moves it on.
    pub fn commit_step(&self, output: &[u8], next: Option<&[u8]>, options: &PutOptions<'_>) -> Result<Put> {
        if !self.is_step {
            return Err(Error::invalid("this ticket is no stream's: it has no next state"));
        }
        self.commit(Source::Step(output, next), options)
    }

    /// Gives the right up: a caller who waits gets it.
    pub fn abort(&self) -> Result<()> {
        self.cache.check_open()?;
        drop(self.take()?);
        self.ended(Phase::Aborted, None);
        Ok(())
    }

    /// A refused commit leaves the ticket open.
    fn commit(&self, source: Source<'_>, options: &PutOptions<'_>) -> Result<Put> {
        if self.is_step && !matches!(source, Source::Step(..)) {
            return Err(Error::invalid("this ticket is a stream's: commit its output and next state together"));
        }
        let mut open = self.take()?;
        let draft = self.draft(&mut open, source, options);
        let put = draft.and_then(|(draft, reserved, stores)| self.cache.publish(&open.claim, draft, reserved, stores));
        match put {
            Ok(put) => Ok(self.land(open, put)),
            Err(refused) => {
                self.put_back(open);
                Err(refused)
            }
        }
    }

    fn draft<'a>(
        &self, open: &mut Open, source: Source<'a>, options: &PutOptions<'a>,
    ) -> Result<(Draft<'a>, Option<Reservation>, bool)> {
        self.cache.check_open()?;
        let capacity = open.buffer.as_ref().map(|(buffer, _)| buffer.capacity());
        let len = match &source {
            Source::Given(payload) => payload.len(),
            Source::Written(len) if capacity.is_some_and(|capacity| *len <= capacity) => *len,
            Source::Written(len) => {
                let capacity = capacity.map_or("this ticket has none".into(), |it| format!("it has {it}"));
                return Err(Error::invalid(format!("a commit of {len} bytes of the buffer: {capacity}")));
            }
            Source::Rejection(_) => 0,
            Source::Step(output, _) => output.len(),
        };
        let description = Plan::new(options.tensors, options.blob, len)?;
        let (mut reserved, mut companion, mut rejection, mut stores) = (None, None, None, self.stores);
        let payload = match source {
            Source::Given(payload) => payload,
            Source::Written(_) => {
                let Some((mut buffer, bytes)) = open.buffer.take() else {
                    return Err(ErrorKind::InvalidArgument.into());
                };
                if let Err(refused) = buffer.shrink_to(len) {
                    open.buffer = Some((buffer, bytes));
                    return Err(refused);
                }
                reserved = Some(bytes);
                Payload::Written(buffer, len)
            }
            Source::Rejection(code) => {
                rejection = Some(code);
                Payload::Copy(&[])
            }
            Source::Step(output, next) => {
                // Without its next state, or room for that, a step is of no use to a stream that would go on from it.
                let made = next.map(|next| self.cache.companion(&self.key, next, stores)).transpose()?;
                stores = made.as_ref().is_some_and(|(_, fits)| *fits);
                companion = made.map(|(state, _)| state);
                // Digested before anyone finds it: each stream that moves on to it needs that.
                companion.as_ref().map(Value::content).transpose()?;
                Payload::Copy(output)
            }
        };
        let measured = || self.began(open).elapsed().as_nanos() as u64;
        let compute_ns = if options.compute_ns > 0 { options.compute_ns } else { measured().max(1) };
        let expires_ms = self.cache.expiry(options.ttl_ms);
        Ok((Draft { payload, description, compute_ns, expires_ms, companion, rejection }, reserved, stores))
    }

    /// After the value is in memory, or could not be stored: gives it to those who wait.
    fn land(&self, mut open: Open, put: Put) -> Put {
        let Some(value) = &put.value else { unreachable!("a commit's put leases its value") };
        open.tell(Moved::On(value.companion().cloned()));
        if let Some(last) = &self.batch {
            last.is_now();
        }
        let fenced = !put.stored && open.claim.is_fenced();
        // A step without its next state is an answer for its owner alone: who waits at a state it knows would lose it.
        let landed = (!self.is_step || value.companion().is_some()) && open.claim.land(value);
        let phase = if put.stored || landed && !fenced || self.is_step { Phase::Committed } else { Phase::Fenced };
        self.ended(phase, Some(value.clone()));
        if let Some(counted) = self.counted.as_ref().filter(|_| put.stored) {
            counted.counters.stored();
        }
        put
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
        Begun::Fill(claim) => Begin::Fill(Ticket::new(cache, claim, origin())),
        Begun::Busy => Begin::Busy,
    }
}
