//! What passes between a cache and a file of results: leases on what memory has, pages of what the disk has, and results
//! that come in.

use super::Cache;
use crate::call::Flags;
use crate::digest::{self, Digest};
use crate::error::{Error, ErrorKind, Result};
use crate::memory::{Added, Leased, Walk};
use crate::process::{deadline_in, wall_ms};
use crate::tier::Page;
use crate::tier::envelope::{Opened, Refusal, Seal};
use crate::tier::fences::{Epochs, Fences};
use crate::tier::stores::{Source, wall_end};
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
    /// Its time is over.
    Expired,
    /// It was forgotten since the import began.
    Forgotten,
}

/// An import under way, which knows what was forgotten since it began.
pub(crate) struct Entrance {
    cache: Arc<Cache>,
    fences: Arc<Fences>,
    /// What other processes had forgotten before it began.
    epochs: Epochs,
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
        if backing.stores.write(&key, 0, bytes, pass, Flags::default(), Source::Computed) {
            return Ok(());
        }
        const FULL: &str = "a state is not saved: too much waits to be written, or it is larger than a store takes; flush and try again";
        Err(Error::new(ErrorKind::NoSpace, FULL))
    }

    /// The bytes of a state that was saved, in the budget; None where they are not found. An import may have brought them
    /// to memory.
    pub(crate) fn saved_state(&self, state: &Digest) -> Result<Option<Value>> {
        self.check_open()?;
        let key = self.scope.saved_state(state);
        let hold = |bytes: &[u8]| (digest::state(bytes) == *state).then(|| self.hold_state(bytes, 0));
        let mut held = self.memory.peek(&key).and_then(|value| hold(value.bytes()));
        if let (None, Some(backing)) = (&held, &self.backing) {
            let until = deadline_in(backing.stores.timeout());
            backing.stores.read(std::slice::from_ref(&key), Flags::default(), until, &mut |_, opened, _| {
                held = hold(opened.payload());
                held.as_ref().map(|_| ()).ok_or(Refusal::Malformed)
            });
        }
        held.transpose()
    }

    /// Begins an import.
    pub(crate) fn enter(self: &Arc<Self>) -> Result<Entrance> {
        self.check_open()?;
        let fences = Arc::new(Fences::new()?);
        self.imports.begin(&fences);
        Ok(Entrance { cache: Arc::clone(self), fences, epochs: self.epochs() })
    }
}

impl Entrance {
    /// Puts a result into memory, and behind it to the stores.
    pub(crate) fn put(&self, opened: &Opened<'_>) -> Result<Entered> {
        let Self { cache, fences, epochs } = self;
        cache.check_open()?;
        let (key, tag) = (&opened.header().key, opened.header().tag);
        // The pass first: what is forgotten or put from here on the stores prefer by it.
        let behind = cache.backing.as_ref().map(|it| (it, it.stores.pass_since(key, tag, *epochs)));
        let may_stay = || fences.are_new_for(key, tag);
        let is_newest = || behind.is_none_or(|(backing, pass)| backing.stores.is_newest(key, &pass, true));
        let Some(left_ms) = cache.left_ms(opened) else { return Ok(Entered::Expired) };
        let added = opened.with_draft(cache.expiry(left_ms), |draft| {
            cache.memory.add(key, tag, draft, &|| may_stay() && is_newest())
        })?;
        cache.still_open(key)?;
        let (value, entered) = match added {
            Added::WasThere(_) => return Ok(Entered::WasThere),
            Added::Stored(value) => (value, Entered::Stored),
            Added::Detached(_) if !may_stay() => return Ok(Entered::Forgotten),
            Added::Detached(_) if !is_newest() => return Ok(Entered::WasThere),
            Added::Detached(value) => (value, Entered::NotStored),
        };
        opened.tell_content(&value);
        if let Some((backing, pass)) = behind {
            backing.stores.write(key, tag, &value, pass, Flags::default(), Source::Imported);
        }
        Ok(entered)
    }

    /// Whether memory has a result under the key of an envelope, which stays.
    pub(crate) fn has(&self, opened: &Opened<'_>) -> bool {
        self.cache.memory.peek(&opened.header().key).is_some()
    }

    /// Waits until the stores' queues take another write; false when the time is up.
    pub(crate) fn wait_for_room(&self, timeout: Duration) -> bool {
        self.cache.backing.as_ref().is_none_or(|backing| backing.stores.wait_for_room(timeout))
    }
}
