//! What tiers cost a hit in memory.

use crate::common::goal::{Goal, Unit};
use crate::common::{Report, table};
use crate::rounds::{Spread, alternate};
use crate::{DRAIN, Scratch, fill, look_up, noise, row, some_keys};
use serde_json::json;
use streamcache::{Cache, Options};

const ENTRIES: u64 = 10_000;
const BYTES: usize = 1024;
const LOOKUPS: usize = 2000;
const GOAL: f64 = 1.02;
const RATIO: Unit = Unit { name: "×", decimals: 3, compared: "a cache without tiers" };

pub fn measure(quick: bool, report: &mut Report) {
    let rounds = if quick { 30 } else { 301 };
    let scratch = Scratch::new("memory");
    let with = Cache::open(&scratch.options()).expect("a new store opens");
    let without = Cache::open(&Options { max_bytes: 16 << 30, ..Options::default() }).expect("it opens");
    for cache in [&with, &without] {
        fill(cache, 0, ENTRIES, &noise(BYTES));
    }
    assert!(with.flush(DRAIN).expect("it is open"));
    let times = alternate(
        rounds,
        [&with, &without].map(|cache| {
            move |round: usize| {
                look_up(cache, &some_keys(ENTRIES, round, LOOKUPS), BYTES);
                LOOKUPS
            }
        }),
    );
    let ratio = Spread::of_ratios(&times[0], &times[1]);
    let [with_ns, without_ns] = times.map(Spread::of).map(|spread| spread.median);
    table::print(
        &format!("A hit in memory, {BYTES} bytes, its key's digest included: medians of {rounds} alternating rounds"),
        &[
            row!["", "ns"],
            row!["with a disk behind it", format!("{with_ns:.1}")],
            row!["without", format!("{without_ns:.1}")],
        ],
    );
    report.section("tiers memory", json!({ "with_ns": with_ns, "without_ns": without_ns, "ratio": ratio.json() }));
    let what = "a hit in memory with a disk behind it".into();
    report.goal(Goal { what, measured: ratio.median, limit: GOAL, unit: &RATIO });
}
