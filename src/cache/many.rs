//! Many lookups at once: each shard of memory and of the flights is locked once for some hundreds of them, and no one is
//! waited for.

use super::backing::Sought;
use super::{Begun, Cache, Missed};
use crate::call::Flags;
use crate::digest::Digest;
use crate::error::Result;
use crate::flight::{Join, Seats, Sharing, Turn, Watch};
use crate::memory::AT_ONCE;
use crate::value::Value;
use std::collections::{HashMap, HashSet};
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
        let mut found = if flags.looks() { self.memory.find_many(keys) } else { vec![None; keys.len()] };
        let sharing = Sharing::of(flags);
        let (mut first, mut wanted, mut missing) = (HashMap::new(), Vec::new(), Vec::new());
        let missed = found.iter().filter(|found| found.is_none()).count();
        first.reserve(missed);
        wanted.reserve(missed);
        for (at, key) in keys.iter().enumerate().filter(|(at, _)| found[*at].is_none()) {
            // What is not to be shared isn't within a batch, either.
            let same = if sharing == Sharing::None { at } else { *first.entry(key).or_insert(at) };
            if same == at {
                wanted.push((at, self.flights.hash(key)));
            } else {
                missing.push((at, Many::SameAs(same)));
            }
        }
        if let Some(backing) = self.backing(flags).filter(|_| flags.waits() && !wanted.is_empty()) {
            let places: Vec<usize> = wanted.iter().map(|(at, _)| *at).collect();
            let mut landed = HashSet::new();
            for (at, sought) in self.seek_many(backing, keys, &places, tag, flags) {
                match sought {
                    Sought::Found(value) | Sought::InMemory(value) => found[at] = Some(value),
                    Sought::Shared(value) => {
                        landed.insert(at);
                        missing.push((at, Many::Begun(self.landed(value))));
                    }
                    Sought::Nothing | Sought::Busy => {}
                }
            }
            wanted.retain(|(at, _)| found[*at].is_none() && !landed.contains(at));
            // What is the same as an earlier one that was found is found, too.
            missing.retain(|(at, one)| match one {
                Many::SameAs(same) => match &found[*same] {
                    Some(value) => {
                        backing.had_again(value);
                        found[*at] = Some(value.clone());
                        false
                    }
                    None => true,
                },
                _ => true,
            });
        }
        let same = missing.iter().filter(|(_, one)| matches!(one, Many::SameAs(_))).count();
        self.coalesced.fetch_add(same as u64, Ordering::Relaxed);
        for (at, hash, join) in self.flights.join_many(wanted, keys, tag, sharing, AT_ONCE) {
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

    /// To wait for pending lookups with.
    pub(crate) fn seats(&self, flags: Flags) -> Seats<Value> {
        Seats::new(&self.flights, Sharing::of(flags) == Sharing::Full)
    }

    /// How a pending lookup goes on after its wait. Not counted before it is settled: several threads may have waited
    /// with it.
    pub(crate) fn go_on(&self, turn: Turn<Value>, key: &Digest, tag: u64, flags: Flags) -> Result<Many> {
        self.check_open()?;
        // What others stored meanwhile; nothing is counted, and no entry dropped.
        let stored = || if flags.looks() { self.memory.peek(key) } else { None };
        let mut claim = match turn {
            Turn::Landed(value) => return Ok(Many::Begun(Begun::Coalesced(value))),
            Turn::Mine(claim) => claim,
            // The flight may have been fenced, and another be under way.
            Turn::Again | Turn::TimeUp => {
                if let Some(value) = stored() {
                    return Ok(Many::Begun(Begun::Coalesced(value)));
                }
                match self.flights.join(self.flights.hash(key), key, tag, Sharing::of(flags)) {
                    Join::Mine(claim) => claim,
                    Join::Landed(value) => return Ok(Many::Begun(Begun::Coalesced(value))),
                    Join::Theirs(watch) => return Ok(Many::Pending(watch)),
                }
            }
        };
        Ok(Many::Begun(match stored() {
            Some(value) => {
                claim.land(&value);
                Begun::Coalesced(value)
            }
            None => Begun::Fill(claim, self.epochs()),
        }))
    }

    /// Counts what [`Cache::go_on`] gave, once it is settled.
    pub(crate) fn count_settled(&self, is_fill: bool, flags: Flags) {
        let counter = match is_fill {
            false => &self.coalesced,
            true if flags.looks() => &self.filled,
            true => &self.bypassed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::PutOptions;
    use crate::digest;
    use crate::options::Options;

    #[test]
    fn a_batch_of_hits_locks_each_shard_once() {
        let cache = Cache::open(&Options { max_bytes: 1 << 30, ..Options::default() }).unwrap();
        let keys: Vec<Digest> = (0..256u32).map(|n| digest::chunk(&n.to_le_bytes())).collect();
        for key in &keys {
            assert!(cache.put(key, &key.0, &PutOptions::default()).unwrap().stored);
        }
        let (shards, before) = (cache.memory.shards() as u64, cache.memory.locks());
        let looked = cache.begin_many(&keys, 0, Flags::default()).unwrap();
        assert!(looked.missing.is_empty());
        for (key, found) in keys.iter().zip(looked.found) {
            assert_eq!(found.unwrap().bytes(), key.0);
        }
        let locks = cache.memory.locks() - before;
        println!("256 hits locked {locks} shards of {shards}, each once");
        assert!(shards > 1 && locks <= shards);
        // The same one by one.
        keys.iter().for_each(|key| assert!(cache.get(key, Flags::default()).unwrap().is_some()));
        assert_eq!(cache.memory.locks() - before - locks, 256);
    }
    #[test]
    fn a_large_batch_lets_others_in_between() {
        let cache = Cache::open(&Options { max_chunks: 1500, ..Options::default() }).unwrap();
        assert_eq!(cache.memory.shards(), 1);
        let keys: Vec<Digest> = (0..4 * AT_ONCE as u32).map(|n| digest::chunk(&n.to_le_bytes())).collect();
        assert_eq!(cache.begin_many(&keys, 0, Flags::BYPASS).unwrap().missing.len(), keys.len());
        assert_eq!(cache.memory.locks(), 0);
        assert_eq!(cache.begin_many(&keys, 0, Flags::default()).unwrap().missing.len(), keys.len());
        assert_eq!(cache.memory.locks(), 4);
    }
}
