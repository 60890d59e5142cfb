//! Every trace through every cache, with room for 1, 5 and 10% of what is different in it.

use super::belady;
use super::least::Least;
use super::players::{ADAPTIVE, LRU, MOKA, Make, PLAYERS, QUICK_CACHE, S3FIFO};
use super::trace::Trace;
use crate::common::table::{self, grouped};
use serde_json::{Map, Value as Json, json};

pub const PERCENTS: [u64; 3] = [1, 5, 10];
/// Ours are seeded by chance: what is shown is the mean of so many replays.
const REPLAYS: u32 = 3;
const OURS: usize = 3;
const BELADY: &str = "Belady";

/// More hits than the named one's, in points of a percent: the simulator's over 21 traces, less 0.4 to 0.5.
const MEANS: [(&str, f64); 4] = [(LRU, 6.3), (S3FIFO, 1.3), (MOKA, 1.3), (QUICK_CACHE, 2.8)];
/// No point may be worse than this against lru.
const WORST: f64 = -0.5;

struct Point {
    name: String,
    room: u64,
    /// In % of requests, in the order of the names.
    hits: Vec<f64>,
}

fn names() -> Vec<&'static str> {
    PLAYERS.iter().map(|(name, _)| *name).chain([BELADY]).collect()
}

fn column(name: &str) -> usize {
    names().iter().position(|it| *it == name).expect("it plays")
}

fn hits(trace: &Trace, make: Make, room: u64) -> f64 {
    let mut access = make(room);
    trace.keys.iter().filter(|&&id| access(id)).count() as f64
}

fn point(trace: &Trace, percent: u64) -> Point {
    let room = (trace.different * percent / 100).max(1);
    let mut all = Vec::new();
    for (at, (_, make)) in PLAYERS.iter().enumerate() {
        let replays = if at < OURS { REPLAYS } else { 1 };
        all.push((0..replays).map(|_| hits(trace, *make, room)).sum::<f64>() / f64::from(replays));
    }
    all.push(belady::hits(&trace.keys, room) as f64);
    let requests = trace.keys.len() as f64;
    let hits = all.into_iter().map(|hits| 100.0 * hits / requests).collect();
    Point { name: format!("{} {percent}%", trace.name), room, hits }
}

/// Prints the table; returns it for machines, and the goals.
pub fn measure(traces: &[Trace]) -> (Json, Vec<Least>) {
    let points: Vec<Point> = traces.iter().flat_map(|trace| PERCENTS.map(|percent| point(trace, percent))).collect();
    let mean: Vec<f64> = (0..names().len())
        .map(|at| points.iter().map(|point| point.hits[at]).sum::<f64>() / points.len() as f64)
        .collect();
    let cells = |name: &str, room: String, hits: &[f64]| {
        [name.to_owned(), room].into_iter().chain(hits.iter().map(|hits| format!("{hits:.2}"))).collect::<Vec<_>>()
    };
    let mut rows = vec![["", "entries"].into_iter().chain(names()).map(str::to_owned).collect()];
    rows.extend(points.iter().map(|point| cells(&point.name, grouped(point.room as f64), &point.hits)));
    rows.push(cells("mean", String::new(), &mean));
    table::print("A lookup, and a put after a miss: hits in % of requests", &rows);

    let [adaptive, lru] = [ADAPTIVE, LRU].map(column);
    let above_lru = |point: &&Point| point.hits[adaptive] - point.hits[lru];
    let worst = points.iter().min_by(|a, b| above_lru(a).total_cmp(&above_lru(b))).expect("there are traces");
    let goal = |what: String, measured, limit| Least { what, measured, limit, unit: "points" };
    let what = format!("the worst of {} points against {LRU}, equally sharded ({})", points.len(), worst.name);
    let mut goals = vec![goal(what, above_lru(&worst), WORST)];
    goals.extend(MEANS.map(|(peer, limit)| {
        goal(format!("mean hits, {ADAPTIVE} against {peer}"), mean[adaptive] - mean[column(peer)], limit)
    }));

    let by_name = |hits: &[f64]| names().into_iter().map(str::to_owned).zip(hits.iter().map(|&it| it.into())).collect();
    let rows = points.iter().map(|point| {
        let hits: Map<String, Json> = by_name(&point.hits);
        json!({ "point": point.name, "entries": point.room, "hit_percent": hits })
    });
    let rows: Vec<Json> = rows.collect();
    let mean: Map<String, Json> = by_name(&mean);
    (json!({ "points": rows, "mean_hit_percent": mean }), goals)
}
