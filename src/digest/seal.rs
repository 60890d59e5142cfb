//! What proves that a stored result is whole, and its own: `docs/envelope.md` says over which bytes it is made.

use super::scope::Hidden;
use super::{Digest, K, Secret};
use arrayvec::ArrayVec;
use std::fmt;
use zeroize::Zeroize;

/// Of a head, the descriptions of some tensors and a digest: one BLAKE3 chunk.
const SHORT: usize = 1024;

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

    /// Whether `checksum` is that, in a time that does not depend on where it differs.
    pub fn is_checksum(&self, checksum: &Digest, head: &[u8], description: &[u8], payload: &Digest) -> bool {
        self.hash(head, description, payload) == checksum.0
    }

    fn hash(&self, head: &[u8], description: &[u8], payload: &Digest) -> blake3::Hash {
        // A hasher has 2 KB, of which a few lines would be used and all of which would have to be wiped.
        let mut message = ArrayVec::<u8, SHORT>::new();
        if [head, description, &payload.0].iter().all(|part| message.try_extend_from_slice(part).is_ok()) {
            return blake3::keyed_hash(self.0.bytes(), &message);
        }
        let mut hasher = blake3::Hasher::new_keyed(self.0.bytes());
        hasher.update(head).update(description).update(&payload.0);
        let hash = hasher.finalize();
        hasher.zeroize();
        hash
    }
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
