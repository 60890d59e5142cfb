//! Hit ratios on recorded traffic: every `.u32` file of a directory is a trace, little-endian ids of what was asked for,
//! one a request. Each is replayed through a cache of each policy with room for 1, 5 and 10% of the trace's different
//! ids: a lookup, and a put where it missed.

mod replay;
#[path = "../common/table.rs"]
mod table;

use replay::hit_percent;
use serde_json::{Value as Json, json};
use std::path::PathBuf;
use streamcache::Policy;
use table::grouped;

const POLICIES: [(&str, Policy); 3] =
    [("lru", Policy::Lru), ("s3fifo", Policy::S3Fifo), ("adaptive", Policy::Adaptive)];
/// Room for so much of what is different in a trace.
const PERCENTS: [u64; 3] = [1, 5, 10];

fn main() {
    let (mut directory, mut json) = (None, None);
    let mut words = std::env::args_os().skip(1);
    while let Some(word) = words.next() {
        match word.to_str() {
            Some("--json") => json = words.next().map(PathBuf::from),
            // Of cargo, or for another benchmark.
            Some(option) if option.starts_with('-') => {}
            _ if PathBuf::from(&word).is_dir() => directory = Some(PathBuf::from(word)),
            _ => {}
        }
    }
    let Some(directory) = directory else { return };
    let traces = replay::traces_of(&directory);
    assert!(!traces.is_empty(), "{} has no file *.u32", directory.display());
    println!("Hit ratios on {} traces, in % of requests", traces.len());

    let mut rows = vec![row!["", "entries", "lru", "s3fifo", "adaptive", "− lru", "− s3fifo"]];
    let mut points = Vec::new();
    let mut sums = [0.0; POLICIES.len()];
    for trace in &traces {
        for percent in PERCENTS {
            let entries = (trace.different * percent / 100).max(1);
            let hits = POLICIES.map(|(_, policy)| hit_percent(trace, policy, entries));
            sums.iter_mut().zip(hits).for_each(|(sum, hits)| *sum += hits);
            rows.push(row(format!("{} {percent}%", trace.name), &grouped(entries as f64), hits));
            points.push(json!({
                "trace": trace.name, "requests": trace.keys.len(), "percent": percent, "entries": entries,
                "hit_percent": by_policy(hits),
            }));
        }
    }
    let mean = sums.map(|sum| sum / points.len() as f64);
    rows.push(row("mean".into(), "", mean));
    table::print("A lookup, and a put after a miss", &rows);

    if let Some(path) = json {
        let report = json!({ "points": points, "mean_hit_percent": by_policy(mean) });
        std::fs::write(&path, format!("{report:#}\n"))
            .unwrap_or_else(|e| panic!("{} can't be written: {e}", path.display()));
    }
}

fn row(name: String, entries: &str, hits: [f64; POLICIES.len()]) -> Vec<String> {
    let [lru, s3fifo, adaptive] = hits;
    let cell = |percent: f64| format!("{percent:.2}");
    let delta = |percent: f64| format!("{percent:+.2}");
    row![name, entries, cell(lru), cell(s3fifo), cell(adaptive), delta(adaptive - lru), delta(adaptive - s3fifo)]
}

fn by_policy(hits: [f64; POLICIES.len()]) -> Json {
    POLICIES.iter().zip(hits).map(|((name, _), hits)| (name.to_string(), json!(hits))).collect()
}
