//! Large chunks digested by several threads, where a cache asks for it: BLAKE3 is a tree, whose branches they share.

use super::{Digest, chunk};
use crate::error::{Error, ErrorKind, Result};

/// The most threads of one cache.
pub const MAX_THREADS: u64 = 64;

/// Threads of one cache's own; with one it has none, and the caller's digests alone.
#[derive(Debug)]
pub struct Pool(#[cfg(feature = "hash-threads")] Option<rayon_core::ThreadPool>);

#[cfg(feature = "hash-threads")]
impl Pool {
    /// From here on handing a chunk over and waiting costs less than it saves.
    const BREAK_EVEN: usize = 1 << 20;

    /// Starts `threads` of them, none for 1.
    pub fn new(threads: u64) -> Result<Self> {
        if threads <= 1 {
            return Ok(Self(None));
        }
        let builder = rayon_core::ThreadPoolBuilder::new().num_threads(threads as usize);
        let pool = builder.thread_name(|n| format!("streamcache-hash-{n}")).build();
        let failed = |e| {
            Error::new(ErrorKind::NoMemory, format!("{threads} threads for hash_threads could not be started: {e}"))
        };
        Ok(Self(Some(pool.map_err(failed)?)))
    }

    /// [`super::chunk`], by all threads if that is faster.
    pub fn chunk(&self, bytes: &[u8]) -> Digest {
        match &self.0 {
            Some(pool) if bytes.len() >= Self::BREAK_EVEN => pool.install(|| {
                let mut hasher = blake3::Hasher::new_keyed(&super::K.chunk);
                Digest(*hasher.update_rayon(bytes).finalize().as_bytes())
            }),
            _ => chunk(bytes),
        }
    }
}

#[cfg(not(feature = "hash-threads"))]
impl Pool {
    /// More than one thread is what this build can't do.
    pub fn new(threads: u64) -> Result<Self> {
        match threads {
            0 | 1 => Ok(Self()),
            _ => Err(Error::new(
                ErrorKind::NotSupported,
                "this build has no hash_threads: it was made without that feature",
            )),
        }
    }

    /// [`super::chunk`].
    pub fn chunk(&self, bytes: &[u8]) -> Digest {
        chunk(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_threads_make_the_digest_that_one_makes() {
        let bytes: Vec<u8> = (0..3 << 20).map(|n: u32| ((n * 31) >> 3) as u8).collect();
        let pools = [1, if cfg!(feature = "hash-threads") { 3 } else { 1 }].map(|threads| Pool::new(threads).unwrap());
        for len in [0, 1, 1024, 512 << 10, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 2 << 20, bytes.len() - 7, bytes.len()]
        {
            for pool in &pools {
                assert_eq!(pool.chunk(&bytes[..len]), chunk(&bytes[..len]), "{len}");
            }
        }
    }
}
