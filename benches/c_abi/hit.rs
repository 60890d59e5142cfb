//! A whole hit (hash the chunk, compose the key, look up, lease the value, release it) against BLAKE3 of the same chunk
//! alone, by the same version of the crate, with the same reads.

use super::common::Report;
use super::common::goal::{Goal, Unit};
use super::common::table::{self, grouped};
use super::library::{Filter, Library};
use super::ring::{Ring, size_name};
use super::rounds::{Spread, alternate};
use crate::row;
use serde_json::{Value as Json, json};
use std::hint::black_box;

const SIZES: [usize; 5] = [64, 1 << 10, 4 << 10, 64 << 10, 1 << 20];
const VALUE_BYTES: usize = 256;
const ROUNDS: usize = 512;
const QUICK_ROUNDS: usize = 64;
/// BLAKE3 takes as long under any key.
const SOME_KEY: [u8; 32] = [7; 32];

const RATIO: Unit = Unit { name: "×", decimals: 3, compared: "BLAKE3" };
const MORE: Unit = Unit { name: "ns", decimals: 0, compared: "more than BLAKE3" };

#[derive(Clone, Copy, PartialEq)]
enum Reach {
    Hot,
    Cold,
}

impl Reach {
    fn name(self) -> &'static str {
        match self {
            Self::Hot => "hot",
            Self::Cold => "cold",
        }
    }
}

struct Cell {
    reach: Reach,
    size: usize,
    hit: Spread,
    blake3: Spread,
    ratio: Spread,
    over: Spread,
}

pub fn measure(library: &Library, quick: bool, report: &mut Report) {
    let rounds = if quick { QUICK_ROUNDS } else { ROUNDS };
    let mut cells = Vec::new();
    for size in SIZES {
        let ring = Ring::new(size);
        let cache = library.cache("{}");
        let filter = cache.filter(b"");
        for chunk in ring.chunks() {
            assert!(filter.put(chunk, &[1; VALUE_BYTES]), "the default budget holds every chunk's result");
        }
        for reach in [Reach::Hot, Reach::Cold] {
            cells.push(compare(&filter, &ring, reach, rounds));
        }
    }
    cells.sort_by_key(|cell| cell.reach == Reach::Cold);
    print(&cells, rounds);
    report.section("hit", cells.iter().map(json).collect());
    for goal in cells.iter().filter_map(goal) {
        report.goal(goal);
    }
}

fn compare(filter: &Filter<'_>, ring: &Ring, reach: Reach, rounds: usize) -> Cell {
    let mut missed = 0;
    let look_up = &mut |round: usize| match reach {
        Reach::Hot => hits(filter, ring.hot(), &mut missed),
        Reach::Cold => hits(filter, ring.cold(round), &mut missed),
    };
    let hash = &mut |round: usize| match reach {
        Reach::Hot => hashes(ring.hot()),
        Reach::Cold => hashes(ring.cold(Ring::opposite(round))),
    };
    let mut sides: [&mut dyn FnMut(usize) -> usize; 2] = [look_up, hash];
    alternate(rounds.min(64), sides.each_mut()); // a whole pass, to warm up
    let [hit, blake3] = alternate(rounds, sides);
    assert_eq!(missed, 0, "every chunk was put, so every lookup hits");
    Cell {
        reach,
        size: ring.size(),
        ratio: Spread::of_ratios(&hit, &blake3),
        over: Spread::of_differences(&hit, &blake3),
        hit: Spread::of(hit),
        blake3: Spread::of(blake3),
    }
}

fn hits<'a>(filter: &Filter<'_>, chunks: impl ExactSizeIterator<Item = &'a [u8]>, missed: &mut usize) -> usize {
    let count = chunks.len();
    for chunk in chunks {
        *missed += usize::from(!filter.hit(chunk));
    }
    count
}

fn hashes<'a>(chunks: impl ExactSizeIterator<Item = &'a [u8]>) -> usize {
    let count = chunks.len();
    for chunk in chunks {
        black_box(blake3::keyed_hash(&SOME_KEY, chunk));
    }
    count
}

fn goal(cell: &Cell) -> Option<Goal> {
    let what = format!("hit, {}, {}", cell.reach.name(), size_name(cell.size));
    let times = |limit| Goal { what: what.clone(), measured: cell.ratio.median, limit, unit: &RATIO };
    match (cell.reach, cell.size) {
        (Reach::Hot, 4096..) => Some(times(1.15)),
        (Reach::Hot, _) => Some(Goal { measured: cell.over.median, unit: &MORE, ..times(140.0) }),
        (Reach::Cold, 4096) => Some(times(1.40)),
        (Reach::Cold, 65536) => Some(times(1.08)),
        (Reach::Cold, _) => None,
    }
}

fn print(cells: &[Cell], rounds: usize) {
    let mut rows = vec![row!["", "chunk", "ratio", "p25–p75", "+ ns", "p25–p75", "hit ns", "min", "BLAKE3 ns", "min"]];
    for Cell { reach, size, hit, blake3, ratio, over } in cells {
        rows.push(row![
            reach.name(),
            size_name(*size),
            format!("{:.3}", ratio.median),
            format!("{:.3}–{:.3}", ratio.p25, ratio.p75),
            grouped(over.median),
            format!("{}–{}", grouped(over.p25), grouped(over.p75)),
            grouped(hit.median),
            grouped(hit.min),
            grouped(blake3.median),
            grouped(blake3.min),
        ]);
    }
    let heading = format!("A whole hit against BLAKE3 of the chunk alone: medians of {rounds} alternating rounds");
    table::print(&heading, &rows);
}

fn json(cell: &Cell) -> Json {
    json!({
        "reach": cell.reach.name(), "chunk_bytes": cell.size, "ratio": cell.ratio.json(), "over_ns": cell.over.json(),
        "hit_ns": cell.hit.json(), "blake3_ns": cell.blake3.json(),
    })
}
