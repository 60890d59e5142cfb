//! Digests made piece by piece, and of files: the same as of the whole bytes at once.

use super::{Digest, K, Role};
use crate::error::{Error, ErrorKind, Result};
use crate::process::locked::check_unlocked;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind as Io, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// How much of a file is in memory at a time.
const PIECE_BYTES: usize = 1 << 20;

/// Digests bytes that come in pieces: [`chunk`](super::chunk), [`config_bytes`](super::config_bytes) or
/// [`state`](super::state) of all of them together, however they are split.
#[derive(Clone, Debug)]
pub struct Hasher(blake3::Hasher);

impl Hasher {
    /// A hasher for bytes of this role.
    pub fn new(role: Role) -> Self {
        Self(blake3::Hasher::new_keyed(match role {
            Role::Chunk => &K.chunk,
            Role::Config => &K.config_bytes,
            Role::State => &K.state,
        }))
    }

    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of the bytes since the start, which end here; the next update begins others.
    pub fn finish(&mut self) -> Digest {
        let digest = self.0.finalize();
        self.reset();
        Digest(*digest.as_bytes())
    }

    /// Forgets the bytes so far.
    pub fn reset(&mut self) {
        self.0.reset();
    }
}

/// [`chunk`](super::chunk) of a file's bytes, read in 1 MiB pieces.
pub fn chunk_file(path: &Path) -> Result<Digest> {
    of_file(path, Role::Chunk)
}

/// [`state`](super::state) of a file's bytes, read in 1 MiB pieces.
pub fn state_file(path: &Path) -> Result<Digest> {
    of_file(path, Role::State)
}

/// Never mapped, for a file truncated under a map kills the process.
fn of_file(path: &Path, role: Role) -> Result<Digest> {
    check_unlocked(path)?;
    let mut hasher = Hasher::new(role);
    read(path, |piece| hasher.update(piece)).map_err(|e| match e.kind() {
        Io::OutOfMemory => ErrorKind::NoMemory.into(),
        _ => Error::new(ErrorKind::Io, format!("can't read the file {}: {e}", path.display())),
    })?;
    Ok(hasher.finish())
}

fn read(path: &Path, mut each: impl FnMut(&[u8])) -> io::Result<()> {
    // Without O_NONBLOCK, opening a pipe would wait for a writer forever.
    let mut file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let before = file.metadata()?;
    if !before.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let total = read_to_end(&mut file, &mut each)?;
    let after = file.metadata()?;
    if total != before.len() || after.len() != before.len() || after.modified()? != before.modified()? {
        return Err(io::Error::other("it changed while it was read; try again once it is complete"));
    }
    Ok(())
}

fn read_to_end(file: &mut File, each: &mut impl FnMut(&[u8])) -> io::Result<u64> {
    let mut piece = Vec::new();
    piece.try_reserve_exact(PIECE_BYTES).map_err(|_| Io::OutOfMemory)?;
    piece.resize(PIECE_BYTES, 0);
    let mut total = 0;
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(total),
            Ok(n) => {
                each(&piece[..n]);
                total += n as u64;
            }
            Err(e) if e.kind() == Io::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}
