//! What the C ABI costs over the Rust call: the same lookups of a few keys that all stay in the processor's cache. Where
//! memory lies counts for more than a round's noise, so both caches are made several times anew.

use crate::cell::Cell;
use crate::common::Report;
use crate::common::goal::{Goal, Unit};
use crate::library::{Key, Library};
use crate::peer::VALUE;
use crate::peers::{Any, C, CAbi, InRust, RUST};
use crate::shuffle::interleave;
use crate::steady::key;

const SETTINGS: usize = 9;
const ROUNDS: usize = 64;
const KEYS: usize = 512;
/// A lookup through the C ABI is get, data and release.
const CALLS: f64 = 3.0;
const NS: Unit = Unit { name: "ns", decimals: 1, compared: "more than the Rust call" };

pub fn measure(library: &Library, quick: bool) -> Vec<Cell> {
    let keys: Vec<Key> = (0..KEYS as u64).map(key).collect();
    let mut times = vec![Vec::new(), Vec::new()];
    for setting in 0..if quick { 1 } else { SETTINGS } {
        let mut peers: Vec<Any<'_>> = Vec::new();
        for turn in 0..2 {
            match (setting + turn) % 2 {
                0 => peers.push(Box::new(CAbi::new(library, C, 2 * KEYS, ""))),
                _ => peers.push(Box::new(InRust::new(2 * KEYS))),
            }
            keys.iter().for_each(|key| peers[turn].put(key, &VALUE));
        }
        peers.sort_by_key(|peer| peer.name() == RUST);
        let mut sides: Vec<_> = peers
            .iter()
            .map(|peer| {
                |_: usize| {
                    assert_eq!(peer.gets(&keys), KEYS);
                    KEYS
                }
            })
            .collect();
        interleave(ROUNDS / 8, &mut sides);
        for (times, more) in times.iter_mut().zip(interleave(ROUNDS, &mut sides)) {
            times.extend(more);
        }
    }
    vec![Cell::new("lookup, hot", [C, RUST], times)]
}

pub fn goal(cells: &[Cell], report: &mut Report) {
    for cell in cells {
        let Some(more) = cell.difference(C, RUST) else { continue };
        println!(
            "\nA lookup is three calls; through the C ABI they take {:.1} ns more ({:.1}–{:.1})",
            more.median, more.p25, more.p75
        );
        report.goal(Goal {
            what: "the C ABI's cost, a call".into(),
            measured: more.median / CALLS,
            limit: 3.0,
            unit: &NS,
        });
    }
}
