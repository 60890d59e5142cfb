//! Chunks to look up. Cold ones come in a shuffled order from a ring of 64 MiB, so that each was last touched about
//! 64 MiB of other chunks ago: L2 has forgotten it, and what the cache keeps about it. Hot ones, a few, stay in L1.

use super::random::Random;

const RING_BYTES: usize = 64 << 20;
/// Small chunks lie apart so that there are no more of them than this: with a million, the cost of so many entries
/// would be measured, not that of a cold chunk. The lines they touch are then fewer than 64 MiB but still beyond L2.
const MAX_CHUNKS: usize = 1 << 16;
/// One pass over the ring is measured in this many pieces, short enough that a disturbance spoils few of them.
pub const PIECES: usize = 64;
/// Hot chunks are as many as lie within this, or one large one: well inside any L1 beside what a hit itself touches.
const HOT_BYTES: usize = 4 << 10;
/// What a round hashes of them: some 50 to 300 µs, short for the same reason.
const HOT_ROUND_BYTES: usize = 256 << 10;

pub struct Ring {
    bytes: Vec<u8>,
    size: usize,
    stride: usize,
    /// Where chunks begin, shuffled.
    order: Vec<usize>,
}

impl Ring {
    pub fn new(size: usize) -> Self {
        let stride = size.max(RING_BYTES / MAX_CHUNKS);
        let mut bytes = vec![0; RING_BYTES];
        let mut random = Random(size as u64);
        random.fill(&mut bytes);
        let mut order: Vec<usize> = (0..RING_BYTES / stride).map(|chunk| chunk * stride).collect();
        random.shuffle(&mut order);
        Self { bytes, size, stride, order }
    }

    pub fn size(&self) -> usize {
        self.size
    }

    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.order.iter().map(|&at| &self.bytes[at..at + self.size])
    }

    /// The n-th piece of the shuffled order, round and round.
    pub fn cold(&self, piece: usize) -> impl ExactSizeIterator<Item = &[u8]> {
        let len = self.order.len() / PIECES;
        let begin = piece % PIECES * len;
        self.order[begin..begin + len].iter().map(|&at| &self.bytes[at..at + self.size])
    }

    /// The piece opposite: two sides half a ring apart never find what the other has just touched.
    pub fn opposite(piece: usize) -> usize {
        piece + PIECES / 2
    }

    /// The same few chunks again and again.
    pub fn hot(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        let few = (HOT_BYTES / self.stride).max(1);
        let repeats = (HOT_ROUND_BYTES / self.size).clamp(2, 4096);
        (0..repeats).map(move |n| {
            let at = n % few * self.stride;
            &self.bytes[at..at + self.size]
        })
    }
}

/// 64 B, 4 KiB, 1 MiB.
pub fn size_name(bytes: usize) -> String {
    match bytes {
        _ if bytes >= 1 << 20 && bytes % (1 << 20) == 0 => format!("{} MiB", bytes >> 20),
        _ if bytes >= 1 << 10 && bytes % (1 << 10) == 0 => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} B"),
    }
}
