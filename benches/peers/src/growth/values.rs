//! By bytes of a value, 256 of them in the cache: a lookup, which reads the first byte; a put of a copy that evicts one;
//! and beside it the copy alone, always to one place.

use super::{A_ROUND, cell, piece, rounds, some_keys};
use crate::cell::Cell;
use crate::common::Report;
use crate::library::Library;
use crate::peer::Peer;
use crate::peers::{C, CAbi};
use crate::ring::size_name;
use crate::steady::key;
use std::hint::black_box;

const SIZES: [usize; 8] = [64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20];
const QUICK_SIZES: [usize; 2] = [64, 1 << 20];
const ENTRIES: usize = 256;
/// What is copied in a round at most, if it is more than a few values.
const BYTES: usize = 4 << 20;
const FEW: usize = 8;

pub fn measure(library: &Library, quick: bool, _: &mut Report) -> Vec<Cell> {
    let sizes = if quick { &QUICK_SIZES[..] } else { &SIZES[..] };
    sizes.iter().map(|&size| one(library, size, rounds(quick))).collect()
}

fn one(library: &Library, size: usize, rounds: usize) -> Cell {
    let value = vec![1; size];
    let (full, turning) = (CAbi::new(library, C, 2 * ENTRIES, ""), CAbi::new(library, C, ENTRIES, ""));
    let mut copy = value.clone();
    (0..ENTRIES as u64).for_each(|n| full.put(&key(n), &value));
    let mut new = (0..).map(key);
    new.by_ref().take(2 * ENTRIES).for_each(|key| turning.put(&key, &value));

    let there = some_keys(rounds * A_ROUND, ENTRIES);
    let a_round = (BYTES / size).clamp(FEW, A_ROUND);
    cell(
        size_name(size),
        rounds,
        [
            (
                "lookup",
                Box::new(|round| {
                    assert_eq!(full.gets(piece(&there, round)), A_ROUND);
                    A_ROUND
                }),
            ),
            (
                "put with eviction",
                Box::new(|_| {
                    new.by_ref().take(a_round).for_each(|key| turning.put(&key, &value));
                    a_round
                }),
            ),
            (
                "the copy alone",
                Box::new(|_| {
                    (0..a_round).for_each(|_| black_box(&mut copy).copy_from_slice(black_box(&value)));
                    a_round
                }),
            ),
        ],
    )
}
