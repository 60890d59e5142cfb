//! Several digests as one. Each list carries its count, so that no list is the beginning of another.

use super::{Digest, K, chunk, joined};

/// `inputs(d_1..d_n) = keyed(K_inputs, n ‖ d_1 ‖ … ‖ d_n)`: one chunk made of several, in the order given.
pub fn inputs(digests: &[Digest]) -> Digest {
    let mut hasher = blake3::Hasher::new_keyed(&K.inputs);
    hasher.update(&(digests.len() as u64).to_le_bytes());
    for digest in digests {
        hasher.update(&digest.0);
    }
    Digest(*hasher.finalize().as_bytes())
}

/// `content = chunk(payload)`, or of a value with tensors or a blob
/// `keyed(K_content, inputs(tensor_1..tensor_n) ‖ chunk(payload) ‖ chunk(blob))`: the payload once more, for tensors need
/// not cover it. Its digest is given, which whoever asks may need for more than this.
pub(crate) fn content(payload: &Digest, tensors: &[Digest], blob: &[u8]) -> Digest {
    if tensors.is_empty() && blob.is_empty() {
        return *payload;
    }
    joined(&K.content, [&inputs(tensors), payload, &chunk(blob)])
}

/// `barrier(d_1..d_n) = keyed(K_barrier, d_1 ‖ … ‖ d_n ‖ n)`: all chunks of a stream as one, in their order, without
/// keeping any. The count comes last because only the end of the stream knows it.
#[derive(Clone, Debug)]
pub struct Barrier {
    hasher: blake3::Hasher,
    chunks: u64,
}

impl Barrier {
    /// A stream without a chunk so far.
    pub fn new() -> Self {
        Self { hasher: blake3::Hasher::new_keyed(&K.barrier), chunks: 0 }
    }

    /// Adds the stream's next chunk.
    pub fn update(&mut self, chunk: &Digest) {
        self.hasher.update(&chunk.0);
        self.chunks += 1;
    }

    /// The digest of the stream, which ends here; the next update begins another.
    pub fn finish(&mut self) -> Digest {
        let digest = self.hasher.update(&self.chunks.to_le_bytes()).finalize();
        self.reset();
        Digest(*digest.as_bytes())
    }

    /// Forgets the stream so far.
    pub fn reset(&mut self) {
        self.hasher.reset();
        self.chunks = 0;
    }
}

impl Default for Barrier {
    fn default() -> Self {
        Self::new()
    }
}
