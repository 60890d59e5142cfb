//! Many lookups at once: what is found, where, and beside whom.

use super::tests::{POLICIES, key, put};
use super::*;
use crate::process::boot_ms;
use crate::value::{Draft, Value};
use std::collections::HashSet;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;
use std::{panic, thread};

const BATCHES: [usize; 8] = [1, 31, 32, 33, 255, 256, 257, 600];

/// One of so many shards, as a machine with the processors for them would make it.
fn memory(policy: Policy, shards: usize) -> Memory {
    let options = Options { max_bytes: UNLIMITED, max_chunks: UNLIMITED, policy, ..Options::default() };
    let mut memory = Memory::new(&options).unwrap();
    let shard = |_| {
        let slots = memory.budget.reserve(0, Purpose::Result).unwrap();
        let index = Index::new(policy, &memory.stir, &memory.choice);
        Home { ahead: Ahead::default(), shard: Mutex::new(Shard::new(policy, index, slots)) }
    };
    memory.shards = (0..shards).map(shard).collect();
    memory
}

impl Memory {
    fn home_of(&self, n: u64) -> usize {
        self.home(self.stir.hash(&key(n)))
    }

    /// The first numbers from `from` on whose keys are in this shard.
    fn at_home(&self, shard: usize, from: u64, count: usize) -> Vec<u64> {
        (from..).filter(|&n| self.home_of(n) == shard).take(count).collect()
    }

    fn find_numbers(&self, numbers: &[u64]) -> Vec<Option<Value>> {
        self.find_many(&numbers.iter().map(|&n| key(n)).collect::<Vec<_>>())
    }
}

fn put_all(memory: &Memory, numbers: &[u64]) {
    numbers.iter().for_each(|&n| assert!(put(memory, n, &n.to_le_bytes())));
}

/// Looks these up; those of `there` must be found, and nothing else.
fn check(memory: &Memory, numbers: &[u64], there: &HashSet<u64>) {
    let (hits, found) = (memory.stats().hits, memory.find_numbers(numbers));
    assert_eq!(found.len(), numbers.len());
    for (at, (n, found)) in numbers.iter().zip(&found).enumerate() {
        let expected = there.contains(n).then(|| n.to_le_bytes());
        let found = found.as_ref().map(Value::bytes);
        assert_eq!(found, expected.as_ref().map(|it| &it[..]), "{n} at {at} of {}, {:?}", numbers.len(), memory.policy);
    }
    let (hits, expected) = (memory.stats().hits - hits, numbers.iter().filter(|n| there.contains(n)).count());
    assert_eq!((hits, memory.stats().misses), (expected as u64, 0), "a miss is counted by whoever computes it");
}

#[test]
fn keys_of_one_shard_are_found_in_their_places() {
    for policy in POLICIES {
        for (shards, home) in [(1, 0), (8, 5)] {
            for batch in BATCHES {
                let memory = memory(policy, shards);
                let numbers = memory.at_home(home, 0, batch);
                put_all(&memory, &numbers);
                let there = numbers.iter().copied().collect();
                let before = memory.locks();
                check(&memory, &numbers, &there);
                assert_eq!(memory.locks() - before, batch.div_ceil(AT_ONCE) as u64, "{batch}");
                // Each one twice, one after the other and far apart, with what is not there between them.
                let missing = memory.at_home(home, 1_000_000, batch);
                let mixed: Vec<_> = numbers.iter().zip(&missing).flat_map(|(&n, &m)| [n, m, n]).collect();
                check(&memory, &mixed, &there);
                check(&memory, &[&mixed[..], &numbers].concat(), &there);
            }
        }
    }
}

/// With 64 shards a group of 32 keys is in as many shards as it may lock.
#[test]
fn keys_of_many_shards_are_found_in_their_places() {
    for policy in POLICIES {
        for shards in [2, 8, 64] {
            let memory = memory(policy, shards);
            let all: Vec<u64> = (0..600).collect();
            put_all(&memory, &all);
            let there = all.iter().copied().collect();
            for batch in BATCHES {
                let before = memory.locks();
                check(&memory, &all[..batch], &there);
                let mut homes = vec![0usize; shards];
                all[..batch].iter().for_each(|&n| homes[memory.home_of(n)] += 1);
                let holds: usize = homes.iter().map(|keys| keys.div_ceil(AT_ONCE)).sum();
                assert_eq!(memory.locks() - before, holds as u64, "{batch} of {shards}: each shard is locked once");
                let mixed: Vec<_> = (0..batch as u64).flat_map(|n| [n, 1_000_000 - n, (n * 7) % 600]).collect();
                check(&memory, &mixed, &there);
            }
        }
    }
}

/// A shard with more than fits one hold of its lock, between shards with few.
#[test]
fn a_full_shard_among_others_is_found_whole() {
    for policy in POLICIES {
        for shards in [8, 64] {
            for (few, many) in [(1, 257), (31, 600), (32, 256), (33, 33), (3, 30), (16, 17)] {
                let memory = memory(policy, shards);
                let of = |shard: usize| memory.at_home(shard, 0, if shard == 3 { many } else { few });
                let mut numbers: Vec<_> = (0..8).flat_map(of).collect();
                put_all(&memory, &numbers);
                let there = numbers.iter().copied().collect();
                check(&memory, &numbers, &there);
                numbers.reverse();
                check(&memory, &numbers, &there);
            }
        }
    }
}

/// What is over leaves while others of its group are looked up: the shard gives memory back meanwhile, and entries move.
#[test]
fn what_expires_within_a_batch_leaves_the_others_in_their_places() {
    for policy in POLICIES {
        for (shards, keys, kept) in [(1, 400, 5), (1, 300, 70), (2, 700, 6), (1, 300, u64::MAX), (1, 20, u64::MAX)] {
            for skew in 0..32 {
                let memory = memory(policy, shards);
                let (mut there, now) = (HashSet::new(), boot_ms());
                for n in 0..keys {
                    let is_kept = n % kept == kept - 1;
                    let expires_ms = if is_kept { 0 } else { now - 1 };
                    let bytes = n.to_le_bytes();
                    let draft = Draft { expires_ms, ..Draft::copy_of(&bytes) };
                    assert!(memory.put(&key(n), 0, draft, false, None).unwrap().stored);
                    there.extend(is_kept.then_some(n));
                }
                // So many that are not there put the moment at which it shrinks elsewhere in its group.
                let missing = (0..skew).map(|n| 1_000_000 + n);
                let twice = (0..keys).flat_map(|n| [n, (n * 7) % keys]);
                let numbers: Vec<_> = missing.chain(twice).collect();
                let before = memory.stats().bytes;
                check(&memory, &numbers, &there);
                let (stats, left) = (memory.stats(), there.len() as u64);
                assert_eq!((stats.expired, stats.entries), (keys - left, left), "{policy:?}");
                assert!(stats.bytes * 2 < before, "{policy:?}: {before} bytes, then {}", stats.bytes);
                check(&memory, &numbers, &there);
            }
        }
    }
}

#[test]
fn to_be_found_among_many_is_as_much_a_use_as_to_be_found_alone() {
    for policy in POLICIES {
        let kept_after = |look: &dyn Fn(&Memory, &[u64])| {
            let options = Options { max_bytes: UNLIMITED, max_chunks: 100, policy, ..Options::default() };
            let memory = Memory::with(&options, Stir::fixed()).unwrap();
            put_all(&memory, &(0..100).collect::<Vec<_>>());
            (0..3).for_each(|_| look(&memory, &(0..100).step_by(3).collect::<Vec<_>>()));
            (100..130).for_each(|n| assert!(put(&memory, n, &[])));
            (0..130).filter(|&n| memory.peek(&key(n)).is_some()).collect::<Vec<u64>>()
        };
        let together = kept_after(&|memory, numbers| drop(memory.find_numbers(numbers)));
        let alone = kept_after(&|memory, numbers| numbers.iter().for_each(|&n| drop(memory.find(&key(n)))));
        let unused = kept_after(&|_, _| ());
        assert!(together == alone && together != unused, "{policy:?}: {together:?}, {alone:?}, {unused:?}");
    }
}

/// Does the work in another thread; fails where it takes a minute, for then threads wait for each other.
fn within_a_minute(work: impl FnOnce() + Send + 'static) {
    let (ended, end) = mpsc::channel::<()>();
    let worker = thread::spawn(move || {
        let _ended = ended; // dropped in a panic, too
        work();
    });
    assert_eq!(end.recv_timeout(Duration::from_secs(60)), Err(RecvTimeoutError::Disconnected), "they wait for ever");
    if let Err(panic) = worker.join() {
        panic::resume_unwind(panic);
    }
}

/// Four threads look up batches that overlap, of all lengths, while `others` happens; `is_right` judges each answer.
fn beside(memory: &Memory, others: &[&(dyn Fn(u64) + Sync)], is_right: &(dyn Fn(u64, Option<&Value>) -> bool + Sync)) {
    const ROUNDS: u64 = 2000;
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let over = &over;
        for other in others {
            scope.spawn(move || (0..).take_while(|_| !over.load(Relaxed)).for_each(other));
        }
        let looks = [0, 1, 2, 3].map(|thread| {
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let (first, len) = (round * 31 + thread * 17, 1 + (round * 37 + thread * 11) % 150);
                    let mut numbers: Vec<_> = (first..first + len).map(|n| n % NUMBERS).collect();
                    if round % 2 == 0 {
                        numbers.reverse();
                    }
                    for (&n, found) in numbers.iter().zip(memory.find_numbers(&numbers)) {
                        assert!(is_right(n, found.as_ref()), "{n}: {:?}", found.as_ref().map(Value::bytes));
                    }
                }
            })
        });
        let ended = looks.map(|look| look.join());
        over.store(true, Relaxed);
        ended.into_iter().for_each(|ended| ended.unwrap_or_else(|panic| panic::resume_unwind(panic)));
    });
}

const NUMBERS: u64 = 400;

/// What the `nth` put of all stores under this number's key.
fn bytes_of(n: u64, nth: u64) -> Vec<u8> {
    [&n.to_le_bytes()[..], &nth.to_le_bytes(), &vec![nth as u8; nth as usize % 200]].concat()
}

fn put_nth(memory: &Memory, n: u64, nth: u64) {
    put(memory, n, &bytes_of(n, nth));
}

/// Of this number's key, and no other's, and as one put stored it.
fn is_of(n: u64, value: &Value) -> bool {
    let nth = value.bytes().get(8..16).map(|nth| u64::from_le_bytes(nth.try_into().unwrap()));
    nth.is_some_and(|nth| value.bytes() == bytes_of(n, nth))
}

#[test]
fn a_batch_beside_puts_removals_purges_and_limits_finds_what_is_its_own() {
    within_a_minute(|| {
        for policy in POLICIES {
            let memory = memory(policy, 8);
            beside(
                &memory,
                &[
                    &|round| put_nth(&memory, round * 7 % NUMBERS, round),
                    &|round| put_nth(&memory, round * 11 % NUMBERS, round),
                    &|round| match round % 50 {
                        0 => memory.purge(),
                        1 => memory.set_max_chunks(if round % 100 == 1 { 40 } else { UNLIMITED }),
                        _ => drop(memory.remove(&key(round * 13 % NUMBERS))),
                    },
                ],
                &|n, found| found.is_none_or(|value| is_of(n, value)),
            );
        }
    });
}

/// A shard that is locked elsewhere is come back to: nothing that is there is missed.
#[test]
fn a_batch_beside_puts_of_its_keys_finds_each() {
    within_a_minute(|| {
        for policy in POLICIES {
            let memory = memory(policy, 8);
            (0..NUMBERS).for_each(|n| put_nth(&memory, n, 0));
            beside(
                &memory,
                &[
                    &|round| put_nth(&memory, round * 7 % NUMBERS, round),
                    &|round| put_nth(&memory, round * 11 % NUMBERS, round),
                    &|round| put_nth(&memory, 1_000_000 + round % 1000, round),
                ],
                &|n, found| found.is_some_and(|value| is_of(n, value)),
            );
        }
    });
}
