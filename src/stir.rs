//! The index's hash: a key's own 32 bytes under seeds of this cache. The key formulas are public, and whoever sends
//! the chunks could otherwise aim them at one bucket; nor need a caller's own keys be uniform.

use crate::digest::Digest;
use std::hash::{BuildHasher, Hasher, RandomState};

#[derive(Clone, Debug)]
pub(crate) struct Stir {
    seeds: [u64; 4],
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
        Self { seeds: std::array::from_fn(|i| seed(i as u64)) }
    }

    /// The same every time, for tests that must repeat themselves.
    #[cfg(test)]
    pub(crate) fn fixed() -> Self {
        Self { seeds: [0xa076_1d64_78bd_642f, 0xe703_7ed1_a0b4_28db, 0x8ebc_6af0_9c88_c6e3, 0x5899_65cc_7537_4cc3] }
    }

    /// Two folded multiplies that don't wait for each other, each of two lanes under seeds of their own, as wyhash has it.
    #[inline]
    pub(crate) fn hash(&self, key: &Digest) -> u64 {
        let mut lanes = self.seeds;
        for (lane, bytes) in lanes.iter_mut().zip(key.0.chunks_exact(8)) {
            *lane ^= u64::from_le_bytes(bytes.try_into().unwrap_or_default());
        }
        fold(lanes[0], lanes[1]).wrapping_add(fold(lanes[2], lanes[3]))
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
