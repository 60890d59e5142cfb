//! Keys: every digest this library derives, and nothing else. A wrong key is a wrong answer, so the formulas live
//! here once; `docs/keys.md` publishes them and `tests/vectors/keys.json` pins them. All are BLAKE3-256, never
//! truncated; `K_x = derive_key("streamcache v1 x")`; integers are u64 little-endian; `‖` joins fields of fixed length,
//! and a string beside others is preceded by its length.
//!
//! - this file: digests of bytes, each under a constant of its purpose
//! - `constants`: these
//! - `tensor`: a chunk with a type and a shape
//! - `list`: several digests as one: inputs, a barrier, the content of a described value
//! - `hasher`: digests made piece by piece, and of files
//! - `scope`: what a filter is called: namespace, secret, configuration, state; pipelines
//! - `seal`: what proves that a stored result is whole, and its own
//! - `many` and `wide`: many digests at once

mod constants;
mod hasher;
mod list;
mod many;
mod pool;
mod scope;
mod seal;
mod tensor;
mod wide;

pub use hasher::{Hasher, chunk_file, state_file};
pub(crate) use list::content;
pub use list::{Barrier, inputs};
pub use many::chunks;
pub(crate) use pool::{MAX_THREADS, Pool};
pub use scope::Secret;
pub(crate) use scope::{FilterDigest, Scope, pipeline};
pub(crate) use seal::{FileSum, SealKey};
pub(crate) use tensor::tensor_bytes;
pub use tensor::{Dtype, MAX_RANK, Tensor, tensor};

use crate::error::{Error, Result};
use crate::json;
use constants::K;
use std::fmt;

/// A BLAKE3-256 digest: of content, or naming a computation (then it is called a key).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(transparent)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The 64 lower-case hexadecimal digits.
    pub fn to_hex(self) -> [u8; 64] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut hex = [0; 64];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        hex
    }

    /// Reads exactly 64 hexadecimal digits, of either case.
    pub fn from_hex(hex: &[u8]) -> Result<Self> {
        let wrong = || Error::invalid("a digest in hexadecimal is exactly 64 digits, 0-9 and a-f");
        if hex.len() != 64 {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
            *byte = from_hex_digits(pair[0], pair[1]).ok_or_else(wrong)?;
        }
        Ok(Self(bytes))
    }
}

fn from_hex_digits(high: u8, low: u8) -> Option<u8> {
    let digit = |b: u8| char::from(b).to_digit(16);
    Some((digit(high)? << 4 | digit(low)?) as u8)
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.to_hex()).unwrap_or_default())
    }
}

fn keyed(key: &[u8; 32], bytes: &[u8]) -> Digest {
    Digest(*blake3::keyed_hash(key, bytes).as_bytes())
}

/// `keyed(key, a ‖ b ‖ …)` over fixed-length fields.
fn joined<const N: usize>(key: &[u8; 32], fields: [&Digest; N]) -> Digest {
    let mut hasher = blake3::Hasher::new_keyed(key);
    for field in fields {
        hasher.update(&field.0);
    }
    Digest(*hasher.finalize().as_bytes())
}

/// `chunk(bytes) = keyed(K_chunk, bytes)`. Nothing is ever put in front of the bytes: 96 bytes there cost a 4 KiB
/// chunk its alignment to BLAKE3's SIMD lanes, and 2.4 µs instead of 0.9.
pub fn chunk(bytes: &[u8]) -> Digest {
    keyed(&K.chunk, bytes)
}

/// `config(json) = keyed(K_config, RFC 8785 form)`; duplicate keys and integers beyond ±(2^53 − 1) are refused.
pub fn config_json(text: &[u8]) -> Result<Digest> {
    Ok(keyed(&K.config_json, &json::canonical(text)?))
}

/// `config(bytes) = keyed(K_config_bytes, bytes)`, for a configuration that isn't JSON.
pub fn config_bytes(bytes: &[u8]) -> Digest {
    keyed(&K.config_bytes, bytes)
}

/// `state(bytes) = keyed(K_state, bytes)`.
pub fn state(bytes: &[u8]) -> Digest {
    keyed(&K.state, bytes)
}

/// What bytes, or a caller's own digest, stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A chunk of the stream.
    Chunk,
    /// A filter's configuration.
    Config,
    /// A filter's trained state.
    State,
}

/// The caller's own digest (a SHA-256 of a model file, say) under a constant of its role, so that it can never equal
/// one made here from content.
pub fn raw(role: Role, bytes: &[u8]) -> Result<Digest> {
    if bytes.is_empty() {
        return Err(Error::invalid("a digest of the caller's own has at least one byte; an empty one names nothing"));
    }
    let key = match role {
        Role::Chunk => &K.raw_chunk,
        Role::Config => &K.raw_config,
        Role::State => &K.raw_state,
    };
    Ok(keyed(key, bytes))
}

/// The seed's state key: `keyed(K_provenance, config ‖ training data)`.
pub fn key_state(config: &Digest, training_data: &Digest) -> Digest {
    joined(&K.provenance, [config, training_data])
}

/// The seed's chunk key: exactly that of a filter in a cache without namespace and secret.
pub fn key_chunk(config: &Digest, state: &Digest, chunk: &Digest) -> Digest {
    FilterDigest::public(config, state).output(chunk)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
