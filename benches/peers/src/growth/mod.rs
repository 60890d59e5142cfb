//! How cost grows: streamcache alone, through its C ABI, with more of everything. A cell is a place on an axis, its sides
//! are what is done there.
//!
//! - `entries`: a thousand to ten millions, and their release at once
//! - `values`: 64 bytes to 1 MiB; `threads`: one to more than there are processors
//! - `filters` and `tickets`: how many are open
//! - `open`: what opening touches by the budget, each in a process of its own
//! - `calls`: of the C ABI, what only these need; `process`: the memory of this one and the machine's

mod calls;
mod entries;
mod filters;
pub mod open;
mod process;
mod threads;
mod tickets;
mod values;

use crate::cell::Cell;
use crate::common::Report;
use crate::library::{Key, Library};
use crate::random::Random;
use crate::shuffle::interleave;
use crate::steady::key;

type Measure = fn(&Library, bool, &mut Report) -> Vec<Cell>;

/// A section, its heading, and how it is measured. `threads` wants all processors, the others one.
pub const SECTIONS: [(&str, &str, Measure); 5] = [
    ("values", "By bytes of a value", values::measure),
    ("threads", "By threads, wall time by operation of them all", threads::measure),
    ("filters", "By open filters", filters::measure),
    ("tickets", "By open tickets", tickets::measure),
    ("entries", "By entries", entries::measure),
];

const ROUNDS: usize = 101;
const QUICK_ROUNDS: usize = 31;
/// Short, so that a disturbance spoils few rounds.
const A_ROUND: usize = 500;

fn rounds(quick: bool) -> usize {
    if quick { QUICK_ROUNDS } else { ROUNDS }
}

/// A piece of work by round, and how many operations it was.
type Work<'a> = Box<dyn FnMut(usize) -> usize + 'a>;

/// What is done at one place, in interleaved rounds.
fn cell<const N: usize>(place: String, rounds: usize, sides: [(&'static str, Work<'_>); N]) -> Cell {
    let (names, mut work): (Vec<_>, Vec<_>) = sides.into_iter().unzip();
    interleave(rounds.min(8), &mut work); // to warm up
    Cell::new(place, names, interleave(rounds, &mut work))
}

/// So many of the first `of` keys, at random.
fn some_keys(count: usize, of: usize) -> Vec<Key> {
    let mut random = Random(5);
    (0..count).map(|_| key(random.next() % of as u64)).collect()
}

/// A round's piece of what was made for all rounds, from the beginning again where those are through.
fn piece<T>(of: &[T], round: usize) -> &[T] {
    let at = round * A_ROUND % of.len();
    &of[at..at + A_ROUND]
}
