//! Compute once, with real threads: everyone gets the value of one computation, and no one waits for ever.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};
use streamcache::{
    Begin, Cache, Digest, ErrorKind, Filter, Flags, Item, Options, Phase, PutOptions, Ticket, Waited, digest, ticket,
};

const LONG: Duration = Duration::from_secs(30);
const NO_TIME: Duration = Duration::ZERO;

fn filter(options: &Options) -> (Arc<Cache>, Arc<Filter>) {
    let cache = Cache::open(options).unwrap();
    let filter = Filter::open(&cache, "f", digest::config_bytes(b"c"), true).unwrap();
    filter.load_state_digest(digest::state(b"s")).unwrap();
    (cache, filter)
}

fn chunk(n: u32) -> Digest {
    digest::chunk(&n.to_le_bytes())
}

fn fill(filter: &Filter, n: u32) -> Arc<Ticket> {
    match filter.begin(&chunk(n), NO_TIME, Flags::default()).unwrap() {
        Begin::Fill(ticket) => ticket,
        other => panic!("{n} is not missing: {other:?}"),
    }
}

fn commit(ticket: &Ticket, bytes: &[u8]) -> bool {
    ticket.commit_copy(bytes, &PutOptions::default()).unwrap().stored
}

#[test]
fn thirty_two_threads_over_ten_thousand_keys_compute_each_once() {
    const KEYS: u32 = 10_000;
    let (cache, filter) = filter(&Options { max_bytes: 1 << 28, ..Options::default() });
    let computed: Arc<Vec<AtomicU32>> = Arc::new((0..KEYS).map(|_| AtomicU32::new(0)).collect());
    let threads: Vec<_> = (0..32)
        .map(|thread| {
            let (filter, computed) = (Arc::clone(&filter), Arc::clone(&computed));
            thread::spawn(move || {
                // Every thread has an order of its own: 7,919 is prime to 10,000.
                for step in 0..KEYS {
                    let n = (thread * 313 + step * 7919) % KEYS;
                    match filter.begin(&chunk(n), LONG, Flags::default()).unwrap() {
                        Begin::Hit(value) => assert_eq!(value.bytes(), n.to_le_bytes()),
                        Begin::Fill(ticket) => {
                            computed[n as usize].fetch_add(1, Ordering::Relaxed);
                            assert!(commit(&ticket, &n.to_le_bytes()));
                        }
                        other => panic!("{other:?}"),
                    }
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(computed.iter().all(|times| times.load(Ordering::Relaxed) == 1));
    let stats = cache.stats();
    assert_eq!((stats.misses, stats.lookups()), (u64::from(KEYS), 32 * u64::from(KEYS)));
    assert_eq!((stats.open_tickets, stats.entries), (0, u64::from(KEYS)));
}

#[test]
fn computing_and_evicting_at_once_never_answers_with_another_keys_value() {
    let (cache, filter) = filter(&Options { max_bytes: 64 << 10, ..Options::default() });
    let threads: Vec<_> = (0..8u32)
        .map(|thread| {
            let filter = Arc::clone(&filter);
            thread::spawn(move || {
                for step in 0..4000 {
                    let n = (thread + step * 31) % 500;
                    let bytes = n.to_le_bytes().repeat(64);
                    match filter.begin(&chunk(n), LONG, Flags::default()).unwrap() {
                        Begin::Hit(value) => assert_eq!(value.bytes(), bytes),
                        Begin::Fill(ticket) if step % 7 == 0 => drop(ticket),
                        Begin::Fill(ticket) => {
                            let put = ticket.commit_copy(&bytes, &PutOptions::default()).unwrap();
                            assert_eq!(put.value.unwrap().bytes(), bytes);
                        }
                        other => panic!("{other:?}"),
                    }
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let stats = cache.stats();
    assert_eq!((stats.open_tickets, stats.detached_bytes), (0, 0));
    assert_eq!(stats.lookups(), 8 * 4000);
}

/// guava#1881: a loader that was under way when its key was invalidated must not bring it back.
#[test]
fn an_invalidated_entry_is_not_resurrected_by_who_was_computing_it() {
    let (cache, filter) = filter(&Options::default());
    let forget: [(&str, &dyn Fn()); 3] = [
        ("remove", &|| assert!(!filter.remove(&chunk(1)).unwrap())),
        ("purge", &|| cache.purge().unwrap()),
        ("filter purge", &|| assert_eq!(filter.purge().unwrap(), 0)),
    ];
    for (name, forget) in forget {
        let ticket = fill(&filter, 1);
        forget();
        assert_eq!(ticket.phase(), Phase::Fenced, "{name}");
        let anew = fill(&filter, 1);
        let put = ticket.commit_copy(b"old", &PutOptions::default()).unwrap();
        assert_eq!(
            (put.stored, put.value.unwrap().bytes()),
            (false, &b"old"[..]),
            "{name}: its owner has it all the same"
        );
        assert!(filter.get(&chunk(1), Flags::default()).unwrap().value.is_none(), "{name}");
        assert!(commit(&anew, b"new"));
        assert_eq!(filter.get(&chunk(1), Flags::default()).unwrap().value.unwrap().bytes(), b"new", "{name}");
        assert!(filter.remove(&chunk(1)).unwrap());
    }
}

#[test]
fn who_waited_through_a_purge_gets_the_value_unstored() {
    let (cache, filter) = filter(&Options::default());
    let ticket = fill(&filter, 1);
    let waiter = {
        let filter = Arc::clone(&filter);
        thread::spawn(move || match filter.begin(&chunk(1), LONG, Flags::default()).unwrap() {
            Begin::Hit(value) => value.bytes().to_vec(),
            other => panic!("{other:?}"),
        })
    };
    thread::sleep(Duration::from_millis(50));
    cache.purge().unwrap();
    assert!(!commit(&ticket, b"value"));
    assert_eq!(waiter.join().unwrap(), b"value");
    assert_eq!((cache.stats().entries, cache.stats().coalesced), (0, 1));
}

#[test]
fn a_put_overtakes_who_computes_and_wakes_who_waits() {
    let (cache, filter) = filter(&Options::default());
    let ticket = fill(&filter, 1);
    let waiter = {
        let filter = Arc::clone(&filter);
        thread::spawn(move || matches!(filter.begin(&chunk(1), LONG, Flags::default()).unwrap(), Begin::Hit(_)))
    };
    thread::sleep(Duration::from_millis(50));
    assert!(filter.put(&chunk(1), None, b"put", &PutOptions::default()).unwrap().stored);
    assert!(waiter.join().unwrap());
    assert_eq!((ticket.phase(), cache.stats().open_tickets), (Phase::Fenced, 0));
    assert!(!commit(&ticket, b"late"));
    assert_eq!(filter.get(&chunk(1), Flags::default()).unwrap().value.unwrap().bytes(), b"put");
}

#[test]
fn two_threads_that_wait_for_each_other_end_when_their_time_is_up() {
    let (_cache, filter) = filter(&Options::default());
    let both_own = Arc::new(Barrier::new(2));
    let began = Instant::now();
    let threads: Vec<_> = [(1, 2), (2, 1)]
        .map(|(mine, other)| {
            let (filter, both_own) = (Arc::clone(&filter), Arc::clone(&both_own));
            thread::spawn(move || {
                let ticket = fill(&filter, mine);
                both_own.wait();
                let begun = filter.begin(&chunk(other), Duration::from_millis(100), Flags::default()).unwrap();
                both_own.wait(); // neither gives up before the other's time is up
                assert!(matches!(begun, Begin::Busy));
                commit(&ticket, b"mine")
            })
        })
        .into_iter()
        .collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    assert!(began.elapsed() < LONG / 2);
}

#[test]
fn overlapping_batches_compute_their_own_then_wait_and_have_everything() {
    let (cache, filter) = filter(&Options::default());
    let computed = Arc::new(AtomicU32::new(0));
    let start = Arc::new(Barrier::new(4));
    let threads: Vec<_> = (0..4u32)
        .map(|thread| {
            let (filter, computed, start) = (Arc::clone(&filter), Arc::clone(&computed), Arc::clone(&start));
            thread::spawn(move || {
                // Each begins elsewhere in the same 64 chunks, so that they overlap in every order.
                let numbers: Vec<u32> = (0..64).map(|n| (n * (2 * thread + 1) + thread * 16) % 64).collect();
                let chunks: Vec<Digest> = numbers.iter().map(|&n| chunk(n)).collect();
                start.wait();
                let batch = filter.begin_batch(&chunks, Flags::default()).unwrap();
                loop {
                    for (item, n) in batch.items().iter().zip(&numbers) {
                        if let Item::Fill(ticket) = item {
                            computed.fetch_add(1, Ordering::Relaxed);
                            thread::sleep(Duration::from_micros(50));
                            assert!(commit(ticket, &n.to_le_bytes()));
                        }
                    }
                    match batch.wait(LONG).unwrap() {
                        Waited::Done => break,
                        Waited::Fill => {}
                        Waited::Busy => panic!("someone did not commit"),
                    }
                }
                for (item, n) in batch.items().iter().zip(&numbers) {
                    assert!(matches!(item, Item::Here(value) if value.bytes() == n.to_le_bytes()), "{item:?}");
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!((computed.load(Ordering::Relaxed), cache.stats().open_tickets), (64, 0));
}

#[test]
fn a_batch_has_one_ticket_a_key_and_gets_what_others_give_up() {
    let (cache, filter) = filter(&Options::default());
    let elsewhere = fill(&filter, 2);
    assert!(filter.put(&chunk(1), None, b"1", &PutOptions::default()).unwrap().stored);
    let chunks = [1, 2, 3, 3, 2, 3].map(chunk);
    let batch = filter.begin_batch(&chunks, Flags::default()).unwrap();
    let shapes = |batch: &streamcache::Batch| -> String {
        let letter = |item: &Item| match item {
            Item::Here(_) => "h".into(),
            Item::Fill(_) => "f".into(),
            Item::Pending => "p".into(),
            Item::SameAs(first) => first.to_string(),
            Item::Aborted => "a".to_owned(),
        };
        batch.items().iter().map(letter).collect()
    };
    assert_eq!(shapes(&batch), "hpf212");
    assert_eq!(batch.wait(NO_TIME).unwrap(), Waited::Busy);
    let waiter = {
        let batch = Arc::clone(&batch);
        thread::spawn(move || batch.wait(LONG).unwrap())
    };
    thread::sleep(Duration::from_millis(50));
    elsewhere.abort().unwrap();
    assert_eq!(waiter.join().unwrap(), Waited::Fill);
    assert_eq!(shapes(&batch), "hff212");
    let tickets: HashMap<usize, Arc<Ticket>> = batch
        .items()
        .into_iter()
        .enumerate()
        .filter_map(|(at, item)| if let Item::Fill(ticket) = item { Some((at, ticket)) } else { None })
        .collect();
    assert!(commit(&tickets[&1], b"2") && commit(&tickets[&2], b"3"));
    assert_eq!(batch.wait(NO_TIME).unwrap(), Waited::Done);
    assert_eq!(shapes(&batch), "hhhhhh");
    let stats = cache.stats();
    assert_eq!(stats.lookups(), stats.hits + stats.misses + stats.coalesced);
    assert_eq!((stats.hits, stats.open_tickets), (1, 0));
}

#[test]
fn a_batch_shares_nothing_where_nothing_is_to_be_shared() {
    let cache = Cache::open(&Options::default()).unwrap();
    let dice = Filter::open(&cache, "f", digest::config_bytes(b"c"), false).unwrap();
    dice.load_state_digest(digest::state(b"s")).unwrap();
    let batch = dice.begin_batch(&[1, 1, 1, 1].map(chunk), Flags::default()).unwrap();
    for (n, item) in batch.items().into_iter().enumerate() {
        let Item::Fill(ticket) = item else { panic!("{item:?}") };
        assert!(!commit(&ticket, &[n as u8]));
    }
    for (n, item) in batch.items().into_iter().enumerate() {
        assert!(matches!(item, Item::Here(value) if value.bytes() == [n as u8]));
    }
    let (all, its) = (cache.stats(), dice.stats());
    assert_eq!((all.bypassed, all.coalesced, all.lookups()), (4, 0, 4));
    assert_eq!((its.bypassed, its.coalesced, its.lookups()), (4, 0, 4));
}

/// What one thread computes one after the other, by their tickets and by rows, did not take longer than it took.
#[test]
fn a_batch_saves_no_more_time_than_it_spent() {
    const ITEMS: u32 = 32;
    let (cache, filter) = filter(&Options::default());
    let chunks: Vec<Digest> = (0..ITEMS).map(chunk).collect();
    let began = Instant::now();
    let batch = filter.begin_batch(&chunks, Flags::default()).unwrap();
    for item in batch.items() {
        let Item::Fill(ticket) = item else { panic!("{item:?}") };
        thread::sleep(Duration::from_millis(2));
        assert!(commit(&ticket, b"value"));
    }
    let spent = began.elapsed();
    for chunk in &chunks {
        assert!(filter.get(chunk, Flags::default()).unwrap().value.is_some());
    }
    let saved = Duration::from_nanos(cache.stats().time_saved_ns);
    assert!(saved <= spent && saved >= Duration::from_millis(2) * ITEMS, "{saved:?} saved of {spent:?}");
}

/// A batch keeps its places in every line while other items land: who came later gets nothing before it.
#[test]
fn a_batch_that_waits_keeps_its_place_in_line() {
    let (_cache, filter) = filter(&Options::default());
    let (first, second) = (fill(&filter, 1), fill(&filter, 2));
    let batch = filter.begin_batch(&[1, 2].map(chunk), Flags::default()).unwrap();
    let waiter = {
        let batch = Arc::clone(&batch);
        thread::spawn(move || batch.wait(LONG).unwrap())
    };
    thread::sleep(Duration::from_millis(50));
    let later = {
        let filter = Arc::clone(&filter);
        thread::spawn(move || matches!(filter.begin(&chunk(2), LONG, Flags::default()).unwrap(), Begin::Hit(_)))
    };
    thread::sleep(Duration::from_millis(50));
    assert!(commit(&first, b"1"));
    thread::sleep(Duration::from_millis(50));
    second.abort().unwrap();
    assert_eq!(waiter.join().unwrap(), Waited::Fill);
    let Item::Fill(ticket) = &batch.items()[1] else { panic!("it is the first in line") };
    assert!(commit(ticket, b"2"));
    assert!(later.join().unwrap());
}

/// Threads that wait for one batch: each of its items is settled once, and counted once.
#[test]
fn who_waits_for_the_same_batch_counts_its_lookups_once() {
    const ITEMS: u32 = 100;
    let (cache, filter) = filter(&Options::default());
    let theirs: Vec<_> = (0..ITEMS).map(|n| fill(&filter, n)).collect();
    let chunks: Vec<Digest> = (0..ITEMS).map(chunk).collect();
    let batch = filter.begin_batch(&chunks, Flags::default()).unwrap();
    let waiters: Vec<_> = (0..3)
        .map(|_| {
            let batch = Arc::clone(&batch);
            thread::spawn(move || {
                let mut fills = 0;
                loop {
                    match batch.wait(LONG).unwrap() {
                        Waited::Done => return fills,
                        Waited::Busy => panic!("someone did not commit"),
                        Waited::Fill => fills += 1,
                    }
                    for item in batch.items() {
                        if let Item::Fill(ticket) = item {
                            drop(ticket.commit_copy(b"value", &PutOptions::default())); // or another of them does
                        }
                    }
                }
            })
        })
        .collect();
    thread::sleep(Duration::from_millis(50));
    for (n, ticket) in theirs.iter().enumerate() {
        if n % 10 == 0 { ticket.abort().unwrap() } else { assert!(commit(ticket, b"value")) }
    }
    let fills: u32 = waiters.into_iter().map(|waiter| waiter.join().unwrap()).sum();
    assert!((1..=ITEMS / 10).contains(&fills));
    assert!(batch.items().iter().all(|item| matches!(item, Item::Here(_))));
    let (all, its) = (cache.stats(), filter.stats());
    let given_up = u64::from(ITEMS / 10);
    assert_eq!((all.misses, all.coalesced), (u64::from(ITEMS) + given_up, u64::from(ITEMS) - given_up));
    assert_eq!((its.misses, its.coalesced), (u64::from(ITEMS) + given_up, u64::from(ITEMS) - given_up));
    assert_eq!((all.lookups(), all.open_tickets), (2 * u64::from(ITEMS), 0));
}

#[test]
fn a_closed_cache_keeps_no_one_waiting() {
    let (cache, filter) = filter(&Options::default());
    let ticket = fill(&filter, 1);
    let waiter = {
        let filter = Arc::clone(&filter);
        thread::spawn(move || filter.begin(&chunk(1), LONG, Flags::default()).unwrap_err().kind())
    };
    thread::sleep(Duration::from_millis(50));
    cache.close().unwrap();
    assert_eq!(waiter.join().unwrap(), ErrorKind::Closed);
    assert_eq!(ticket.commit_copy(b"x", &PutOptions::default()).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(cache.stats().entries, 0);
}

#[test]
fn past_its_age_a_ticket_is_taken_over_and_fenced() {
    let (_cache, filter) = filter(&Options { ticket_max_age_ms: 50, ..Options::default() });
    let old = fill(&filter, 1);
    let began = Instant::now();
    let Begin::Fill(new) = filter.begin(&chunk(1), LONG, Flags::default()).unwrap() else { panic!("not taken over") };
    assert!(began.elapsed() < LONG / 2 && old.phase() == Phase::Fenced && new.phase() == Phase::Open);
    assert!(!commit(&old, b"old"));
    assert!(commit(&new, b"new"));
    assert_eq!(filter.get(&chunk(1), Flags::default()).unwrap().value.unwrap().bytes(), b"new");
}

/// A put by one thread and a commit by another, of the same key, many times: the later of the two is what stays, and no
/// flight is left behind.
#[test]
fn puts_and_commits_of_one_key_leave_no_flight_behind() {
    let (cache, filter) = filter(&Options::default());
    for _ in 0..500 {
        let ticket = fill(&filter, 1);
        let putter = {
            let filter = Arc::clone(&filter);
            thread::spawn(move || filter.put(&chunk(1), None, b"put", &PutOptions::default()).unwrap().stored)
        };
        commit(&ticket, b"commit");
        assert!(putter.join().unwrap());
        let value = filter.get(&chunk(1), Flags::default()).unwrap().value.unwrap();
        assert!([&b"put"[..], b"commit"].contains(&value.bytes()));
        assert_eq!(cache.stats().open_tickets, 0);
        assert!(filter.remove(&chunk(1)).unwrap());
    }
}

/// What a ready key began and a filter's caller inherited is the filter's: its purge finds it.
#[test]
fn a_purge_fences_what_its_filter_inherited_from_a_ready_key() {
    let (cache, filter) = filter(&Options::default());
    let key = filter.key(&chunk(1)).unwrap();
    let Begin::Fill(bare) = ticket::begin_key(&cache, &key, NO_TIME, Flags::default()).unwrap() else {
        panic!("there")
    };
    let heir = {
        let filter = Arc::clone(&filter);
        thread::spawn(move || match filter.begin(&chunk(1), LONG, Flags::default()).unwrap() {
            Begin::Fill(ticket) => ticket,
            other => panic!("{other:?}"),
        })
    };
    thread::sleep(Duration::from_millis(50));
    bare.abort().unwrap();
    let ticket = heir.join().unwrap();
    filter.purge().unwrap();
    assert_eq!(ticket.phase(), Phase::Fenced);
    assert!(!commit(&ticket, b"old"));
    assert!(filter.get(&chunk(1), Flags::default()).unwrap().value.is_none());
}

#[test]
fn what_a_ready_key_inherited_from_a_filter_is_found_by_that_filters_purge() {
    let (cache, filter) = filter(&Options::default());
    let key = filter.key(&chunk(1)).unwrap();
    let ticket = fill(&filter, 1);
    let heir = {
        let cache = Arc::clone(&cache);
        thread::spawn(move || match ticket::begin_key(&cache, &key, LONG, Flags::default()).unwrap() {
            Begin::Fill(ticket) => assert!(commit(&ticket, b"value")),
            other => panic!("{other:?}"),
        })
    };
    thread::sleep(Duration::from_millis(50));
    ticket.abort().unwrap();
    heir.join().unwrap();
    assert_eq!(filter.purge().unwrap(), 1);
}

/// Its right is taken over while it copies what it commits, the new owner lands and all is purged: the old one is too
/// late, whatever it had checked before.
#[test]
fn who_is_taken_over_while_it_commits_does_not_store() {
    let (cache, filter) = filter(&Options { max_bytes: 1 << 31, ticket_max_age_ms: 60, ..Options::default() });
    let big = vec![7u8; 192 << 20];
    for _ in 0..3 {
        let old = fill(&filter, 1);
        let taker = {
            let (cache, filter) = (Arc::clone(&cache), Arc::clone(&filter));
            thread::spawn(move || {
                let Begin::Fill(new) = filter.begin(&chunk(1), LONG, Flags::default()).unwrap() else { return false };
                commit(&new, b"new");
                cache.purge().unwrap();
                true
            })
        };
        thread::sleep(Duration::from_millis(50));
        let put = old.commit_copy(&big, &PutOptions::default()).unwrap();
        if taker.join().unwrap() && put.stored {
            // It was stored before the purge, which took it away.
            assert!(filter.get(&chunk(1), Flags::default()).unwrap().value.is_none());
        }
        assert_eq!(put.stored, old.phase() == Phase::Committed);
        let _ = filter.remove(&chunk(1));
    }
}

#[test]
fn who_may_not_store_inherits_nothing_that_others_wait_for() {
    let (cache, filter) = filter(&Options::default());
    let ticket = fill(&filter, 1);
    let [reader, storer] = [Flags::READ_ONLY, Flags::default()].map(|flags| {
        let filter = Arc::clone(&filter);
        thread::sleep(Duration::from_millis(50)); // in this order
        thread::spawn(move || match filter.begin(&chunk(1), LONG, flags).unwrap() {
            Begin::Fill(ticket) => {
                assert!(commit(&ticket, b"value"));
                true
            }
            _ => false,
        })
    });
    thread::sleep(Duration::from_millis(50));
    ticket.abort().unwrap();
    assert_eq!((reader.join().unwrap(), storer.join().unwrap(), cache.stats().entries), (false, true, 1));
}

/// A close between the check and the store: it is not stored, and its owner has the value all the same.
#[test]
fn a_commit_that_a_close_overtakes_loses_nothing() {
    for round in 0..300u32 {
        let (cache, filter) = filter(&Options::default());
        let ticket = fill(&filter, round);
        let closer = thread::spawn(move || cache.close().unwrap());
        match ticket.commit_copy(b"value", &PutOptions::default()) {
            Ok(put) => assert_eq!(put.value.unwrap().bytes(), b"value"),
            Err(refused) => assert_eq!((refused.kind(), ticket.phase()), (ErrorKind::Closed, Phase::Fenced)),
        }
        closer.join().unwrap();
    }
}
