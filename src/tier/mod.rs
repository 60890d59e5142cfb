//! What lies behind memory: stores of sealed results, on disk or across the network, optional and untrusted. A store
//! carries bytes and knows nothing of what is in them: `envelope` seals and opens those, and whatever does not check is
//! a miss and a counter.
#![cfg_attr(not(all(feature = "disk", feature = "remote")), allow(dead_code))] // what only a store reads

pub(crate) mod behind;
#[cfg(feature = "disk")]
pub(crate) mod disk;
pub(crate) mod envelope;
pub(crate) mod fences;
pub(crate) mod file;
#[cfg(test)]
pub(crate) mod in_memory;
#[cfg(feature = "remote")]
pub(crate) mod remote;
pub(crate) mod stats;
pub(crate) mod stores;

use crate::digest::Digest;
use crate::error::{ErrorKind, Result};
use std::time::Instant;

/// A result as a store keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Sealed {
    pub(crate) key: Digest,
    /// The filter and state it belongs to, 0 for none.
    pub(crate) tag: u64,
    /// When it may be forgotten, in milliseconds of the wall clock; 0 for never.
    pub(crate) expires_ms: u64,
    /// What [`Store::epoch`] was before its computation began.
    pub(crate) epoch: u64,
    /// The envelope.
    pub(crate) bytes: Vec<u8>,
}

/// What a purge of a store forgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purged<'a> {
    Everything,
    /// What bears one of these tags.
    Tags(&'a [u64]),
}

/// What became of a batch: the numbers add up to its length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) taken: usize,
    /// Removed or purged since they were computed, or at their end.
    pub(crate) outdated: usize,
    /// Larger than the store takes.
    pub(crate) too_large: usize,
    /// The store was full, out of reach, or broken where they belong.
    pub(crate) failed: usize,
}

/// What a store counts and measures of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StoreStats {
    /// Entries and bytes where the store knows them without a scan.
    pub(crate) entries: Option<u64>,
    pub(crate) bytes: Option<u64>,
    /// Its limit.
    pub(crate) max_bytes: Option<u64>,
    /// Entries it gave up for others.
    pub(crate) evictions: u64,
    /// Entries that were left out because they are larger than it takes.
    pub(crate) too_large: u64,
    /// Calls that failed, and the last failure in words.
    pub(crate) faults: u64,
    pub(crate) last_fault: Option<String>,
    /// Why it is not asked at present; None while it is.
    pub(crate) resting: Option<String>,
}

/// A part of what a store has.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// Where the next one begins.
    pub(crate) after: u64,
    pub(crate) envelopes: Vec<Vec<u8>>,
    /// What could not be read, in this page and those before.
    pub(crate) broken: u64,
}

/// Places of keys, each with the envelope that was found for it.
pub(crate) type Envelopes<'a> = [(usize, &'a [u8])];

/// A place for sealed results. Any thread may call anything at any time.
pub(crate) trait Store: Send + Sync + std::fmt::Debug {
    /// Calls `found` with the place in `keys` and the envelope of each key that is stored, in any order, until `until`
    /// at the latest as far as the store waits for anything but its own disk; never waits for a writer. The bytes are
    /// whatever the store returned: they may be anything.
    fn get_many(&self, keys: &[Digest], until: Instant, found: &mut dyn FnMut(usize, &[u8])) -> Result<()>;

    /// The same, with some that came together at a time.
    fn get_together(&self, keys: &[Digest], until: Instant, found: &mut dyn FnMut(&Envelopes<'_>)) -> Result<()> {
        self.get_many(keys, until, &mut |at, bytes| found(&[(at, bytes)]))
    }

    /// Stores entries in place of older ones of the same keys. May wait: only a tier's own thread calls it. What was removed
    /// or purged since an entry's epoch is left out. An error where none was taken and something failed.
    fn put_many(&self, entries: &[Sealed]) -> Result<Written>;

    /// Whether it takes a value of so many bytes: of one that it does not, nothing is sealed. Asked once for each that is put:
    /// what it does not take it counts.
    fn takes(&self, _payload: usize) -> bool {
        true
    }

    /// Forgets a key, and what is still to be written of an earlier epoch under it, by any process. May wait, until
    /// `until` at the latest.
    fn remove(&self, key: &Digest, until: Instant) -> Result<()>;

    /// Forgets what `purged` names, and what is still to be written of an earlier epoch. May wait, as above.
    /// NOT_SUPPORTED where a store can't.
    fn purge(&self, purged: Purged<'_>, until: Instant) -> Result<()>;

    /// Grows with each removal and purge that this process knows of. Never waits and never fails: one that is too low
    /// only leaves entries out.
    fn epoch(&self) -> u64;

    /// Reads the next part of all it has into `page`; false where that was the last. What is stored meanwhile may be met
    /// or not. NOT_SUPPORTED where a store can't.
    fn scan(&self, _page: &mut Page) -> Result<bool> {
        Err(ErrorKind::NotSupported.into())
    }

    /// Does a bounded part of what waits for a quiet moment; says whether there is more. Only a tier's own thread calls it,
    /// also once a second while the store rests.
    fn tidy(&self) -> Result<bool> {
        Ok(false)
    }

    fn stats(&self) -> StoreStats;

    /// Lets go of files and connections, until `until` at the latest; later calls answer CLOSED.
    fn close(&self, until: Instant);
}
