//! Servers that work.

use super::server::{Folder, Server, redis, valkey};
use super::*;
use std::process::Command;
use streamcache::{Begin, Filter, Item};

/// Who waits as long as it takes: these servers work, whatever else this machine does.
fn patient(url: &str) -> Options {
    Options { remote_timeout_ms: 20_000, ..options(url) }
}

fn filter(cache: &Arc<Cache>) -> Arc<Filter> {
    let filter = Filter::open(cache, "f", digest::config_bytes(b"config"), true).unwrap();
    filter.load_state(b"state").unwrap();
    filter
}

/// Computes what is missing; how many that were.
fn run(filter: &Filter, numbers: std::ops::Range<usize>) -> usize {
    let missing = numbers.filter(|&n| match filter.begin(&key(n), SOON, Flags::default()).unwrap() {
        Begin::Hit(value) => {
            assert_eq!(value.bytes(), answer(n));
            false
        }
        Begin::Fill(ticket) => {
            assert!(ticket.commit_copy(&answer(n), &PutOptions::default()).unwrap().stored);
            true
        }
        other => panic!("{other:?}"),
    });
    missing.count()
}

#[test]
fn a_fleet_computes_once() {
    for program in [redis(), valkey()].into_iter().flatten() {
        let server = Server::start(&program, &[]);
        for url in [server.url(), format!("unix://{}", server.socket().display())] {
            let () = redis::cmd("FLUSHALL").query(&mut server.raw()).unwrap();
            let [one, other] = [0, 1].map(|_| Cache::open(&patient(&url)).unwrap());
            assert_eq!(run(&filter(&one), 0..100), 100);
            assert!(one.flush(SOON).unwrap());
            assert_eq!((remote(&one).misses, remote(&one).written()), (100, 100));

            let second = filter(&other);
            assert_eq!(run(&second, 0..150), 50);
            assert_eq!((remote(&other).hits, remote(&other).misses, remote(&other).refusals()), (100, 50, 0));
            // Promoted: memory has them now.
            assert_eq!(run(&second, 0..150), 0);
            assert_eq!((remote(&other).hits, other.stats().hits), (100, 250));
            // And back: what the second computed the first finds, in one batch.
            assert!(other.flush(SOON).unwrap());
            let chunks: Vec<Digest> = (50..160).map(key).collect();
            let batch = filter(&one).begin_batch(&chunks, Flags::default()).unwrap();
            let here = batch.items().iter().filter(|item| matches!(item, Item::Here(_))).count();
            assert_eq!((here, remote(&one).hits), (100, 50));
            assert_eq!(remote(&one).faults() + remote(&other).faults(), 0);
        }
    }
}

const URL: &str = "STREAMCACHE_TEST_URL";

#[test]
fn another_process_finds_it() {
    let Some(program) = redis() else { return };
    let server = Server::start(&program, &[]);
    let cache = Cache::open(&patient(&server.url())).unwrap();
    assert_eq!(run(&filter(&cache), 0..50), 50);
    assert_eq!(cache.close(SOON).unwrap(), 0, "closing drains");
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "fleet::the_other_process", "--ignored", "--nocapture"])
        .env(URL, server.url())
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
}

#[test]
#[ignore = "a part of another_process_finds_it"]
fn the_other_process() {
    let cache = Cache::open(&patient(&std::env::var(URL).unwrap())).unwrap();
    assert_eq!(run(&filter(&cache), 0..50), 0);
    assert_eq!((remote(&cache).hits, remote(&cache).misses), (50, 0));
}

#[test]
fn what_is_removed_is_gone_for_all_who_come_later() {
    let Some(program) = redis() else { return };
    let server = Server::start(&program, &[]);
    let [one, other] = [0, 1].map(|_| Cache::open(&patient(&server.url())).unwrap());
    fill(&one, 0..20);
    let there = |n| -> bool { redis::cmd("EXISTS").arg(name(&key(n))).query(&mut server.raw()).unwrap() };
    assert!((0..20).all(there));
    // Also of what is still to be written.
    put(&one, 20);
    for n in [3, 20] {
        assert!(one.remove(&key(n)).unwrap());
        assert!(!has(&one, n) && !has(&other, n));
    }
    assert!(one.flush(SOON).unwrap());
    assert!(!there(3) && !there(20) && there(4));
    // Another's memory is its own affair; with it the server's entry is gone.
    assert!(has(&other, 4));
    one.remove(&key(4)).unwrap();
    assert!(has(&other, 4) && !has(&one, 4));
    other.purge().unwrap();
    assert!(!has(&other, 4) && has(&other, 5));
    // A server that can't be asked is named, and memory has forgotten all the same.
    let hasty = Cache::open(&options(&server.url())).unwrap();
    eventually("it is found", || has(&hasty, 6));
    server.pause();
    let error = hasty.remove(&key(6)).unwrap_err();
    assert_eq!(error.kind(), streamcache::ErrorKind::Io, "{error}");
    assert!(hasty.get(&key(6), Flags::MEMORY_ONLY).unwrap().is_none());
    server.go_on();
}

#[test]
fn the_disk_is_asked_first_and_is_warmed_by_the_server() {
    let Some(program) = redis() else { return };
    let server = Server::start(&program, &[]);
    let folders = [Folder::new(), Folder::new()];
    let both = |n: usize| {
        let directory = folders[n].0.join("cache");
        Options { disk_directory: Some(directory.to_str().unwrap().into()), ..patient(&server.url()) }
    };
    let disk = |cache: &Cache| cache.tier_stats(Tier::Disk).unwrap();
    let first = Cache::open(&both(0)).unwrap();
    fill(&first, 0..64);
    assert_eq!(disk(&first).written(), 64);
    first.close(SOON).unwrap();

    let again = Cache::open(&both(0)).unwrap();
    assert!((0..64).all(|n| has(&again, n)));
    assert_eq!((disk(&again).hits, remote(&again).hits, remote(&again).misses), (64, 0, 0));

    let fresh = Cache::open(&both(1)).unwrap();
    assert!((0..64).all(|n| has(&fresh, n)) && !has(&fresh, 64));
    assert_eq!((disk(&fresh).hits, disk(&fresh).misses, remote(&fresh).hits), (0, 65, 64));
    assert!(fresh.flush(SOON).unwrap());
    assert_eq!((disk(&fresh).written(), remote(&fresh).written()), (64, 0), "and not back to where it came from");
    fresh.close(SOON).unwrap();

    let alone = Cache::open(&Options { remote_urls: Vec::new(), ..both(1) }).unwrap();
    assert!((0..64).all(|n| has(&alone, n)));
    // Who leaves the server out does not ask it.
    let near = Cache::open(&patient(&server.url())).unwrap();
    assert!(near.get(&key(1), Flags::NO_REMOTE).unwrap().is_none());
    assert_eq!((remote(&near).hits, remote(&near).misses), (0, 0));
}

#[test]
fn what_was_planted_without_the_secret_is_refused() {
    let Some(program) = redis() else { return };
    let server = Server::start(&program, &[]);
    let with = |secret: Option<u8>| {
        let secret = secret.map(|byte| digest::Secret::new(&[byte; 32]).unwrap());
        Cache::open(&Options { secret, ..patient(&server.url()) }).unwrap()
    };
    let secret = Some(1);
    for (n, planter) in [(1, None), (2, Some(2))] {
        fill(&with(planter), n..n + 1);
        let cache = with(secret);
        assert!(!has(&cache, n), "planted");
        assert_eq!((remote(&cache).refusals(), remote(&cache).hits), (1, 0));
        // Its own takes the place, and is believed.
        fill(&cache, n..n + 1);
        assert!(has(&with(secret), n));
    }
    // So is one under another's name, and what is no envelope at all.
    let mut raw = server.raw();
    let sealed: Vec<u8> = redis::cmd("GET").arg(name(&key(1))).query(&mut raw).unwrap();
    let turned = sealed.iter().rev().copied().collect::<Vec<u8>>();
    for (n, bytes) in [(3, &sealed[..]), (4, &sealed[..sealed.len() - 1]), (5, b""), (6, &turned)] {
        let () = redis::cmd("SET").arg(name(&key(n))).arg(bytes).query(&mut raw).unwrap();
        let cache = with(secret);
        assert!(!has(&cache, n));
        assert_eq!(remote(&cache).refusals(), 1);
    }
}

#[test]
fn large_values_stay_local_and_everything_ends_at_the_server() {
    let Some(program) = redis() else { return };
    let server = Server::start(&program, &[]);
    let small = Cache::open(&Options { remote_max_value_bytes: 1200, ..patient(&server.url()) }).unwrap();
    put(&small, 999); // 1,999 bytes
    put(&small, 0); // 1,000
    assert!(small.flush(SOON).unwrap());
    assert_eq!((remote(&small).written(), remote(&small).too_large()), (1, 1));
    assert!(small.get(&key(999), Flags::MEMORY_ONLY).unwrap().is_some());
    let other = Cache::open(&patient(&server.url())).unwrap();
    assert!(has(&other, 0) && !has(&other, 999));
    // What others stored and is larger than ours may be is not taken.
    fill(&other, 998..999);
    assert!(!has(&small, 998));

    let mut raw = server.raw();
    let mut left = |n| -> i64 { redis::cmd("PTTL").arg(name(&key(n))).query(&mut raw).unwrap() };
    let week = 7 * 24 * 3600 * 1000;
    assert!((week - 60_000..=week).contains(&left(0)), "{}", left(0));
    let hour = Cache::open(&Options { remote_ttl_ms: 3_600_000, ..patient(&server.url()) }).unwrap();
    fill(&hour, 1..2);
    assert!((3_500_000..=3_600_000).contains(&left(1)), "{}", left(1));
    // A result's own end comes first.
    let minute = Cache::open(&Options { ttl_ms: 60_000, ..patient(&server.url()) }).unwrap();
    fill(&minute, 2..3);
    assert!((1..=60_000).contains(&left(2)), "{}", left(2));
}
