//! What proves that a stored result is whole, and its own: `docs/envelope.md` says over which bytes it is made.

use super::scope::Hidden;
use super::{Digest, K, Secret, wide};
use arrayvec::ArrayVec;
use std::fmt;
use zeroize::Zeroize;

/// Of a head and a digest, and of little between: eight of these lie side by side.
const SHORTER: usize = 256;
/// Of a head, the descriptions of some tensors and a digest: one BLAKE3 chunk.
const SHORT: usize = wide::MAX_BYTES;

/// What checksums of stored results are keyed with: with a secret one that nobody outside may have, or they could plant
/// results. It is never printed.
pub(crate) struct SealKey(Hidden);

impl SealKey {
    /// K_envelope, or with a secret `keyed(K_secret_envelope, secret digest)`.
    pub fn new(secret: Option<&Secret>) -> Self {
        Self(match secret {
            Some(secret) => Hidden::of(&K.secret_envelope, secret),
            None => Hidden::public(&K.envelope),
        })
    }

    /// `checksum = keyed(E, head ‖ description ‖ chunk(payload))`; the head tells how long the description is.
    pub fn checksum(&self, head: &[u8], description: &[u8], payload: &Digest) -> Digest {
        Digest(*self.hash(head, description, payload).as_bytes())
    }

    /// Whether two checksums are the same, in a time that does not depend on where they differ.
    pub fn are_same(a: &Digest, b: &Digest) -> bool {
        blake3::Hash::from_bytes(a.0) == b.0
    }

    /// The checksum of each, which is its head, its description and the digest of its payload: side by side where they
    /// have as many blocks, as those without a description have.
    pub fn checksums(&self, parts: &[(&[u8], &[u8], Digest)], sums: &mut [Digest]) {
        let blocks = |part: &(&[u8], &[u8], Digest)| wide::blocks(part.0.len() + part.1.len() + 32);
        let mut begin = 0;
        for same in parts.chunk_by(|a, b| blocks(a) == blocks(b)).flat_map(|same| same.chunks(wide::LANES)) {
            let messages: ArrayVec<ArrayVec<u8, SHORTER>, { wide::LANES }> =
                same.iter().filter_map(|(head, description, payload)| message(head, description, payload)).collect();
            if messages.len() == same.len() {
                let messages: ArrayVec<&[u8], { wide::LANES }> = messages.iter().map(|message| &message[..]).collect();
                wide::keyed_each(self.0.bytes(), &messages, |n, sum| sums[begin + n] = sum);
            } else {
                for ((head, description, payload), sum) in same.iter().zip(&mut sums[begin..]) {
                    *sum = self.checksum(head, description, payload);
                }
            }
            begin += same.len();
        }
    }

    fn hash(&self, head: &[u8], description: &[u8], payload: &Digest) -> blake3::Hash {
        // A hasher has 2 KB, of which a few lines would be used and all of which would have to be wiped.
        if let Some(message) = message::<SHORT>(head, description, payload) {
            return blake3::keyed_hash(self.0.bytes(), &message);
        }
        let mut hasher = blake3::Hasher::new_keyed(self.0.bytes());
        hasher.update(head).update(description).update(&payload.0);
        let hash = hasher.finalize();
        hasher.zeroize();
        hash
    }
}

/// What a short checksum is over.
#[inline]
fn message<const MOST: usize>(head: &[u8], description: &[u8], payload: &Digest) -> Option<ArrayVec<u8, MOST>> {
    let mut message = ArrayVec::new();
    let mut add = |part| message.try_extend_from_slice(part).is_ok();
    (add(head) && add(description) && add(&payload.0)).then_some(message)
}

/// What the trailer of a file of envelopes proves: that all of it is there, as it was written.
#[derive(Debug)]
pub(crate) struct FileSum(blake3::Hasher);

impl FileSum {
    pub fn new() -> Self {
        Self(blake3::Hasher::new_keyed(&K.file))
    }

    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// `keyed(K_file, all bytes so far)`.
    pub fn digest(&self) -> Digest {
        Digest(*self.0.finalize().as_bytes())
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(hidden)")
    }
}
