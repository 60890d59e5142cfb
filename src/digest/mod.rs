//! Keys: every digest this library derives, and nothing else. A wrong key is a wrong answer, so the formulas live
//! here once. All are BLAKE3-256, never truncated; `K_x = derive_key("streamcache v1 x")`; integers are u64
//! little-endian; strings and byte strings inside a hash are preceded by their length.

use crate::error::{Error, ErrorKind, Result};
use crate::json;
use std::fmt;
use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::LazyLock;

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
        let digit = |b: u8| char::from(b).to_digit(16).ok_or_else(wrong);
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
            *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.to_hex()).unwrap_or_default())
    }
}

/// One derived key a purpose, so that no digest of one kind can pass for another.
struct Constants {
    chunk: [u8; 32],
    tensor: [u8; 32],
    header: [u8; 32],
    config_json: [u8; 32],
    config_bytes: [u8; 32],
    state: [u8; 32],
    provenance: [u8; 32],
    raw_chunk: [u8; 32],
    raw_config: [u8; 32],
    raw_state: [u8; 32],
    namespace: [u8; 32],
    filter: [u8; 32],
    tag: [u8; 32],
}

static K: LazyLock<Constants> = LazyLock::new(|| {
    let derive = |purpose: &str| blake3::derive_key(&format!("streamcache v1 {purpose}"), &[]);
    Constants {
        chunk: derive("chunk"),
        tensor: derive("tensor"),
        header: derive("header"),
        config_json: derive("config"),
        config_bytes: derive("config bytes"),
        state: derive("state"),
        provenance: derive("provenance"),
        raw_chunk: derive("raw chunk"),
        raw_config: derive("raw config"),
        raw_state: derive("raw state"),
        namespace: derive("namespace"),
        filter: derive("filter"),
        tag: derive("tag"),
    }
});

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

/// An element type as DLPack writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dtype {
    /// DLPack's type code (0 int, 1 uint, 2 float, 3 opaque, 4 bfloat, 5 complex, 6 bool, 7–17 the small floats).
    pub code: u8,
    /// Bits of one lane.
    pub bits: u8,
    /// Lanes of one element; 1 for a scalar.
    pub lanes: u16,
}

/// DLPack 1.1's last type code (float4_e2m1fn).
const LAST_DTYPE_CODE: u8 = 17;
/// No engine goes beyond 64 dimensions; a larger rank is a wild pointer.
pub(crate) const MAX_RANK: u32 = 64;

/// A dense tensor in C order (the last dimension is the fastest).
#[derive(Clone, Copy, Debug)]
pub struct Tensor<'a> {
    /// The input's name, or empty.
    pub name: &'a str,
    /// The element type.
    pub dtype: Dtype,
    /// The dimensions; none for a scalar.
    pub dims: &'a [i64],
    /// The elements by their bits.
    pub data: &'a [u8],
}

/// `tensor = keyed(K_tensor, keyed(K_header, name, code, bits, lanes, rank, dims) ‖ chunk(data))`.
pub fn tensor(tensor: &Tensor<'_>) -> Result<Digest> {
    check_tensor(tensor)?;
    let Dtype { code, bits, lanes } = tensor.dtype;
    let fixed = [code.into(), bits.into(), lanes.into(), tensor.dims.len() as u64];
    let mut header = blake3::Hasher::new_keyed(&K.header);
    header.update(&(tensor.name.len() as u64).to_le_bytes());
    header.update(tensor.name.as_bytes());
    for integer in fixed.into_iter().chain(tensor.dims.iter().map(|&dim| dim as u64)) {
        header.update(&integer.to_le_bytes());
    }
    let header = Digest(*header.finalize().as_bytes());
    Ok(joined(&K.tensor, [&header, &chunk(tensor.data)]))
}

fn check_tensor(tensor: &Tensor<'_>) -> Result<()> {
    let Dtype { code, bits, lanes } = tensor.dtype;
    if code > LAST_DTYPE_CODE {
        return Err(Error::invalid(format!("dtype code {code} is not one of DLPack's 0 to {LAST_DTYPE_CODE}")));
    }
    if bits == 0 || lanes == 0 {
        return Err(Error::invalid("a dtype has at least 1 bit and 1 lane"));
    }
    if tensor.dims.len() > MAX_RANK as usize {
        return Err(Error::invalid(format!("rank {} is above {MAX_RANK}", tensor.dims.len())));
    }
    if let Some(dim) = tensor.dims.iter().find(|&&dim| dim < 0) {
        return Err(Error::invalid(format!("dimension {dim} is negative; a dynamic dimension needs its real size")));
    }
    // A zero anywhere makes the tensor empty, whatever the other dimensions multiply to.
    let elements = if tensor.dims.contains(&0) {
        Some(0)
    } else {
        tensor.dims.iter().try_fold(1u64, |n, &dim| n.checked_mul(dim as u64))
    };
    let bytes = elements
        .and_then(|n| n.checked_mul(u64::from(bits) * u64::from(lanes)))
        .map(|bits| bits.div_ceil(8))
        .ok_or_else(|| Error::invalid("the dimensions multiply to more than 2^64 bits"))?;
    if bytes != tensor.data.len() as u64 {
        return Err(Error::invalid(format!(
            "the dimensions and the dtype need {bytes} bytes of data, and {} were given; strided data must be made contiguous first",
            tensor.data.len()
        )));
    }
    Ok(())
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

/// [`state`] of a file's bytes, read in 1 MiB pieces: never mapped, for a file truncated under a map kills the process.
pub fn state_file(path: &Path) -> Result<Digest> {
    read_file(path, blake3::Hasher::new_keyed(&K.state))
        .map_err(|e| Error::new(ErrorKind::Io, format!("can't read the state file {}: {e}", path.display())))
}

fn read_file(path: &Path, mut hasher: blake3::Hasher) -> std::io::Result<Digest> {
    // Without O_NONBLOCK, opening a pipe would wait for a writer forever.
    let mut file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let before = file.metadata()?;
    if !before.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    let mut piece = vec![0; 1 << 20];
    let mut total = 0;
    loop {
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(n) => {
                hasher.update(&piece[..n]);
                total += n as u64;
            }
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    let after = file.metadata()?;
    if total != before.len() || after.len() != before.len() || after.modified()? != before.modified()? {
        return Err(std::io::Error::other("it changed while it was read; try again once it is complete"));
    }
    Ok(Digest(*hasher.finalize().as_bytes()))
}

/// What a caller's own digest stands for.
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

/// The seed's chunk key, exactly that of a filter without namespace and secret: `keyed(filter, chunk)`.
pub fn key_chunk(config: &Digest, state: &Digest, chunk: &Digest) -> Digest {
    output(&filter(&namespace(""), config, state), chunk)
}

/// `namespace(name) = keyed(K_namespace, name)`; no namespace is the empty name.
pub(crate) fn namespace(name: &str) -> Digest {
    keyed(&K.namespace, name.as_bytes())
}

/// `filter = keyed(K_filter, namespace ‖ config ‖ state)`.
pub(crate) fn filter(namespace: &Digest, config: &Digest, state: &Digest) -> Digest {
    joined(&K.filter, [namespace, config, state])
}

/// `output key = keyed(filter, chunk)`: 50 ns on top of the chunk's own digest.
pub(crate) fn output(filter: &Digest, chunk: &Digest) -> Digest {
    keyed(&filter.0, &chunk.0)
}

/// `tag = keyed(K_tag, filter)`: what entries, stats and logs carry; with a secret the filter digest itself is a key.
pub(crate) fn tag(filter: &Digest) -> Digest {
    keyed(&K.tag, &filter.0)
}

#[cfg(test)]
mod tests;
