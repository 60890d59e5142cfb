//! Compute once: the lookup of a caller who computes what is missing. Memory, then the flight of the key, and memory
//! again if something landed between the two; then the way back, memory first, and those who wait after it.

use super::Cache;
use super::backing::Sought;
use crate::budget::Reservation;
use crate::call::Flags;
use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::flight::{Claim, Join, Sharing, Turn};
use crate::memory::Put;
use crate::process::deadline_in;
use crate::stats::FilterCounters;
use crate::tier::fences::Epochs;
use crate::value::{Buffer, Draft, Value};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// What the first look of a lookup finds.
pub(crate) enum Looked {
    Hit(Value),
    Missed(Missed),
}

/// A look that found nothing: what the flights need to know about it.
pub(crate) struct Missed {
    pub(crate) hash: u64,
    /// What the flights' table counted before the look.
    pub(super) departed: u64,
}

/// How a lookup goes on whose caller computes what is missing.
pub(crate) enum Begun {
    Hit(Value),
    /// Another caller's computation landed meanwhile.
    Coalesced(Value),
    /// With what other processes had forgotten by then, as far as is known.
    Fill(Claim<Value>, Epochs),
    /// Another caller computes it, and the time was up.
    Busy,
}

impl Begun {
    /// Counts it where a filter does, once it got somewhere.
    pub(crate) fn count(&self, counters: &FilterCounters, flags: Flags) {
        match self {
            Self::Hit(value) => counters.looked(true, Some(value)),
            Self::Coalesced(_) => counters.coalesced(1),
            Self::Fill(..) => counters.looked(flags.looks(), None),
            Self::Busy => {}
        }
    }
}

impl Cache {
    /// The first look of a lookup whose caller computes what is missing.
    pub(crate) fn look(&self, key: &Digest, flags: Flags) -> Result<Looked> {
        self.may_begin(flags)?;
        let hash = self.flights.hash(key);
        let departed = self.flights.departed(hash);
        let found = if flags.looks() { self.memory.find(key) } else { None };
        Ok(found.map_or(Looked::Missed(Missed { hash, departed }), Looked::Hit))
    }

    pub(super) fn may_begin(&self, flags: Flags) -> Result<()> {
        if flags.peeks() {
            return Err(Error::invalid("STREAMCACHE_PEEK is for lookups: to begin is to compute"));
        }
        self.check_open()
    }

    /// After the first look: whoever found nothing gets the right to compute it, or waits until `wait` is over for the
    /// one who has it.
    pub(crate) fn begin(
        &self, mut missed: Missed, key: &Digest, tag: u64, wait: Duration, flags: Flags,
    ) -> Result<Begun> {
        // Where someone computes it, no store has it.
        let is_under_way = || Sharing::of(flags) != Sharing::None && self.flights.is_under_way(missed.hash, key);
        if let Some(backing) = self.backing(flags).filter(|_| !is_under_way()) {
            match self.seek(backing, key, tag, flags) {
                Sought::Found(value) | Sought::InMemory(value) => return Ok(Begun::Hit(value)),
                Sought::Shared(value) => return Ok(self.landed(value)),
                Sought::Busy => {
                    self.busy.fetch_add(1, Ordering::Relaxed);
                    return Ok(Begun::Busy);
                }
                Sought::Nothing => {}
            }
        }
        let mut deadline = None;
        loop {
            let turn = match self.flights.join(missed.hash, key, tag, Sharing::of(flags)) {
                Join::Mine(claim) => Turn::Mine(claim),
                Join::Landed(value) => Turn::Landed(value),
                Join::Theirs(watch) => {
                    let wait = if flags.waits() { wait } else { Duration::ZERO };
                    watch.wait(*deadline.get_or_insert_with(|| deadline_in(wait)))
                }
            };
            match turn {
                Turn::Mine(claim) => return self.fill(claim, &missed, flags),
                Turn::Landed(value) => return Ok(self.landed(value)),
                Turn::TimeUp => {
                    self.busy.fetch_add(1, Ordering::Relaxed);
                    return Ok(Begun::Busy);
                }
                Turn::Again => match self.look(key, flags)? {
                    Looked::Hit(value) => return Ok(Begun::Hit(value)),
                    Looked::Missed(again) => missed = again,
                },
            }
        }
    }

    /// Another caller's computation landed.
    pub(crate) fn landed(&self, value: Value) -> Begun {
        self.coalesced.fetch_add(1, Ordering::Relaxed);
        Begun::Coalesced(value)
    }

    /// The last look before a claim's owner computes: what landed between the first one and the claim is in memory.
    pub(crate) fn fill(&self, mut claim: Claim<Value>, missed: &Missed, flags: Flags) -> Result<Begun> {
        self.check_open()?;
        if flags.looks() && !claim.is_news(missed.departed) {
            if let Some(value) = self.memory.find(claim.key()) {
                claim.land(&value);
                return Ok(Begun::Hit(value));
            }
        }
        let counter = if flags.looks() { &self.filled } else { &self.bypassed };
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(Begun::Fill(claim, self.epochs()))
    }

    /// What other processes had forgotten before a computation begins.
    pub(super) fn epochs(&self) -> Epochs {
        self.backing.as_ref().map_or_else(Epochs::default, |backing| backing.stores.epochs())
    }

    /// Reserves and allocates the buffer of a value that is written in place; None when there is no room for it.
    pub(crate) fn buffer(&self, key: &Digest, len: usize, stores: bool) -> Result<(Buffer, Reservation)> {
        self.check_open()?;
        let charge = Draft::charge_of(len).ok_or(ErrorKind::NoMemory)?;
        let reserved = if stores {
            self.memory.reserve_value(key, charge, len)
        } else {
            self.memory.reserve_detached(charge).map(|reserved| (reserved, None))
        };
        let (reserved, block) = reserved.ok_or(ErrorKind::NoSpace)?;
        Ok((block.map_or_else(|| Buffer::new(len), Ok)?, reserved))
    }

    /// What is to go with a value and leave with it, and whether it has room in the budget, without which the value must
    /// not be stored either.
    pub(crate) fn companion(&self, key: &Digest, bytes: &[u8], stores: bool) -> Result<(Value, bool)> {
        let draft = Draft::copy_of(bytes);
        let charge = draft.charge().ok_or(ErrorKind::NoMemory)?;
        let reserved = if stores { self.memory.reserve_value(key, charge, bytes.len()) } else { None };
        match reserved {
            Some((reserved, _)) => Ok((Value::make(draft, reserved)?, true)),
            None => Ok((self.memory.detached(draft, charge)?, false)),
        }
    }

    /// Publishes what a claim's owner computed, unless it was fenced: memory first, then, by the caller, those who wait.
    /// The put has a lease always. What memory has no room for the stores get all the same.
    pub(crate) fn publish(
        &self, (claim, epochs): (&Claim<Value>, Epochs), draft: Draft<'_>, reserved: Option<Reservation>, stores: bool,
        flags: Flags,
    ) -> Result<Put> {
        let (key, tag) = (claim.key(), claim.tag());
        let charge = draft.charge().ok_or(ErrorKind::NoMemory)?;
        if !stores || claim.is_fenced() {
            drop(reserved);
            self.memory.refuse(stores);
            return Ok(Put { stored: false, value: Some(self.memory.detached(draft, charge)?) });
        }
        let may = || !claim.is_fenced();
        let put = |leave: &dyn Fn() -> bool| {
            let mut put = match reserved.and_then(|reserved| reserved.resized_to(charge)) {
                Some(reserved) => self.memory.publish(key, tag, Value::make(draft, reserved)?, leave)?,
                None => self.memory.put(key, tag, draft, true, Some(leave))?,
            };
            // Closed meanwhile: it is not stored, and still its owner's, who may have nothing but this lease.
            put.stored &= self.still_open(key).is_ok();
            Ok(put)
        };
        match &self.backing {
            None => put(&may),
            Some(backing) => self.put_in_turn(backing, (key, tag, epochs), flags, may, put),
        }
    }
}
