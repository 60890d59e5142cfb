//! Lookups: one statement a key, which sees the entry, its envelope and the store's epochs at one moment.

use super::Inner;
use super::faults::{is_busy, is_corrupt};
use super::writer::id_of;
use crate::digest::Digest;
use crate::error::{ErrorKind, Result};
use crate::process::wall_ms;
use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, Transaction, TransactionBehavior};

/// Always one row: where there is no entry its columns are NULL.
const GET: &str = "SELECT s.epoch,swept,tag,d.epoch,expires,envelope FROM state s LEFT JOIN entry e ON e.id=? LEFT JOIN data d USING(n)
    WHERE s.id=1";

/// A batch is read in parts of so many keys: a log in use by a reader can't be emptied.
const PART: usize = 64;

impl Inner {
    pub(super) fn get(&self, keys: &[Digest], found: &mut dyn FnMut(usize, &[u8])) -> Result<()> {
        let got = self.get_parts(keys, found);
        if self.faults.is_resting() {
            self.faults.tell();
        }
        got
    }

    fn get_parts(&self, keys: &[Digest], found: &mut dyn FnMut(usize, &[u8])) -> Result<()> {
        if self.readers.is_closed() {
            return Err(ErrorKind::Closed.into());
        }
        if self.faults.is_resting() || !self.watch.sees(&self.place) {
            return Ok(());
        }
        let mut lent = match self.readers.lend(&self.place) {
            Ok(Some(lent)) => lent,
            Ok(None) => return Ok(()),
            Err(error) if is_busy(&error) => return Ok(()),
            Err(error) => return Err(self.faults.count("a lookup", &error)),
        };
        for (part, keys) in keys.chunks(PART).enumerate() {
            let read = self.get_part(lent.connection(), keys, &mut |n, bytes| found(part * PART + n, bytes));
            match read {
                Ok(()) => self.faults.sound(keys.len() as u64),
                Err(error) if is_busy(&error) => break,
                Err(error) => {
                    lent.give_up();
                    return Err(self.faults.found("a lookup", &error, place_of(keys)));
                }
            }
        }
        Ok(())
    }

    fn get_part(
        &self, connection: &Connection, keys: &[Digest], found: &mut dyn FnMut(usize, &[u8]),
    ) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(GET)?;
        if let [key] = keys {
            return self.get_one(connection, &mut statement, key, &mut |bytes| found(0, bytes));
        }
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
        for (n, key) in keys.iter().enumerate() {
            match self.get_one(connection, &mut statement, key, &mut |bytes| found(n, bytes)) {
                // A broken page is a miss for its own keys; the others are asked on.
                Err(error) if is_corrupt(&error) && !self.faults.is_resting() => {
                    self.faults.found("a lookup", &error, place_of(&[*key]));
                }
                done => done?,
            }
        }
        drop(statement);
        transaction.commit()
    }

    fn get_one(
        &self, connection: &Connection, statement: &mut CachedStatement<'_>, key: &Digest, found: &mut dyn FnMut(&[u8]),
    ) -> rusqlite::Result<()> {
        let id = id_of(key);
        let mut rows = statement.query([id])?;
        let Some(row) = rows.next()? else { return Err(rusqlite::Error::QueryReturnedNoRows) };
        let number = |n| row.get::<_, i64>(n).map(|number| number as u64);
        self.known.learn(number(0)?);
        let ValueRef::Blob(envelope) = row.get_ref(5)? else { return Ok(()) };
        let swept = self.known.swept(number(1)?, connection)?;
        if swept.lets(number(2)?, number(3)?) && !is_over(number(4)?) {
            self.touched.set(id);
            found(envelope);
        }
        Ok(())
    }
}

/// What stands for the place of keys that could not be read.
fn place_of(keys: &[Digest]) -> u64 {
    keys.first().map_or(0, |key| id_of(key) as u64)
}

/// Whether a time on the wall clock is over; 0 never is. A clock that is set back only lets an entry live longer here:
/// the envelope says it, too.
pub(super) fn is_over(expires_ms: u64) -> bool {
    expires_ms != 0 && wall_ms() > expires_ms
}
