//! Lookups in a Redis server across the loopback, against the same commands through the same crate without this
//! library.
//!
//! The store is not public: this program is built from the files of its rooms. The server is started here, on a free
//! port, and ends with it.

#![allow(dead_code, unused_imports)] // of the rooms, whose tests come along without being run

#[path = "../common/mod.rs"]
mod common;
#[path = "../../src/error.rs"]
mod error;
#[path = "../../src/lock.rs"]
mod lock;
#[path = "../../src/log.rs"]
mod log;
#[path = "../../src/process.rs"]
mod process;
#[path = "../c_abi/rounds.rs"]
mod rounds;
mod server;
#[path = "../../src/tier/mod.rs"]
mod tier;

/// What the rooms know of keys.
mod digest {
    pub use streamcache::digest::{Digest, chunk};
}

use common::goal::{Goal, Unit};
use common::{Arguments, Report};
use digest::{Digest, chunk};
use rounds::{Spread, alternate};
use serde_json::json;
use server::Server;
use std::time::{Duration, Instant};
use tier::remote::{Config, Remote};
use tier::{Sealed, Store};

const KEYS: usize = 512;
const RATIO: Unit = Unit { name: "×", decimals: 2, compared: "one of them" };
const PIPELINE: Unit = Unit { name: "×", decimals: 2, compared: "the raw pipeline" };
const MICROSECONDS: Unit = Unit { name: "µs", decimals: 1, compared: "above a raw GET" };
/// The goals: so much more than a raw GET, or so many times as much, and so many times one lookup for 64.
const ADDED_US: f64 = 30.0;
const FACTOR: f64 = 1.3;
const BATCH: usize = 64;
const BATCH_FACTOR: f64 = 3.0;
/// Above this a batch is bound by its bytes, 64 times those of one, and is compared with a raw pipeline instead.
const SMALL: usize = 1 << 10;

fn main() {
    let arguments = Arguments::read();
    let Some(server) = Server::start() else {
        println!("SKIPPED: there is no redis-server here; script/bootstrap test installs it");
        return;
    };
    let rounds = if arguments.quick { 10 } else { 61 };
    let mut report = Report::default();
    println!("{:>10}{:>14}{:>14}{:>16}{:>16}", "bytes", "raw GET", "lookup", "raw pipeline", "batch of 64");
    for len in [64, 1 << 10, 16 << 10] {
        measure(&server, len, rounds, &mut report);
    }
    report.finish(&arguments);
}

/// All sides at one length of values, in alternating rounds; microseconds.
fn measure(server: &Server, len: usize, rounds: usize, report: &mut Report) {
    let store = Remote::open(&Config { urls: vec![server.url()], ..Config::default() }).expect("it opens");
    let keys: Vec<Digest> = (0..KEYS).map(|n| chunk(&n.to_le_bytes())).collect();
    let names: Vec<Vec<u8>> = keys.iter().map(|key| [b"streamcache:".as_slice(), &key.to_hex()].concat()).collect();
    let sealed = |&key: &Digest| Sealed { key, tag: 0, expires_ms: 0, epoch: 0, bytes: vec![7; len] };
    let entries: Vec<_> = keys.iter().map(sealed).collect();
    assert_eq!(store.put_many(&entries).expect("it stores"), KEYS);
    let mut raw = [server.connect(), server.connect()];
    let [single, piped] = &mut raw;

    let lookup = |keys: &[Digest]| {
        let mut found = 0;
        let until = Instant::now() + Duration::from_secs(1);
        store.get_many(keys, until, &mut |_, bytes| found += usize::from(bytes.len() == len)).expect("it answers");
        assert_eq!(found, keys.len());
    };
    let times = alternate::<4>(
        rounds,
        [
            &mut |round: usize| {
                for n in 0..20 {
                    let value: Vec<u8> = redis::cmd("GET").arg(&names[(round * 20 + n) % KEYS]).query(single).unwrap();
                    assert_eq!(value.len(), len);
                }
                20
            },
            &mut |round| {
                (0..20).for_each(|n| lookup(&keys[(round * 20 + n) % KEYS..][..1]));
                20
            },
            &mut |round| {
                let mut pipeline = redis::pipe();
                for name in &names[round * BATCH % KEYS..][..BATCH] {
                    pipeline.get(name);
                }
                let values: Vec<Vec<u8>> = pipeline.query(piped).unwrap();
                assert!(values.iter().all(|value| value.len() == len));
                1
            },
            &mut |round| {
                lookup(&keys[round * BATCH % KEYS..][..BATCH]);
                1
            },
        ] as [&mut dyn FnMut(usize) -> usize; 4],
    );
    let median = |side: usize| Spread::of(times[side].iter().copied()).median / 1000.0;
    let added = Spread::of_differences(&times[1], &times[0]).median / 1000.0;
    let ratio = |side: usize| Spread::of_ratios(&times[3], &times[side]).median;
    let [get, hit, pipeline, many] = [0, 1, 2, 3].map(median);
    println!("{len:>10}{get:>11.1} µs{hit:>11.1} µs{pipeline:>13.1} µs{many:>13.1} µs");
    let section = json!({ "raw_us": get, "lookup_us": hit, "raw_pipeline_us": pipeline, "batch_us": many });
    report.section(&format!("remote_{len}"), section);

    let limit = ADDED_US.max(get * (FACTOR - 1.0));
    report.goal(Goal { what: format!("a lookup of {len} bytes"), measured: added, limit, unit: &MICROSECONDS });
    let what = format!("a batch of {BATCH} × {len} bytes");
    report.goal(match len <= SMALL {
        true => Goal { what, measured: ratio(1), limit: BATCH_FACTOR, unit: &RATIO },
        false => Goal { what, measured: ratio(2), limit: FACTOR, unit: &PIPELINE },
    });
}
