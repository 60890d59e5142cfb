//! What a cache does all day, by number of entries, with ready keys: lookups in random order, puts that each evict one,
//! and a mixture of 90% lookups and 10% puts whose keys are as popular as Zipf's law has it.

use crate::cell::Cell;
use crate::common::table::grouped;
use crate::library::{Key, Library};
use crate::peer::{Operation, VALUE};
use crate::peers::{self, Any, C_S3FIFO, CAbi};
use crate::random::Random;
use crate::shuffle::interleave;
use crate::zipf::Zipf;
use std::cell::Cell as Count;

const ENTRIES: [usize; 3] = [1_000, 100_000, 1_000_000];
const QUICK_ENTRIES: [usize; 1] = [1_000];
const ROUNDS: usize = 201;
const QUICK_ROUNDS: usize = 31;
/// Short, so that a disturbance spoils few rounds.
const A_ROUND: usize = 500;
/// Keys in the mixture, in parts of the capacity.
const UNIVERSE: usize = 4;
const PUTS: f64 = 0.1;

/// How the name of the cell ends whose lookups wait for each other.
pub const IN_TURN: &str = ", in turn";

#[derive(Clone, Copy)]
pub enum Work {
    Lookup,
    Put,
    Zipf,
}

pub fn measure(work: Work, library: &Library, quick: bool) -> Vec<Cell> {
    let (entries, rounds) = if quick { (&QUICK_ENTRIES[..], QUICK_ROUNDS) } else { (&ENTRIES[..], ROUNDS) };
    let one = |&entries: &usize| {
        let name = grouped(entries as f64);
        match work {
            Work::Lookup => lookups(name, library, entries, rounds, false),
            Work::Put => puts(name, library, entries, rounds),
            Work::Zipf => mixture(name, library, entries, rounds),
        }
    };
    let mut cells: Vec<Cell> = entries.iter().map(one).collect();
    if let Work::Lookup = work {
        let entries = entries[entries.len() / 2];
        cells.push(lookups(format!("{}{IN_TURN}", grouped(entries as f64)), library, entries, rounds, true));
    }
    cells
}

/// The n-th key, the same in every run.
pub fn key(n: u64) -> Key {
    let mut key = [0; 32];
    Random(n << 8).fill(&mut key);
    key
}

/// Keys that are there, in another order than they came in.
pub fn shuffled(entries: usize) -> Vec<Key> {
    let mut keys: Vec<Key> = (0..entries as u64).map(key).collect();
    Random(2).shuffle(&mut keys);
    keys
}

/// Twice the capacity is asked for: who shards evicts from a full shard while others have room.
fn lookups(name: String, library: &Library, entries: usize, rounds: usize, in_turn: bool) -> Cell {
    let peers = peers::all(library, 2 * entries);
    for peer in &peers {
        (0..entries as u64).for_each(|n| peer.put(&key(n), &VALUE));
        peer.settle();
    }
    let keys = shuffled(entries);
    let pieces: Vec<&[Key]> = keys.chunks(A_ROUND).collect();
    let mut sides: Vec<_> = peers
        .iter()
        .map(|peer| {
            |round: usize| {
                let keys = pieces[round % pieces.len()];
                let hits = if in_turn { peer.gets_in_turn(keys) } else { peer.gets(keys) };
                assert_eq!(hits, keys.len(), "{} has them all", peer.name());
                keys.len()
            }
        })
        .collect();
    interleave(pieces.len().min(rounds), &mut sides);
    let times = interleave(rounds, &mut sides);
    Cell::new(name, names(&peers), times)
}

fn names(peers: &[Any<'_>]) -> Vec<&'static str> {
    peers.iter().map(|peer| peer.name()).collect()
}

/// All of them, and the policy S3-FIFO by name, whichever is the default.
fn with_s3fifo(library: &Library, entries: usize) -> Vec<Any<'_>> {
    let mut peers = peers::all(library, entries);
    peers.insert(1, Box::new(CAbi::new(library, C_S3FIFO, entries, r#", "policy": "s3fifo""#)));
    peers
}

/// Keys never repeat, so that every put inserts and evicts. The warm-up fills the cache and replaces all of it.
fn puts(name: String, library: &Library, entries: usize, rounds: usize) -> Cell {
    let peers = with_s3fifo(library, entries);
    let warm_up = 2 * entries;
    for peer in &peers {
        (0..warm_up as u64).for_each(|n| peer.put(&key(n), &VALUE));
    }
    let keys: Vec<Key> = (0..rounds * A_ROUND).map(|n| key((warm_up + n) as u64)).collect();
    let mut sides: Vec<_> = peers
        .iter()
        .map(|peer| {
            |round: usize| {
                peer.puts(&keys[round * A_ROUND..(round + 1) * A_ROUND], &VALUE);
                A_ROUND
            }
        })
        .collect();
    let times = interleave(rounds, &mut sides);
    Cell::new(name, names(&peers), times)
}

/// The most popular keys, the most popular last, and so many operations.
pub fn popular(entries: usize, operations: usize) -> (Vec<Key>, Vec<Operation>) {
    let mut zipf = Zipf::new(UNIVERSE * entries);
    let keys = (0..entries as u64).rev().map(key).collect();
    let operation = |_| Operation { key: key(zipf.rank() as u64), puts: zipf.chance() < PUTS };
    (keys, (0..operations).map(operation).collect())
}

fn mixture(name: String, library: &Library, entries: usize, rounds: usize) -> Cell {
    let (keys, operations) = popular(entries, entries + rounds * A_ROUND);
    let (warm_up, operations) = operations.split_at(entries);
    let peers = with_s3fifo(library, entries);
    for peer in &peers {
        peer.puts(&keys, &VALUE);
        peer.mix(warm_up, &VALUE);
    }
    let hits: Vec<Count<usize>> = peers.iter().map(|_| Count::new(0)).collect();
    let mut sides: Vec<_> = peers
        .iter()
        .zip(&hits)
        .map(|(peer, hits)| {
            |round: usize| {
                let operations = &operations[round * A_ROUND..(round + 1) * A_ROUND];
                hits.set(hits.get() + peer.mix(operations, &VALUE));
                A_ROUND
            }
        })
        .collect();
    let times = interleave(rounds, &mut sides);
    let lookups = operations.iter().filter(|operation| !operation.puts).count();
    let mut cell = Cell::new(name, names(&peers), times);
    for (peer, hits) in peers.iter().zip(hits) {
        cell.note(peer.name(), serde_json::json!({ "hit_ratio": hits.get() as f64 / lookups as f64 }));
    }
    cell
}
