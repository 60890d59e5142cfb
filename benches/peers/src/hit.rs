//! A whole hit: hash of the chunk, key composition, lookup, value access. By size of the chunk, hot and cold, among
//! 100,000 entries; and BLAKE3 of the chunk alone, which no cache with such keys can be faster than.

use crate::cell::Cell;
use crate::library::Library;
use crate::peer::{Peer, VALUE};
use crate::peers::{self, Any, BLAKE3};
use crate::ring::{PIECES, Ring, size_name};
use crate::shuffle::interleave;
use crate::steady::key;
use std::hint::black_box;

const SIZES: [usize; 5] = [64, 1 << 10, 4 << 10, 64 << 10, 1 << 20];
const QUICK_SIZES: [usize; 2] = [64, 64 << 10];
pub(crate) const ENTRIES: usize = 100_000;
const ROUNDS: usize = 256;
const QUICK_ROUNDS: usize = 32;
const SOME_KEY: [u8; 32] = [7; 32];

pub fn measure(library: &Library, quick: bool) -> Vec<Cell> {
    let (sizes, rounds) = if quick { (&QUICK_SIZES[..], QUICK_ROUNDS) } else { (&SIZES[..], ROUNDS) };
    let (mut hot, mut cold) = (Vec::new(), Vec::new());
    for &size in sizes {
        let ring = Ring::new(size);
        let peers = peers::all(library, 2 * ENTRIES);
        peers.iter().for_each(|peer| fill(&**peer, &ring));
        let few: Vec<&[u8]> = ring.hot().collect();
        hot.push(compare(&format!("hot, {}", size_name(size)), &peers, rounds, &|_| &few));
        let pieces: Vec<Vec<&[u8]>> = (0..PIECES).map(|piece| ring.cold(piece).collect()).collect();
        cold.push(compare(&format!("cold, {}", size_name(size)), &peers, rounds, &|piece| &pieces[piece]));
    }
    hot.append(&mut cold);
    hot
}

/// A result for each chunk, and others until there are [`ENTRIES`].
pub(crate) fn fill(peer: &dyn Peer, ring: &Ring) {
    let mut entries = 0;
    for chunk in ring.chunks() {
        peer.put(&peer.key(chunk), &VALUE);
        entries += 1;
    }
    (entries..ENTRIES).for_each(|n| peer.put(&key(n as u64), &VALUE));
    peer.settle();
}

/// Sides are a part of the ring apart, so that none finds what another has just touched.
pub(crate) fn compare<'a>(
    name: &str, peers: &[Any<'_>], rounds: usize, chunks: &dyn Fn(usize) -> &'a [&'a [u8]],
) -> Cell {
    let apart = PIECES / (peers.len() + 1);
    let piece = move |round: usize, side: usize| chunks((round + side * apart) % PIECES);
    let mut sides: Vec<Box<dyn FnMut(usize) -> usize>> = Vec::new();
    for (side, peer) in peers.iter().enumerate() {
        sides.push(Box::new(move |round| {
            let chunks = piece(round, side);
            assert_eq!(peer.hits(chunks), chunks.len(), "{} has a result for each", peer.name());
            chunks.len()
        }));
    }
    sides.push(Box::new(|round| {
        let chunks = piece(round, peers.len());
        chunks.iter().for_each(|chunk| {
            black_box(blake3::keyed_hash(&SOME_KEY, chunk));
        });
        chunks.len()
    }));
    interleave(rounds.min(PIECES), &mut sides); // a whole pass, to warm up
    let times = interleave(rounds, &mut sides);
    Cell::new(name, peers.iter().map(|peer| peer.name()).chain([BLAKE3]), times)
}
