//! Bytes an entry, counted by the allocator: in a process of its own, because counting would slow the other benchmark.
//!
//! A value's block is recognised by its layout: replacing a value allocates one block, the new value's, and that layout
//! is watched. The header is what a value of no bytes allocates. Everything else that is alive since the cache was opened
//! is index: nodes, tables, ghosts, and the cache itself.

#[path = "../common/mod.rs"]
mod common;
mod counting;

use common::goal::{Goal, Unit};
use common::table::{self, grouped};
use common::{Arguments, Report};
use counting::Counting;
use serde_json::{Value as Json, json};
use std::alloc::Layout;
use std::collections::HashMap;
use std::path::Path;
use streamcache::{Cache, Digest, Options, Policy, PutOptions, UNLIMITED};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const BYTES: Unit = Unit { name: "bytes", decimals: 1, compared: "" };
const RATIO: Unit = Unit { name: "×", decimals: 3, compared: "the older one" };
/// 0.4 of what moka needs.
const INDEX_GOAL: f64 = 106.0;
const HEADER_GOAL: f64 = 128.0;
/// After this many times its capacity in new keys, every table has seen as many removals as it ever will.
const CHURN: usize = 10;

#[derive(Clone, Copy, PartialEq)]
enum Binds {
    MaxChunks,
    MaxBytes,
}

struct Setting {
    entries: usize,
    value: usize,
    binds: Binds,
    policy: Policy,
}

impl Setting {
    fn name(&self) -> String {
        let limit = if self.binds == Binds::MaxChunks { "max_chunks" } else { "max_bytes" };
        let policy = if self.policy == Policy::S3Fifo { ", s3fifo" } else { "" };
        format!("{limit}, {} × {} bytes{policy}", grouped(self.entries as f64), self.value)
    }

    /// Room for that many entries, as a cache charges the first thousand of them.
    fn max_bytes(&self) -> u64 {
        let cache = Cache::open(&Options { policy: self.policy, ..Options::default() }).expect("these options open");
        let bytes = vec![0; self.value];
        (0..1000).for_each(|n| put(&cache, n, &bytes));
        let stats = cache.stats();
        self.entries as u64 * stats.bytes / stats.entries
    }

    fn options(&self) -> Options {
        let options = Options { policy: self.policy, ..Options::default() };
        match self.binds {
            Binds::MaxChunks => Options { max_chunks: self.entries as u64, max_bytes: UNLIMITED, ..options },
            Binds::MaxBytes => Options { max_bytes: self.max_bytes(), ..options },
        }
    }
}

/// Index bytes an entry.
struct Index {
    full: f64,
    churned: f64,
    /// The most there were on the way, looked at every 1,000 puts from a tenth of the capacity on.
    worst: f64,
}

fn main() {
    let arguments = Arguments::read();
    if !arguments.wants("memory") {
        return;
    }
    println!("Bytes an entry, counted by the allocator");
    let header = layout_of_a_value(0).size();
    let mut rows = vec![row!["", "full", "churned", "worst"]];
    let (mut sections, mut figures) = (Vec::new(), Vec::new());
    let mut report = Report::default();
    for setting in settings(arguments.quick) {
        let index = measure(&setting);
        let name = setting.name();
        let cell = |bytes: f64| format!("{bytes:.1}");
        rows.push(row![name, cell(index.full), cell(index.churned), cell(index.worst)]);
        sections.push(json!({ "setting": name, "full": index.full, "churned": index.churned, "worst": index.worst }));
        let (what, measured) = (format!("index an entry, {name}"), index.full.max(index.churned));
        figures.push(Goal { what, measured, limit: INDEX_GOAL, unit: &BYTES });
    }
    table::print(
        "Index bytes an entry: when full, after ten times the capacity in new keys, and at worst on the way",
        &rows,
    );
    println!(
        "\nA value: {header} bytes and its payload; one of 256 bytes allocates {}.",
        layout_of_a_value(256).size()
    );
    figures.push(Goal { what: "value header".into(), measured: header as f64, limit: HEADER_GOAL, unit: &BYTES });
    let older = arguments.against.as_deref().map(older);
    for goal in figures {
        report.goal(match &older {
            None => goal,
            Some(older) => against(goal, older),
        });
    }
    report.section("index", sections.into());
    report.section("header_bytes", header.into());
    report.finish(&arguments);
}

fn settings(quick: bool) -> Vec<Setting> {
    let mut settings = Vec::new();
    for entries in [100_000, 1_000_000] {
        for (value, binds) in [(0, Binds::MaxChunks), (256, Binds::MaxChunks), (256, Binds::MaxBytes)] {
            settings.push(Setting { entries, value, binds, policy: Options::default().policy });
        }
        settings.push(Setting { entries, value: 256, binds: Binds::MaxBytes, policy: Policy::S3Fifo });
    }
    settings.truncate(if quick { 4 } else { settings.len() });
    settings
}

/// What an older benchmark measured, by name.
fn older(report: &Path) -> HashMap<String, f64> {
    let text = std::fs::read(report).unwrap_or_else(|e| panic!("{} can't be read: {e}", report.display()));
    let report: Json = serde_json::from_slice(&text).expect("a report in JSON");
    let number = |figure: &Json| figure.as_f64().expect("a number");
    let mut figures = HashMap::from([("value header".to_owned(), number(&report["header_bytes"]))]);
    for row in report["index"].as_array().expect("a list") {
        let name = format!("index an entry, {}", row["setting"].as_str().expect("a name"));
        figures.insert(name, number(&row["full"]).max(number(&row["churned"])));
    }
    figures
}

/// The same figure as a ratio, if it was measured then: bytes are counted, so there is no noise.
fn against(goal: Goal, older: &HashMap<String, f64>) -> Goal {
    let Some(old) = older.get(&goal.what) else { return goal };
    let what = format!("{}, {:.1} bytes, were {old:.1}", goal.what, goal.measured);
    Goal { what, measured: goal.measured / old, limit: 1.03, unit: &RATIO }
}

/// The n-th key, the same in every run.
fn key(n: usize) -> Digest {
    Digest(*blake3::hash(&n.to_le_bytes()).as_bytes())
}

fn put(cache: &Cache, n: usize, bytes: &[u8]) {
    assert!(cache.put(&key(n), bytes, &PutOptions::default()).is_ok_and(|put| put.stored));
}

fn layout_of_a_value(bytes: usize) -> Layout {
    let cache = Cache::open(&Options::default()).expect("the defaults open");
    let bytes = vec![0; bytes];
    put(&cache, 0, &bytes);
    counting::only_allocation(|| put(&cache, 0, &bytes))
}

fn measure(setting: &Setting) -> Index {
    let layout = layout_of_a_value(setting.value);
    let bytes = vec![0; setting.value];
    counting::watch(layout);
    let before = counting::live_bytes();
    let cache = Cache::open(&setting.options()).expect("these options open");
    let index_an_entry = || {
        let (entries, values) = (cache.stats().entries as usize, counting::watched_blocks());
        assert_eq!(entries, values, "each entry has one value, and the layout finds it");
        (counting::live_bytes() - before - values * layout.size()) as f64 / entries as f64
    };
    let mut index = Index { full: 0.0, churned: 0.0, worst: 0.0 };
    for n in 1..=setting.entries * (1 + CHURN) {
        put(&cache, n, &bytes);
        if n % 1000 == 0 && n >= setting.entries / 10 {
            index.churned = index_an_entry();
            index.worst = index.worst.max(index.churned);
        }
        if n == setting.entries {
            index.full = index_an_entry();
        }
    }
    index
}
