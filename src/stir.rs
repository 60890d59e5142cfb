//! The index's hash: a key's own 32 bytes under seeds of this cache. The key formulas are public, and whoever sends
//! the chunks could otherwise aim them at one bucket; nor need a caller's own keys be uniform.

use crate::digest::Digest;
use std::hash::{BuildHasher, Hasher, RandomState};

#[derive(Clone, Debug)]
pub(crate) struct Stir {
    add: [u64; 4],
    multiply: [u64; 4],
}

impl Stir {
    /// Seeds from the operating system, through std's own hash map seeds.
    pub(crate) fn random() -> Self {
        let source = RandomState::new();
        let seed = |n: u64| {
            let mut hasher = source.build_hasher();
            hasher.write_u64(n);
            hasher.finish()
        };
        Self { add: std::array::from_fn(|i| seed(i as u64)), multiply: std::array::from_fn(|i| seed(4 + i as u64) | 1) }
    }

    /// The same every time, for tests that must repeat themselves.
    #[cfg(test)]
    pub(crate) fn fixed() -> Self {
        Self { add: [1, 2, 3, 4], multiply: [5, 7, 9, 11] }
    }

    /// Four folded multiplies that don't wait for each other, a few nanoseconds.
    pub(crate) fn hash(&self, key: &Digest) -> u64 {
        let mut hash = 0u64;
        for (i, lane) in key.0.chunks_exact(8).enumerate() {
            let lane = u64::from_le_bytes(lane.try_into().unwrap_or_default());
            hash = hash.wrapping_add(fold(lane ^ self.add[i], self.multiply[i]));
        }
        hash
    }
}

/// The two halves of a product, mixed.
pub(crate) fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_differ_in_one_bit_spread_over_every_part_of_the_hash() {
        let stir = Stir::random();
        let mut low = std::collections::HashSet::new();
        let mut high = std::collections::HashSet::new();
        for bit in 0..256 {
            let mut key = Digest([0; 32]);
            key.0[bit / 8] = 1 << (bit % 8);
            let hash = stir.hash(&key);
            low.insert(hash as u16);
            high.insert((hash >> 48) as u16);
        }
        // 256 draws of 65,536 collide about half a time.
        assert!(low.len() > 245 && high.len() > 245, "{} {}", low.len(), high.len());
        assert_ne!(Stir::random().hash(&Digest([1; 32])), Stir::random().hash(&Digest([1; 32])));
    }
}
