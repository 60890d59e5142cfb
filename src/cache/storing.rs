//! Puts: to memory, to those who wait for it, and to the stores behind.

use super::Cache;
use super::backing::Backing;
use crate::call::{Flags, PutOptions};
use crate::description::Plan;
use crate::digest::Digest;
use crate::error::{ErrorKind, Result};
use crate::memory::Put;
use crate::process::boot_ms;
use crate::tier::fences::Epochs;
use crate::value::{Draft, Payload};
use std::cell::Cell;
use std::sync::atomic::Ordering;

impl Cache {
    /// Stores a copy of `bytes` under a ready key.
    pub fn put(&self, key: &Digest, bytes: &[u8], options: &PutOptions<'_>) -> Result<Put> {
        self.store(key, 0, Payload::Copy(bytes), options)
    }

    /// Stores a value under a ready key. `tag` names the filter and state it belongs to, 0 for none.
    pub(crate) fn store(&self, key: &Digest, tag: u64, payload: Payload<'_>, options: &PutOptions<'_>) -> Result<Put> {
        self.check_open()?;
        let draft = Draft {
            description: Plan::new(options.tensors, options.blob, payload.len())?,
            compute_ns: options.compute_ns,
            expires_ms: self.expiry(options.ttl_ms),
            ..Draft::new(payload)
        };
        if options.flags.stores() {
            let mut put = match &self.backing {
                None => self.keep(key, tag, draft, options.lease, None)?,
                Some(backing) => self.keep_behind(backing, key, tag, draft, options.flags)?,
            };
            if !options.lease {
                put.value = None;
            }
            self.still_open(key)?;
            return Ok(put);
        }
        let charge = draft.charge().ok_or(ErrorKind::NoMemory)?;
        let value = if options.lease { Some(self.memory.detached(draft, charge)?) } else { None };
        Ok(Put { stored: false, value })
    }

    /// Puts into memory. Whoever computes this is overtaken, and those who wait for it get this value.
    #[inline(always)]
    fn keep(
        &self, key: &Digest, tag: u64, draft: Draft<'_>, lease: bool, leave: Option<&dyn Fn() -> bool>,
    ) -> Result<Put> {
        let put = self.memory.put(key, tag, draft, lease || self.flights.open() > 0, leave)?;
        if let Some(value) = put.value.as_ref().filter(|_| put.stored) {
            if let Some(flight) = self.flights.fence_key(key) {
                flight.overtake(value.clone());
            }
        }
        Ok(put)
    }

    /// The same where stores are behind memory. They get it also where memory has no room, and then keeps no older one.
    /// Apart from a put to memory alone, which need not pay for what this one moves about.
    #[inline(never)]
    fn keep_behind(&self, backing: &Backing, key: &Digest, tag: u64, draft: Draft<'_>, flags: Flags) -> Result<Put> {
        let epochs = backing.stores.epochs();
        self.put_in_turn(
            backing,
            (key, tag, epochs),
            flags,
            || true,
            |leave| self.keep(key, tag, draft, true, Some(leave)),
        )
    }

    /// Puts into memory by `put`, with a lease, and then behind it, unless `may` has come to say no. Memory and the stores
    /// are to keep the same of two puts at once, and what this one replaces is not to be found after it. Hence the order:
    /// 1. What is being read for the key is out of date.
    /// 2. The turn, under memory's lock: what memory got last the stores keep. Where memory had no room, right after.
    /// 3. The write is queued.
    /// 4. Where memory had no room it keeps no older one, put before that turn or read before the write was queued. Were it
    ///    removed before the turn, memory would keep what is put in between, and the stores this; were it removed before
    ///    the write is queued, a lookup in between would bring it back from a store.
    pub(super) fn put_in_turn(
        &self, backing: &Backing, (key, tag, epochs): (&Digest, u64, Epochs), flags: Flags, may: impl Fn() -> bool,
        put: impl FnOnce(&dyn Fn() -> bool) -> Result<Put>,
    ) -> Result<Put> {
        let pass = backing.stores.replacing(key, tag, epochs);
        let turn = Cell::new(0);
        let take_turn = || turn.set(backing.stores.turn());
        let put = put(&|| {
            take_turn();
            may()
        })?;
        if let Some(value) = put.value.as_ref().filter(|_| may()) {
            if !put.stored {
                take_turn();
            }
            backing.put(key, tag, value, pass.at_turn(turn.get()), flags);
            if !put.stored {
                self.memory.remove(key);
            }
        }
        Ok(put)
    }

    /// After a put: if it was closed meanwhile, the purge of the close may have been before.
    pub(super) fn still_open(&self, key: &Digest) -> Result<()> {
        self.check_open().inspect_err(|_| {
            self.memory.remove(key);
        })
    }

    /// The end of a put's time to live: its own, but never beyond the cache's limit. 0 for none.
    pub(crate) fn expiry(&self, ttl_ms: u64) -> u64 {
        if ttl_ms > 0 && !self.may_expire() {
            self.expires.store(true, Ordering::Relaxed);
        }
        match (ttl_ms, self.ttl_ms) {
            (0, 0) => 0,
            (0, ttl) | (ttl, 0) => boot_ms().saturating_add(ttl),
            (own, limit) => boot_ms().saturating_add(own.min(limit)),
        }
    }

    /// Whether a lookup may find a result whose time to live is over, and free it. Relaxed: whoever finds one has locked
    /// its shard after it was put there.
    pub(crate) fn may_expire(&self) -> bool {
        self.expires.load(Ordering::Relaxed)
    }

    /// Whether a lookup may free a result: one that expired, or one evicted for what a store had.
    pub(crate) fn lookups_free(&self) -> bool {
        self.may_expire() || self.backing.is_some()
    }
}
