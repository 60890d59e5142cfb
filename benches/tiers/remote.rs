//! A Redis server across the loopback, beside the same commands through the same crate without this library.

use crate::common::goal::{Goal, Unit};
use crate::common::{Report, table};
use crate::rounds::Spread;
use crate::server::Server;
use crate::{DRAIN, fill, key, look_up, noise, row, some_keys};
use redis::Commands;
use serde_json::json;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Instant;
use streamcache::{Cache, Digest, Filter, Flags, Item, Options, PutOptions, digest};

const ENTRIES: u64 = 512;
const LOOKUPS: usize = 32;
const BATCH: usize = 64;
const MICROSECONDS: Unit = Unit { name: "µs", decimals: 1, compared: "above a raw GET" };
const RATIO: Unit = Unit { name: "×", decimals: 2, compared: "one lookup" };
/// So much more than a raw GET, or so many times as much; and so many times one lookup for 64.
const ADDED_US: f64 = 30.0;
const FACTOR: f64 = 1.3;
const BATCH_FACTOR: f64 = 3.0;

/// The server is a process of its own: on one processor it and both threads of the cache take turns, which makes a single
/// lookup as fast as it can be, for nobody wakes another processor, and a batch slow, for nothing is done at once.
pub fn measure(quick: bool, report: &mut Report) {
    let Some(server) = Server::start() else {
        println!("SKIPPED: there is no redis-server here; script/bootstrap test installs it");
        return;
    };
    let rounds = if quick { 10 } else { 101 };
    let place = match available_parallelism().map_or(1, |n| n.get()) {
        1 => "one processor for all".to_owned(),
        many => format!("{many} processors"),
    };
    let mut rows =
        vec![row!["bytes", "GET µs", "hit", "added", "pipeline of 64", "MGET of 64", "batch of 64", "× one hit"]];
    for len in [64, 1 << 10, 16 << 10] {
        let [get, hit, pipeline, mget, batch] = sides(&server, len, rounds);
        let added = Spread::of_differences(&hit, &get).median / 1e3;
        let times = Spread::of_ratios(&batch, &hit);
        let [get, hit, pipeline, mget, batch] =
            [get, hit, pipeline, mget, batch].map(|times| Spread::of(times).median / 1e3);
        rows.push(row![
            table::grouped(len as f64),
            format!("{get:.1}"),
            format!("{hit:.1}"),
            format!("{added:.1}"),
            format!("{pipeline:.0}"),
            format!("{mget:.0}"),
            format!("{batch:.0}"),
            format!("{:.2}", times.median),
        ]);
        let section =
            json!({ "get_us": get, "hit_us": hit, "pipeline_us": pipeline, "mget_us": mget, "batch_us": batch });
        report.section(&format!("tiers remote {len}"), section);
        let limit = ADDED_US.max((FACTOR - 1.0) * get);
        let what = format!("a hit of {len} bytes in Redis, promoted, {place}");
        report.goal(Goal { what, measured: added, limit, unit: &MICROSECONDS });
        let what = format!("a batch of {BATCH} hits of {len} bytes in Redis, {place}");
        report.goal(Goal { what, measured: times.median, limit: BATCH_FACTOR, unit: &RATIO });
    }
    table::print(&format!("Redis across the loopback, {place}: medians of {rounds} alternating rounds"), &rows);
}

/// Nanoseconds of a plain GET, of a hit, of 64 plain GETs in a pipeline, of the same as one MGET, and of a batch of 64 hits.
fn sides(server: &Server, len: usize, rounds: usize) -> [Vec<f64>; 5] {
    let mut plain = server.connect();
    let options = Options {
        remote_urls: vec![server.url().into()],
        remote_prefix: format!("b{len}:").into(),
        remote_timeout_ms: 1000,
        max_bytes: 1 << 30,
        ..Options::default()
    };
    let cache = Cache::open(&options).expect("the options are right");
    let bytes = noise(len);
    fill(&cache, 0, ENTRIES, &bytes);
    let filter = filter(&cache);
    let chunks: Vec<Digest> = (0..BATCH as u64).map(|n| key(n + 1_000_000)).collect();
    for chunk in &chunks {
        assert!(filter.put(chunk, None, &bytes, &PutOptions::default()).expect("it is open").stored);
    }
    assert!(cache.flush(DRAIN).expect("it is open"));
    let name = |n: u64| format!("plain{len}:{n}");
    for n in 0..ENTRIES {
        let () = plain.set(name(n), &bytes[..]).expect("the server takes it");
    }
    let mut times: [Vec<f64>; 5] = Default::default();
    for round in 0..rounds {
        let keys = some_keys(ENTRIES, round, LOOKUPS);
        let names: Vec<String> = (0..LOOKUPS as u64).map(|n| name((n * 7919 + round as u64) % ENTRIES)).collect();
        for turn in 0..5 {
            let side = (round + turn) % 5;
            cache.purge().expect("it is open");
            let begin = Instant::now();
            let count = match side {
                0 => {
                    for name in &names {
                        let read: Vec<u8> = plain.get(name).expect("the server answers");
                        assert_eq!(read.len(), len);
                    }
                    LOOKUPS
                }
                1 => {
                    look_up(&cache, &keys, len);
                    LOOKUPS
                }
                2 => {
                    let mut pipeline = redis::pipe();
                    for n in 0..BATCH as u64 {
                        pipeline.get(name(n));
                    }
                    let read: Vec<Vec<u8>> = pipeline.query(&mut plain).expect("the server answers");
                    assert_eq!(read.len(), BATCH);
                    1
                }
                3 => {
                    let names: Vec<String> = (0..BATCH as u64).map(name).collect();
                    let read: Vec<Vec<u8>> = plain.mget(&names).expect("the server answers");
                    assert_eq!(read.len(), BATCH);
                    1
                }
                _ => {
                    let batch = filter.begin_batch(&chunks, Flags::default()).expect("it is open");
                    assert!(batch.items().iter().all(|item| matches!(item, Item::Here(_))));
                    1
                }
            };
            times[side].push(begin.elapsed().as_nanos() as f64 / count as f64);
        }
    }
    times
}

fn filter(cache: &Arc<Cache>) -> Arc<Filter> {
    let filter = Filter::open(cache, "f", digest::config_bytes(b"bench"), true).expect("it is open");
    filter.load_state(b"state").expect("there is room");
    filter
}
