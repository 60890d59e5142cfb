//! Small chunks in batches by buffer, as an engine with many small inputs asks for them, among as many entries as a whole
//! hit has. The peers do the same chunks one by one, for they have no other way.

use crate::cell::Cell;
use crate::hit::{ENTRIES, compare, fill};
use crate::library::{Key, Library};
use crate::peer::Peer;
use crate::peers::{self, Any, C, C_SINGLY, CAbi, RUST};
use crate::ring::{PIECES, Ring, size_name};
use crate::tickets::Once;

const SIZES: [usize; 3] = [64, 256, 1 << 10];
const QUICK_SIZES: [usize; 1] = [64];
const BATCH: usize = 16;
const ROUNDS: usize = 256;
const QUICK_ROUNDS: usize = 32;

struct Batched<'a> {
    singly: &'a CAbi<'a>,
    batches: Once<'a>,
}

impl Peer for Batched<'_> {
    fn name(&self) -> &'static str {
        C
    }

    fn key(&self, chunk: &[u8]) -> Key {
        self.singly.key(chunk)
    }

    fn get(&self, key: &Key) -> Option<u8> {
        self.singly.get(key)
    }

    fn put(&self, key: &Key, value: &[u8]) {
        self.singly.put(key, value);
    }

    fn hits(&self, chunks: &[&[u8]]) -> usize {
        chunks.chunks(BATCH).map(|some| self.batches.batch_bytes_hits(some.iter().copied())).sum()
    }
}

pub fn measure(library: &Library, quick: bool) -> Vec<Cell> {
    let (sizes, rounds) = if quick { (&QUICK_SIZES[..], QUICK_ROUNDS) } else { (&SIZES[..], ROUNDS) };
    let mut cells = Vec::new();
    for &size in sizes {
        let ring = Ring::new(size);
        let ours = CAbi::new(library, C, 2 * ENTRIES, "");
        let mut peers: Vec<Any<'_>> = peers::all(library, 2 * ENTRIES);
        peers.retain(|peer| ![C, RUST].contains(&peer.name()));
        peers.insert(0, Box::new(Batched { singly: &ours, batches: ours.once() }));
        peers.push(Box::new(CAbi::new(library, C_SINGLY, 2 * ENTRIES, "")));
        peers.iter().for_each(|peer| fill(&**peer, &ring));
        let pieces: Vec<Vec<&[u8]>> = (0..PIECES).map(|piece| ring.cold(piece).collect()).collect();
        cells.push(compare(&format!("cold, {}", size_name(size)), &peers, rounds, &|piece| &pieces[piece]));
    }
    cells
}
