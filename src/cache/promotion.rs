//! The way of a value from a store to memory.

use super::Cache;
use crate::call::Flags;
use crate::digest::Digest;
use crate::error::ErrorKind;
use crate::flight::Claim;
use crate::memory::Added;
use crate::process::wall_ms;
use crate::tier::envelope::{Opened, Refusal};
use crate::tier::fences::Pass;
use crate::tier::stores::{Source, Stores, Tier};
use crate::value::{Draft, Value};

/// What a value needs on its way. Made before the store is read.
pub(super) struct Promotion<'a> {
    cache: &'a Cache,
    stores: &'a Stores,
    key: Digest,
    tag: u64,
    flags: Flags,
    pass: Pass,
}

impl<'a> Promotion<'a> {
    pub(super) fn new(cache: &'a Cache, stores: &'a Stores, key: &Digest, tag: u64, flags: Flags) -> Self {
        Self { cache, stores, key: *key, tag, flags, pass: stores.pass(key, tag) }
    }

    /// Puts what was read into memory, unless it was forgotten meanwhile; where something newer is by now, that is the
    /// answer. None where there is no memory for it; refused where its time is over by this cache's limit.
    pub(super) fn promote<T: Clone>(
        &self, opened: &Opened<'_>, tier: Tier, claim: &Claim<T>,
    ) -> Result<Option<Value>, Refusal> {
        let Self { cache, stores, key, pass, flags, .. } = self;
        let tag = opened.header().tag;
        let may_stay = || !claim.is_fenced() && stores.is_newest(key, pass, self.tag == tag);
        let left_ms = cache.left_ms(opened).ok_or(Refusal::Expired)?;
        let expires_ms = cache.expiry(left_ms);
        let added = opened.with_draft(expires_ms, |draft| {
            let draft = Draft { origin: tier as u8, ..draft };
            if flags.stores() {
                return cache.memory.add(key, tag, draft, &may_stay);
            }
            let charge = draft.charge().ok_or(ErrorKind::NoMemory)?;
            cache.memory.detached(draft, charge).map(Added::Detached)
        });
        let value = match added {
            Err(_) => return Ok(None),
            Ok(Added::WasThere(value)) => return Ok(Some(value)),
            Ok(Added::Stored(value)) => {
                let _ = cache.still_open(key);
                value
            }
            Ok(Added::Detached(value)) => value,
        };
        opened.tell_content(&value);
        if flags.stores() && may_stay() {
            stores.write(key, tag, &value, *pass, *flags, Source::Read(tier));
        }
        Ok(Some(value))
    }
}

impl Cache {
    /// How long what an envelope holds may still be found, 0 for without end: for its own time, and no longer since it was
    /// sealed than this cache's limit. None when that is over.
    /// Most have no end, and then no clock is asked.
    pub(super) fn left_ms(&self, opened: &Opened<'_>) -> Option<u64> {
        let header = opened.header();
        if header.expires_ms == 0 && self.ttl_ms == 0 {
            return Some(0);
        }
        let now_ms = wall_ms(); // of this moment: it may have waited since it was proved
        let age = now_ms.saturating_sub(header.created_ms);
        let limit = (self.ttl_ms > 0).then(|| self.ttl_ms.saturating_sub(age));
        match opened.left_ms(now_ms).into_iter().chain(limit).min() {
            Some(0) => None,
            left => Some(left.unwrap_or(0)),
        }
    }
}
