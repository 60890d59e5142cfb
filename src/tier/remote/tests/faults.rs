//! Servers that are killed, paused, started empty, full, or busy with themselves.

use super::endures::{Then, alone, endures};
use super::server::{Server, redis};
use super::*;
use std::cell::RefCell;

#[test]
fn a_server_that_is_killed_paused_or_restarted_empty_is_endured() {
    let (_alone, Some(program)) = (alone(), redis()) else { return };
    let server = RefCell::new(Server::start(&program, &[]));
    let url = server.borrow().url();
    let socket = format!("unix://{}", server.borrow().socket().display());
    for url in [url, socket] {
        let store = open(&url);
        let kill = || server.borrow_mut().kill();
        let restart = || server.borrow_mut().restart();
        let how = &url[..4];
        endures(&format!("killed, {how}"), &store, 2000, Then::Rests, kill, restart);
        let (pause, go_on) = (|| server.borrow().pause(), || server.borrow().go_on());
        endures(&format!("paused, {how}"), &store, 2000, Then::Rests, pause, go_on);
        endures(&format!("restarted empty, {how}"), &store, 2000, Then::Goes, restart, || ());
    }
}

#[test]
fn a_full_server_has_answers_and_takes_nothing_until_it_has_room() {
    let (_alone, Some(program)) = (alone(), redis()) else { return };
    let server = Server::start(&program, &["--maxmemory-policy", "noeviction"]);
    let store = open(&server.url());
    put(&store, 0..10, 100);
    let set = |value: &str| {
        let () = redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(value).query(&mut server.raw()).unwrap();
    };
    set("1");
    for _ in 0..3 {
        assert!(store.put_many(&[sealed(11, 100)]).unwrap_err().message().contains("OOM"));
    }
    let resting = store.stats().resting.unwrap();
    assert!(resting.starts_with("stores only") && resting.contains("OOM"), "{resting}");
    assert_eq!(get(&store, &[1, 2, 11], soon()).len(), 2, "lookups go on");
    store.remove(&key(1), soon()).unwrap();
    set("0");
    eventually("it stores again", || store.put_many(&[sealed(11, 100)]).is_ok());
    assert_eq!(get(&store, &[1, 2, 11], soon()).len(), 2);
    assert_eq!(store.stats().resting, None);
}

#[test]
fn a_replica_answers_and_takes_nothing() {
    let (_alone, Some(program)) = (alone(), redis()) else { return };
    let primary = Server::start(&program, &["--repl-diskless-sync-delay", "0"]);
    let port = primary.port.to_string();
    let replica = Server::start(&program, &["--replicaof", "127.0.0.1", &port]);
    put(&open(&primary.url()), 0..3, 100);
    let store = open(&replica.url());
    eventually("it has the data", || get(&store, &[0, 1, 2], soon()).len() == 3);
    assert!(store.put_many(&[sealed(4, 100)]).unwrap_err().message().contains("READONLY"));
    assert!(store.remove(&key(0), soon()).unwrap_err().message().contains("READONLY"));
    assert_eq!(get(&store, &[0, 1, 2], soon()).len(), 3);
}

#[test]
fn a_server_that_is_still_loading_rests_until_it_has_loaded() {
    let (_alone, Some(program)) = (alone(), redis()) else { return };
    let mut server =
        Server::start(&program, &["--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024"]);
    put(&open(&server.url()), 0..1200, 100);
    let () = redis::cmd("SAVE").query(&mut server.raw()).unwrap();
    server.restart(); // a millisecond for each entry, longer than it takes to begin
    let store = open(&server.url());
    eventually("it is loading", || store.stats().last_fault.is_some_and(|fault| fault.contains("LOADING")));
    assert!(get(&store, &[0], soon()).is_empty());
    eventually("it has loaded", || get(&store, &[0], soon()).len() == 1);
    assert_eq!(store.stats().resting, None);
}

#[test]
fn what_is_not_ours_under_our_name_is_a_miss() {
    let (_alone, Some(program)) = (alone(), redis()) else { return };
    let server = Server::start(&program, &[]);
    let store = open(&server.url());
    put(&store, 0..2, 100);
    let name = [b"streamcache:".as_slice(), &key(5).to_hex()].concat();
    let () = redis::cmd("LPUSH").arg(name).arg("x").query(&mut server.raw()).unwrap();
    for count in 1..=5 {
        assert_eq!(get(&store, &[0, 5, 1], soon()).len(), 2); // MGET does not tell it from what is not there
        assert_eq!(get(&store, &[5], soon()).len(), 0);
        assert_eq!(store.stats().faults, count);
    }
    assert!(store.stats().last_fault.unwrap().contains("WRONGTYPE"));
    assert_eq!(store.stats().resting, None, "it concerns one entry");
}

#[test]
fn who_may_not_ask_for_many_asks_one_by_one() {
    let (_alone, Some(program)) = (alone(), redis()) else { return };
    let server = Server::start(&program, &[]);
    for (user, rights, finds) in [("few", "+get", 100), ("none", "-get", 0)] {
        let mut acl = redis::cmd("ACL");
        acl.arg("SETUSER").arg(user).arg("on").arg(">word").arg("~*").arg(&["+ping", "+set", "+del"]);
        let () = acl.arg(rights).query(&mut server.raw()).unwrap();
        let store = open(&server.url().replace("redis://", &format!("redis://{user}:word@")));
        put(&store, 0..100, 100);
        for _ in 0..2 {
            let found = get(&store, &(0..110).collect::<Vec<_>>(), soon());
            assert_eq!(found.len(), finds);
            assert!(found.iter().all(|(&n, bytes)| *bytes == sealed(n, 100).bytes));
        }
        let stats = store.stats();
        assert_eq!(stats.faults, if finds > 0 { 0 } else { 2 });
        assert!(stats.last_fault.is_none_or(|fault| fault.contains("NOPERM")));
    }
    let info: String = redis::cmd("INFO").arg("commandstats").query(&mut server.raw()).unwrap();
    let line = info.lines().find(|line| line.starts_with("cmdstat_mget:")).unwrap();
    assert!(line.contains("calls=0") && line.contains("rejected_calls=2"), "each store tries it once: {line}");
}

#[test]
fn a_removal_that_can_not_be_sent_says_so_in_time() {
    let (_alone, Some(program)) = (alone(), redis()) else { return };
    let server = Server::start(&program, &[]);
    let store = open(&server.url());
    put(&store, 0..2, 100);
    server.pause();
    let begun = Instant::now();
    let error = store.remove(&key(0), begun + DEADLINE).unwrap_err();
    assert!(begun.elapsed() < DEADLINE * 2, "{:?}", begun.elapsed());
    assert_eq!(error.kind(), crate::error::ErrorKind::Io);
    server.go_on();
    eventually("it is removed", || store.remove(&key(0), soon()).is_ok());
    assert!(get(&store, &[0], soon()).is_empty());
}

/// A write that a server had not read when it was given up, and a removal that came after it.
#[test]
fn a_write_that_broke_off_brings_nothing_back() {
    let (_alone, Some(program)) = (alone(), redis()) else { return };
    for round in 0..3 {
        let server = Server::start(&program, &[]);
        let url = if round == 2 { format!("unix://{}", server.socket().display()) } else { server.url() };
        let store = Remote::open(&Config { write_timeout_ms: 50, doubt_ms: 200, ..config(&url) }).unwrap();
        put(&store, [1], 100);
        server.pause();
        assert!(store.put_many(&[sealed(0, 100)]).is_err());
        server.go_on();
        // It says that it can't promise it, until it can.
        let error = store.remove(&key(0), soon()).unwrap_err();
        assert!(error.message().contains("broke off"), "{error}");
        store.remove(&key(1), soon()).unwrap();
        let again = || Sealed { epoch: store.epoch(), ..sealed(0, 100) };
        assert_eq!(store.put_many(&[again()]).unwrap_or_default().taken, 0, "not written while in doubt");
        eventually("it is certain", || !store.tidy().unwrap());
        assert!(get(&store, &[0, 1], soon()).is_empty(), "round {round}");
        store.remove(&key(0), soon()).unwrap();
        assert_eq!(store.put_many(&[again()]).unwrap().taken, 1);
    }
}

#[test]
fn a_removal_that_fails_is_no_evidence_for_lookups() {
    let (_alone, Some(program)) = (alone(), redis()) else { return };
    let server = Server::start(&program, &[]);
    let store = open(&server.url());
    put(&store, 0..2, 100);
    server.pause();
    for n in 0..6 {
        assert!(store.remove(&key(n), Instant::now() + Duration::from_millis(5)).is_err());
    }
    assert!(store.stats().faults >= 6 && store.stats().resting.is_none());
    server.go_on();
    eventually("it is asked", || get(&store, &[0, 1], soon()).len() == 2 || store.remove(&key(0), soon()).is_ok());
}

#[test]
fn who_asks_too_much_or_too_late_does_not_rest_a_server() {
    let (_alone, Some(program)) = (alone(), redis()) else { return };
    let server = Server::start(&program, &[]);
    let store = open(&server.url());
    for n in 0..16 {
        put(&store, (0..128).map(|m| n * 128 + m), 64 << 10);
    }
    let all: Vec<_> = (0..2048).collect();
    let mut most = 0;
    for _ in 0..8 {
        let begun = Instant::now();
        most = most.max(get(&store, &all, begun + DEADLINE).len()); // 128 MiB
        assert!(begun.elapsed() < DEADLINE * 3, "{:?}", begun.elapsed());
        assert_eq!(store.stats().resting, None);
    }
    println!("128 MiB asked for: {most} of 2048 came in {DEADLINE:?}");
    assert!(most > 64);
    assert_eq!(get(&store, &all, soon()).len(), 2048, "all of it, in its time");
    server.pause();
    for _ in 0..8 {
        get(&store, &[1], Instant::now() + DEADLINE / 10);
        assert_eq!(store.stats().resting, None);
    }
    server.go_on();
}

#[test]
fn a_store_that_is_closed_or_dropped_waits_for_nobody() {
    let (_alone, Some(program)) = (alone(), redis()) else { return };
    let server = Server::start(&program, &[]);
    let store = open(&server.url());
    put(&store, 0..2, 100);
    server.pause();
    std::thread::scope(|scope| {
        let stores = scope.spawn(|| store.put_many(&[sealed(0, 100)]).map(drop));
        let looks = scope.spawn(|| store.get_many(&[key(0)], soon(), &mut |_, _| {}));
        sleep(Duration::from_millis(30));
        let begun = Instant::now();
        store.close(Instant::now());
        assert!(begun.elapsed() < Duration::from_millis(10), "{:?}", begun.elapsed());
        for thread in [stores, looks] {
            assert_eq!(thread.join().unwrap().unwrap_err().kind(), crate::error::ErrorKind::Closed);
        }
        assert!(begun.elapsed() < Duration::from_millis(200), "{:?}", begun.elapsed());
    });
    assert_eq!(store.stats().faults, 0);
    let other = open(&server.url());
    let begun = Instant::now();
    drop(other);
    assert!(begun.elapsed() < Duration::from_millis(10), "{:?}", begun.elapsed());
}

#[test]
fn large_stores_do_not_hold_up_lookups() {
    let (_alone, Some(program)) = (alone(), redis()) else { return };
    let server = Server::start(&program, &[]);
    let store = open(&server.url());
    put(&store, 0..10, 1000);
    let entries: Vec<_> = (100..228).map(|n| sealed(n, 1 << 20)).collect();
    let (mut longest, mut count) = (Duration::ZERO, 0);
    let took = std::thread::scope(|scope| {
        let stores = scope.spawn(|| {
            let begun = Instant::now();
            assert_eq!(store.put_many(&entries).unwrap().taken, entries.len());
            begun.elapsed()
        });
        while !stores.is_finished() {
            let begun = Instant::now();
            assert_eq!(get(&store, &[count % 10], soon()).len(), 1);
            longest = longest.max(begun.elapsed());
            count += 1;
        }
        stores.join().unwrap()
    });
    println!("128 MiB stored in {took:.1?}; of {count} lookups meanwhile the longest took {longest:.1?}");
    assert!(longest < took / 2);
}

#[test]
fn what_is_outdated_or_too_large_is_no_fault_where_the_rest_fails() {
    let (_alone, Some(program)) = (alone(), redis()) else { return };
    let server = Server::start(&program, &[]);
    let store = Remote::open(&Config { write_timeout_ms: 50, max_value_bytes: 1000, ..config(&server.url()) }).unwrap();
    store.remove(&key(0), soon()).unwrap();
    server.pause();
    let written = store.put_many(&[sealed(0, 100), sealed(1, 2000), sealed(2, 100)]).unwrap();
    assert_eq!((written.taken, written.outdated, written.too_large, written.failed), (0, 1, 1, 1));
    assert!(store.put_many(&[sealed(3, 100)]).is_err());
    server.go_on();
}
