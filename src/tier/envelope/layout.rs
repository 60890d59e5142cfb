//! The bytes of an envelope, as docs/envelope.md gives them: written and read here, proved elsewhere.

use super::Refusal;
use crate::description::{MAX_BLOB, MAX_TENSORS, TensorSpec};
use crate::digest::{Digest, Dtype, MAX_RANK};
use arrayvec::ArrayVec;

/// Begins with a byte that no text has, and ends with one that a transfer as text would change.
const MAGIC: [u8; 8] = *b"\x89SCACHE\n";
const VERSION: u32 = 1;

/// What the checksum covers of the fixed part: everything before itself.
pub(super) const HEAD_BYTES: usize = 128;
/// All fields of a fixed length: the head and its checksum.
pub(crate) const FIXED_BYTES: usize = HEAD_BYTES + 32;
/// A tensor without its dimensions.
pub(super) const TENSOR_BYTES: usize = 24;

/// What an envelope says of itself in its fixed part. Read without a key it may be anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) tensors: u32,
    /// Bytes of the tensors' descriptions.
    pub(crate) described: u32,
    pub(crate) blob: u32,
    pub(crate) payload: u64,
    pub(crate) key: Digest,
    /// The digest of the value's content.
    pub(crate) content: Digest,
    pub(crate) tag: u64,
    pub(crate) compute_ns: u64,
    /// By the wall clock.
    pub(crate) created_ms: u64,
    /// By the wall clock, 0 for never.
    pub(crate) expires_ms: u64,
}

/// Takes fixed lengths off the front of bytes.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn digest(&mut self) -> Option<Digest> {
        self.array().map(Digest)
    }
}

impl Header {
    pub(super) fn write(&self) -> [u8; HEAD_BYTES] {
        // Pieces, not bytes: a hundred and sixty checked pushes in a row keep the compiler busy for minutes.
        let fields: [&[u8]; 12] = [
            &MAGIC,
            &VERSION.to_le_bytes(),
            &self.tensors.to_le_bytes(),
            &self.described.to_le_bytes(),
            &self.blob.to_le_bytes(),
            &self.payload.to_le_bytes(),
            &self.key.0,
            &self.content.0,
            &self.tag.to_le_bytes(),
            &self.compute_ns.to_le_bytes(),
            &self.created_ms.to_le_bytes(),
            &self.expires_ms.to_le_bytes(),
        ];
        let mut head = [0; HEAD_BYTES];
        let mut rest = &mut head[..];
        for field in fields {
            let (place, after) = rest.split_at_mut(field.len());
            place.copy_from_slice(field);
            rest = after;
        }
        debug_assert!(rest.is_empty(), "these fields fill it");
        head
    }

    /// The header and the checksum.
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, Digest), Refusal> {
        let mut fields = Reader(bytes);
        if fields.array() != Some(MAGIC) {
            return Err(Refusal::NotAnEnvelope);
        }
        if fields.u32().is_some_and(|version| version != VERSION) {
            return Err(Refusal::Version);
        }
        fields = Reader(bytes.get(MAGIC.len() + size_of::<u32>()..).unwrap_or_default());
        Self::fields(&mut fields).filter(|(header, _)| header.is_possible()).ok_or(Refusal::Malformed)
    }

    fn fields(fields: &mut Reader<'_>) -> Option<(Self, Digest)> {
        let header = Self {
            tensors: fields.u32()?,
            described: fields.u32()?,
            blob: fields.u32()?,
            payload: fields.u64()?,
            key: fields.digest()?,
            content: fields.digest()?,
            tag: fields.u64()?,
            compute_ns: fields.u64()?,
            created_ms: fields.u64()?,
            expires_ms: fields.u64()?,
        };
        Some((header, fields.digest()?))
    }

    /// How long the whole envelope is; None beyond counting.
    pub(crate) fn len(&self) -> Option<u64> {
        let described = FIXED_BYTES as u64 + u64::from(self.described) + u64::from(self.blob);
        described.checked_add(self.payload)
    }

    /// Whether a value can have such lengths.
    fn is_possible(&self) -> bool {
        let (n, described) = (u64::from(self.tensors), u64::from(self.described));
        let tensor = TENSOR_BYTES as u64..=(TENSOR_BYTES + size_of::<i64>() * MAX_RANK as usize) as u64;
        self.tensors as usize <= MAX_TENSORS
            && self.blob as usize <= MAX_BLOB
            && (n * tensor.start()..=n * tensor.end()).contains(&described)
    }

    /// What follows the fixed part: the tensors' descriptions, the blob, the payload. None unless they are exactly as
    /// long as the header says.
    pub(super) fn split<'a>(&self, rest: &'a [u8]) -> Option<[&'a [u8]; 3]> {
        let (described, rest) = rest.split_at_checked(self.described as usize)?;
        let (blob, payload) = rest.split_at_checked(self.blob as usize)?;
        (payload.len() as u64 == self.payload).then_some([described, blob, payload])
    }
}

/// Writes a tensor's description; of a checked one, so that its rank fits.
pub(super) fn write_tensor(tensor: &TensorSpec<'_>, bytes: &mut Vec<u8>) {
    let Dtype { code, bits, lanes } = tensor.dtype;
    bytes.extend([code, bits]);
    bytes.extend(lanes.to_le_bytes());
    bytes.extend((tensor.dims.len() as u32).to_le_bytes());
    bytes.extend((tensor.offset as u64).to_le_bytes());
    bytes.extend((tensor.length as u64).to_le_bytes());
    tensor.dims.iter().for_each(|dim| bytes.extend(dim.to_le_bytes()));
}

/// A tensor's description as it was read: it owns its dimensions, which lie in the bytes at any address.
pub(super) struct Read {
    dtype: Dtype,
    offset: usize,
    length: usize,
    pub(super) dims: ArrayVec<i64, { MAX_RANK as usize }>,
}

impl Read {
    /// The description with its dimensions where the caller keeps them.
    pub(super) fn spec<'a>(&self, dims: &'a [i64]) -> TensorSpec<'a> {
        TensorSpec { dtype: self.dtype, dims, offset: self.offset, length: self.length }
    }

    fn next(from: &mut Reader<'_>) -> Option<Self> {
        let [code, bits] = from.array()?;
        let dtype = Dtype { code, bits, lanes: from.u16()? };
        let rank = from.u32()?;
        let (offset, length) = (from.u64()?.try_into().ok()?, from.u64()?.try_into().ok()?);
        let mut dims = ArrayVec::new();
        for _ in 0..rank {
            dims.try_push(from.u64()? as i64).ok()?;
        }
        Some(Self { dtype, offset, length, dims })
    }
}

/// Calls `each` with the place and the description of each of `n` tensors; None unless they are these bytes, and all of
/// them.
pub(super) fn read_tensors(n: u32, bytes: &[u8], mut each: impl FnMut(usize, &Read) -> Option<()>) -> Option<()> {
    let mut bytes = Reader(bytes);
    for n in 0..n as usize {
        each(n, &Read::next(&mut bytes)?)?;
    }
    bytes.0.is_empty().then_some(())
}
