//! What a filter is called, and so what every key of its results begins with: the namespace and the secret of its
//! cache, its configuration and its state. With a secret the digest of a filter is a key nobody outside may have, so
//! the types here keep what they hold: none prints it, and outside this folder only keys and tags come out of them.

use super::constants::NO_NAMESPACE;
use super::{Digest, K, from_hex_digits, joined, keyed, wide};
use crate::error::{Error, Result};
use arrayvec::ArrayVec;
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// A shorter secret could be guessed: BLAKE3 is fast for the guesser, too.
const MIN_SECRET_BYTES: usize = 16;

/// 32 bytes that are zeroed when dropped and never printed. Boxed, so that moving them leaves no copy behind.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Hidden(Box<[u8; 32]>);

impl Hidden {
    /// `keyed(key, bytes)`, leaving neither in the hasher.
    fn keyed(key: &[u8; 32], bytes: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(key);
        let mut hash = hasher.update(bytes).finalize();
        let mut hidden = Self(Box::new([0; 32])); // filled in its place: made of a copy, that would stay behind
        hidden.0.copy_from_slice(hash.as_bytes());
        hash.zeroize();
        hasher.zeroize();
        wipe_below();
        hidden
    }

    /// One that everybody knows.
    pub(super) fn public(constant: &[u8; 32]) -> Self {
        Self(Box::new(*constant))
    }

    /// `keyed(key, secret digest)`: what a secret gives under one of the constants for secrets.
    pub(super) fn of(key: &[u8; 32], secret: &Secret) -> Self {
        Self::keyed(key, &*secret.0.0)
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Overwrites the stack below its caller, where functions that have returned left what they worked on: it would get into
/// whatever is made there next, as the bytes between its fields.
#[inline(never)]
fn wipe_below() {
    let mut left = [0u64; 1024];
    left.zeroize();
    std::hint::black_box(&left);
}

impl Drop for Hidden {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// The secret of a cache, by its digest alone: the bytes it was made from are not kept. It is zeroed when dropped,
/// never printed, and can't be read back.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Hidden);

impl Secret {
    /// `secret digest = keyed(K_secret_digest, bytes)`; of 16 bytes or more, and unpredictable ones.
    pub fn new(bytes: &[u8]) -> Result<Self> {
        if bytes.len() < MIN_SECRET_BYTES {
            return Err(Error::invalid(format!(
                "a secret of {} bytes could be guessed: make it {MIN_SECRET_BYTES} bytes or more, best 32 from the system's random source",
                bytes.len()
            )));
        }
        Ok(Self(Hidden::keyed(&K.secret_digest, bytes)))
    }

    /// The same from hexadecimal digits of either case.
    pub fn from_hex(hex: &str) -> Result<Self> {
        let wrong = || Error::invalid("a secret is written as hexadecimal digits (0-9 and a-f), two a byte");
        if hex.len() % 2 != 0 {
            return Err(wrong());
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(hex.len() / 2)); // never grows: a move would leave a copy
        for pair in hex.as_bytes().chunks_exact(2) {
            bytes.push(from_hex_digits(pair[0], pair[1]).ok_or_else(wrong)?);
        }
        Self::new(&bytes)
    }
}

#[cfg(test)]
impl Secret {
    pub(super) fn bare(&self) -> Digest {
        Digest(*self.0.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// What a cache names its filters under.
pub(crate) struct Scope {
    /// K_filter, or with a secret one of this cache's own.
    constant: Hidden,
    namespace: Digest,
}

impl Scope {
    /// `namespace = keyed(K_namespace, name)`, no namespace being the empty name; and with a secret,
    /// `K_filter := keyed(K_secret, secret digest)`.
    pub fn new(namespace: &str, secret: Option<&Secret>) -> Self {
        let constant = match secret {
            Some(secret) => Hidden::of(&K.secret, secret),
            None => Hidden::public(&K.filter),
        };
        Self { constant, namespace: keyed(&K.namespace, namespace.as_bytes()) }
    }

    /// `filter = keyed(K_filter, namespace ‖ config ‖ state)`.
    pub fn filter(&self, config: &Digest, state: &Digest) -> FilterDigest {
        FilterDigest(joined(&self.constant.0, [&self.namespace, config, state]))
    }

    /// `key = keyed(K_saved_state, F ‖ namespace ‖ state)`: where a state's bytes are stored. It leaves the library, and
    /// says nothing of F.
    pub fn saved_state(&self, state: &Digest) -> Digest {
        let mut hasher = blake3::Hasher::new_keyed(&K.saved_state);
        hasher.update(self.constant.bytes()).update(&self.namespace.0).update(&state.0);
        let key = Digest(*hasher.finalize().as_bytes());
        hasher.zeroize();
        key
    }
}

#[cfg(test)]
impl Scope {
    pub(super) fn constant(&self) -> Digest {
        Digest(*self.constant.0)
    }

    pub(super) fn namespace(&self) -> Digest {
        self.namespace
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

/// The digest of a filter under one of its states, or of a pipeline of them: what keys its chunks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct FilterDigest(Digest);

impl FilterDigest {
    /// That of a filter in a cache without namespace and secret: its keys can be made anywhere.
    pub fn public(config: &Digest, state: &Digest) -> Self {
        Self(joined(&K.filter, [&NO_NAMESPACE, config, state]))
    }

    /// The digest as four words.
    pub fn to_words(self) -> [u64; 4] {
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(self.0.0.chunks_exact(8)) {
            *word = u64::from_le_bytes(bytes.try_into().unwrap_or_default());
        }
        words
    }

    /// The digest that [`FilterDigest::to_words`] gave.
    pub fn from_words(words: [u64; 4]) -> Self {
        let mut digest = [0; 32];
        for (bytes, word) in digest.chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Self(Digest(digest))
    }

    /// `output key = keyed(filter, chunk)`: 50 ns on top of the chunk's own digest.
    pub fn output(&self, chunk: &Digest) -> Digest {
        keyed(&self.0.0, &chunk.0)
    }

    /// The same of many chunks, side by side.
    pub fn outputs(&self, chunks: &[Digest]) -> Vec<Digest> {
        let mut keys = vec![Digest([0; 32]); chunks.len()];
        let mut begin = 0;
        for some in chunks.chunks(wide::LANES) {
            let messages: ArrayVec<&[u8], { wide::LANES }> = some.iter().map(|chunk| &chunk.0[..]).collect();
            wide::keyed_each(&self.0.0, &messages, |n, key| keys[begin + n] = key);
            begin += some.len();
        }
        keys
    }

    /// `step key = keyed(K_step, filter ‖ state_in ‖ chunk)`: of a stream's output and next state, from its state.
    pub fn step(&self, state: &Digest, chunk: &Digest) -> Digest {
        joined(&K.step, [&self.0, state, chunk])
    }

    /// `place = keyed(K_place, filter ‖ state_in)`: where a stream is, whatever led there.
    pub fn place(&self, state: &Digest) -> Digest {
        joined(&K.place, [&self.0, state])
    }

    /// `tag = keyed(K_tag, filter)`: what entries, stats and logs carry.
    pub fn tag(&self) -> Digest {
        keyed(&K.tag, &self.0.0)
    }
}

#[cfg(test)]
impl FilterDigest {
    pub(super) fn bare(&self) -> Digest {
        self.0
    }
}

impl fmt::Debug for FilterDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FilterDigest(hidden)")
    }
}

/// `pipeline = keyed(K_pipeline, n ‖ filter_1 ‖ … ‖ filter_n)`: a chain is named, and keys its chunks, as a filter does.
pub(crate) fn pipeline(filters: impl ExactSizeIterator<Item = Result<FilterDigest>>) -> Result<FilterDigest> {
    let mut hasher = blake3::Hasher::new_keyed(&K.pipeline);
    hasher.update(&(filters.len() as u64).to_le_bytes());
    for filter in filters {
        hasher.update(&filter?.0.0);
    }
    Ok(FilterDigest(Digest(*hasher.finalize().as_bytes())))
}
