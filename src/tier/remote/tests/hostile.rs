//! Servers and proxies that go on for ever, or refuse in words of their own.

use super::endures::alone;
use super::proxy::{Proxy, Spoil};
use super::server::{Server, free_port, redis};
use super::*;

const LARGEST: usize = 512 << 20;
const LINE: &[u8] = &[b'a'; 65_536];
const PARTS: &[u8] = &{
    let (mut bytes, mut n) = ([0; 65_536], 0);
    while n < bytes.len() {
        bytes[n] = b":1\r\n"[n % 4];
        n += 1;
    }
    bytes
};

/// A node that has all slots, and says that it is reached through the proxy.
fn node(program: &std::path::Path) -> (Server, Proxy) {
    let bus = free_port().to_string();
    let own = ["--cluster-enabled", "yes", "--cluster-port", &bus, "--cluster-config-file", "nodes.conf"];
    let server = Server::start(program, &own);
    let proxy = Proxy::before(server.port);
    let mut raw = server.raw();
    let () = redis::cmd("CONFIG").arg("SET").arg("cluster-announce-port").arg(proxy.port).query(&mut raw).unwrap();
    let () = redis::cmd("CLUSTER").arg("ADDSLOTSRANGE").arg(0).arg(16_383).query(&mut raw).unwrap();
    (server, proxy)
}

#[test]
fn what_never_ends_costs_a_bounded_time_and_is_a_fault() {
    let (_alone, Some(program)) = (alone(), redis()) else { return };
    let single = Server::start(&program, &[]);
    let single_proxy = Proxy::before(single.port);
    let (server, proxy) = node(&program);
    let cases = [
        (server.url().replace("redis://", "redis+cluster://"), proxy),
        (format!("redis://127.0.0.1:{}", single_proxy.port), single_proxy),
    ];
    for (url, proxy) in cases {
        for (what, spoil) in [
            ("a line", Spoil::Endless(b"+", LINE)),
            ("an error", Spoil::Endless(b"-ERR ", LINE)),
            ("an array", Spoil::Endless(b"*100000000\r\n", PARTS)),
        ] {
            let store = Remote::open(&Config { max_value_bytes: LARGEST, ..config(&url) }).unwrap();
            eventually("it stores", || store.put_many(&[sealed(0, 100)]).is_ok_and(|it| it.taken == 1));
            eventually("it is asked", || get(&store, &[0], soon()).len() == 1);
            proxy.set(spoil);
            let begun = Instant::now();
            assert!(get(&store, &[0], soon()).is_empty());
            let took = begun.elapsed();
            proxy.set(Spoil::Nothing);
            let fault = store.stats().last_fault.unwrap();
            println!("{what} without end, {}: a fault after {took:.1?}: {fault}", &url[..13]);
            assert!(fault.contains("makes no sense") && took < Duration::from_secs(1), "{what}: {took:?}, {fault}");
            eventually("it is asked again", || get(&store, &[0], soon()).len() == 1);
        }
    }
}

#[test]
fn an_error_among_the_answers_is_its_keys_alone() {
    let (_alone, Some(program)) = (alone(), redis()) else { return };
    let server = Server::start(&program, &[]);
    let proxy = Proxy::before(server.port);
    let store = open(&format!("redis://127.0.0.1:{}", proxy.port));
    put(&store, 0..2, 100);
    assert_eq!(get(&store, &[0, 5, 1], soon()).len(), 2);
    let mut raw = server.raw();
    let mut connections = || {
        let info: String = redis::cmd("INFO").arg("stats").query(&mut raw).unwrap();
        info.lines().find(|line| line.starts_with("total_connections_received:")).unwrap().to_owned()
    };
    let before = connections();
    proxy.set(Spoil::Instead(b"$-1\r\n", b"-ERR no such backend\r\n"));
    for count in 1..=2 {
        let found = get(&store, &[0, 5, 1], soon());
        assert!(found.len() == 2 && found.iter().all(|(&n, bytes)| *bytes == sealed(n, 100).bytes));
        assert_eq!(store.stats().faults, count);
    }
    assert!(store.stats().last_fault.unwrap().contains("ERR"));
    proxy.set(Spoil::Nothing);
    assert_eq!(get(&store, &[0, 5, 1], soon()).len(), 2);
    assert_eq!(connections(), before, "it is the same connection");
}

#[test]
fn whoever_refuses_many_in_its_own_words_is_asked_one_by_one_and_later_again() {
    let (_alone, Some(program)) = (alone(), redis()) else { return };
    let server = Server::start(&program, &[]);
    let proxy = Proxy::before(server.port);
    proxy.set(Spoil::Instead(b"-NOPERM", b"-unsupported"));
    let mut raw = server.raw();
    let all: Vec<_> = (0..50).collect();
    for later_may in [true, false] {
        let user = if later_may { "later" } else { "never" };
        let mut acl = redis::cmd("ACL");
        acl.arg("SETUSER").arg(user).arg("on").arg(">word").arg("~*").arg(&["+ping", "+set", "+del", "+get"]);
        let () = acl.query(&mut raw).unwrap();
        let () = redis::cmd("CONFIG").arg("RESETSTAT").query(&mut raw).unwrap();
        let store = open(&format!("redis://{user}:word@127.0.0.1:{}", proxy.port));
        put(&store, all.clone(), 100);
        (0..2).for_each(|_| assert_eq!(get(&store, &all, soon()).len(), 50));
        assert_eq!(store.stats().faults, 0);
        let mut mget = || {
            let info: String = redis::cmd("INFO").arg("commandstats").query(&mut raw).unwrap();
            info.lines().find(|line| line.starts_with("cmdstat_mget:")).unwrap().to_owned()
        };
        assert!(mget().contains("mget:calls=0,") && mget().contains("rejected_calls=1,"), "once: {}", mget());
        for _ in 0..5 {
            let mut other = server.raw();
            if later_may {
                let () = redis::cmd("ACL").arg("SETUSER").arg(user).arg("+mget").query(&mut other).unwrap();
            }
            let () = redis::cmd("CLIENT").arg("KILL").arg("USER").arg(user).query(&mut other).unwrap();
            eventually("it is asked again", || get(&store, &all, soon()).len() == 50);
        }
        let rejected = if later_may { "rejected_calls=1," } else { "rejected_calls=3," };
        assert!(mget().contains("mget:calls=0,") != later_may && mget().contains(rejected), "{}", mget());
    }
}
