//! Many lookups at once: each shard of memory and of the flights is locked once, and no one is waited for.

use super::{Begun, Cache, Missed};
use crate::call::Flags;
use crate::digest::Digest;
use crate::error::Result;
use crate::flight::{Join, Sharing, Watch};
use crate::value::Value;
use std::collections::HashMap;
use std::sync::atomic::Ordering;

/// How one of many lookups begins that found nothing at first.
pub(crate) enum Many {
    /// No one was computing it; it may be here by now.
    Begun(Begun),
    /// Another caller computes it.
    Pending(Watch<Value>),
    /// It is missing like the earlier one of the same key.
    SameAs(usize),
}

/// Many lookups, as they begin.
pub(crate) struct Looked {
    /// What was found, for each key.
    pub(crate) found: Vec<Option<Value>>,
    /// How it stands with what was not, by its key's place.
    pub(crate) missing: Vec<(usize, Many)>,
}

impl Cache {
    /// [`Cache::look`] and [`Cache::begin`] for each of `keys`, without waiting.
    pub(crate) fn begin_many(&self, keys: &[Digest], tag: u64, flags: Flags) -> Result<Looked> {
        self.may_begin(flags)?;
        let departed = self.flights.departed_everywhere();
        let found = if flags.looks() { self.memory.find_many(keys) } else { vec![None; keys.len()] };
        let (mut first, mut wanted, mut missing) = (HashMap::new(), Vec::new(), Vec::new());
        for (at, key) in keys.iter().enumerate().filter(|(at, _)| found[*at].is_none()) {
            match *first.entry(key).or_insert(at) {
                same if same == at => wanted.push((at, self.flights.hash(key))),
                same => missing.push((at, Many::SameAs(same))),
            }
        }
        self.coalesced.fetch_add(missing.len() as u64, Ordering::Relaxed);
        for (at, hash, join) in self.flights.join_many(&wanted, keys, tag, Sharing::of(flags)) {
            let one = match join {
                Join::Mine(claim) => {
                    let missed = Missed { hash, departed: departed.of(hash) };
                    Many::Begun(self.fill(claim, &missed, flags)?)
                }
                Join::Landed(value) => Many::Begun(self.landed(value)),
                Join::Theirs(watch) => {
                    self.busy.fetch_add(1, Ordering::Relaxed);
                    Many::Pending(watch)
                }
            };
            missing.push((at, one));
        }
        Ok(Looked { found, missing })
    }
}
