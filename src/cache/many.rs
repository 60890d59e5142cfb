//! Many lookups at once: each shard of memory and of the flights is locked once, and no one is waited for.

use super::{Begun, Cache, Missed};
use crate::call::Flags;
use crate::digest::Digest;
use crate::error::Result;
use crate::flight::{Join, Sharing, Watch};
use crate::value::Value;
use std::collections::HashMap;
use std::sync::atomic::Ordering;

/// How one of many lookups begins.
pub(crate) enum Many {
    Hit(Value),
    /// It was missing, and no one was computing it; it may be here by now.
    Begun(Begun),
    /// Another caller computes it.
    Pending(Watch<Value>),
    /// It is missing like the earlier one of the same key.
    SameAs(usize),
}

impl Cache {
    /// [`Cache::look`] and [`Cache::begin`] for each of `keys`, without waiting.
    pub(crate) fn begin_many(&self, keys: &[Digest], tag: u64, flags: Flags) -> Result<Vec<Many>> {
        self.may_begin(flags)?;
        let departed = self.flights.departed_everywhere();
        let found = if flags.looks() { self.memory.find_many(keys) } else { vec![None; keys.len()] };
        let mut first = HashMap::new();
        let mut missing = Vec::new();
        let mut many: Vec<Many> = Vec::with_capacity(keys.len());
        for ((at, key), found) in keys.iter().enumerate().zip(found) {
            many.push(match found {
                Some(value) => Many::Hit(value),
                None => {
                    let same = *first.entry(key).or_insert(at);
                    if same == at {
                        missing.push((at, self.flights.hash(key)));
                    }
                    Many::SameAs(same)
                }
            });
        }
        let joined = self.flights.join_many(&missing, keys, tag, Sharing::of(flags));
        for (at, hash, join) in joined {
            many[at] = match join {
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
        }
        let same = many.iter().filter(|one| matches!(one, Many::SameAs(_))).count();
        self.coalesced.fetch_add(same as u64, Ordering::Relaxed);
        Ok(many)
    }
}
