//! What passes between a cache and a file of results: leases on what memory has, pages of what the disk has, and results
//! that come in.

use super::Cache;
use crate::call::Flags;
use crate::digest::{self, Digest};
use crate::error::{Error, ErrorKind, Result};
use crate::memory::{Leased, Walk};
use crate::process::{boot_ms, wall_ms};
use crate::tier::Page;
use crate::tier::envelope::{Opened, Refusal, Seal};
use crate::tier::fences::Fences;
use crate::value::Value;
use std::sync::Arc;
use std::time::Duration;

/// What became of a result that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entered {
    Stored,
    /// Memory has one under its key, which stays.
    WasThere,
    /// There was no room in memory; stores got it.
    NotStored,
    /// It was forgotten since the import began.
    Forgotten,
}

/// An import under way, which knows what was forgotten since it began.
pub(crate) struct Entrance {
    cache: Arc<Cache>,
    fences: Arc<Fences>,
}

impl Drop for Entrance {
    fn drop(&mut self) {
        self.cache.imports.end(&self.fences);
    }
}

impl Cache {
    /// Leases the next results that memory has; false where there are none left.
    pub(crate) fn walk_memory(&self, walk: &mut Walk, leased: &mut Vec<Leased>) -> Result<bool> {
        self.check_open()?;
        self.memory.walk(walk, leased)
    }

    /// Reads the next part of what the disk has; false where that was the last, or there is no disk.
    pub(crate) fn walk_disk(&self, page: &mut Page) -> Result<bool> {
        self.check_open()?;
        self.backing.as_ref().map_or(Ok(false), |backing| backing.stores.scan(page))
    }

    /// Waits until the disk has what was put before; false when the time is up.
    pub(crate) fn settle_disk(&self, timeout: Duration) -> Result<bool> {
        self.check_open()?;
        Ok(self.backing.as_ref().is_none_or(|backing| backing.stores.flush_disk(timeout)))
    }

    /// The envelope of a result in memory; None for one that can't leave it.
    pub(crate) fn close_envelope(&self, leased: &Leased) -> Result<Option<Vec<u8>>> {
        let Leased { key, tag, value } = leased;
        if !Seal::takes(value) {
            return Ok(None);
        }
        let expires_ms = wall_end(value);
        self.seal.close(key, *tag, value, wall_ms(), expires_ms).map(Some)
    }

    /// What an envelope holds, if it is one of this cache's, under whatever key it says.
    pub(crate) fn open_envelope<'a>(&self, bytes: &'a [u8]) -> std::result::Result<Opened<'a>, Refusal> {
        let key = crate::tier::envelope::header(bytes)?.key;
        self.seal.open(bytes, &key, wall_ms())
    }

    /// The longest envelope worth reading.
    pub(crate) fn longest_envelope(&self) -> u64 {
        self.memory.stats().max_bytes
    }

    /// Queues a state's bytes for the stores.
    pub(crate) fn save_state(&self, state: &Digest, bytes: &Value) -> Result<()> {
        self.check_open()?;
        let Some(backing) = &self.backing else {
            const TEXT: &str = "there is nowhere to save a state: open the cache with a disk directory or a remote URL";
            return Err(Error::new(ErrorKind::NotSupported, TEXT));
        };
        let key = self.scope.saved_state(state);
        let pass = backing.stores.pass(&key, 0);
        backing.stores.write(&key, 0, bytes, pass, Flags::default(), None);
        Ok(())
    }

    /// The bytes of a state that was saved, in the budget; None where they are not found. An import may have brought them
    /// to memory.
    pub(crate) fn saved_state(&self, state: &Digest) -> Result<Option<Value>> {
        self.check_open()?;
        let key = self.scope.saved_state(state);
        let hold = |bytes: &[u8]| (digest::state(bytes) == *state).then(|| self.hold_state(bytes, 0));
        let mut held = self.memory.peek(&key).and_then(|value| hold(value.bytes()));
        if let (None, Some(backing)) = (&held, &self.backing) {
            backing.stores.read(std::slice::from_ref(&key), Flags::default(), &mut |_, opened, _| {
                held = hold(opened.payload());
            });
        }
        held.transpose()
    }

    /// Begins an import.
    pub(crate) fn enter(self: &Arc<Self>) -> Result<Entrance> {
        self.check_open()?;
        let fences = Arc::new(Fences::new()?);
        self.imports.begin(&fences);
        Ok(Entrance { cache: Arc::clone(self), fences })
    }
}

impl Entrance {
    /// Puts a result into memory, and behind it to the stores.
    pub(crate) fn put(&self, opened: &Opened<'_>) -> Result<Entered> {
        let Self { cache, fences } = self;
        cache.check_open()?;
        let (key, tag) = (&opened.header().key, opened.header().tag);
        if cache.memory.peek(key).is_some() {
            return Ok(Entered::WasThere);
        }
        // The pass first: what is forgotten from here on the stores refuse by it.
        let pass = cache.backing.as_ref().map(|backing| backing.stores.pass(key, tag));
        let may_stay = || fences.are_new_for(key, tag);
        let left_ms = opened.left_ms(wall_ms()).map_or(0, |left| left.max(1));
        let expires_ms = cache.expiry(left_ms);
        let put = opened.with_draft(expires_ms, |draft| cache.memory.put(key, tag, draft, true, Some(&may_stay)))?;
        cache.still_open(key)?;
        let Some(value) = put.value else { return Err(ErrorKind::NoMemory.into()) };
        value.know_content(opened.header().content);
        if !put.stored && !may_stay() {
            return Ok(Entered::Forgotten);
        }
        if let (Some(pass), Some(backing)) = (pass, &cache.backing) {
            backing.stores.write(key, tag, &value, pass, Flags::default(), None);
        }
        Ok(if put.stored { Entered::Stored } else { Entered::NotStored })
    }

    /// Waits until the stores' queues take so many bytes more; false when the time is up.
    pub(crate) fn wait_for_room(&self, bytes: u64, timeout: Duration) -> bool {
        self.cache.backing.as_ref().is_none_or(|backing| backing.stores.wait_for_room(bytes, timeout))
    }
}

/// The end of a value's time to live by the wall clock; 0 for never.
fn wall_end(value: &Value) -> u64 {
    match value.expires_ms() {
        0 => 0,
        expires => wall_ms() + expires.saturating_sub(boot_ms()),
    }
}
