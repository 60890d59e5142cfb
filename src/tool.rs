//! What the program `streamcache` needs of this crate and nobody else may rely on: stores and files looked into without
//! a cache.

mod server;

use crate::digest::Secret;
use crate::error::{Error, ErrorKind, Result};
use crate::process::wall_ms;
use crate::tier::disk::{Collected, Config, Disk};
use crate::tier::envelope::{self, Seal};
use crate::tier::file::{FileReader, Next};
use crate::tier::{Page, Store as _};
pub use server::scan_server;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// What an envelope says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The filter and state it belongs to, 0 for none.
    pub tag: u64,
    /// Of the whole envelope.
    pub bytes: u64,
    /// When it was sealed, in milliseconds since 1970.
    pub created_ms: u64,
    /// When its time to live is over; 0 for never.
    pub expires_ms: u64,
}

impl Entry {
    /// Reads an envelope's head, and proves nothing; or says by a name why it can't be one.
    pub fn read(head: &[u8], bytes: u64) -> std::result::Result<Self, &'static str> {
        let header = envelope::header(head).map_err(envelope::Refusal::name)?;
        Ok(Self { tag: header.tag, bytes, created_ms: header.created_ms, expires_ms: header.expires_ms })
    }
}

/// How long an envelope's head is.
pub const HEAD_BYTES: usize = envelope::FIXED_BYTES;

/// Milliseconds since 1970.
pub fn now_ms() -> u64 {
    wall_ms()
}

/// Proves envelopes, each under the key it says.
#[derive(Debug)]
pub struct Checker(Seal);

impl Checker {
    /// For a cache with this secret, or without one.
    pub fn new(secret: Option<&Secret>) -> Self {
        Self(Seal::new(secret))
    }

    /// Why it does not check, by a name.
    pub fn check(&self, bytes: &[u8]) -> std::result::Result<(), &'static str> {
        let key = envelope::header(bytes).map_err(envelope::Refusal::name)?.key;
        self.0.open(bytes, &key, wall_ms()).map(drop).map_err(envelope::Refusal::name)
    }
}

/// A store on disk.
#[derive(Debug)]
pub struct Store(Disk);

/// How a store is opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Opening {
    /// Its limit in bytes from now on; None leaves it.
    pub max_bytes: Option<u64>,
    /// Whether it may be on a network file system: only on the one host that uses it.
    pub allow_network: bool,
}

/// What was collected so far.
#[derive(Debug, Default)]
pub struct Collection(Collected);

impl Collection {
    /// Entries that were over or purged, and their bytes.
    pub fn collected(&self) -> (u64, u64) {
        (self.0.entries, self.0.bytes)
    }
}

/// Whether there is a store in the directory.
pub fn is_store(directory: &Path) -> bool {
    directory.join("streamcache.db").is_file()
}

impl Store {
    /// Opens a store that is there.
    pub fn open(directory: &Path, opening: Opening) -> Result<Self> {
        if !is_store(directory) {
            let text = format!(
                "{} has no store: name the disk_directory of a cache, which has a streamcache.db",
                directory.display()
            );
            return Err(Error::new(ErrorKind::Io, text));
        }
        let Opening { max_bytes, allow_network } = opening;
        Disk::open(&Config { directory: directory.into(), max_bytes, allow_network }).map(Self)
    }

    /// Entries, their bytes, and the store's limit, as the store counts them.
    pub fn counts(&self) -> (u64, u64, u64) {
        let stats = self.0.stats();
        (stats.entries.unwrap_or(0), stats.bytes.unwrap_or(0), stats.max_bytes.unwrap_or(0))
    }

    /// Calls `each` with every envelope; says how many could not be read.
    pub fn scan(&self, each: &mut dyn FnMut(&[u8])) -> Result<u64> {
        let mut page = Page::default();
        loop {
            let goes_on = self.0.scan(&mut page)?;
            page.envelopes.iter().for_each(|bytes| each(bytes));
            if !goes_on {
                return Ok(page.broken);
            }
        }
    }

    /// A bounded step to a store that keeps to its limit and has no more pages than it needs; false where there is
    /// nothing left to do.
    pub fn collect(&self, so_far: &mut Collection) -> Result<bool> {
        self.0.collect(&mut so_far.0)
    }
}

/// An envelope, or why it can't be one.
pub type Read<'a> = std::result::Result<&'a [u8], &'static str>;

/// Calls `each` with every envelope in a file, or why it can't be one, and with the bytes read so far; an error where the
/// file is damaged.
pub fn scan_file(path: &Path, each: &mut dyn FnMut(Read<'_>, u64)) -> Result<()> {
    let failed = |why: &dyn std::fmt::Display| Error::new(ErrorKind::Io, format!("{}: {why}", path.display()));
    let file = File::open(path).map_err(|e| failed(&format!("can't be read: {e}")))?;
    let metadata = file.metadata().map_err(|e| failed(&e))?;
    if !metadata.is_file() {
        return Err(failed(&"neither a store nor a file of results"));
    }
    let damaged = |damage: crate::tier::file::Damage| failed(&damage.sentence());
    let len = metadata.len();
    let mut reader = FileReader::new(BufReader::with_capacity(256 << 10, file), len, u64::MAX).map_err(damaged)?;
    loop {
        let left = reader.left();
        match reader.next().map_err(damaged)? {
            Next::End => return Ok(()),
            Next::Envelope(bytes) => each(Ok(bytes), len - left),
            Next::Refused(refusal) => each(Err(refusal.name()), len - left),
            Next::TooLong => each(Err("malformed"), len - left),
        }
    }
}
