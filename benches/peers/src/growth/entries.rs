//! By entries of 64 bytes: lookups in random order, hits and misses; puts while the cache grows, and puts that each evict
//! one, after all entries have been replaced once. At last the cache is released with all it holds.

use super::{A_ROUND, Work, piece, process, rounds, some_keys};
use crate::cell::Cell;
use crate::common::Report;
use crate::common::table::{self, grouped};
use crate::library::{Key, Library};
use crate::peer::Peer;
use crate::peers::{C, CAbi};
use crate::rounds::time;
use crate::row;
use crate::shuffle::interleave;
use crate::steady::key;
use serde_json::json;
use std::time::Instant;

const ENTRIES: [usize; 5] = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];
const QUICK_ENTRIES: [usize; 2] = [1_000, 1_000_000];
const VALUE: [u8; 64] = [1; 64];
/// Of memory that must be free, with some to spare: an entry takes about 300.
const BYTES_AN_ENTRY: usize = 400;

struct Release {
    entries: usize,
    seconds: f64,
}

pub fn measure(library: &Library, quick: bool, report: &mut Report) -> Vec<Cell> {
    let entries = if quick { &QUICK_ENTRIES[..] } else { &ENTRIES[..] };
    let (mut cells, mut releases) = (Vec::new(), Vec::new());
    for &entries in entries.iter().filter(|&&entries| fits(entries)) {
        let (cell, release) = one(library, entries, rounds(quick));
        cells.push(cell);
        releases.push(release);
    }
    let row = |Release { entries, seconds }: &Release| {
        let each = grouped(seconds * 1e9 / *entries as f64);
        row![grouped(*entries as f64), format!("{seconds:.6}"), each]
    };
    let rows: Vec<_> = [row!["entries", "seconds", "ns each"]].into_iter().chain(releases.iter().map(row)).collect();
    table::print("Release of a cache with all its entries", &rows);
    let row = |Release { entries, seconds }: &Release| json!({ "entries": entries, "seconds": seconds });
    report.section("releases", releases.iter().map(row).collect());
    cells
}

/// Whether the machine has the memory; says so if not.
fn fits(entries: usize) -> bool {
    let (needed, available) = ((entries * BYTES_AN_ENTRY) as u64, process::available_kib().map(|kib| kib << 10));
    let fits = available.is_none_or(|available| available >= needed);
    if !fits {
        let gigabytes = |bytes: u64| bytes as f64 / 1e9;
        let available = available.unwrap_or(0);
        println!(
            "SKIPPED: {} entries want {:.1} GB of free memory, and there are {:.1}",
            grouped(entries as f64),
            gigabytes(needed),
            gigabytes(available)
        );
    }
    fits
}

fn one(library: &Library, entries: usize, rounds: usize) -> (Cell, Release) {
    // Twice the room: a full shard evicts while others have some left.
    let peer = CAbi::new(library, C, 2 * entries, "");
    let growing: Vec<f64> = (0..entries / A_ROUND).map(|n| put(&peer, n)).collect();

    let there = some_keys(rounds * A_ROUND, entries);
    let missing: Vec<Key> = (0..rounds * A_ROUND).map(|n| key(u64::MAX - n as u64)).collect();
    let mut lookups: [Work<'_>; 2] = [
        Box::new(|round| {
            assert_eq!(peer.gets(piece(&there, round)), A_ROUND);
            A_ROUND
        }),
        Box::new(|round| {
            assert_eq!(peer.gets(piece(&missing, round)), 0);
            A_ROUND
        }),
    ];
    interleave(rounds.min(8), &mut lookups);
    let mut times = interleave(rounds, &mut lookups);
    drop(lookups);

    peer.set_max_chunks(entries);
    let replaced = 2 * entries / A_ROUND;
    (entries / A_ROUND..replaced).for_each(|n| {
        put(&peer, n);
    });
    times.extend([(replaced..replaced + rounds).map(|n| put(&peer, n)).collect(), growing]);

    let begin = Instant::now();
    drop(peer);
    let release = Release { entries, seconds: begin.elapsed().as_secs_f64() };
    let sides = ["lookup, a hit", "lookup, a miss", "put with eviction", "put while it grows"];
    (Cell::new(grouped(entries as f64), sides, times), release)
}

/// Nanoseconds each of the n-th [`A_ROUND`] new keys took.
fn put(peer: &CAbi<'_>, n: usize) -> f64 {
    let first = (n * A_ROUND) as u64;
    let keys: Vec<Key> = (first..first + A_ROUND as u64).map(key).collect();
    time(
        &mut |_| {
            peer.puts(&keys, &VALUE);
            A_ROUND
        },
        n,
    )
}
