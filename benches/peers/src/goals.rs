//! What each comparison should come to. A goal that this build or this machine can't judge is printed as N/A.

use crate::cell::Cell;
use crate::common::Report;
use crate::common::goal::{Goal, Unit};
use crate::peers::{BLAKE3, C, C_S3FIFO, LRU, MOKA, QUICK_CACHE, SEED, SEED_LOCKED};
use crate::threads::{KINDS, ONE, TWO};
use serde_json::{Value as Json, json};

pub const RATIO: Unit = Unit { name: "×", decimals: 3, compared: "" };

/// Our time in parts of theirs.
struct Wanted {
    section: &'static str,
    cell: &'static str,
    ours: &'static str,
    theirs: &'static str,
    limit: f64,
    /// Of the processor.
    feature: Option<&'static str>,
}

const fn wanted(section: &'static str, cell: &'static str, theirs: &'static str, limit: f64) -> Wanted {
    Wanted { section, cell, ours: C, theirs, limit, feature: None }
}

/// Where BLAKE3 must have 16 lanes to be so far ahead of SHA-256, which has instructions of its own.
const fn with_avx512(wanted: Wanted) -> Wanted {
    Wanted { feature: Some("avx512vl"), ..wanted }
}

const fn s3fifo(theirs: &'static str, limit: f64) -> Wanted {
    Wanted { ours: C_S3FIFO, ..wanted("put", "100,000", theirs, limit) }
}

const WANTED: [Wanted; 24] = [
    with_avx512(wanted("hit", "cold, 64 KiB", SEED, 1.0 / 5.0)),
    with_avx512(wanted("hit", "cold, 64 KiB", SEED_LOCKED, 1.0 / 5.7)),
    with_avx512(wanted("hit", "cold, 1 MiB", SEED, 1.0 / 5.0)),
    with_avx512(wanted("hit", "cold, 1 MiB", SEED_LOCKED, 1.0 / 5.7)),
    wanted("hit", "cold, 4 KiB", SEED, 1.0 / 1.6),
    wanted("hit", "cold, 4 KiB", SEED_LOCKED, 1.0 / 2.1),
    wanted("hit", "cold, 4 KiB", BLAKE3, 1.35),
    wanted("hit", "cold, 64 KiB", BLAKE3, 1.06),
    wanted("batch", "cold, 64 B", SEED, 1.0 / 5.0),
    wanted("batch", "cold, 64 B", SEED_LOCKED, 1.0 / 10.0),
    wanted("batch", "cold, 256 B", SEED, 1.0 / 5.0),
    wanted("batch", "cold, 256 B", SEED_LOCKED, 1.0 / 10.0),
    wanted("batch", "cold, 1 KiB", SEED, 1.0 / 5.0),
    wanted("batch", "cold, 1 KiB", SEED_LOCKED, 1.0 / 10.0),
    wanted("lookup", "100,000", QUICK_CACHE, 1.0),
    wanted("lookup", "100,000", MOKA, 1.0 / 6.0),
    wanted("put", "100,000", QUICK_CACHE, 1.0),
    wanted("put", "100,000", MOKA, 1.0 / 5.0),
    wanted("put", "100,000", LRU, 1.0),
    s3fifo(QUICK_CACHE, 0.9),
    s3fifo(MOKA, 1.0 / 6.0),
    s3fifo(LRU, 0.8),
    wanted("put", "1,000,000", SEED, 1.0 / 15.0),
    wanted("put", "1,000,000", SEED_LOCKED, 1.0 / 15.0),
];

/// Two threads in total at least this much of what one does.
pub const TWO_THREADS: f64 = 0.9;

/// Goals that no figure is here for, with the reason.
#[derive(Default)]
pub struct NotApplicable(Vec<Json>);

impl NotApplicable {
    fn add(&mut self, what: &str, why: &str) {
        println!("{:<18} {what}: {why}", "N/A");
        self.0.push(json!({ "what": what, "why": why }));
    }

    pub fn json(self) -> Json {
        self.0.into()
    }
}

/// Judges one section's cells; those that were not measured are passed over.
pub fn judge(section: &str, cells: &[Cell], features: &Json, report: &mut Report, not: &mut NotApplicable) {
    for Wanted { cell, ours, theirs, limit, feature, .. } in WANTED.iter().filter(|wanted| wanted.section == section) {
        let Some(measured) = cells.iter().find(|measured| measured.name == *cell) else { continue };
        let what = format!("{section}, {cell}, {ours} against {theirs}");
        let is_here = |feature: &str| features.as_array().is_some_and(|all| all.iter().any(|one| one == feature));
        match (feature, measured.ratio(ours, theirs)) {
            (Some(feature), _) if !is_here(feature) => not.add(&what, &format!("this processor has no {feature}")),
            (_, None) => not.add(&what, "built without the seed; script/bench peers --seed"),
            (_, Some(ratio)) => report.goal(Goal { what, measured: ratio.median, limit: *limit, unit: &RATIO }),
        }
    }
    if section == "threads" {
        two_threads(cells, report, not);
    }
}

/// On keys of their own; what one hot key does to them is only reported.
fn two_threads(cells: &[Cell], report: &mut Report, not: &mut NotApplicable) {
    for kind in &KINDS[..3] {
        let what = format!("threads, {kind}, {TWO} in total: the time of {ONE}");
        let of = |threads: &str| {
            let cell = cells.iter().find(|cell| cell.name == format!("{kind}, {threads}"))?;
            Some(cell.spread(C)?.median)
        };
        match (of(TWO), of(ONE)) {
            (Some(two), Some(one)) => {
                report.goal(Goal { what, measured: two / one, limit: 1.0 / TWO_THREADS, unit: &RATIO });
            }
            _ => not.add(&what, "one core only"),
        }
    }
}
