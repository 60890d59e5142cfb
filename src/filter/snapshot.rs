//! Snapshots: a filter under one state, whatever is loaded later.

use super::usage::{Found, Lookup, Use};
use crate::cache::Cache;
use crate::call::{Flags, PutOptions};
use crate::digest::{Digest, FilterDigest};
use crate::error::Result;
use crate::memory::Put;
use crate::named::{Bound, Name};
use crate::ticket::Begin;
use crate::value::{Payload, Value};
use std::sync::Arc;
use std::time::Duration;

/// A filter as it was at one moment: immutable, with a lease on its state.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(super) shared: Arc<Use>,
    pub(super) bound: Arc<Bound>,
}

impl Snapshot {
    pub(crate) fn cache(&self) -> &Cache {
        &self.shared.cache
    }

    /// The state it holds: its digest, and a lease on its bytes unless only the digest was loaded.
    pub fn state(&self) -> (Option<Value>, Digest) {
        (self.bound.bytes.clone(), self.bound.state)
    }

    /// The key of a chunk's result under this state.
    pub fn key(&self, chunk: &Digest) -> Result<Digest> {
        self.cache().check_open()?;
        Ok(self.bound.name.key(chunk))
    }

    /// Its part in the key of a pipeline.
    pub(crate) fn link(&self) -> Result<FilterDigest> {
        self.shared.link(&self.bound.name)
    }

    /// Looks a chunk's result up under this state.
    pub fn get(&self, chunk: &Digest, flags: Flags) -> Result<Lookup> {
        let mut key = Digest([0; 32]);
        self.find(chunk, flags, &mut key).map(|found| found.told(key))
    }

    /// The same; the key goes into `key`.
    pub(crate) fn find(&self, chunk: &Digest, flags: Flags, key: &mut Digest) -> Result<Found> {
        self.shared.find(&self.bound.name, chunk, flags, key)
    }

    /// Looks a chunk's result up under this state; if it is missing, this caller gets the right to compute it, or waits
    /// until `wait` is over for the one who has it.
    pub fn begin(&self, chunk: &Digest, wait: Duration, flags: Flags) -> Result<Begin> {
        self.shared.begin_under(&self.bound, &self.bound.name.key(chunk), wait, flags, None)
    }

    /// Stores a chunk's result under this state.
    pub fn put(&self, chunk: &Digest, bytes: &[u8], options: &PutOptions<'_>) -> Result<Put> {
        self.store(chunk, Payload::Copy(bytes), options)
    }

    pub(crate) fn store(&self, chunk: &Digest, payload: Payload<'_>, options: &PutOptions<'_>) -> Result<Put> {
        let Name { tag, .. } = self.bound.name;
        self.shared.put(&self.bound.name.key(chunk), tag, payload, options)
    }
}
