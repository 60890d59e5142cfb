use super::*;
use crate::value::{Draft, Value};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::HashMap;

fn memory(max_bytes: u64, max_chunks: u64, policy: Policy) -> Memory {
    Memory::new(&Options { max_bytes, max_chunks, policy, ..Options::default() }).unwrap()
}

pub(super) fn key(n: u64) -> Digest {
    let mut key = Digest([0; 32]);
    key.0[..8].copy_from_slice(&n.to_le_bytes());
    key
}

pub(super) fn put(memory: &Memory, n: u64, bytes: &[u8]) -> bool {
    memory.put(&key(n), 0, Draft::copy_of(bytes), false, None).unwrap().stored
}

fn put_leased(memory: &Memory, n: u64, bytes: &[u8]) -> Put {
    memory.put(&key(n), 0, Draft::copy_of(bytes), true, None).unwrap()
}

fn charge(len: usize) -> u64 {
    Draft::copy_of(&vec![0; len]).charge().unwrap()
}

pub(super) const POLICIES: [Policy; 3] = [Policy::S3Fifo, Policy::Lru, Policy::Adaptive];

#[test]
fn hot_keys_survive_a_flood_of_keys_never_seen_again() {
    let memory = memory(UNLIMITED, 1000, Policy::S3Fifo);
    let (mut hits, mut hot_lookups, mut new) = (0, 0, 1_000_000);
    for round in 0..200 {
        for hot in 0..100 {
            let hit = memory.get(&key(hot)).is_some();
            if !hit {
                put(&memory, hot, b"hot");
            }
            if round >= 2 {
                hot_lookups += 1;
                hits += u32::from(hit);
            }
        }
        for _ in 0..500 {
            new += 1;
            put(&memory, new, b"once");
        }
    }
    assert!(hits * 100 >= hot_lookups * 99, "{hits} of {hot_lookups}");
}

#[test]
fn putting_a_key_again_at_capacity_evicts_nothing() {
    for policy in POLICIES {
        let by_count = memory(UNLIMITED, 100, policy);
        let charge = charge(1000);
        let by_bytes = memory(100 * (charge + index::entry_cost(policy)), UNLIMITED, policy);
        for memory in [by_count, by_bytes] {
            for n in 0..100 {
                assert!(put(&memory, n, &[1; 1000]));
            }
            for n in 0..100 {
                assert!(put(&memory, n, &[2; 1000]));
            }
            let stats = memory.stats();
            assert_eq!((stats.evictions, stats.entries), (0, 100), "{policy:?}");
            assert!((0..100).all(|n| memory.get(&key(n)).is_some_and(|value| value.bytes() == [2; 1000])));
        }
    }
}

#[test]
fn capacity_0_stores_nothing_and_the_caller_keeps_its_value() {
    for memory in [memory(UNLIMITED, 0, Policy::S3Fifo), memory(0, UNLIMITED, Policy::Lru)] {
        let put = put_leased(&memory, 1, b"mine");
        assert!(!put.stored);
        let value = put.value.unwrap();
        assert_eq!((value.bytes(), memory.stats().detached_bytes), (&b"mine"[..], 128));
        assert!(memory.get(&key(1)).is_none());
        assert_eq!((memory.stats().entries, memory.stats().bytes, memory.stats().not_stored), (0, 0, 1));
        drop(value);
        assert_eq!(memory.stats().detached_bytes, 0);
    }
}

#[test]
fn a_value_may_be_as_large_as_the_whole_budget() {
    for policy in POLICIES {
        let max_bytes = 1 << 20;
        let whole = max_bytes - index::entry_cost(policy);
        let largest = (whole / 16 * 16 - (charge(1 << 19) - (1 << 19))) as usize;
        let memory = memory(max_bytes, UNLIMITED, policy);
        for n in 0..5000 {
            put(&memory, n, &[0; 100]);
        }
        assert!(put(&memory, 9999, &vec![7; largest]), "{policy:?}");
        assert_eq!(memory.stats().entries, 1);
        assert!(!put(&memory, 10_000, &vec![7; largest + 64]));
        assert!(memory.get(&key(9999)).is_some(), "what can't fit evicts nothing");
        assert!(put(&memory, 1, b"small"));
    }
}

#[test]
fn a_leased_value_is_passed_over_and_its_bytes_come_back_with_the_lease() {
    for policy in POLICIES {
        let memory = memory(UNLIMITED, 10, policy);
        let leases: Vec<_> = (0..10).map(|n| put_leased(&memory, n, &[n as u8]).value).collect();
        assert!(!put(&memory, 100, b"no room"), "evicting a leased value would free nothing");
        drop(leases);
        assert!(put(&memory, 100, b"room"));
        let lease = memory.get(&key(100)).unwrap();
        memory.purge();
        assert_eq!((lease.bytes(), memory.stats().entries), (&b"room"[..], 0));
        assert_eq!(memory.stats().bytes, lease.charged());
        drop(lease);
        assert_eq!(memory.stats().bytes, 0);
    }
}

#[test]
fn a_shard_of_leased_entries_alone_does_not_stop_a_put() {
    for policy in POLICIES {
        for leased in [1, 30, 100] {
            for memory in [memory(100_000, 2000, policy), memory(UNLIMITED, 2000, policy)] {
                let mut at_home = (0..).filter(|&n| memory.home(memory.stir.hash(&key(n))) == 0);
                let elsewhere = (0..).filter(|&n| memory.home(memory.stir.hash(&key(n))) == 1);
                let mut put_at_home = || put_leased(&memory, at_home.next().unwrap(), &[0; 500]);
                let leases: Vec<_> = (0..leased).map(|_| put_at_home().value).collect();
                for n in elsewhere.take(2000) {
                    assert!(put(&memory, n, &[0; 500]));
                }
                assert!(memory.stats().evictions > 0, "there is no room left");
                assert!(put_at_home().stored, "{policy:?}, {leased} leased: the other shard gives something up");
                drop(leases);
            }
        }
    }
}

#[test]
fn a_state_evicts_results_between_leased_ones() {
    for policy in POLICIES {
        let memory = memory(1 << 20, UNLIMITED, policy);
        let leases: Vec<_> = (0..300).map(|n| put_leased(&memory, n, &[0; 1000]).value).collect();
        for n in 300..2000 {
            put(&memory, n, &[0; 1000]);
        }
        assert!(memory.reserve_state(200_000).is_some(), "{policy:?}: 300 leases are not the whole budget");
        drop(leases);
    }
}

#[test]
fn after_a_shrink_nothing_is_granted_until_the_gauge_is_under_the_new_limit() {
    for policy in POLICIES {
        let memory = memory(1 << 20, UNLIMITED, policy);
        let leases: Vec<_> = (0..300).map(|n| put_leased(&memory, n, &[0; 1000]).value).collect();
        for n in 300..1000 {
            put(&memory, n, &[0; 1000]);
        }
        memory.set_max_bytes(100_000);
        let stats = memory.stats();
        assert!(stats.bytes > 100_000 && stats.entries == 300, "all but the leased ones left: {stats:?}");
        assert!(!put(&memory, 2000, b"x") && memory.reserve_state(1).is_none());
        drop(leases);
        assert!(put(&memory, 2000, b"x"), "{policy:?}: now the leased ones can make room");
        assert!(memory.stats().bytes <= 100_000);
        memory.set_max_bytes(1 << 20);
        assert!((3000..3500).all(|n| put(&memory, n, &[0; 1000])) && memory.stats().entries > 500);
    }
}

#[test]
fn fewer_chunks_allowed_are_fewer_at_once_leased_or_not() {
    for policy in POLICIES {
        let memory = memory(UNLIMITED, 5000, policy);
        let lease = put_leased(&memory, 0, b"leased").value.unwrap();
        for n in 1..5000 {
            put(&memory, n, b"x");
        }
        memory.set_max_chunks(10);
        assert_eq!(memory.stats().entries, 10);
        memory.set_max_chunks(0);
        assert_eq!((memory.stats().entries, lease.bytes()), (0, &b"leased"[..]));
        assert!(!put(&memory, 1, b"x"));
        assert_eq!(memory.stats().leased_bytes, lease.charged());
    }
}

#[test]
fn a_time_to_live_ends_and_a_miss_says_so() {
    for policy in POLICIES {
        let memory = memory(UNLIMITED, 10, policy);
        let now = crate::process::boot_ms();
        let put = |n, expires_ms| {
            let draft = Draft { expires_ms, ..Draft::copy_of(b"x") };
            assert!(memory.put(&key(n), 0, draft, false, None).unwrap().stored);
        };
        put(1, now - 1);
        put(2, now + 1_000_000);
        put(3, 0);
        assert!(memory.peek(&key(1)).is_none() && memory.stats().entries == 3, "a peek changes nothing");
        assert!(memory.get(&key(1)).is_none() && memory.get(&key(1)).is_none());
        assert!(memory.get(&key(2)).is_some() && memory.get(&key(3)).is_some());
        let stats = memory.stats();
        assert_eq!((stats.misses, stats.expired, stats.hits, stats.entries), (2, 1, 2, 2));
    }
}

#[test]
fn a_sweep_removes_what_it_is_told_and_nothing_else() {
    for policy in POLICIES {
        let memory = memory(UNLIMITED, 20_000, policy);
        for n in 0..15_000 {
            memory.put(&key(n), n % 3, Draft::copy_of(b"x"), false, None).unwrap();
        }
        assert_eq!(memory.remove_tagged(&|tag| tag == 1), 5000);
        for n in 0..15_000 {
            assert_eq!(memory.get(&key(n)).is_some(), n % 3 != 1, "{n}");
        }
        assert_eq!(memory.remove_tagged(&|tag| tag != 1), 10_000);
        assert_eq!((memory.stats().entries, memory.stats().bytes), (0, 0));
        assert!(memory.remove_tagged(&|_| true) == 0 && !memory.remove(&key(1)));
    }
}

#[test]
fn a_value_that_states_leave_no_room_for_evicts_nothing() {
    let memory = memory(1 << 20, UNLIMITED, Policy::S3Fifo);
    let state = memory.reserve_state(600 << 10).unwrap();
    for n in 0..1000 {
        put(&memory, n, b"x");
    }
    assert!(!put(&memory, 2000, &vec![0; 500 << 10]));
    assert_eq!(memory.stats().entries, 1000);
    drop(state);
    assert!(put(&memory, 2000, &vec![0; 500 << 10]));
}

#[test]
fn refused_puts_leave_no_slots_behind() {
    for policy in POLICIES {
        let memory = memory(UNLIMITED, 10, policy);
        let leases: Vec<_> = (0..10).map(|n| put_leased(&memory, n, b"x").value).collect();
        let bytes = memory.stats().bytes;
        for n in 100..1100 {
            assert!(!put(&memory, n, b"no room"));
        }
        assert_eq!(memory.stats().bytes, bytes, "{policy:?}");
        drop(leases);
    }
}

#[test]
fn a_lower_limit_on_chunks_holds_under_puts() {
    let memory = memory(UNLIMITED, 64_000, Policy::S3Fifo);
    for n in 0..64_000 {
        put(&memory, n, b"x");
    }
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (memory, stop) = (&memory, &stop);
            scope.spawn(move || {
                let mut n = 100_000 * (thread + 1);
                while !stop.load(Relaxed) {
                    put(memory, n, b"x");
                    n += 1;
                }
            });
        }
        memory.set_max_chunks(10);
        std::thread::sleep(std::time::Duration::from_millis(50));
        stop.store(true, Relaxed);
    });
    for n in 0..1000 {
        put(&memory, n, b"x");
    }
    assert!(memory.stats().entries <= 10, "{}", memory.stats().entries);
}

#[test]
fn the_first_eviction_does_not_walk_a_whole_shard_of_used_entries() {
    let memory = memory(UNLIMITED, 1999, Policy::S3Fifo);
    for n in 0..1999 {
        put(&memory, n, b"x");
        assert!(memory.get(&key(n)).is_some());
    }
    assert!(put(&memory, 5000, b"x"));
    let survivors = (0..1999).filter(|&n| memory.peek(&key(n)).is_some()).count();
    assert_eq!(survivors, 1998, "one went, though all were used");
}

#[test]
fn emptied_shards_give_their_index_back() {
    for policy in POLICIES {
        let memory = memory(8 << 20, UNLIMITED, policy);
        for n in 0..20_000 {
            put(&memory, n, b"");
        }
        let index = |memory: &Memory| {
            let stats = memory.stats();
            stats.bytes - stats.entries * charge(0)
        };
        let full = index(&memory);
        for n in 20_000..20_100 {
            put(&memory, n, &vec![0; 80_000]);
            memory.get(&key(n)); // used: what is not may be kept out by what came first
        }
        assert!(index(&memory) < full / 4 + 200 * 80_000, "{policy:?}");
        assert!((20_050..20_100).filter(|&n| memory.get(&key(n)).is_some()).count() >= 40, "{policy:?}");
    }
}

#[test]
fn shards_keep_about_a_thousand_entries_or_more() {
    let shards = |max_bytes, max_chunks| shard_count(&Options { max_bytes, max_chunks, ..Options::default() }, 16);
    assert_eq!(shards(UNLIMITED, 1999), 1);
    assert_eq!(shards(UNLIMITED, 2000), 2);
    assert_eq!(shards(UNLIMITED, 100_000), 64);
    assert_eq!(shards(256 << 20, UNLIMITED), 16);
    assert_eq!(shards(1 << 20, UNLIMITED), 1);
    assert_eq!(shards(0, 0), 1);
    let few = Options { max_chunks: 100_000, ..Options::default() };
    assert_eq!((shard_count(&few, 2), shard_count(&few, 3), shard_count(&few, 1000)), (8, 16, 64));
}

#[derive(Clone, Debug)]
enum Step {
    Put { key: u64, len: usize, lease: bool },
    Get { key: u64, lease: bool },
    GetMany { keys: Vec<u64> },
    Remove { key: u64 },
    DropLease,
    Purge,
    MaxBytes { bytes: u64 },
}

fn step(max_len: usize) -> impl Strategy<Value = Step> {
    let key = 0..40u64;
    prop_oneof![
        8 => (key.clone(), 0..max_len, any::<bool>()).prop_map(|(key, len, lease)| Step::Put { key, len, lease: lease && len % 3 == 0 }),
        8 => (key.clone(), any::<bool>()).prop_map(|(key, lease)| Step::Get { key, lease }),
        // Of so few keys some are the same, and some were never put.
        4 => vec(0..50u64, 0..50).prop_map(|keys| Step::GetMany { keys }),
        1 => key.prop_map(|key| Step::Remove { key }),
        1 => (4096..40_000u64).prop_map(|bytes| Step::MaxBytes { bytes }),
        4 => Just(Step::DropLease),
        1 => Just(Step::Purge),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Against a plain map: a hit is always the last thing put under its key; the limits hold after every step; what
    /// was reported stored is there at once; leases keep their bytes; and nothing is left when all is released.
    #[test]
    fn the_tier_never_lies_and_never_exceeds_its_limits(
        steps in vec(step(3000), 1..300),
        max_bytes in 4096u64..40_000,
        max_chunks in prop_oneof![Just(UNLIMITED), 0..20u64],
        policy in prop::sample::select(&POLICIES[..]),
    ) {
        let memory = memory(max_bytes, max_chunks, policy);
        let mut model: HashMap<u64, Vec<u8>> = HashMap::new();
        let mut leases: Vec<(Value, Vec<u8>)> = Vec::new();
        let mut lookups = 0;
        for (n, step) in steps.into_iter().enumerate() {
            match step {
                Step::Put { key: k, len, lease } => {
                    let bytes = vec![n as u8; len];
                    let put = memory.put(&key(k), 0, Draft::copy_of(&bytes), lease, None).unwrap();
                    prop_assert_eq!(put.value.is_some(), lease);
                    leases.extend(put.value.map(|value| (value, bytes.clone())));
                    if put.stored {
                        model.insert(k, bytes);
                        lookups += 1;
                        prop_assert!(memory.get(&key(k)).is_some());
                    }
                }
                Step::Get { key: k, lease } => {
                    lookups += 1;
                    if let Some(value) = memory.get(&key(k)) {
                        prop_assert_eq!(Some(value.bytes()), model.get(&k).map(Vec::as_slice));
                        if lease {
                            leases.push((value.clone(), value.bytes().to_vec()));
                        }
                    }
                }
                Step::GetMany { keys } => {
                    let there: Vec<bool> = keys.iter().map(|&k| memory.peek(&key(k)).is_some()).collect();
                    let found = memory.find_many(&keys.iter().map(|&k| key(k)).collect::<Vec<_>>());
                    prop_assert_eq!(found.len(), keys.len());
                    for ((k, is_there), value) in keys.iter().zip(there).zip(found) {
                        prop_assert_eq!(value.is_some(), is_there);
                        if let Some(value) = value {
                            lookups += 1; // a miss is counted by whoever computes it
                            prop_assert_eq!(Some(value.bytes()), model.get(k).map(Vec::as_slice));
                        }
                    }
                }
                Step::Remove { key: k } => {
                    memory.remove(&key(k));
                    model.remove(&k);
                }
                Step::MaxBytes { bytes } => memory.set_max_bytes(bytes),
                Step::DropLease => drop(leases.pop()),
                Step::Purge => {
                    memory.purge();
                    model.clear();
                }
            }
            let stats = memory.stats();
            // Only what is leased may be above a limit that was lowered, and a small shard's slots.
            let leased: u64 = leases.iter().map(|(value, _)| value.charged()).sum();
            prop_assert!(stats.bytes <= stats.max_bytes.max(leased + 256 * 192));
            prop_assert!(stats.entries <= max_chunks && stats.leased_bytes <= leased);
            prop_assert_eq!(stats.lookups(), lookups);
            prop_assert!(leases.iter().all(|(value, bytes)| value.bytes() == bytes));
        }
        memory.purge();
        drop(leases);
        prop_assert_eq!((memory.stats().bytes, memory.stats().detached_bytes, memory.stats().entries), (0, 0, 0));
    }
}
