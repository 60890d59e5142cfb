//! What the tests share: directories that go away, and entries that tell their key.

mod basics;
mod broken;
mod damage;
mod limit;
mod model;
mod others;
mod places;
mod processes;

use super::*;
use crate::digest;
use std::path::Path;
use std::time::Duration;

/// A directory of one test.
pub(super) struct Scratch(pub(super) PathBuf);

impl Scratch {
    pub(super) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("streamcache-disk-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    /// In memory where there is such a place: for what is written thousands of times.
    pub(super) fn in_memory(name: &str) -> Self {
        let on_disk = Self::new(name);
        let memory = Path::new("/dev/shm");
        if memory.is_dir() { Self(memory.join(on_disk.0.file_name().unwrap())) } else { on_disk }
    }

    pub(super) fn open(&self) -> Disk {
        self.open_with(None)
    }

    pub(super) fn open_with(&self, max_bytes: Option<u64>) -> Disk {
        Disk::open(&config(&self.0, max_bytes)).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(super) fn config(directory: &Path, max_bytes: Option<u64>) -> Config {
    Config { directory: directory.into(), max_bytes, allow_network: false }
}

pub(super) fn key(n: u64) -> Digest {
    digest::chunk(&n.to_le_bytes())
}

/// An envelope that can be told from any other, and is known to be whole: noise from its number, which comes first.
pub(super) fn envelope(n: u64, len: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = n.to_le_bytes().to_vec();
    let mut word = n | 1;
    while bytes.len() < len {
        word = word.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23) ^ n;
        bytes.extend(word.to_le_bytes());
    }
    bytes.truncate(len.max(8));
    bytes
}

pub(super) fn sealed(disk: &Disk, n: u64, len: usize) -> Sealed {
    Sealed { key: key(n), tag: n % 7, expires_ms: 0, epoch: disk.epoch(), bytes: envelope(n, len) }
}

pub(super) fn put(disk: &Disk, n: u64, len: usize) -> usize {
    disk.put_many(&[sealed(disk, n, len)]).unwrap().taken
}

pub(super) fn get(disk: &Disk, n: u64) -> Option<Vec<u8>> {
    let mut found = None;
    disk.get_many(&[key(n)], soon(), &mut |_, bytes| found = Some(bytes.to_vec())).unwrap();
    found
}

/// Says so where a test can't be made here, past the harness, which keeps what a test prints that passes. script/test
/// counts these lines.
pub(super) fn skipped(why: &str) {
    use std::io::Write;
    let _ = write!(std::io::stderr(), "\nSKIPPED: {why}\n");
}

pub(super) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}
