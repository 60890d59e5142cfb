//! A real cluster of three nodes.

use super::endures::alone;
use super::server::{Folder, Server, free_port, redis, valkey};
use super::*;
use crate::tier::remote::slots;
use std::path::Path;

struct Three(Vec<Server>);

impl Three {
    fn start(program: &Path) -> Self {
        let servers: Vec<_> = (0..3)
            .map(|_| {
                let bus = free_port().to_string();
                let own = ["--cluster-enabled", "yes", "--cluster-port", &bus, "--cluster-config-file", "nodes.conf"];
                let more = ["--cluster-node-timeout", "2000", "--cluster-require-full-coverage", "no"];
                Server::start_on(program, free_port(), Folder::new(), &[&own[..], &more[..]].concat())
            })
            .collect();
        let three = Self(servers);
        for (n, server) in three.0.iter().enumerate() {
            let (first, last) = (n * slots::SLOTS / 3, (n + 1) * slots::SLOTS / 3 - 1);
            three.cluster(n, &["ADDSLOTSRANGE", &first.to_string(), &last.to_string()]);
            three.cluster(n, &["SET-CONFIG-EPOCH", &(n + 1).to_string()]);
            if n > 0 {
                let bus = server.bus();
                three.cluster(0, &["MEET", "127.0.0.1", &server.port.to_string(), &bus]);
            }
        }
        eventually("the cluster is whole", || {
            (0..3).all(|n| {
                let info: String = redis::cmd("CLUSTER").arg("INFO").query(&mut three.0[n].raw()).unwrap();
                info.contains("cluster_state:ok") && info.contains("cluster_slots_ok:16384")
            })
        });
        three
    }

    fn cluster(&self, n: usize, command: &[&str]) {
        let () = redis::cmd("CLUSTER").arg(command).query(&mut self.0[n].raw()).unwrap();
    }

    fn id(&self, n: usize) -> String {
        redis::cmd("CLUSTER").arg("MYID").query(&mut self.0[n].raw()).unwrap()
    }

    fn store(&self) -> Remote {
        let urls = self.0.iter().map(Server::url).collect();
        Remote::open(&Config { urls, ..config("") }).unwrap()
    }

    fn entries(&self, n: usize) -> usize {
        redis::cmd("DBSIZE").query(&mut self.0[n].raw()).unwrap()
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
        let three = Three::start(&program);
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
    let three = Three::start(&program);
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
    let three = Three::start(&program);
    let store = three.store();
    let keys: Vec<_> = (0..90).collect();
    assert_eq!(put(&store, keys.clone(), 300), 90);
    three.0[2].pause();
    let alive = keys.iter().filter(|&&n| node_of(n) != 2).count();
    let mut longest = Duration::ZERO;
    // Until its node rests a lookup of all takes its deadline; from then on those of the others are found at once.
    eventually("it rests alone", || {
        let begun = Instant::now();
        let found = get(&store, &keys, begun + DEADLINE);
        longest = longest.max(begun.elapsed());
        assert!(found.iter().all(|(&n, bytes)| *bytes == sealed(n, 300).bytes));
        found.len() == alive && begun.elapsed() < DEADLINE / 2
    });
    println!("a node of a cluster paused: longest lookup {longest:.1?} of {DEADLINE:?}");
    assert!(longest < DEADLINE * 2);
    three.0[2].go_on();
    eventually("it is back", || get(&store, &keys, soon()).len() == 90);
    eventually("all is stored", || {
        store.put_many(&keys.iter().map(|&n| sealed(n, 300)).collect::<Vec<_>>()).is_ok_and(|n| n == 90)
    });
    three.0.iter().for_each(Server::pause);
    eventually("the whole of it rests", || {
        get(&store, &keys, Instant::now() + DEADLINE);
        store.stats().resting.is_some()
    });
    three.0.iter().for_each(Server::go_on);
    eventually("all are back", || get(&store, &keys, soon()).len() == 90 && store.stats().resting.is_none());
}
