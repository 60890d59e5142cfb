//! The one row that says how a store stands.

use rusqlite::{Connection, params};
use std::hash::{BuildHasher, RandomState};

/// Bits of an epoch that count; those above are drawn when a store is made. Where somebody deletes a store and another
/// takes its place, no epoch of the old one passes for one of the new.
const COUNTING: u32 = 40;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    /// Counts removals and purges.
    pub(super) epoch: u64,
    /// The epoch of the last purge of any kind.
    pub(super) swept: u64,
    /// The epoch of the last purge of everything.
    pub(super) purged: u64,
    pub(super) max_bytes: u64,
    /// Entries that are newer than the last purge of everything, and the bytes of their envelopes.
    pub(super) entries: u64,
    pub(super) bytes: u64,
    /// Entries that are older.
    pub(super) dead: u64,
    /// The number of the last envelope.
    pub(super) last: u64,
    pub(super) hand: Hand,
}

/// Where eviction is in its lap: see `evict`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hand {
    /// The number it comes to next.
    pub(super) at: u64,
    /// Whether it is among those that survived a lap.
    pub(super) among_old: bool,
    /// The last number of those, and the last of this lap.
    pub(super) old: u64,
    pub(super) end: u64,
}

impl State {
    pub(super) fn new(max_bytes: u64) -> Self {
        let epoch = RandomState::new().hash_one(0) >> (COUNTING + 1) << COUNTING;
        Self {
            epoch,
            swept: epoch,
            purged: epoch,
            max_bytes,
            entries: 0,
            bytes: 0,
            dead: 0,
            last: 0,
            hand: Hand::default(),
        }
    }

    pub(super) fn insert(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.execute("INSERT INTO state VALUES(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)", [])?;
        self.write(connection)
    }

    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let sql =
            "SELECT epoch, swept, purged, max_bytes, entries, bytes, dead, last, at, among_old, old, end FROM state
            WHERE id = 1";
        connection.prepare_cached(sql)?.query_row([], |row| {
            // None is ever negative: that, too, is damage.
            let number = |n| {
                let number = row.get::<_, i64>(n)?;
                u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(n, number))
            };
            Ok(Self {
                epoch: number(0)?,
                swept: number(1)?,
                purged: number(2)?,
                max_bytes: number(3)?,
                entries: number(4)?,
                bytes: number(5)?,
                dead: number(6)?,
                last: number(7)?,
                hand: Hand { at: number(8)?, among_old: number(9)? != 0, old: number(10)?, end: number(11)? },
            })
        })
    }

    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let sql = "UPDATE state SET epoch = ?, swept = ?, purged = ?, max_bytes = ?, entries = ?, bytes = ?, dead = ?,
            last = ?, at = ?, among_old = ?, old = ?, end = ? WHERE id = 1";
        connection.prepare_cached(sql)?.execute(params![
            self.epoch as i64,
            self.swept as i64,
            self.purged as i64,
            self.max_bytes as i64,
            self.entries as i64,
            self.bytes as i64,
            self.dead as i64,
            self.last as i64,
            self.hand.at as i64,
            self.hand.among_old,
            self.hand.old as i64,
            self.hand.end as i64,
        ])?;
        Ok(())
    }
}

/// Whether two epochs are of the same store.
pub(super) fn same_store(a: u64, b: u64) -> bool {
    a >> COUNTING == b >> COUNTING
}
