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

    /// A key of these lanes.
    fn key([a, b, c, d]: [u64; 4]) -> Digest {
        let mut key = Digest([0; 32]);
        key.0
            .chunks_exact_mut(8)
            .zip([a, b, c, d])
            .for_each(|(bytes, lane)| bytes.copy_from_slice(&lane.to_le_bytes()));
        key
    }

    /// Keys that callers may make up, the `n`-th of each kind: counters in every lane, little-endian and big-endian, the
    /// same or its opposite in two lanes or all, counters of two lanes, repeated bytes.
    fn regular_keys(n: u64) -> Vec<Digest> {
        let in_lane = |lane: usize, n: u64| std::array::from_fn(|at| if at == lane { n } else { 0 });
        let in_lanes = |(a, b), (x, y)| {
            std::array::from_fn(|at| {
                if at == a {
                    x
                } else if at == b {
                    y
                } else {
                    0
                }
            })
        };
        let pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)];
        let mut keys: Vec<[u64; 4]> =
            (0..4).flat_map(|lane| [in_lane(lane, n), in_lane(lane, n.swap_bytes())]).collect();
        keys.extend(pairs.iter().flat_map(|&pair| [in_lanes(pair, (n, n)), in_lanes(pair, (n % 150, n / 150))]));
        keys.extend([[n; 4], [n.swap_bytes(); 4], [n, !n, n, !n], [u64::MAX, u64::MAX, u64::MAX, n]]);
        keys.push([0, 8, 16, 24].map(|shift| (n >> shift & 0xff) * 0x0101_0101_0101_0101));
        keys.into_iter().map(key).collect()
    }

    /// So many keys of each kind, by kind.
    fn kinds(count: u64) -> Vec<Vec<Digest>> {
        let mut kinds = vec![Vec::new(); regular_keys(0).len()];
        (0..count).for_each(|n| kinds.iter_mut().zip(regular_keys(n)).for_each(|(kind, key)| kind.push(key)));
        kinds
    }

    /// How much likelier two keys have the same `bits` of their hashes from bit `first` on than were they even.
    fn unevenness(hashes: &[u64], (first, bits): (u32, u32)) -> f64 {
        let mut counts = vec![0u64; 1 << bits];
        hashes.iter().for_each(|hash| counts[(hash >> first) as usize & ((1 << bits) - 1)] += 1);
        let same: u64 = counts.iter().map(|&count| count * count.saturating_sub(1)).sum();
        same as f64 * counts.len() as f64 / (hashes.len() as f64).powi(2)
    }

    /// The parts choose a bucket, a row of a sketch, a fingerprint, a shard. Under some seeds counters are uneven in one of
    /// them, for the multiples of a number may go round in few steps: of 1,000 random seeds 20 at most gave more than eight
    /// times, for a counter in one lane and a part of 16 bits. So eight of fifteen do by chance once in 10^8 runs.
    #[test]
    fn keys_that_callers_make_up_spread_over_every_part_of_the_hash() {
        const PARTS: [(u32, u32); 5] = [(0, 16), (27, 8), (32, 16), (48, 6), (57, 7)];
        for (kind, keys) in kinds(30_000).iter().enumerate() {
            let mut uneven = [0; 5];
            for _ in 0..15 {
                let stir = Stir::random();
                let hashes: Vec<u64> = keys.iter().map(|key| stir.hash(key)).collect();
                uneven.iter_mut().zip(PARTS).for_each(|(n, part)| *n += u32::from(unevenness(&hashes, part) > 8.0));
            }
            assert!(uneven.iter().all(|&n| n < 8), "kind {kind}: of 15 seeds {uneven:?} are uneven in {PARTS:?}");
        }
    }

    /// 100,000 hashes at random have two that are the same once in 4 * 10^9 times.
    #[test]
    fn keys_that_callers_make_up_have_hashes_of_their_own() {
        for (kind, keys) in kinds(100_000).iter().enumerate() {
            let stir = Stir::random();
            let mut hashes: Vec<u64> = keys.iter().map(|key| stir.hash(key)).collect();
            hashes.sort_unstable();
            assert!(hashes.windows(2).all(|two| two[0] != two[1]), "kind {kind}");
        }
    }
}
