//! What may still be seen: epochs, in the store and as this process knows them.
//!
//! Two fixed tables say since which epoch something counts, one for tags and one for keys, by hash: a collision loses
//! entries that nobody purged, and never keeps one that somebody did. The table of tags is kept in memory and read again
//! when the store's `swept` says that it changed.

use super::state::{State, same_store};
use crate::digest::Digest;
use arc_swap::ArcSwap;
use rusqlite::{Connection, params};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Slots for tags, and as many for keys after them.
pub(super) const SLOTS: u64 = 4096;

/// A slot for a tag. Part of the store's format.
pub(super) fn of_tag(tag: u64) -> u64 {
    tag.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 52
}

/// A slot for a key. Part of the store's format.
pub(super) fn of_key(key: &Digest) -> u64 {
    SLOTS + (u64::from(u16::from_le_bytes([key.0[8], key.0[9]])) & (SLOTS - 1))
}

/// The tags' slots as of one `swept`.
#[derive(Debug)]
pub(super) struct Swept {
    pub(super) swept: u64,
    purged: u64,
    tags: Box<[u64]>,
}

impl Swept {
    /// Reads both, in the transaction in which `swept` was read.
    pub(super) fn read(connection: &Connection, swept: u64) -> rusqlite::Result<Self> {
        let purged = State::read(connection)?.purged;
        let mut tags = vec![0; SLOTS as usize].into_boxed_slice();
        let mut statement = connection.prepare_cached("SELECT n, epoch FROM slot WHERE n < ?")?;
        let mut rows = statement.query([SLOTS as i64])?;
        while let Some(row) = rows.next()? {
            if let Some(tag) = tags.get_mut(row.get::<_, i64>(0)? as usize) {
                *tag = row.get::<_, i64>(1)? as u64;
            }
        }
        Ok(Self { swept, purged, tags })
    }

    /// Whether an entry may be seen.
    pub(super) fn lets(&self, tag: u64, epoch: u64) -> bool {
        epoch >= self.purged && epoch >= self.tags[of_tag(tag) as usize]
    }
}

/// The epoch of a slot; 0 where nothing was ever removed.
pub(super) fn get(connection: &Connection, slot: u64) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached("SELECT epoch FROM slot WHERE n = ?")?;
    let mut rows = statement.query([slot as i64])?;
    rows.next()?.map_or(Ok(0), |row| row.get::<_, i64>(0).map(|epoch| epoch as u64))
}

pub(super) fn set(connection: &Connection, slot: u64, epoch: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO slot VALUES(?, ?)")?
        .execute(params![slot as i64, epoch as i64])?;
    Ok(())
}

/// What this process knows.
#[derive(Debug)]
pub(super) struct Known {
    epoch: AtomicU64,
    swept: ArcSwap<Swept>,
}

impl Known {
    pub(super) fn new(epoch: u64, swept: Swept) -> Self {
        Self { epoch: AtomicU64::new(epoch), swept: ArcSwap::from_pointee(swept) }
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Relaxed)
    }

    /// Takes note of an epoch that the store showed. One of another store takes the place of what was known.
    pub(super) fn learn(&self, epoch: u64) {
        let known = self.epoch.load(Relaxed);
        if known < epoch && same_store(known, epoch) {
            self.epoch.fetch_max(epoch, Relaxed);
        } else if !same_store(known, epoch) {
            self.epoch.store(epoch, Relaxed);
        }
    }

    /// The tags' slots as of `swept`, from memory, or read through this connection within its transaction.
    pub(super) fn swept(&self, swept: u64, connection: &Connection) -> rusqlite::Result<Arc<Swept>> {
        let known = self.swept.load_full();
        if known.swept == swept {
            return Ok(known);
        }
        let read = Arc::new(Swept::read(connection, swept)?);
        self.swept.store(Arc::clone(&read));
        Ok(read)
    }
}
