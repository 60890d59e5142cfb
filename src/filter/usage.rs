//! What every call of a filter does under one name of it: look, compute once, store, and count that for the filter.

use crate::cache::{Cache, Got, Looked, Missed};
use crate::call::{Flags, PutOptions};
use crate::digest::{Digest, FilterDigest};
use crate::error::{Error, Result};
use crate::memory::Put;
use crate::named::{Bound, Name};
use crate::stats::FilterUse;
use crate::ticket::{self, Begin, Origin, Step};
use crate::value::{Payload, Value};
use std::sync::Arc;
use std::time::Duration;

/// A lookup's answer, and the key it looked under: a put after a miss gives that key back.
#[derive(Debug)]
pub struct Lookup {
    /// The result, if it was there.
    pub value: Option<Value>,
    /// The key.
    pub key: Digest,
    /// Whether a store is being asked, and the caller did not want to wait: it may come again.
    pub is_busy: bool,
}

/// What a lookup finds.
#[derive(Debug)]
pub(crate) enum Found {
    Here(Value),
    Nothing,
    /// A store is being asked, and the caller did not want to wait.
    Busy,
}

impl Found {
    /// As it is told to a caller, with the key.
    pub(super) fn told(self, key: Digest) -> Lookup {
        let is_busy = matches!(self, Self::Busy);
        let value = if let Self::Here(value) = self { Some(value) } else { None };
        Lookup { value, key, is_busy }
    }
}

/// What a filter's calls share with those of its snapshots.
#[derive(Debug)]
pub(super) struct Use {
    pub(super) cache: Arc<Cache>,
    /// Flags of every call: BYPASS for a non-deterministic filter.
    pub(super) flags: Flags,
    pub(super) counted: Arc<FilterUse>,
}

impl Drop for Use {
    fn drop(&mut self) {
        self.cache.remove_filter(&self.counted);
    }
}

impl Use {
    /// Looks a chunk's result up under a name, and puts the key into `key`: moved about in one piece with the answer, what
    /// was just written in parts would be waited for.
    pub(super) fn find(&self, name: &Name, chunk: &Digest, flags: Flags, key: &mut Digest) -> Result<Found> {
        *key = name.key(chunk);
        let flags = self.flags.with(flags);
        if self.cache.is_backed() {
            return self.find_behind(name, key, flags);
        }
        let value = self.cache.get_here(key, flags)?;
        if flags.counts() {
            self.counted.counters.looked(flags.looks(), value.as_ref());
        }
        Ok(value.map_or(Found::Nothing, Found::Here))
    }

    /// [`Use::find`] of a cache with something behind memory.
    #[inline(never)]
    fn find_behind(&self, name: &Name, key: &Digest, flags: Flags) -> Result<Found> {
        let counters = flags.counts().then_some(&self.counted.counters);
        Ok(match self.cache.lookup(key, name.tag, flags)? {
            Got::Shared(value) => {
                counters.inspect(|it| it.coalesced(1));
                Found::Here(value)
            }
            Got::Busy => Found::Busy,
            Got::Hit(value) => {
                counters.inspect(|it| it.looked(true, Some(&value)));
                Found::Here(value)
            }
            Got::Miss => {
                counters.inspect(|it| it.looked(flags.looks(), None));
                Found::Nothing
            }
        })
    }

    /// The first look of a lookup whose caller computes what is missing.
    pub(super) fn look(&self, key: &Digest, flags: Flags) -> Result<Looked> {
        let looked = self.cache.look(key, self.flags.with(flags))?;
        if let Looked::Hit(value) = &looked {
            self.counted.counters.looked(true, Some(value));
        }
        Ok(looked)
    }

    pub(super) fn begin_under(
        &self, bound: &Arc<Bound>, key: &Digest, wait: Duration, flags: Flags, step: Option<Step>,
    ) -> Result<Begin> {
        match self.look(key, flags)? {
            Looked::Hit(value) => Ok(Begin::found(value)),
            Looked::Missed(missed) => self.begin(bound, key, missed, wait, flags, step),
        }
    }

    /// After a look that found nothing: computes, or waits for who does.
    pub(super) fn begin(
        &self, bound: &Arc<Bound>, key: &Digest, missed: Missed, wait: Duration, flags: Flags, step: Option<Step>,
    ) -> Result<Begin> {
        let (tag, flags) = (bound.name.tag, self.flags.with(flags));
        let begun = self.cache.begin(missed, key, tag, wait, flags)?;
        begun.count(&self.counted.counters, flags);
        let origin = || Origin {
            bound: Some(Arc::clone(bound)),
            counted: Some(Arc::clone(&self.counted)),
            flags,
            step,
            batch: None,
        };
        Ok(ticket::begin(&self.cache, begun, origin))
    }

    pub(super) fn link(&self, name: &Name) -> Result<FilterDigest> {
        self.cache.check_open()?;
        if !self.flags.stores() {
            return Err(Error::invalid(
                "a filter that is not deterministic has no part in a pipeline: its results must not be kept",
            ));
        }
        Ok(name.filter)
    }

    pub(super) fn put(&self, key: &Digest, tag: u64, payload: Payload<'_>, options: &PutOptions<'_>) -> Result<Put> {
        let options = PutOptions { flags: self.flags.with(options.flags), ..*options };
        let put = self.cache.store(key, tag, payload, &options)?;
        if put.stored {
            self.counted.counters.stored();
        }
        Ok(put)
    }
}
