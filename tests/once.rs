//! Compute once, with real threads: everyone gets the value of one computation, and no one waits for ever.

mod flights;

use flights::{LONG, NO_TIME, chunk, commit, fill, filter};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};
use streamcache::{Begin, ErrorKind, Flags, Options, Phase, PutOptions, ticket};

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
fn a_closed_cache_keeps_no_one_waiting() {
    let (cache, filter) = filter(&Options::default());
    let ticket = fill(&filter, 1);
    let waiter = {
        let filter = Arc::clone(&filter);
        thread::spawn(move || filter.begin(&chunk(1), LONG, Flags::default()).unwrap_err().kind())
    };
    thread::sleep(Duration::from_millis(50));
    cache.close(Duration::ZERO).unwrap();
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
        let closer = thread::spawn(move || cache.close(Duration::ZERO).unwrap());
        match ticket.commit_copy(b"value", &PutOptions::default()) {
            Ok(put) => assert_eq!(put.value.unwrap().bytes(), b"value"),
            Err(refused) => assert_eq!((refused.kind(), ticket.phase()), (ErrorKind::Closed, Phase::Fenced)),
        }
        closer.join().unwrap();
    }
}
