//! A real cluster of three nodes.

use super::endures::alone;
use super::proxy::{Proxy, Spoil};
use super::server::{Server, redis, valkey};
use super::three::Three;
use super::*;
use crate::tier::remote::slots;

impl Three {
    fn store(&self) -> Remote {
        let urls = self.0.iter().map(Server::url).collect();
        Remote::open(&Config { urls, ..config("") }).unwrap()
    }
}

/// The place of a key's node.
fn node_of(n: usize) -> usize {
    let slot = usize::from(slots::slot(&[b"streamcache:".as_slice(), &key(n).to_hex()].concat()));
    (0..3).find(|node| slot < (node + 1) * slots::SLOTS / 3).unwrap()
}

#[test]
fn a_cluster_of_either_kind_serves_and_is_found_from_any_node() {
    let _alone = alone();
    for program in [redis(), valkey()].into_iter().flatten() {
        let three = Three::start(&program, &[]);
        let store = three.store();
        assert_eq!(put(&store, 0..300, 700), 300);
        assert!((0..3).all(|n| three.entries(n) > 50), "spread over all");
        let from_one = open(&three.0[1].url().replace("redis://", "redis+cluster://"));
        for store in [&store, &from_one] {
            let found = get(store, &(0..310).collect::<Vec<_>>(), soon());
            assert!(found.len() == 300 && found.iter().all(|(&n, bytes)| *bytes == sealed(n, 700).bytes));
            assert_eq!(store.stats().faults, 0);
        }
        store.remove(&key(1), soon()).unwrap();
        assert!(get(&from_one, &[1], soon()).is_empty());
        // As a single server a node sends us elsewhere: no wrong answer, and the reason says what to write.
        let single = open(&three.0[0].url());
        eventually("it sends us away", || {
            get(&single, &(0..10).collect::<Vec<_>>(), soon());
            single.stats().last_fault.is_some_and(|fault| fault.contains("redis+cluster://"))
        });
    }
}

#[test]
fn slots_that_move_are_followed() {
    let (_alone, Some(program)) = (alone(), redis()) else { return };
    let three = Three::start(&program, &[]);
    let store = three.store();
    let moving = (0..1000).find(|&n| node_of(n) == 0).unwrap();
    put(&store, [moving], 500);
    let name = [b"streamcache:".as_slice(), &key(moving).to_hex()].concat();
    let slot = slots::slot(&name).to_string();
    three.cluster(1, &["SETSLOT", &slot, "IMPORTING", &three.id(0)]);
    three.cluster(0, &["SETSLOT", &slot, "MIGRATING", &three.id(1)]);
    assert_eq!(get(&store, &[moving], soon()).len(), 1, "it is still there");
    let port = three.0[1].port;
    let () = redis::cmd("MIGRATE")
        .arg("127.0.0.1")
        .arg(port)
        .arg(name)
        .arg(0)
        .arg(1000)
        .query(&mut three.0[0].raw())
        .unwrap();
    assert_eq!(get(&store, &[moving], soon()).len(), 1, "ASK");
    assert_eq!(put(&store, [moving], 600), 1);
    assert_eq!(get(&store, &[moving], soon())[&moving], sealed(moving, 600).bytes);
    for n in [1, 0, 2] {
        three.cluster(n, &["SETSLOT", &slot, "NODE", &three.id(1)]);
    }
    assert_eq!(get(&store, &[moving], soon()).len(), 1, "MOVED");
    store.remove(&key(moving), soon()).unwrap();
    assert!(get(&store, &[moving], soon()).is_empty());
    assert_eq!(store.stats().faults, 0);
}

#[test]
fn a_node_that_fails_rests_alone_and_comes_back() {
    let (_alone, Some(program)) = (alone(), redis()) else { return };
    let three = Three::start(&program, &[]);
    let store = three.store();
    let keys: Vec<_> = (0..90).collect();
    assert_eq!(put(&store, keys.clone(), 300), 90);
    assert_eq!(get(&store, &keys, soon()).len(), 90);
    for paused in [0, 2] {
        three.0[paused].pause();
        let alive = keys.iter().filter(|&&n| node_of(n) != paused).count();
        let (mut longest, mut whole, begun) = (Duration::ZERO, 0, Instant::now());
        // Until its node rests a lookup of all takes its deadline; from then on those of the others are found at once.
        eventually("it rests alone", || {
            whole += 1;
            let begun = Instant::now();
            let found = get(&store, &keys, begun + DEADLINE);
            longest = longest.max(begun.elapsed());
            assert!(found.iter().all(|(&n, bytes)| *bytes == sealed(n, 300).bytes));
            found.len() == alive && begun.elapsed() < DEADLINE / 2
        });
        assert!(longest < DEADLINE * 2 && whole < 20, "{longest:?}, {whole} lookups");
        // Also while it is probed: the others' keys are found, and quickly.
        let (mut count, mut late, mut times, since) = (0, Vec::new(), Vec::new(), Instant::now());
        while since.elapsed() < Duration::from_millis(1500) {
            let asked = Instant::now();
            let found = get(&store, &keys, asked + DEADLINE);
            count += 1;
            times.push(asked.elapsed());
            if found.len() != alive {
                late.push((found.len(), asked.elapsed()));
            }
            assert_eq!(store.stats().resting, None, "after {:?}", begun.elapsed());
            sleep(Duration::from_millis(1));
        }
        times.sort();
        let median = times[times.len() / 2];
        assert!(median < DEADLINE / 10, "{median:?}");
        println!(
            "node {paused} of a cluster paused: longest lookup {longest:.1?} of {DEADLINE:?}; at rest {median:.1?}, {} of {count} late",
            late.len()
        );
        assert!(late.len() * 100 <= count, "{count} lookups, and {late:?}");
        three.0[paused].go_on();
        eventually("it is back", || get(&store, &keys, soon()).len() == 90);
    }
    eventually("all is stored", || {
        store.put_many(&keys.iter().map(|&n| sealed(n, 300)).collect::<Vec<_>>()).is_ok_and(|it| it.taken == 90)
    });
    three.0.iter().for_each(Server::pause);
    eventually("the whole of it rests", || {
        get(&store, &keys, Instant::now() + DEADLINE);
        store.stats().resting.is_some()
    });
    three.0.iter().for_each(Server::go_on);
    eventually("all are back", || get(&store, &keys, soon()).len() == 90 && store.stats().resting.is_none());
}

#[test]
fn a_node_that_answers_with_errors_rests_alone() {
    let (_alone, Some(program)) = (alone(), redis()) else { return };
    let slow = ["--key-load-delay", "20000", "--loading-process-events-interval-bytes", "1024"];
    let mut three = Three::start(&program, &[&slow[..], &["--maxmemory-policy", "noeviction"]].concat());
    let store = three.store();
    let keys: Vec<_> = (0..240).collect();
    let entries: Vec<_> = keys.iter().map(|&n| sealed(n, 300)).collect();
    assert_eq!(store.put_many(&entries).unwrap().taken, 240);

    // Full: the others store on.
    let limit = |value: &str| {
        let () = redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(value).query(&mut three.0[0].raw()).unwrap();
    };
    limit("1");
    let others = keys.iter().filter(|&&n| node_of(n) != 0).count();
    for _ in 0..10 {
        assert_eq!(store.put_many(&entries).unwrap().taken, others);
        assert_eq!(store.stats().resting, None);
    }
    assert!(store.stats().last_fault.unwrap().contains("OOM"));
    assert_eq!(get(&store, &keys, soon()).len(), 240, "lookups go on");
    limit("0");
    eventually("all is stored", || store.put_many(&entries).unwrap().taken == 240);

    // Loading, for more than a second.
    let () = redis::cmd("SAVE").query(&mut three.0[0].raw()).unwrap();
    three.0[0].restart();
    let (mut longest, mut loading, mut said) = (Duration::ZERO, 0, false);
    eventually("it has loaded", || {
        let begun = Instant::now();
        let found = get(&store, &keys, begun + DEADLINE);
        if found.len() == 240 {
            return true;
        }
        loading += 1;
        said |= store.stats().last_fault.is_some_and(|fault| fault.contains("LOADING"));
        longest = longest.max(begun.elapsed());
        assert_eq!(found.len(), others);
        assert_eq!(store.stats().resting, None);
        false
    });
    println!("a node of a cluster loading: {loading} lookups meanwhile, the longest took {longest:.1?}");
    assert!(loading > 20 && longest < DEADLINE * 2 && said);
}

/// Its first bytes come, and then nothing: who has answered meanwhile is heard, and not to blame.
#[test]
fn a_node_that_stalls_within_a_reply_rests_alone() {
    let (_alone, Some(program)) = (alone(), redis()) else { return };
    let three = Three::start(&program, &[]);
    let proxy = Proxy::before(three.0[0].port);
    let set = |value: u16| {
        let mut raw = three.0[0].raw();
        let () = redis::cmd("CONFIG").arg("SET").arg("cluster-announce-port").arg(value).query(&mut raw).unwrap();
    };
    set(proxy.port);
    let names_it = |server: &Server| {
        let slots: redis::Value = redis::cmd("CLUSTER").arg("SLOTS").query(&mut server.raw()).unwrap();
        format!("{slots:?}").contains(&proxy.port.to_string())
    };
    eventually("all know of the proxy", || three.0.iter().all(names_it));
    let store = Remote::open(&Config { urls: vec![three.0[1].url(), three.0[2].url()], ..config("") }).unwrap();
    let keys: Vec<_> = (0..90).collect();
    let others = keys.iter().filter(|&&n| node_of(n) != 0).count();
    assert_eq!(put(&store, keys.clone(), 300), 90);
    eventually("all is found", || get(&store, &keys, soon()).len() == 90);
    // The number and a part of a reply, and two replies and a part. What is shorter passes, or it could not connect.
    for at in [16, 700] {
        proxy.set(Spoil::Stall(at));
        let mut asked = 0;
        eventually("it rests alone", || {
            asked += 1;
            let begun = Instant::now();
            let found = get(&store, &keys, begun + DEADLINE);
            assert!((others..90).contains(&found.len()), "{} of {others} in lookup {asked}, {at} bytes", found.len());
            assert_eq!(store.stats().resting, None);
            begun.elapsed() < DEADLINE / 2
        });
        assert!(asked < 20, "{asked} lookups");
        proxy.set(Spoil::Nothing);
        eventually("it is back", || get(&store, &keys, soon()).len() == 90);
    }
}

/// One that reads nothing, and is sent more than a socket takes.
#[test]
fn a_node_that_takes_no_more_holds_up_no_stores_of_others() {
    let (_alone, Some(program)) = (alone(), redis()) else { return };
    let three = Three::start(&program, &[]);
    let urls = three.0.iter().map(Server::url).collect();
    let max_value_bytes = 64 << 20;
    let store = Remote::open(&Config { urls, write_timeout_ms: 300, max_value_bytes, ..config("") }).unwrap();
    let of = |node: usize| (0..2000).filter(move |&n| node_of(n) == node);
    for bad in 0..3 {
        let others: Vec<_> = (0..3).filter(|&node| node != bad).flat_map(|node| of(node).take(10)).collect();
        let its: Vec<_> = of(bad).take(2).collect();
        let mut entries: Vec<_> = others.iter().map(|&n| sealed(n, 300)).collect();
        entries.push(sealed(its[0], 300));
        eventually("all is stored", || store.put_many(&entries).is_ok_and(|it| it.taken == entries.len()));
        three.0[bad].pause();
        entries.push(sealed(its[1], 32 << 20)); // only now: a socket that has taken such a one has room for the next
        let mut asked = 0;
        eventually("it rests alone", || {
            asked += 1;
            assert_eq!(store.put_many(&entries).unwrap().taken, others.len(), "store {asked}");
            assert!(store.stats().resting.is_none());
            let begun = Instant::now();
            assert_eq!(store.put_many(&entries[..=others.len()]).unwrap().taken, others.len(), "store {asked}");
            begun.elapsed() < Duration::from_millis(100)
        });
        assert!(asked < 10, "{asked} stores");
        let doubted = |n: usize| store.shared.doubts.has(&key(n));
        assert!(doubted(its[0]), "it was sent");
        assert!(!doubted(its[1]), "not all of it was");
        assert!(!others.iter().any(|&n| doubted(n)));
        three.0[bad].go_on();
    }
}
