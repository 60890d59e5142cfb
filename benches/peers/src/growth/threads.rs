//! By threads, among 80,000 entries, each thread with keys of its own: as many as there are processors have a goal, more
//! are only reported. Times are the wall's, divided by the operations of all threads.

use crate::cell::Cell;
use crate::common::Report;
use crate::common::goal::Goal;
use crate::goals::{RATIO, TWO_THREADS};
use crate::library::{Key, Library};
use crate::peer::{Operation, Peer, VALUE};
use crate::peers::{C, CAbi};
use crate::shuffle::interleave;
use crate::steady::{key, popular, shuffled};
use std::thread;

const THREADS: [usize; 4] = [1, 2, 4, 8];
const QUICK_THREADS: [usize; 2] = [1, 2];
const MOST: usize = 8;
const ENTRIES: usize = 80_000;
const ROUNDS: usize = 31;
/// Of each thread in a round: enough that starting it is a few hundredths of the time.
const A_ROUND: usize = 5_000;
const SIDES: [&str; 3] = ["lookup", "put with eviction", "90/10 Zipf"];

/// A thread's part of a round.
type Part<'a> = dyn Fn(Turn) + Sync + 'a;

#[derive(Clone, Copy)]
struct Turn {
    round: usize,
    threads: usize,
    thread: usize,
}

pub fn measure(library: &Library, quick: bool, report: &mut Report) -> Vec<Cell> {
    let counts = if quick { &QUICK_THREADS[..] } else { &THREADS[..] };
    let times = [lookups(library, counts), puts(library, counts), mixtures(library, counts)];
    let processors = thread::available_parallelism().map_or(1, Into::into);
    let mut cells = Vec::new();
    for (at, &threads) in counts.iter().enumerate() {
        let place = match threads <= processors {
            true => threads.to_string(),
            false => format!("{threads} on {processors}"),
        };
        cells.push(Cell::new(place, SIDES, times.iter().map(|times| times[at].clone()).collect()));
        if 1 < threads && threads <= processors {
            goals(threads, &cells[0], &cells[at], report);
        }
    }
    cells
}

fn goals(threads: usize, one: &Cell, many: &Cell, report: &mut Report) {
    for side in SIDES {
        let (Some(one), Some(many)) = (one.spread(side), many.spread(side)) else { continue };
        let what = format!("growth, {side}, {threads} threads in total: the time of 1");
        report.goal(Goal { what, measured: many.median / one.median, limit: 1.0 / TWO_THREADS, unit: &RATIO });
    }
}

/// A part of the entries to each thread.
fn lookups(library: &Library, counts: &[usize]) -> Vec<Vec<f64>> {
    let peer = CAbi::new(library, C, 2 * ENTRIES, "");
    (0..ENTRIES as u64).for_each(|n| peer.put(&key(n), &VALUE));
    let keys = shuffled(ENTRIES);
    let parts: Vec<&[Key]> = keys.chunks(ENTRIES / MOST).collect();
    together(counts, &|Turn { round, thread, .. }| {
        let at = round * A_ROUND % parts[thread].len();
        assert_eq!(peer.gets(&parts[thread][at..at + A_ROUND]), A_ROUND);
    })
}

/// Keys that never come again.
fn puts(library: &Library, counts: &[usize]) -> Vec<Vec<f64>> {
    let peer = CAbi::new(library, C, ENTRIES, "");
    let warm_up = 2 * ENTRIES;
    (0..warm_up as u64).for_each(|n| peer.put(&key(n), &VALUE));
    let lots_a_round: usize = counts.iter().sum();
    let keys: Vec<Key> = (0..ROUNDS * lots_a_round * A_ROUND).map(|n| key((warm_up + n) as u64)).collect();
    let lots: Vec<&[Key]> = keys.chunks(A_ROUND).collect();
    together(counts, &|Turn { round, threads, thread }| {
        let before: usize = counts.iter().filter(|&&count| count < threads).sum();
        peer.puts(lots[round * lots_a_round + before + thread], &VALUE);
    })
}

/// Operations of its own to each thread, the same in all rounds.
fn mixtures(library: &Library, counts: &[usize]) -> Vec<Vec<f64>> {
    let peer = CAbi::new(library, C, ENTRIES, "");
    let (keys, operations) = popular(ENTRIES, MOST * A_ROUND);
    peer.puts(&keys, &VALUE);
    let parts: Vec<&[Operation]> = operations.chunks(A_ROUND).collect();
    together(counts, &|Turn { thread, .. }| {
        peer.mix(parts[thread], &VALUE);
    })
}

/// Nanoseconds an operation, by count of threads and round.
fn together(counts: &[usize], part: &Part<'_>) -> Vec<Vec<f64>> {
    let side = |&threads: &usize| {
        move |round: usize| {
            thread::scope(|scope| {
                for thread in 0..threads {
                    scope.spawn(move || part(Turn { round, threads, thread }));
                }
            });
            threads * A_ROUND
        }
    };
    let mut sides: Vec<_> = counts.iter().map(side).collect();
    interleave(ROUNDS, &mut sides)
}
