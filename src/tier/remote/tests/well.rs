//! Servers that work.

use super::server::{Server, redis, valkey};
use super::*;
use crate::error::ErrorKind;
use crate::tier::Purged;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// What every server must do for us.
fn serves(store: &Remote) {
    assert_eq!(put(store, 0..100, 1000), 100);
    assert_eq!(put(store, 100..104, 300_000), 4, "in portions");
    let all: Vec<_> = (0..110).collect();
    let found = get(store, &all, soon());
    assert_eq!(found.len(), 104);
    assert!((0..104).all(|n| found[&n] == sealed(n, if n < 100 { 1000 } else { 300_000 }).bytes));
    let many: Vec<_> = (0..1000).map(|n| n % 110).collect();
    let digests: Vec<_> = many.iter().map(|&n| key(n)).collect();
    let mut hits = 0;
    store
        .get_many(&digests, soon(), &mut |place, bytes| {
            assert_eq!(bytes[..32], key(many[place]).0);
            hits += 1;
        })
        .unwrap();
    assert_eq!(hits, many.iter().filter(|&&n| n < 104).count(), "more than one pipeline");
    store.remove(&key(3), soon()).unwrap();
    store.remove(&key(3), soon()).unwrap();
    assert!(get(store, &[3], soon()).is_empty());
    let stats = store.stats();
    assert_eq!((stats.faults, stats.last_fault, stats.resting), (0, None, None));
}

#[test]
fn one_server_over_tcp_and_over_a_socket_and_valkey_too() {
    for program in [redis(), valkey()].into_iter().flatten() {
        let server = Server::start(&program, &[]);
        serves(&open(&server.url()));
        let () = redis::cmd("FLUSHALL").query(&mut server.raw()).unwrap();
        serves(&open(&format!("unix://{}", server.socket().display())));
        serves(&open(&format!("redis+unix://{}?db=3", server.socket().display())));
        serves(&open(&format!("{}/2", server.url())));
    }
}

#[test]
fn a_password_is_used_and_never_shown() {
    let Some(program) = redis() else { return };
    let server = Server::start(&program, &["--requirepass", "s3cret/#", "--user", "ann", "on", ">p%ss", "~*", "+@all"]);
    let port = server.port;
    for url in [format!("redis://:s3cret%2F%23@127.0.0.1:{port}"), format!("redis://ann:p%25ss@127.0.0.1:{port}")] {
        let store = open(&url);
        serves(&store);
        assert!(!format!("{store:?} {:?}", config(&url)).contains("s3cret"));
    }
    for (url, code) in [("ann:wr0ng@", "WRONGPASS"), (":wr0ng@", "WRONGPASS"), ("", "NOAUTH")] {
        let store = open(&format!("redis://{url}127.0.0.1:{port}"));
        eventually("it rests", || store.stats().resting.is_some());
        let stats = store.stats();
        let error = store.put_many(&[sealed(1, 10)]).unwrap_err();
        let said = format!("{store:?} {stats:?} {error}");
        assert!(said.contains(code) && !said.contains("wr0ng") && !said.contains("ann"), "{said}");
        assert!(get(&store, &[1], soon()).is_empty());
    }
}

#[test]
fn everything_has_an_end_and_an_entrys_own_comes_first() {
    let Some(program) = redis() else { return };
    let server = Server::start(&program, &[]);
    let store = Remote::open(&Config { prefix: "mine:".into(), ..config(&server.url()) }).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    let until = |n, expires_ms| Sealed { expires_ms, ..sealed(n, 10) };
    let entries = [until(0, 0), until(1, now + 60_000), until(2, now - 1), until(3, u64::MAX)];
    assert_eq!(store.put_many(&entries).unwrap().taken, 3, "what is over is not stored");
    let mut raw = server.raw();
    let mut left = |n: usize| -> i64 {
        let name = [b"mine:".as_slice(), &key(n).to_hex()].concat();
        redis::cmd("PTTL").arg(name).query(&mut raw).unwrap()
    };
    let week = 7 * 24 * 3600 * 1000;
    assert!((week - 10_000..=week).contains(&left(0)) && (week - 10_000..=week).contains(&left(3)));
    assert!((50_000..=60_000).contains(&left(1)));
    assert_eq!(left(2), -2);
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut raw).unwrap();
    assert!(keys.len() == 3 && keys.iter().all(|name| name.starts_with("mine:") && name.len() == 5 + 64));
}

#[test]
fn large_values_stay_here_and_larger_ones_than_ours_are_refused() {
    let Some(program) = redis() else { return };
    let server = Server::start(&program, &[]);
    let store = Remote::open(&Config { max_value_bytes: 1000, ..config(&server.url()) }).unwrap();
    assert_eq!(store.put_many(&[sealed(0, 1000), sealed(1, 1001), sealed(2, 10)]).unwrap().taken, 2);
    assert_eq!(store.stats().too_large, 1);
    assert!(store.takes(1000) && !store.takes(1001), "told before anyone seals it");
    assert_eq!(store.stats().too_large, 2);
    put(&open(&server.url()), [1], 1001);
    assert!(get(&store, &[1], soon()).is_empty());
    assert!(store.stats().last_fault.unwrap().contains("larger"));
    assert_eq!(get(&store, &[0, 2], soon()).len(), 2, "and only that one");
}

#[test]
fn what_was_removed_since_is_not_stored_again() {
    let Some(program) = redis() else { return };
    let server = Server::start(&program, &[]);
    let store = open(&server.url());
    let before = store.epoch();
    store.remove(&key(7), soon()).unwrap();
    let after = store.epoch();
    assert!(after > before);
    assert_eq!(store.put_many(&[Sealed { epoch: before, ..sealed(7, 10) }]).unwrap().taken, 0);
    assert_eq!(store.put_many(&[Sealed { epoch: after, ..sealed(7, 10) }]).unwrap().taken, 1);
    assert_eq!(store.purge(Purged::Everything, soon()).unwrap_err().kind(), ErrorKind::NotSupported);
}

#[test]
fn many_threads_share_one_connection_and_each_gets_its_own() {
    let Some(program) = redis() else { return };
    let server = Server::start(&program, &[]);
    let store = open(&server.url());
    put(&store, 0..200, 500);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let store = &store;
            scope.spawn(move || {
                for n in 0..200 {
                    let n = (n * 7 + thread * 13) % 200;
                    assert_eq!(get(store, &[n], soon())[&n], sealed(n, 500).bytes);
                }
            });
        }
    });
    let info: String = redis::cmd("INFO").arg("clients").query(&mut server.raw()).unwrap();
    assert!(info.contains("connected_clients:3"), "one to read, one to write, and this one: {info}");
    let stats: String = redis::cmd("INFO").arg("stats").query(&mut server.raw()).unwrap();
    assert!(stats.contains("keyspace_hits:1600\r\n"), "{stats}");
    // Each pipeline begins with a PING.
    let info: String = redis::cmd("INFO").arg("commandstats").query(&mut server.raw()).unwrap();
    let calls = |name: &str| -> usize {
        let line = info.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{name}:calls="))).unwrap();
        line.split(',').next().unwrap().parse().unwrap()
    };
    assert!(calls("mget") > 0 && calls("ping") < 1500, "what waits together goes together: {}", calls("ping"));
}

#[test]
fn who_closes_it_waits_for_its_threads_and_not_for_the_server() {
    let Some(program) = redis() else { return };
    let server = Server::start(&program, &[]);
    for is_paused in [false, true] {
        let store = std::sync::Arc::new(open(&server.url()));
        put(&store, 0..1, 100);
        assert_eq!(get(&store, &[0], soon()).len(), 1);
        let reader = is_paused.then(|| {
            server.pause();
            let store = store.clone();
            std::thread::spawn(move || store.get_many(&[key(0)], soon(), &mut |_, _| {}).unwrap_err().kind())
        });
        std::thread::sleep(std::time::Duration::from_millis(100));
        let begun = Instant::now();
        store.close(soon());
        assert_eq!(std::sync::Arc::strong_count(&store.shared), 1, "its thread has ended");
        assert!(begun.elapsed() < std::time::Duration::from_millis(500));
        assert!(reader.is_none_or(|reader| reader.join().unwrap() == ErrorKind::Closed));
    }
    server.go_on();
}

#[test]
fn a_closed_store_answers_closed_and_its_connections_end() {
    let Some(program) = redis() else { return };
    let server = Server::start(&program, &[]);
    let store = open(&server.url());
    put(&store, 0..1, 10);
    store.close(Instant::now());
    store.close(Instant::now());
    let closed = |result: crate::error::Result<()>| assert_eq!(result.unwrap_err().kind(), ErrorKind::Closed);
    closed(store.get_many(&[key(0)], soon(), &mut |_, _| {}));
    closed(store.put_many(&[sealed(0, 1)]).map(drop));
    closed(store.remove(&key(0), soon()));
    closed(store.purge(Purged::Tags(&[1]), soon()));
    eventually("its connections end", || {
        let info: String = redis::cmd("INFO").arg("clients").query(&mut server.raw()).unwrap();
        info.contains("connected_clients:1")
    });
}

#[test]
fn mistakes_are_told_at_once_and_a_dead_server_is_none() {
    let wrong = |config: Config| {
        let error = Remote::open(&config).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(!error.message().contains("s3cret"), "{error}");
        config.check().map_err(|e| e.message().to_owned()).err()
    };
    for url in [
        "http://s3cret@host",
        "redis:/s3cret",
        "redis://",
        "redis://:s3cret@host/x",
        "redis://:s3cret@host:99999",
        "",
        "redis://s3cret@host",
        "unix://",
        "redis://:s3#cret@host",
        "redis+cluster://:s3cret@host/3",
        "redis://0.0.0.0",
    ] {
        assert!(wrong(config(url)).is_some(), "{url}");
    }
    assert!(wrong(Config::default()).is_some());
    assert!(wrong(Config { prefix: "a{b}".into(), ..config("redis://host") }).is_some());
    assert!(wrong(Config { ttl_ms: 0, ..config("redis://host") }).is_some());
    assert!(wrong(Config { max_value_bytes: 0, ..config("redis://host") }).is_some());
    assert!(wrong(Config { urls: vec!["redis://a".into(), "unix:///b".into()], ..config("") }).is_some());
    let nowhere = Config { ca_file: Some(Path::new("/nonexistent").into()), ..config("rediss://:s3cret@host") };
    assert!(Remote::open(&nowhere).unwrap_err().message().contains("/nonexistent"));

    let store = open(&format!("redis://127.0.0.1:{}", server::free_port()));
    eventually("it rests", || store.stats().resting.is_some());
    assert!(get(&store, &[1], soon()).is_empty());
}
