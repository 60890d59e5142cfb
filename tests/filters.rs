//! Filters and their states, as promises.

use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use streamcache::{Cache, Digest, ErrorKind, Filter, Flags, Lookup, Options, PutOptions, digest};

fn cache() -> Arc<Cache> {
    Cache::open(&Options::default()).unwrap()
}

fn filter(cache: &Arc<Cache>) -> Arc<Filter> {
    Filter::open(cache, "test", digest::config_bytes(b"config"), true).unwrap()
}

fn put(filter: &Filter, chunk: &Digest, key: Option<&Digest>, bytes: &[u8]) {
    assert!(filter.put(chunk, key, bytes, &PutOptions::default()).unwrap().stored);
}

fn get(filter: &Filter, chunk: &Digest) -> Lookup {
    filter.get(chunk, Flags::default()).unwrap()
}

fn hit(filter: &Filter, chunk: &Digest) -> Option<Vec<u8>> {
    get(filter, chunk).value.map(|value| value.bytes().to_vec())
}

#[test]
fn a_swap_between_miss_and_put_does_not_mix_states() {
    let cache = cache();
    let filter = filter(&cache);
    let chunk = digest::chunk(b"chunk");
    filter.load_state(b"s1").unwrap();
    let miss = get(&filter, &chunk);
    assert!(miss.value.is_none());
    filter.load_state(b"s2").unwrap(); // another thread, say

    let without = filter.put(&chunk, None, b"by s1", &PutOptions::default()).unwrap_err();
    assert_eq!(without.kind(), ErrorKind::InvalidArgument);
    put(&filter, &chunk, Some(&miss.key), b"by s1");
    assert_eq!(hit(&filter, &chunk), None, "the new state misses");
    filter.load_state(b"s1").unwrap();
    assert_eq!(hit(&filter, &chunk).as_deref(), Some(&b"by s1"[..]), "the old one hits after rollback");
}

#[test]
fn a_snapshot_names_its_state_whatever_is_loaded_later() {
    let cache = cache();
    let filter = filter(&cache);
    let chunk = digest::chunk(b"chunk");
    filter.load_state(b"s1").unwrap();
    let snapshot = filter.snapshot().unwrap();
    filter.load_state(b"s2").unwrap();
    assert!(snapshot.put(&chunk, b"by s1", &PutOptions::default()).unwrap().stored);
    assert_eq!(hit(&filter, &chunk), None);
    assert_eq!(snapshot.get(&chunk, Flags::default()).unwrap().value.unwrap().bytes(), b"by s1");
    let (state, digest_of_state) = snapshot.state();
    assert_eq!((state.unwrap().bytes(), digest_of_state), (&b"s1"[..], digest::state(b"s1")));
}

#[test]
fn a_key_of_another_chunk_or_filter_is_refused() {
    let cache = cache();
    let (filter, other) = (filter(&cache), Filter::open(&cache, "test", digest::config_bytes(b"other"), true).unwrap());
    filter.load_state(b"s1").unwrap();
    other.load_state(b"s1").unwrap();
    let (a, b) = (digest::chunk(b"a"), digest::chunk(b"b"));
    for wrong in [get(&filter, &b).key, get(&other, &a).key, a] {
        let refused = filter.put(&a, Some(&wrong), b"x", &PutOptions::default()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
    }
    assert_eq!(cache.stats().entries, 0);
}

#[test]
fn the_same_bytes_again_are_no_swap() {
    let cache = cache();
    let filter = filter(&cache);
    filter.load_state(b"s1").unwrap();
    let charged = cache.stats().state_bytes;
    filter.load_state(b"s1").unwrap();
    filter.load_state_digest(digest::state(b"s1")).unwrap();
    put(&filter, &digest::chunk(b"a"), None, b"x");
    assert_eq!(cache.stats().state_bytes, charged);
    assert!(filter.state().unwrap().0.is_some(), "the bytes stay when only their digest is loaded again");
}

#[test]
fn a_state_known_by_digest_shares_results_with_one_loaded_whole() {
    let cache = cache();
    let (whole, by_digest) = (filter(&cache), filter(&cache));
    whole.load_state(b"s1").unwrap();
    by_digest.load_state_digest(digest::state(b"s1")).unwrap();
    let chunk = digest::chunk(b"a");
    put(&by_digest, &chunk, None, b"x");
    assert_eq!(hit(&whole, &chunk).as_deref(), Some(&b"x"[..]));
    assert!(by_digest.state().unwrap().0.is_none());
    // The bytes arriving later are no swap either.
    by_digest.load_state(b"s1").unwrap();
    assert_eq!(by_digest.state().unwrap().0.unwrap().bytes(), b"s1");
    put(&by_digest, &chunk, None, b"x");
}

#[test]
fn handles_of_one_id_do_not_share_a_state() {
    let cache = cache();
    let (one, two) = (filter(&cache), filter(&cache));
    one.load_state(b"s1").unwrap();
    assert_eq!(two.get(&digest::chunk(b"a"), Flags::default()).unwrap_err().kind(), ErrorKind::NoState);
    assert_eq!(two.state().unwrap_err().kind(), ErrorKind::NoState);
}

#[test]
fn flags_depart_from_looking_counting_and_storing() {
    let cache = cache();
    let filter = filter(&cache);
    filter.load_state(b"s1").unwrap();
    let chunk = digest::chunk(b"a");
    let with = |flags| PutOptions { flags, lease: true, ..PutOptions::default() };
    for flags in [Flags::BYPASS, Flags::READ_ONLY] {
        let put = filter.put(&chunk, None, b"x", &with(flags)).unwrap();
        assert!(!put.stored && put.value.unwrap().bytes() == b"x");
    }
    assert_eq!(cache.stats().not_stored, 0, "not asked to store is not a failure to store");
    put(&filter, &chunk, None, b"x");
    let found = |flags| filter.get(&chunk, flags).unwrap().value.is_some();
    assert!(found(Flags::default()) && found(Flags::PEEK) && found(Flags::READ_ONLY));
    assert!(!found(Flags::BYPASS) && !found(Flags::REFRESH));
    assert!(filter.put(&chunk, None, b"y", &with(Flags::REFRESH)).unwrap().stored);
    assert_eq!(hit(&filter, &chunk).as_deref(), Some(&b"y"[..]), "refresh replaces");
    let (all, own) = (cache.stats(), filter.stats());
    assert_eq!((all.hits, all.misses, all.bypassed, all.lookups()), (3, 0, 2, 5), "a peek counts nothing");
    assert_eq!((own.hits, own.misses, own.bypassed, own.puts, own.lookups()), (3, 0, 2, 2, 5));
    assert!(Flags::from_bits(128).is_err() && Flags::from_bits(127).is_ok());
}

#[test]
fn a_nondeterministic_filter_always_bypasses() {
    let cache = cache();
    let filter = Filter::open(&cache, "sampler", digest::config_bytes(b"config"), false).unwrap();
    filter.load_state(b"s1").unwrap();
    let chunk = digest::chunk(b"a");
    assert!(!filter.put(&chunk, None, b"x", &PutOptions::default()).unwrap().stored);
    assert!(get(&filter, &chunk).value.is_none());
    assert_eq!((cache.stats().entries, filter.stats().bypassed), (0, 1));
}

#[test]
fn retire_forgets_the_other_states_and_purge_the_present_one() {
    let cache = cache();
    let filter = filter(&cache);
    let chunks: Vec<_> = (0..100u8).map(|n| digest::chunk(&[n])).collect();
    for state in [b"s1", b"s2", b"s3"] {
        filter.load_state(state).unwrap();
        for chunk in &chunks {
            put(&filter, chunk, Some(&get(&filter, chunk).key), state);
        }
    }
    cache.put(&chunks[0], b"of no filter", &PutOptions::default()).unwrap();
    assert_eq!(filter.retire().unwrap(), 200);
    assert_eq!((cache.stats().entries, hit(&filter, &chunks[9]).unwrap()), (101, b"s3".to_vec()));
    assert_eq!(filter.retire().unwrap(), 0);
    assert!(filter.remove(&chunks[9]).unwrap() && !filter.remove(&chunks[9]).unwrap());
    assert_eq!(filter.purge().unwrap(), 99);
    assert_eq!(cache.stats().entries, 1);
    assert!(cache.remove(&chunks[0]).unwrap() && !cache.remove(&chunks[0]).unwrap());
}

#[test]
fn a_put_never_lives_longer_than_the_cache_allows() {
    let cache = Cache::open(&Options { ttl_ms: 30, ..Options::default() }).unwrap();
    let (long, short) = (digest::chunk(b"long"), digest::chunk(b"short"));
    let ttl = |ttl_ms| PutOptions { ttl_ms, ..PutOptions::default() };
    cache.put(&long, b"x", &ttl(1_000_000)).unwrap();
    cache.put(&short, b"x", &ttl(1)).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(5));
    assert!(cache.get(&short, Flags::default()).unwrap().is_none());
    std::thread::sleep(std::time::Duration::from_millis(40));
    assert!(cache.get(&long, Flags::default()).unwrap().is_none());
    assert_eq!((cache.stats().expired, cache.stats().entries), (2, 0));
}

#[test]
fn a_cache_closed_during_puts_holds_nothing() {
    for _ in 0..30 {
        let cache = cache();
        std::thread::scope(|scope| {
            for thread in 0..3u8 {
                let cache = &cache;
                scope.spawn(move || {
                    let mut n = 0u32;
                    let key = |n: u32| digest::chunk(&[&n.to_le_bytes()[..], &[thread]].concat());
                    while cache.put(&key(n), &[0; 60_000], &PutOptions::default()).is_ok()
                        && cache.load_state(&n.to_string(), key(n), b"state").is_ok()
                    {
                        n += 1;
                    }
                });
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
            cache.close(Duration::ZERO).unwrap();
        });
        let stats = cache.stats();
        assert_eq!((stats.entries, stats.state_bytes, stats.bytes), (0, 0, 0));
    }
}

#[test]
fn a_released_filters_counts_stay_while_its_id_is_in_use() {
    let cache = cache();
    let (one, two) = (filter(&cache), filter(&cache));
    for filter in [&one, &two] {
        filter.load_state(b"s1").unwrap();
        get(filter, &digest::chunk(b"a"));
    }
    let misses = || {
        cache
            .write_stats(streamcache::Format::Json)
            .matches("\"test\":{\"bypassed\":0,\"coalesced\":0,\"hits\":0,\"lookups\":2,\"misses\":2")
            .count()
    };
    assert_eq!(misses(), 1);
    drop(one);
    assert_eq!(misses(), 1, "a total does not go back");
    drop(two);
    assert!(!cache.write_stats(streamcache::Format::Json).contains("\"test\""));
}

#[test]
fn ten_thousand_filters_cost_what_the_header_says() {
    let cache = cache();
    let filters: Vec<_> = (0..10_000u32)
        .map(|n| {
            let filter = Filter::open(&cache, "many", digest::config_bytes(&n.to_le_bytes()), true).unwrap();
            filter.load_state_digest(digest::state(b"one")).unwrap();
            filter
        })
        .collect();
    let chunk = digest::chunk(b"a");
    for (n, filter) in filters.iter().enumerate() {
        put(filter, &chunk, None, &n.to_le_bytes());
    }
    assert!(filters.iter().enumerate().all(|(n, filter)| hit(filter, &chunk).unwrap() == n.to_le_bytes()));
}

#[test]
fn the_seeds_keys_and_a_filters_meet_in_one_entry() {
    let cache = cache();
    let filter = filter(&cache);
    filter.load_state(b"s1").unwrap();
    let chunk = digest::chunk(b"a");
    let key = digest::key_chunk(&digest::config_bytes(b"config"), &digest::state(b"s1"), &chunk);
    cache.put(&key, b"x", &PutOptions::default()).unwrap();
    assert_eq!(hit(&filter, &chunk).as_deref(), Some(&b"x"[..]));
    assert_eq!(get(&filter, &chunk).key, key);
}

#[test]
fn a_state_that_does_not_fit_leaves_the_old_one() {
    let cache = Cache::open(&Options { max_bytes: 100_000, ..Options::default() }).unwrap();
    let filter = filter(&cache);
    filter.load_state(b"s1").unwrap();
    for n in 0..1000u32 {
        put(&filter, &digest::chunk(&n.to_le_bytes()), None, &[0; 100]);
    }
    let refused = filter.load_state(&[2; 200_000]).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NoSpace);
    assert!(refused.message().contains("200000 bytes") && refused.message().contains("100000"));
    assert_eq!(filter.state().unwrap().1, digest::state(b"s1"));
    // One that fits evicts results, never the other way round.
    filter.load_state(&[3; 90_000]).unwrap();
    let stats = cache.stats();
    assert!(stats.state_bytes >= 90_000 && stats.bytes <= 100_000);
    let lease = filter.state().unwrap().0.unwrap();
    drop((filter, cache));
    assert_eq!(lease.bytes(), [3; 90_000], "a lease outlives the filter and the cache");
}

#[test]
fn named_states_are_replaced_leased_and_unloaded() {
    let cache = Cache::open(&Options { max_bytes: 10_000, ..Options::default() }).unwrap();
    let (k1, k2) = (digest::chunk(b"k1"), digest::chunk(b"k2"));
    cache.load_state("f", k1, b"one").unwrap();
    let lease = cache.get_state("f").unwrap().unwrap().0;
    cache.load_state("f", k2, b"two").unwrap();
    let (state, key) = cache.get_state("f").unwrap().unwrap();
    assert_eq!((state.bytes(), key, lease.bytes()), (&b"two"[..], k2, &b"one"[..]));
    assert_eq!(cache.load_state("f", k1, &[0; 20_000]).unwrap_err().kind(), ErrorKind::NoSpace);
    assert_eq!(cache.get_state("f").unwrap().unwrap().1, k2);
    assert!(cache.unload_state("f").unwrap() && !cache.unload_state("f").unwrap());
    drop((state, lease));
    assert_eq!(cache.stats().bytes, 0);
}

#[test]
fn a_closed_cache_refuses_everything_and_its_leases_live_on() {
    let cache = cache();
    let filter = filter(&cache);
    filter.load_state(b"s1").unwrap();
    let chunk = digest::chunk(b"a");
    put(&filter, &chunk, None, b"x");
    cache.load_state("named", chunk, b"s").unwrap();
    let lease = get(&filter, &chunk).value.unwrap();
    cache.close(Duration::ZERO).unwrap();
    cache.close(Duration::ZERO).unwrap();
    let closed = [
        filter.get(&chunk, Flags::default()).map(|_| ()),
        filter.put(&chunk, None, b"x", &PutOptions::default()).map(|_| ()),
        filter.load_state(b"s1"),
        filter.load_state(b"s2"),
        filter.load_state_digest(chunk),
        filter.snapshot().map(|_| ()),
        cache.get_state("named").map(|_| ()),
        cache.purge(),
        Filter::open(&cache, "late", chunk, true).map(|_| ()),
    ];
    for (n, answer) in closed.into_iter().enumerate() {
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::Closed, "{n}");
    }
    assert_eq!((lease.bytes(), cache.stats().entries), (&b"x"[..], 0));
}

proptest! {
    /// Whatever is loaded and put in whatever order, a lookup gives only what was computed under the present state
    /// from this chunk.
    #[test]
    fn no_state_ever_answers_for_another(steps in proptest::collection::vec((0..4u8, 0..4u8, 0..4u8), 1..200)) {
        let cache = cache();
        let filter = filter(&cache);
        filter.load_state(&[0]).unwrap();
        let mut present = 0;
        let mut pending = Vec::new();
        for (what, state, chunk) in steps {
            let digest = digest::chunk(&[chunk]);
            match what {
                0 => {
                    filter.load_state(&[state]).unwrap();
                    present = state;
                }
                1 => pending.push((present, chunk, get(&filter, &digest).key)),
                2 => {
                    if let Some((state, chunk, key)) = pending.pop() {
                        put(&filter, &digest::chunk(&[chunk]), Some(&key), &[state, chunk]);
                    }
                }
                _ => {
                    if let Some(found) = hit(&filter, &digest) {
                        prop_assert_eq!(found, vec![present, chunk]);
                    }
                }
            }
        }
    }
}
