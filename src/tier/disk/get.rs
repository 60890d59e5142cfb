//! Lookups: one statement a key, which sees the entry, its envelope and the store's epochs at one moment.

use super::Inner;
use super::faults::{is_busy, is_corrupt};
use super::writer::id_of;
use crate::digest::Digest;
use crate::error::{ErrorKind, Result};
use crate::process::wall_ms;
use crate::tier::envelope::header;
use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, Transaction, TransactionBehavior, ffi};

/// Always one row: where there is no entry its columns are NULL.
const GET: &str = "SELECT s.epoch,swept,tag,d.epoch,expires,envelope FROM state s LEFT JOIN entry e ON e.id=? LEFT JOIN data d USING(n)
    WHERE s.id=1";

/// A batch is read in parts of so many keys and bytes, or one envelope: a log in use by a reader can't be emptied.
const PART: usize = 64;
const PART_BYTES: usize = 4 << 20;

/// The envelopes of a part, each with the place of its key.
type Envelopes = Vec<(usize, Vec<u8>)>;

/// What there is for a key.
enum Row {
    /// A copy of its envelope. None also where there is no memory for it.
    Sound(Option<Vec<u8>>),
    /// The file is in order, and what was written is not: nothing is wrong with the connection.
    Broken(rusqlite::Error),
}

impl Inner {
    pub(super) fn get(&self, keys: &[Digest], found: &mut dyn FnMut(usize, &[u8])) -> Result<()> {
        let got = self.get_parts(keys, found);
        if self.faults.is_resting() {
            self.faults.tell();
        }
        got
    }

    /// Whoever is told what was found holds no connection and no transaction of the store's: it takes its time, and a value
    /// that ends meanwhile may do anything.
    fn get_parts(&self, keys: &[Digest], found: &mut dyn FnMut(usize, &[u8])) -> Result<()> {
        if self.readers.is_closed() {
            return Err(ErrorKind::Closed.into());
        }
        let (mut from, mut envelopes) = (0, Envelopes::new());
        while from < keys.len() && !self.faults.is_resting() && self.watch.sees(&self.place) {
            let part = &keys[from..keys.len().min(from + PART)];
            let done = self.read_part(part, &mut envelopes);
            envelopes.drain(..).for_each(|(n, bytes)| found(from + n, &bytes));
            match done? {
                0 => break,
                done => from += done,
            }
        }
        Ok(())
    }

    /// Reads the first of these keys, one at least; says how many. 0 where others are in the way.
    fn read_part(&self, keys: &[Digest], envelopes: &mut Envelopes) -> Result<usize> {
        let mut lent = match self.readers.lend(&self.place) {
            Ok(Some(lent)) => lent,
            Ok(None) => return Ok(0),
            Err(error) if is_busy(&error) => return Ok(0),
            Err(error) => return Err(self.faults.count("a lookup", &error)),
        };
        match self.read(lent.connection(), keys, envelopes) {
            Ok(done) => Ok(done),
            Err(error) if is_busy(&error) => Ok(0),
            Err(error) => {
                lent.give_up();
                Err(self.faults.found("a lookup", &error, place_of(keys)))
            }
        }
    }

    fn read(&self, connection: &Connection, keys: &[Digest], envelopes: &mut Envelopes) -> rusqlite::Result<usize> {
        let mut statement = connection.prepare_cached(GET)?;
        if let [key] = keys {
            match self.read_one(connection, &mut statement, key)? {
                Row::Broken(error) => drop(self.faults.found("a lookup", &error, place_of(keys))),
                Row::Sound(envelope) => {
                    self.faults.sound(1);
                    envelopes.extend(envelope.map(|bytes| (0, bytes)));
                }
            }
            return Ok(1);
        }
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
        let (mut done, mut sound, mut bytes) = (0, 0, 0);
        for (n, key) in keys.iter().enumerate() {
            match self.read_one(connection, &mut statement, key) {
                Ok(Row::Broken(error)) => drop(self.faults.found("a lookup", &error, place_of(&[*key]))),
                // A broken page is a miss for its own keys; the others are asked on.
                Err(error) if is_corrupt(&error) && !self.faults.is_resting() => {
                    self.faults.found("a lookup", &error, place_of(&[*key]));
                }
                Err(error) => return Err(error),
                Ok(Row::Sound(envelope)) => {
                    sound += 1;
                    bytes += envelope.as_ref().map_or(0, Vec::len);
                    envelopes.extend(envelope.map(|envelope| (n, envelope)));
                }
            }
            done = n + 1;
            if bytes >= PART_BYTES {
                break;
            }
        }
        drop(statement);
        transaction.commit()?;
        self.faults.sound(sound);
        Ok(done)
    }

    fn read_one(
        &self, connection: &Connection, statement: &mut CachedStatement<'_>, key: &Digest,
    ) -> rusqlite::Result<Row> {
        let id = id_of(key);
        let mut rows = statement.query([id])?;
        let Some(row) = rows.next()? else { return Err(rusqlite::Error::QueryReturnedNoRows) };
        let number = |n| row.get::<_, i64>(n).map(|number| number as u64);
        self.known.learn(number(0)?);
        let ValueRef::Blob(envelope) = row.get_ref(5)? else { return Ok(Row::Sound(None)) };
        let swept = self.known.swept(number(1)?, connection)?;
        let tag = number(2)?;
        if let Err(error) = check_tag(tag, envelope) {
            return Ok(Row::Broken(error));
        }
        if !swept.lets(tag, number(3)?) || is_over(number(4)?) {
            return Ok(Row::Sound(None));
        }
        self.touched.set(id);
        let mut copy = Vec::new();
        Ok(Row::Sound(copy.try_reserve_exact(envelope.len()).is_ok().then(|| {
            copy.extend_from_slice(envelope);
            copy
        })))
    }
}

/// The tag beside an envelope decides what a purge hides, the sealed one what it is: where they differ, the row is damaged.
/// What is no envelope is refused by whoever opens it.
pub(super) fn check_tag(tag: u64, envelope: &[u8]) -> rusqlite::Result<()> {
    match header(envelope) {
        Ok(header) if header.tag != tag => {
            let what = "an entry is not of the filter that its envelope names";
            Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), Some(what.into())))
        }
        _ => Ok(()),
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
