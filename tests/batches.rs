//! Batches, with real threads: each distinct miss is computed once, and everyone has everything in the end.

mod flights;

use flights::{LONG, NO_TIME, chunk, commit, fill, filter};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};
use streamcache::{Begin, Cache, Digest, Filter, Flags, Item, Options, PutOptions, Ticket, Waited, digest};

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
