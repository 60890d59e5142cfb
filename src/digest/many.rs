//! Many chunks digested at once: BLAKE3's SIMD lanes work on as many messages as they are wide, 16 with AVX-512, 8 with
//! AVX2, where one message of up to 1024 bytes leaves all but one idle. The digests are exactly those of [`super::chunk`].
//!
//! The function for that is hidden in the crate ("undocumented and unstable"), which is why Cargo.toml pins its version.
//! It takes lengths known when this is compiled, in whole blocks of 64 bytes; for others, and without that function, there
//! is [`wide`], which does as many blocks of each together.

use super::constants::K;
use super::{Digest, chunk, wide};
use arrayvec::ArrayVec;

#[cfg(feature = "hash-many")]
const BLOCK: usize = 64;

/// The digest of each chunk, as [`super::chunk`] makes it, into `out`, which is as long.
pub fn chunks<'a>(chunks: impl ExactSizeIterator<Item = &'a [u8]> + Clone, out: &mut [Digest]) {
    debug_assert_eq!(chunks.len(), out.len());
    #[cfg(feature = "hash-many")]
    lanes::chunks(chunks, out);
    #[cfg(not(feature = "hash-many"))]
    {
        let mut waiting = Waiting::none();
        chunks.enumerate().for_each(|(at, bytes)| waiting.digest(at, bytes, out));
        waiting.flush_all(out);
    }
}

/// Chunks that wait for others of as many blocks.
struct Waiting<'a>([ArrayVec<(&'a [u8], usize), { wide::LANES }>; wide::MAX_BLOCKS]);

impl<'a> Waiting<'a> {
    fn none() -> Self {
        Self(std::array::from_fn(|_| ArrayVec::new()))
    }

    /// Digests a chunk now or later.
    fn digest(&mut self, at: usize, bytes: &'a [u8], out: &mut [Digest]) {
        let Some(blocks) = wide::blocks(bytes.len()) else {
            out[at] = chunk(bytes);
            return;
        };
        let same = &mut self.0[blocks - 1];
        same.push((bytes, at));
        if same.is_full() {
            Self::flush(same, out);
        }
    }

    fn flush(same: &mut ArrayVec<(&'a [u8], usize), { wide::LANES }>, out: &mut [Digest]) {
        let messages: ArrayVec<&[u8], { wide::LANES }> = same.iter().map(|(bytes, _)| *bytes).collect();
        wide::keyed_each(&K.chunk, &messages, |n, digest| out[same[n].1] = digest);
        same.clear();
    }

    fn flush_all(&mut self, out: &mut [Digest]) {
        self.0.iter_mut().filter(|same| !same.is_empty()).for_each(|same| Self::flush(same, out));
    }
}

#[cfg(feature = "hash-many")]
mod lanes {
    use super::{ArrayVec, BLOCK, Digest, K, Waiting, chunk};
    use crate::digest::wide::MAX_BYTES;
    use blake3::IncrementCounter;
    use blake3::platform::{MAX_SIMD_DEGREE, Platform, words_from_le_bytes_32};

    /// As BLAKE3's paper numbers them.
    const CHUNK_START: u8 = 1;
    const CHUNK_END: u8 = 2;
    const ROOT: u8 = 8;
    const KEYED_HASH: u8 = 16;

    /// The lengths that lanes take, in blocks.
    const KINDS: usize = MAX_BYTES / BLOCK;

    /// Chunks of one length that wait for the lanes to be full, and where their digests go.
    type Whole<'a> = ArrayVec<(&'a [u8], usize), MAX_SIMD_DEGREE>;

    pub(super) fn chunks<'a>(chunks: impl Iterator<Item = &'a [u8]>, out: &mut [Digest]) {
        let platform = Platform::detect();
        let mut waiting: [Whole<'a>; KINDS] = std::array::from_fn(|_| Whole::new());
        let mut others = Waiting::none();
        for (at, bytes) in chunks.enumerate() {
            let blocks = bytes.len() / BLOCK;
            if bytes.len() % BLOCK != 0 || !(1..=KINDS).contains(&blocks) {
                others.digest(at, bytes, out);
                continue;
            }
            let same = &mut waiting[blocks - 1];
            same.push((bytes, at));
            if same.is_full() {
                digest(platform, blocks, same, out);
            }
        }
        for (n, same) in waiting.iter_mut().enumerate() {
            digest(platform, n + 1, same, out);
        }
        others.flush_all(out);
    }

    fn digest(platform: Platform, blocks: usize, same: &mut Whole<'_>, out: &mut [Digest]) {
        macro_rules! by_length {
            ($($blocks:literal)*) => {
                match blocks {
                    $($blocks => digest_of::<{ $blocks * BLOCK }>(platform, same, out),)*
                    _ => unreachable!("only these lengths wait"),
                }
            };
        }
        if same.len() > 1 {
            by_length!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16);
        } else if let Some(&(bytes, at)) = same.first() {
            out[at] = chunk(bytes);
        }
        same.clear();
    }

    fn digest_of<const LEN: usize>(platform: Platform, same: &Whole<'_>, out: &mut [Digest]) {
        let key = words_from_le_bytes_32(&K.chunk);
        let inputs: ArrayVec<&[u8; LEN], MAX_SIMD_DEGREE> =
            same.iter().filter_map(|(bytes, _)| (*bytes).try_into().ok()).collect();
        let mut digests = [0; 32 * MAX_SIMD_DEGREE];
        let (flags, counter) = (KEYED_HASH, 0);
        let end = CHUNK_END | ROOT;
        platform.hash_many(&inputs, &key, counter, IncrementCounter::No, flags, CHUNK_START, end, &mut digests);
        for (digest, &(_, at)) in digests.chunks_exact(32).zip(same) {
            out[at].0.copy_from_slice(digest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(len: usize, salt: usize) -> Vec<u8> {
        (0..len).map(|n| (n * 31 + salt * 7 + len) as u8).collect()
    }

    fn check(all: &[Vec<u8>]) {
        let mut out = vec![Digest([0; 32]); all.len()];
        chunks(all.iter().map(Vec::as_slice), &mut out);
        for (bytes, digest) in all.iter().zip(&out) {
            assert_eq!(*digest, chunk(bytes), "{} chunks, {} bytes", all.len(), bytes.len());
        }
    }

    #[test]
    fn every_length_and_every_batch_size_gives_the_digests_of_one_at_a_time() {
        for len in 0..=1024 {
            for count in 1..=33 {
                check(&(0..count).map(|salt| bytes(len, salt)).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn lengths_may_be_mixed_in_any_order() {
        let lens = [0, 64, 1, 64, 1024, 1025, 64, 128, 4096, 1024, 63, 65, 192, 960, 64, 64, 1 << 17];
        check(&(0..200).map(|n| bytes(lens[n * 7 % lens.len()], n)).collect::<Vec<_>>());
        check(&[]);
    }

    /// Odd lengths one after the other: of as many blocks, which go side by side, and of one more, which must not.
    #[test]
    fn lengths_of_as_many_blocks_and_of_others_may_alternate() {
        for len in (1..1024).step_by(2) {
            for [a, b] in [[len, len ^ 2], [len, len + 64], [len, 1024 - len], [len, (len + 62) / 64 * 64 + 1]] {
                for count in [2, 7, 8, 9, 16, 17, 35] {
                    check(&(0..count).map(|n| bytes(if n % 2 == 0 { a } else { b }, n)).collect::<Vec<_>>());
                    check(&(0..count).map(|n| bytes(if n % 3 == 0 { a } else { b }, n)).collect::<Vec<_>>());
                }
            }
        }
    }
}
