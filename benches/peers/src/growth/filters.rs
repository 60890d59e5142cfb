//! By open filters, each with a configuration and a state of its own, among 100,000 entries that they share evenly: a
//! lookup through a random one, and one more that is opened, given its state and released.

use super::{A_ROUND, calls::Calls, cell, piece, rounds};
use crate::cell::Cell;
use crate::common::Report;
use crate::common::table::grouped;
use crate::library::{Filter, Key, Library};
use crate::peer::VALUE;
use crate::random::Random;
use crate::steady::key;

const FILTERS: [usize; 5] = [1, 10, 100, 1_000, 10_000];
const QUICK_FILTERS: [usize; 2] = [1, 10_000];
const ENTRIES: usize = 100_000;
/// Opened in a round: it takes a while.
const OPENED: usize = 50;

pub fn measure(library: &Library, quick: bool, _: &mut Report) -> Vec<Cell> {
    let filters = if quick { &QUICK_FILTERS[..] } else { &FILTERS[..] };
    filters.iter().map(|&filters| one(library, filters, rounds(quick))).collect()
}

fn one(library: &Library, count: usize, rounds: usize) -> Cell {
    let cache = library.cache(r#"{"max_bytes": "unlimited"}"#);
    let calls = Calls::of(&cache);
    let filters: Vec<Filter<'_>> = (0..count).map(|n| cache.filter(&n.to_le_bytes())).collect();
    let chunks = ENTRIES / count;
    for filter in &filters {
        (0..chunks as u64).for_each(|n| calls.put(filter, &key(n), &VALUE));
    }
    let mut random = Random(6);
    let mut below = |limit: usize| random.next() as usize % limit;
    let lookups: Vec<(usize, Key)> = (0..rounds * A_ROUND).map(|_| (below(count), key(below(chunks) as u64))).collect();
    cell(
        grouped(count as f64),
        rounds,
        [
            (
                "lookup through a random one",
                Box::new(|round| {
                    let lookups = piece(&lookups, round);
                    assert!(lookups.iter().all(|(filter, chunk)| calls.get(&filters[*filter], chunk)));
                    lookups.len()
                }),
            ),
            (
                "open, load a state, release",
                Box::new(|_| {
                    (0..OPENED).for_each(|n| drop(cache.filter(&(count + n).to_le_bytes())));
                    OPENED
                }),
            ),
        ],
    )
}
