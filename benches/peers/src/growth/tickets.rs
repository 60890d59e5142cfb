//! By open tickets, among 10,000 entries: a lookup; one more ticket that is given up; and one that is committed, which
//! replaces an entry.

use super::{A_ROUND, calls::Calls, cell, piece, rounds, some_keys};
use crate::cell::Cell;
use crate::common::Report;
use crate::common::table::grouped;
use crate::library::Library;
use crate::peer::VALUE;
use crate::steady::key;

const TICKETS: [usize; 6] = [1, 10, 100, 1_000, 10_000, 100_000];
const QUICK_TICKETS: [usize; 2] = [1, 100_000];
const ENTRIES: usize = 10_000;

pub fn measure(library: &Library, quick: bool, _: &mut Report) -> Vec<Cell> {
    let tickets = if quick { &QUICK_TICKETS[..] } else { &TICKETS[..] };
    tickets.iter().map(|&tickets| one(library, tickets, rounds(quick))).collect()
}

fn one(library: &Library, count: usize, rounds: usize) -> Cell {
    let cache = library.cache(r#"{"max_bytes": "unlimited"}"#);
    let (calls, filter) = (Calls::of(&cache), cache.filter(b""));
    (0..ENTRIES as u64).for_each(|n| calls.put(&filter, &key(n), &VALUE));
    let open: Vec<_> = (0..count).map(|n| calls.begin(&filter, &key((ENTRIES + n) as u64))).collect();
    let there = some_keys(rounds * A_ROUND, ENTRIES);
    let cell = cell(
        grouped(count as f64),
        rounds,
        [
            (
                "lookup",
                Box::new(|round| {
                    assert!(piece(&there, round).iter().all(|chunk| calls.get(&filter, chunk)));
                    A_ROUND
                }),
            ),
            (
                "begin, give up",
                Box::new(|round| {
                    piece(&there, round).iter().for_each(|chunk| drop(calls.begin(&filter, chunk)));
                    A_ROUND
                }),
            ),
            (
                "begin, commit",
                Box::new(|round| {
                    piece(&there, round).iter().for_each(|chunk| calls.begin(&filter, chunk).commit(&VALUE));
                    A_ROUND
                }),
            ),
        ],
    );
    drop(open);
    cell
}
