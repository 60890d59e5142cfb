//! What servers do wrong, seen by whoever looks something up: no wrong answer, no lookup longer than its deadline, none
//! that waits while the server rests, and full recovery. Prints the rows of a table.

use super::lateness::{ATTEMPTS, LATENESS, with_lateness};
use super::proxy::{Proxy, Spoil};
use super::server::{Server, redis, valkey};
use super::*;
use std::path::Path;
use std::sync::Mutex;
use std::thread::scope;
use streamcache::ticket::begin_key;

const KEYS: usize = 64;
/// A lookup of a server that rests.
const AT_REST: Duration = Duration::from_micros(10);

/// Looks a key up by `get` or by `begin`, and says how long that took. What is found must be right.
fn timed(cache: &Arc<Cache>, n: usize, begins: bool) -> Duration {
    let started = Instant::now();
    if begins {
        let begun = begin_key(cache, &key(n), Duration::ZERO, Flags::default()).unwrap();
        let took = started.elapsed();
        match begun {
            streamcache::Begin::Hit(value) => assert_eq!(value.bytes(), answer(n), "a wrong answer"),
            streamcache::Begin::Fill(_) | streamcache::Begin::Busy => {}
            other => panic!("{other:?}"),
        }
        took
    } else {
        has(cache, n);
        started.elapsed()
    }
}

/// The longest of the lookups of three threads until the server rests, or of some; and how late the machine was.
fn longest(cache: &Arc<Cache>) -> (Duration, Duration) {
    let lookups = |thread: usize| {
        let (mut longest, begun) = (Duration::ZERO, Instant::now());
        for count in 0..40 {
            // Every other one is of a key that is not there.
            let n = (count * 3 + thread) % KEYS + if count % 2 == 0 { 0 } else { 1000 * KEYS };
            longest = longest.max(timed(cache, n, thread == 2));
            if begun.elapsed() > Duration::from_secs(3) || count > 4 && remote(cache).resting().is_some() {
                break;
            }
        }
        longest
    };
    with_lateness(|| {
        scope(|scope| {
            let threads = [0, 1, 2].map(|thread| scope.spawn(move || lookups(thread)));
            threads.into_iter().map(|thread| thread.join().unwrap()).max().unwrap()
        })
    })
}

/// The median and the longest lookup while the server rests.
fn at_rest(cache: &Arc<Cache>) -> (Duration, Duration) {
    let mut times: Vec<Duration> = Vec::new();
    for n in 0..2000 {
        times.push(timed(cache, n % KEYS, n % 2 == 0));
    }
    times.sort();
    (times[times.len() / 2], times[times.len() - 1])
}

#[derive(Clone, Copy, PartialEq)]
enum Then {
    /// The server rests until it is repaired.
    Rests,
    /// Lookups go on, or end by themselves.
    Goes,
}

/// Breaks what lies behind `url` and repairs it. `full` says that it keeps what it had.
fn endures(name: &str, url: &str, then: Then, broken: &dyn Fn(), repaired: &dyn Fn()) {
    for attempt in 1.. {
        let (writer, cache) = (Cache::open(&options(url)).unwrap(), forgetful(options(url)));
        fill(&writer, 0..KEYS);
        eventually("all is found", || (0..KEYS).all(|n| has(&cache, n)));
        broken();
        let (longest, lateness) = longest(&cache);
        let mut row = format!("| {name} | {:.1} ms |", longest.as_secs_f64() * 1e3);
        let is_quick = longest <= DEADLINE + Duration::from_millis(5) + lateness.min(LATENESS);
        assert!(is_quick || attempt < ATTEMPTS, "{row} while the machine was late by {lateness:?}");
        if then == Then::Rests {
            eventually("it rests", || {
                has(&cache, 0);
                remote(&cache).resting().is_some()
            });
            let (median, max) = at_rest(&cache);
            assert!(median <= AT_REST, "{name}: {median:?} at rest");
            let us = |time: Duration| time.as_secs_f64() * 1e6;
            row += &format!(" {:.1} µs | {:.0} µs |", us(median), us(max));
            assert!(remote(&cache).last_fault().is_some() && remote(&cache).faults() > 0);
        } else {
            row += " | |";
        }
        repaired();
        let back = eventually("it is found again", || {
            put(&writer, 1);
            writer.flush(SOON).unwrap() && has(&cache, 1)
        });
        eventually("nothing rests", || has(&cache, 1) && remote(&cache).resting().is_none());
        eventually("all is there again", || {
            (0..KEYS).for_each(|n| put(&writer, n));
            writer.flush(SOON).unwrap() && (0..KEYS).all(|n| has(&cache, n))
        });
        assert_eq!(remote(&cache).refusals(), 0, "{name}");
        let why = remote(&cache).last_fault().unwrap_or_default().to_owned();
        println!(
            "{row} {:.1} s | {why} | (machine late by {:.1} ms)",
            back.as_secs_f64(),
            lateness.as_secs_f64() * 1e3
        );
        if is_quick {
            break;
        }
    }
}

/// All faults of one kind of server, at the same time: most of it is waiting.
fn endures_all(program: &Path) {
    let kind = if program.ends_with("redis-server") { "Redis" } else { "Valkey" };
    let spoil = |what: &str, then, spoil: Spoil| {
        let server = Server::start(program, &[]);
        let proxy = Proxy::before(server.port);
        let url = format!("redis://127.0.0.1:{}", proxy.port);
        endures(&format!("{kind}, {what}"), &url, then, &|| proxy.set(spoil), &|| proxy.set(Spoil::Nothing));
    };
    scope(|scope| {
        scope.spawn(|| {
            let server = Mutex::new(Server::start(program, &[]));
            let url = server.lock().unwrap().url();
            let (kill, restart) = (|| server.lock().unwrap().kill(), || server.lock().unwrap().restart());
            endures(&format!("{kind}, killed"), &url, Then::Rests, &kill, &restart);
            endures(&format!("{kind}, restarted empty"), &url, Then::Goes, &restart, &|| ());
        });
        scope.spawn(|| {
            let server = Server::start(program, &[]);
            endures(&format!("{kind}, paused"), &server.url(), Then::Rests, &|| server.pause(), &|| server.go_on());
        });
        scope.spawn(|| {
            let delay = ["--key-load-delay", "15000", "--loading-process-events-interval-bytes", "1024"];
            let server = Mutex::new(Server::start(program, &delay));
            let url = server.lock().unwrap().url();
            let loads = || {
                let mut server = server.lock().unwrap();
                let () = redis::cmd("SAVE").query(&mut server.raw()).unwrap();
                server.restart();
            };
            endures(&format!("{kind}, loading its data"), &url, Then::Rests, &loads, &|| ());
        });
        scope.spawn(|| {
            spoil("slow, by 80 ms", Then::Rests, Spoil::Slow(Duration::from_millis(80)));
            spoil("cut in the value", Then::Rests, Spoil::Cut(500));
        });
        scope.spawn(|| {
            spoil("dripping, a byte in 5 ms", Then::Rests, Spoil::Drip(Duration::from_millis(5)));
            spoil("garbage", Then::Rests, Spoil::Garbage(b"HTTP/1.1 400 Bad Request\r\n\r\n", false));
        });
        scope.spawn(|| {
            spoil("silent", Then::Rests, Spoil::Swallow);
            spoil("slow, by 20 ms", Then::Goes, Spoil::Slow(Duration::from_millis(20)));
        });
        scope.spawn(|| is_full(program, kind));
        scope.spawn(|| is_a_replica(program, kind));
    });
}

/// It has answers and takes nothing.
fn is_full(program: &Path, kind: &str) {
    let server = Server::start(program, &["--maxmemory-policy", "noeviction"]);
    let limit = |value: &str| {
        let () = redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(value).query(&mut server.raw()).unwrap();
    };
    let writer = Cache::open(&options(&server.url())).unwrap();
    let full = || {
        limit("1");
        for n in KEYS..KEYS + 4 {
            put(&writer, n);
            assert!(writer.flush(SOON).unwrap());
        }
        let stats = remote(&writer);
        assert!(stats.resting().is_some_and(|why| why.starts_with("stores only") && why.contains("OOM")), "{stats:?}");
    };
    endures(&format!("{kind}, out of memory"), &server.url(), Then::Goes, &full, &|| limit("0"));
    eventually("it stores again", || {
        put(&writer, 2 * KEYS);
        writer.flush(SOON).unwrap() && remote(&writer).resting().is_none()
    });
}

/// The same, for another reason.
fn is_a_replica(program: &Path, kind: &str) {
    let server = Server::start(program, &[]);
    let follow = |host: &str, port: &str| {
        let () = redis::cmd("REPLICAOF").arg(host).arg(port).query(&mut server.raw()).unwrap();
    };
    let writer = Cache::open(&options(&server.url())).unwrap();
    let demoted = || {
        follow("127.0.0.1", "1");
        for n in KEYS..KEYS + 4 {
            put(&writer, n);
            assert!(writer.flush(SOON).unwrap());
        }
        assert!(remote(&writer).resting().is_some_and(|why| why.contains("READONLY")), "{:?}", remote(&writer));
    };
    endures(&format!("{kind}, made a replica"), &server.url(), Then::Goes, &demoted, &|| follow("NO", "ONE"));
}

#[test]
fn every_fault_of_redis_is_endured() {
    if let Some(program) = redis() {
        endures_all(&program);
    }
}

#[test]
fn every_fault_of_valkey_is_endured() {
    if let Some(program) = valkey() {
        endures_all(&program);
    }
}
