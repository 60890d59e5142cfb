//! Streams: a filter whose state evolves chunk by chunk. A step's key names the state it begins with, by content, so a
//! hit is the same computation on the same state; it brings the output and the next state, and the stream moves on.

use crate::cache::Cache;
use crate::call::Flags;
use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::Filter;
use crate::lock::Mutex;
use crate::named::Bound;
use crate::ticket::{Begin, Moved, Step};
use crate::value::Value;
use std::sync::Arc;
use std::time::Duration;

/// A recurrent state: its bytes, and their content digest.
#[derive(Clone, Debug)]
struct State {
    value: Value,
    digest: Digest,
}

impl State {
    fn new(value: Value) -> Result<Self> {
        let digest = value.content()?;
        Ok(Self { value, digest })
    }
}

#[derive(Clone, Debug)]
struct Place {
    /// The filter's trained state, pinned until a reset.
    bound: Arc<Bound>,
    /// None while it is unknown.
    state: Option<State>,
    position: u64,
}

#[derive(Debug)]
struct Inner {
    place: Place,
    initial: State,
    /// Counts what ends the say of earlier steps: a reset, or forgetting.
    generation: u64,
    /// A step is under way.
    open: bool,
}

/// A sequence of chunks through one filter. One step at a time, from any thread.
#[derive(Debug)]
pub struct Stream {
    filter: Arc<Filter>,
    inner: Arc<Mutex<Inner>>,
}

/// What a stream's step begins with.
#[derive(Debug)]
pub enum Stepped {
    /// As any lookup; after a hit the stream has moved on.
    Begun(Begin),
    /// The state is unknown, so nothing was looked up. The ticket's output is not stored; its next state is the
    /// stream's.
    Bypassed(Begin),
}

impl Stream {
    /// Opens a stream at an initial recurrent state, under the filter's present trained state.
    pub fn open(filter: &Arc<Filter>, state: &[u8]) -> Result<Arc<Self>> {
        let bound = filter.bound()?;
        let initial = State::new(filter.cache().hold_state(state, 0)?)?;
        let place = Place { bound, state: Some(initial.clone()), position: 0 };
        Ok(Self::at(filter, place, initial))
    }

    fn at(filter: &Arc<Filter>, place: Place, initial: State) -> Arc<Self> {
        let inner = Mutex::new(Inner { place, initial, generation: 0, open: false });
        Arc::new(Self { filter: Arc::clone(filter), inner: Arc::new(inner) })
    }

    pub(crate) fn cache(&self) -> &Cache {
        self.filter.cache()
    }

    /// Looks up what the next chunk gives from the present state; if it is missing, this caller gets a ticket to commit
    /// output and next state, or waits until `wait` is over for the one who has it. Busy, too, while an earlier ticket
    /// of this stream is open.
    pub fn begin(&self, chunk: &Digest, wait: Duration, flags: Flags) -> Result<Stepped> {
        self.cache().check_open()?;
        let (place, generation) = {
            let mut inner = self.inner.lock();
            if inner.open {
                return Ok(Stepped::Begun(Begin::Busy));
            }
            inner.open = true;
            (inner.place.clone(), inner.generation)
        };
        let mover = Mover { inner: Arc::clone(&self.inner), generation };
        let begun = self.step(&place, chunk, wait, flags, &mover).inspect_err(|_| mover.moved(Moved::Not))?;
        match &begun {
            Begin::Hit(value) | Begin::Rejected(value) => mover.moved(Moved::On(value.companion().cloned())),
            Begin::Busy => mover.moved(Moved::Not),
            Begin::Fill(_) => {}
        }
        Ok(if place.state.is_some() { Stepped::Begun(begun) } else { Stepped::Bypassed(begun) })
    }

    fn step(&self, place: &Place, chunk: &Digest, wait: Duration, flags: Flags, mover: &Mover) -> Result<Begin> {
        let Some(State { value, digest }) = &place.state else {
            // No key names an unknown state; with BYPASS this one is neither looked up nor stored.
            let key = place.bound.name.step(&Digest([0; 32]), chunk);
            return self.filter.begin_step(&place.bound, &key, wait, flags.with(Flags::BYPASS), mover.step(None));
        };
        let key = place.bound.name.step(digest, chunk);
        // What someone put under a step's key has no next state, and can't move a stream on: it is computed anew.
        for flags in [flags, flags.with(Flags::REFRESH), flags.with(Flags::BYPASS)] {
            let step = mover.step(Some((value.clone(), *digest)));
            match self.filter.begin_step(&place.bound, &key, wait, flags, step)? {
                Begin::Hit(value) | Begin::Rejected(value) if value.companion().is_none() => {}
                begun => return Ok(begun),
            }
        }
        unreachable!("with BYPASS nothing is found")
    }

    /// The recurrent state to compute the next chunk from, and its content digest; NO_STATE while it is unknown.
    pub fn state(&self) -> Result<(Value, Digest)> {
        self.cache().check_open()?;
        let state = self.inner.lock().place.state.clone().ok_or_else(unknown)?;
        Ok((state.value, state.digest))
    }

    /// Goes back to position 0, under the filter's present trained state: at `state`, or the initial one. What an open
    /// ticket commits is stored and moves nothing any more.
    pub fn reset(&self, state: Option<&[u8]>) -> Result<()> {
        self.cache().check_open()?;
        let bound = self.filter.bound()?;
        let given = state.map(|state| State::new(self.cache().hold_state(state, 0)?)).transpose()?;
        let mut inner = self.inner.lock();
        let state = Some(given.unwrap_or_else(|| inner.initial.clone()));
        let before = std::mem::replace(&mut inner.place, Place { bound, state, position: 0 });
        inner.generation += 1;
        inner.open = false;
        drop(inner);
        drop(before); // a state's free, without the lock
        Ok(())
    }

    /// The engine went on without this stream: its state is unknown from now on.
    pub fn forget(&self) -> Result<()> {
        self.cache().check_open()?;
        let mut inner = self.inner.lock();
        let before = inner.place.state.take();
        inner.generation += 1;
        inner.open = false;
        drop(inner);
        drop(before);
        Ok(())
    }

    /// Another stream at the same place.
    pub fn fork(&self) -> Result<Arc<Self>> {
        self.cache().check_open()?;
        let inner = self.inner.lock();
        Ok(Self::at(&self.filter, inner.place.clone(), inner.initial.clone()))
    }

    /// How many chunks it has gone since it was opened or reset.
    pub fn position(&self) -> Result<u64> {
        self.cache().check_open()?;
        Ok(self.inner.lock().place.position)
    }

    /// Names its place: streams of equal digests give equal outputs from here on. NO_STATE while its state is unknown.
    pub fn digest(&self) -> Result<Digest> {
        self.cache().check_open()?;
        let inner = self.inner.lock();
        let state = inner.place.state.as_ref().ok_or_else(unknown)?;
        Ok(inner.place.bound.name.place(&state.digest))
    }
}

fn unknown() -> Error {
    Error::new(
        ErrorKind::NoState,
        "the stream's state is unknown: a step was committed without its next state, or it was told to forget; reset it",
    )
}

/// Moves a stream on when a step has ended.
#[derive(Clone)]
struct Mover {
    inner: Arc<Mutex<Inner>>,
    generation: u64,
}

impl Mover {
    fn step(&self, from: Option<(Value, Digest)>) -> Step {
        let told = self.clone();
        Step { from, tell: Box::new(move |moved| told.moved(moved)) }
    }

    fn moved(&self, moved: Moved) {
        let next = match moved {
            // Digested without the lock; what can't be digested is unknown.
            Moved::On(next) => Some(next.and_then(|value| State::new(value).ok())),
            Moved::Not => None,
        };
        let mut inner = self.inner.lock();
        if inner.generation != self.generation {
            return;
        }
        inner.open = false;
        let before = next.map(|state| {
            inner.place.position += 1;
            std::mem::replace(&mut inner.place.state, state)
        });
        drop(inner);
        drop(before);
    }
}
