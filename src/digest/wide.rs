//! BLAKE3 of short messages of as many blocks each side by side: each word of the compression is a row of lanes, one a message,
//! which the compiler turns into vector instructions. It is for what the crate has no lanes for: lengths that are not
//! whole blocks, as those of keys and checksums are. A message of up to 1024 bytes is one BLAKE3 chunk, so there is no
//! tree. The function is that of the BLAKE3 paper (O'Connor, Aumasson, Neves, Wilcox-O'Hearn, 2020), section 2.

use super::Digest;
use arrayvec::ArrayVec;
use multiversion::multiversion;

/// Messages side by side.
pub(super) const LANES: usize = 8;
/// The longest message.
pub(super) const MAX_BYTES: usize = 1024;
pub(super) const MAX_BLOCKS: usize = MAX_BYTES / BLOCK;
/// Of fewer messages each is done sooner by itself.
const WORTHWHILE: usize = 4;

const BLOCK: usize = 64;
const WORDS: usize = BLOCK / 4;
const ROUNDS: usize = 7;
const CHUNK_START: u32 = 1;
const CHUNK_END: u32 = 2;
const ROOT: u32 = 8;
const KEYED_HASH: u32 = 16;

/// As in SHA-256, the first half.
const IV: [u32; 4] = [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a];

/// Which message word each round takes where.
const SCHEDULE: [[usize; WORDS]; ROUNDS] = schedule();

type Row = [u32; LANES];
type Rows<const WORDS: usize> = [Row; WORDS];

const fn schedule() -> [[usize; WORDS]; ROUNDS] {
    const PERMUTATION: [usize; WORDS] = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
    let mut rounds = [[0; WORDS]; ROUNDS];
    let (mut round, mut word) = (0, 0);
    while word < WORDS {
        rounds[0][word] = word;
        word += 1;
    }
    while round + 1 < ROUNDS {
        word = 0;
        while word < WORDS {
            rounds[round + 1][word] = rounds[round][PERMUTATION[word]];
            word += 1;
        }
        round += 1;
    }
    rounds
}

/// Messages with the same answer can be done side by side; None for those that are too long.
pub(super) fn blocks(len: usize) -> Option<usize> {
    (len <= MAX_BYTES).then(|| len.div_ceil(BLOCK).max(1))
}

/// `keyed(key, message)` of each message, which all have as many [`blocks`], for `each`, with the message's number.
pub(super) fn keyed_each(key: &[u8; 32], messages: &[&[u8]], mut each: impl FnMut(usize, Digest)) {
    for (n, some) in messages.chunks(LANES).enumerate() {
        if some.len() < WORTHWHILE {
            some.iter().enumerate().for_each(|(lane, bytes)| each(n * LANES + lane, super::keyed(key, bytes)));
            continue;
        }
        let mut lanes: ArrayVec<&[u8], LANES> = some.iter().copied().collect();
        while !lanes.is_full() {
            lanes.push(some[0]); // for nothing, but as fast
        }
        let Ok(lanes) = lanes.into_inner() else { unreachable!("it is full") };
        let digests = keyed_lanes(key, &lanes);
        digests.into_iter().take(some.len()).enumerate().for_each(|(lane, digest)| each(n * LANES + lane, digest));
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn keyed_lanes(key: &[u8; 32], messages: &[&[u8]; LANES]) -> [Digest; LANES] {
    keyed_rows(key, messages)
}

#[inline(always)]
fn keyed_rows(key: &[u8; 32], messages: &[&[u8]; LANES]) -> [Digest; LANES] {
    let blocks = blocks(messages[0].len()).unwrap_or(1);
    debug_assert!(messages.iter().all(|message| self::blocks(message.len()) == Some(blocks)));
    let mut chaining = [[0; LANES]; 8];
    for (word, row) in chaining.iter_mut().enumerate() {
        *row = [word_of(key, word); LANES];
    }
    for block in 0..blocks {
        let begin = block * BLOCK;
        let start = if block == 0 { CHUNK_START } else { 0 };
        let end = if block + 1 == blocks { CHUNK_END | ROOT } else { 0 };
        let (mut message, mut lens) = ([[0; LANES]; WORDS], [0; LANES]);
        for (lane, whole) in messages.iter().enumerate() {
            let bytes = &whole[begin..whole.len().min(begin + BLOCK)];
            let mut padded = [0; BLOCK];
            padded[..bytes.len()].copy_from_slice(bytes);
            lens[lane] = bytes.len() as u32;
            for (word, row) in message.iter_mut().enumerate() {
                row[lane] = word_of(&padded, word);
            }
        }
        compress(&mut chaining, &message, &lens, KEYED_HASH | start | end);
    }
    let mut digests = [Digest([0; 32]); LANES];
    for (lane, digest) in digests.iter_mut().enumerate() {
        for (word, bytes) in digest.0.chunks_exact_mut(4).enumerate() {
            bytes.copy_from_slice(&chaining[word][lane].to_le_bytes());
        }
    }
    digests
}

#[inline(always)]
fn word_of(bytes: &[u8], word: usize) -> u32 {
    u32::from_le_bytes([bytes[4 * word], bytes[4 * word + 1], bytes[4 * word + 2], bytes[4 * word + 3]])
}

/// One block of each message; the counter is that of a first chunk, 0. One loop over the lanes around straight code, which
/// is what a compiler makes vector instructions of.
#[inline(always)]
fn compress(chaining: &mut Rows<8>, message: &Rows<WORDS>, lens: &Row, flags: u32) {
    for lane in 0..LANES {
        let mut s = [0; WORDS];
        for word in 0..8 {
            s[word] = chaining[word][lane];
        }
        [s[8], s[9], s[10], s[11]] = IV;
        [s[14], s[15]] = [lens[lane], flags];
        let mut m = [0; WORDS];
        for word in 0..WORDS {
            m[word] = message[word][lane];
        }
        round(&mut s, &m, &SCHEDULE[0]);
        round(&mut s, &m, &SCHEDULE[1]);
        round(&mut s, &m, &SCHEDULE[2]);
        round(&mut s, &m, &SCHEDULE[3]);
        round(&mut s, &m, &SCHEDULE[4]);
        round(&mut s, &m, &SCHEDULE[5]);
        round(&mut s, &m, &SCHEDULE[6]);
        for word in 0..8 {
            chaining[word][lane] = s[word] ^ s[word + 8];
        }
    }
}

#[inline(always)]
fn round(s: &mut [u32; WORDS], m: &[u32; WORDS], at: &[usize; WORDS]) {
    quarter(s, [0, 4, 8, 12], m[at[0]], m[at[1]]);
    quarter(s, [1, 5, 9, 13], m[at[2]], m[at[3]]);
    quarter(s, [2, 6, 10, 14], m[at[4]], m[at[5]]);
    quarter(s, [3, 7, 11, 15], m[at[6]], m[at[7]]);
    quarter(s, [0, 5, 10, 15], m[at[8]], m[at[9]]);
    quarter(s, [1, 6, 11, 12], m[at[10]], m[at[11]]);
    quarter(s, [2, 7, 8, 13], m[at[12]], m[at[13]]);
    quarter(s, [3, 4, 9, 14], m[at[14]], m[at[15]]);
}

#[inline(always)]
fn quarter(s: &mut [u32; WORDS], [a, b, c, d]: [usize; 4], x: u32, y: u32) {
    s[a] = s[a].wrapping_add(s[b]).wrapping_add(x);
    s[d] = (s[d] ^ s[a]).rotate_right(16);
    s[c] = s[c].wrapping_add(s[d]);
    s[b] = (s[b] ^ s[c]).rotate_right(12);
    s[a] = s[a].wrapping_add(s[b]).wrapping_add(y);
    s[d] = (s[d] ^ s[a]).rotate_right(8);
    s[c] = s[c].wrapping_add(s[d]);
    s[b] = (s[b] ^ s[c]).rotate_right(7);
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn noise() -> Vec<u8> {
        (0..MAX_BYTES + 17 * 13).map(|n: usize| (n * n * 31 + n * 7) as u8).collect()
    }

    fn check(messages: &[&[u8]]) {
        let mut digests = vec![None; messages.len()];
        keyed_each(&KEY, messages, |n, digest| assert_eq!(digests[n].replace(digest), None));
        for (message, digest) in messages.iter().zip(digests) {
            assert_eq!(digest, Some(super::super::keyed(&KEY, message)), "{} bytes", message.len());
        }
    }

    #[test]
    fn every_length_and_every_number_of_messages_gives_what_the_crate_does() {
        let noise = noise();
        for len in 0..=MAX_BYTES {
            for count in [0, 1, 3, 4, 8, 9, 12, 17] {
                check(&(0..count).map(|n| &noise[13 * n..13 * n + len]).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn lengths_of_as_many_blocks_go_together() {
        let noise = noise();
        for blocks in 1..=MAX_BYTES / BLOCK {
            let least = if blocks == 1 { 0 } else { BLOCK * (blocks - 1) + 1 };
            for first in least..=BLOCK * blocks {
                let len = |n: usize| least + (first - least + 11 * n) % (BLOCK * blocks - least + 1);
                check(&(0..LANES + 5).map(|n| &noise[n..n + len(n)]).collect::<Vec<_>>());
            }
        }
    }

    /// What a processor without AVX2 does.
    #[test]
    fn the_plain_form_gives_the_same() {
        let noise = noise();
        for len in 0..=MAX_BYTES {
            let messages: [&[u8]; LANES] = std::array::from_fn(|n| &noise[n..n + len]);
            assert_eq!(keyed_rows(&KEY, &messages), messages.map(|message| super::super::keyed(&KEY, message)));
        }
    }
}
