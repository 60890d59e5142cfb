//! A tensor as a chunk: the same bytes in another type or shape are another chunk.

use super::{Digest, K, chunk, joined};
use crate::error::{Error, Result};

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
pub const MAX_RANK: u32 = 64;

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
    check(tensor)?;
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

fn check(tensor: &Tensor<'_>) -> Result<()> {
    let bytes = tensor_bytes(tensor.dtype, tensor.dims)?;
    if bytes != tensor.data.len() as u64 {
        return Err(Error::invalid(format!(
            "the dimensions and the dtype need {bytes} bytes of data, and {} were given; strided data must be made contiguous first",
            tensor.data.len()
        )));
    }
    Ok(())
}

/// Bytes that a tensor of this type and shape has, both checked.
pub(crate) fn tensor_bytes(dtype: Dtype, dims: &[i64]) -> Result<u64> {
    let Dtype { code, bits, lanes } = dtype;
    if code > LAST_DTYPE_CODE {
        return Err(Error::invalid(format!("dtype code {code} is not one of DLPack's 0 to {LAST_DTYPE_CODE}")));
    }
    if bits == 0 || lanes == 0 {
        return Err(Error::invalid("a dtype has at least 1 bit and 1 lane"));
    }
    if dims.len() > MAX_RANK as usize {
        return Err(Error::invalid(format!("rank {} is above {MAX_RANK}", dims.len())));
    }
    if let Some(dim) = dims.iter().find(|&&dim| dim < 0) {
        return Err(Error::invalid(format!("dimension {dim} is negative; a dynamic dimension needs its real size")));
    }
    // A zero anywhere makes the tensor empty, whatever the other dimensions multiply to.
    let elements =
        if dims.contains(&0) { Some(0) } else { dims.iter().try_fold(1u64, |n, &dim| n.checked_mul(dim as u64)) };
    elements
        .and_then(|n| n.checked_mul(u64::from(bits) * u64::from(lanes)))
        .map(|bits| bits.div_ceil(8))
        .ok_or_else(|| Error::invalid("the dimensions multiply to more than 2^64 bits"))
}
