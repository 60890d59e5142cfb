//! Replies that come late, in pieces, in part, twice, or are none.

use super::endures::{Then, alone, endures};
use super::proxy::{Proxy, Spoil};
use super::server::{Server, redis};
use super::*;

const ENDLESS: &[u8] = &[b'x'; 65_536];
/// The same, beginning as a value of that length would.
const HUGE: &[u8] = &{
    let (mut bytes, head, mut n) = ([b'x'; 65_536], b"$500000000\r\n", 0);
    while n < head.len() {
        bytes[n] = head[n];
        n += 1;
    }
    bytes
};

fn each(cases: &[(&str, usize, Then, Spoil)]) {
    let (_alone, Some(program)) = (alone(), redis()) else { return };
    let server = Server::start(&program, &[]);
    for &(name, len, then, spoil) in cases {
        let proxy = Proxy::before(server.port);
        let store = open(&format!("redis://127.0.0.1:{}", proxy.port));
        endures(name, &store, len, then, || proxy.set(spoil), || proxy.set(Spoil::Nothing));
    }
}

#[test]
fn late_replies_are_endured() {
    let ms = Duration::from_millis;
    each(&[
        ("slow, by 80 ms", 500, Then::Rests, Spoil::Slow(ms(80))),
        ("slow, by 20 ms", 500, Then::Goes, Spoil::Slow(ms(20))),
        ("dripping, a byte in 5 ms", 500, Then::Rests, Spoil::Drip(ms(5))),
        ("dripping, a byte in 45 ms", 500, Then::Rests, Spoil::Drip(ms(45))),
        ("silent", 500, Then::Rests, Spoil::Swallow),
    ]);
}

#[test]
fn broken_replies_are_endured() {
    each(&[
        ("cut in the header", 5000, Then::Rests, Spoil::Cut(3)),
        ("cut in the value", 5000, Then::Rests, Spoil::Cut(2500)),
        ("cut before it", 5000, Then::Rests, Spoil::Cut(0)),
        ("each reply twice", 500, Then::Rests, Spoil::Twice),
    ]);
}

#[test]
fn garbage_is_endured_in_bounded_memory() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap(); // forgets what was the most so far
    let memory = memory();
    let then = Then::Rests;
    each(&[
        ("an HTTP server", 500, then, Spoil::Garbage(b"HTTP/1.1 400 Bad Request\r\n\r\n", false)),
        ("a huge length", 500, then, Spoil::Garbage(b"$99999999999\r\n", false)),
        ("a huge length and its bytes", 500, then, Spoil::Garbage(HUGE, true)),
        ("a negative length", 500, then, Spoil::Garbage(b"$-5\r\n", false)),
        ("arrays without end", 500, then, Spoil::Garbage(b"*1000000000\r\n", true)),
        ("a line without end", 500, then, Spoil::Garbage(ENDLESS, true)),
        ("an error without end", 500, then, Spoil::Garbage(b"-ERR ", true)),
        ("another kind of reply", 500, then, Spoil::Garbage(b":5\r\n", false)),
        ("empty lines", 500, then, Spoil::Garbage(b"\r\n", true)),
    ]);
    let grown = self::memory().saturating_sub(memory);
    println!("memory at its most grew by {grown} KiB");
    assert!(grown < 96 << 10, "{grown} KiB");
}

/// The most memory this process had since, in KiB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn a_late_reply_is_never_another_keys() {
    let (_alone, Some(program)) = (alone(), redis()) else { return };
    let server = Server::start(&program, &[]);
    let proxy = Proxy::before(server.port);
    // No rest to speak of: every lookup is to reach the server.
    let url = format!("redis://127.0.0.1:{}", proxy.port);
    let store = Remote::open(&Config { first_rest_ms: 1, longest_rest_ms: 1, ..config(&url) }).unwrap();
    put(&store, 0..50, 100);
    let (mut found, mut late) = (0, 0);
    for round in 0..60 {
        proxy.set(if round % 2 == 0 { Spoil::Slow(Duration::from_millis(15)) } else { Spoil::Nothing });
        for n in [round % 50, (round + 25) % 50] {
            eventually("it is asked", || store.stats().resting.is_none());
            match get(&store, &[n], Instant::now() + Duration::from_millis(10)).get(&n) {
                Some(bytes) => found += usize::from(*bytes == sealed(n, 100).bytes),
                None => late += 1,
            }
        }
    }
    println!("{found} in time, {late} late, of 120");
    assert!(found + late == 120 && found > 10 && late > 30);
}
