//! Going through a store from one end to the other: bounded pages by the envelopes' numbers, each a short reading
//! transaction of its own, so that the log can be emptied between two.

use super::Inner;
use super::broken::past_broken;
use super::faults::{is_busy, is_corrupt};
use super::get::{check_tag, is_over};
use super::writer::WAIT;
use crate::error::{Error, ErrorKind, Result};
use crate::tier::Page;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::time::{Duration, Instant};

/// No entry has a greater number.
const LAST: u64 = i64::MAX as u64;
/// What a page holds at most, unless one envelope alone is longer.
const ENTRIES: usize = 256;
const BYTES: usize = 4 << 20;

/// An envelope's number, tag, epoch and end.
type Row = (u64, u64, u64, u64);

impl Inner {
    pub(super) fn scan(&self, page: &mut Page) -> Result<bool> {
        page.envelopes.clear();
        let scanned = self.scan_page(page);
        self.faults.tell();
        scanned
    }

    fn scan_page(&self, page: &mut Page) -> Result<bool> {
        if self.readers.is_closed() {
            return Err(ErrorKind::Closed.into());
        }
        if self.faults.is_resting() {
            return Err(self.faults.resting());
        }
        let failed = |error: &rusqlite::Error| self.faults.count("a look through the store", error);
        let until = Instant::now() + WAIT;
        loop {
            match self.readers.lend(&self.place) {
                Ok(Some(mut lent)) => match self.read_page(lent.connection(), page) {
                    Err(error) if is_busy(&error) => {}
                    read => {
                        return read.map_err(|error| {
                            lent.give_up();
                            failed(&error)
                        });
                    }
                },
                Err(error) if !is_busy(&error) => return Err(failed(&error)),
                // Lookups come first: they don't wait.
                Ok(None) | Err(_) => {}
            }
            if Instant::now() >= until {
                return Err(Error::new(ErrorKind::Io, "the disk tier's readers are all in use; try again"));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn read_page(&self, connection: &Connection, page: &mut Page) -> rusqlite::Result<bool> {
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
        let state = super::State::read(&transaction)?;
        let swept = self.known.swept(state.swept, &transaction)?;
        let mut rows = Vec::new();
        let is_last = match read_rows(&transaction, page.after, ENTRIES, &mut rows) {
            Err(error) if is_corrupt(&error) && rows.is_empty() => {
                // A page of the table is broken: what lies on it is not even counted.
                self.faults.met("a look through the store", &error);
                page.broken += 1;
                let first = |n| read_rows(&transaction, n - 1, 1, &mut Vec::new());
                let sound = past_broken(page.after + 1, LAST, first)?;
                page.after = sound - 1;
                return Ok(sound <= LAST);
            }
            // What was read before it comes first.
            Err(error) if is_corrupt(&error) => false,
            read => read?,
        };
        let mut bytes = 0;
        for (n, tag, epoch, expires) in rows {
            if bytes >= BYTES {
                return Ok(true);
            }
            page.after = n;
            if !swept.lets(tag, epoch) || is_over(expires) {
                continue;
            }
            match envelope(&transaction, n, tag) {
                Ok(None) => {}
                Ok(Some(envelope)) => {
                    bytes += envelope.len();
                    page.envelopes.push(envelope);
                }
                // Its own pages are broken; the others are read on.
                Err(error) if is_corrupt(&error) => {
                    self.faults.met("a look through the store", &error);
                    page.broken += 1;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(!is_last)
    }
}

/// Reads what comes after a number, so many rows at most; says whether that was the last of them.
fn read_rows(connection: &Connection, after: u64, most: usize, rows: &mut Vec<Row>) -> rusqlite::Result<bool> {
    let sql = "SELECT n, tag, epoch, expires FROM data WHERE n > ? ORDER BY n LIMIT ?";
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = statement.query([after as i64, most as i64])?;
    while let Some(row) = found.next()? {
        let number = |n| row.get::<_, i64>(n).map(|number| number as u64);
        rows.push((number(0)?, number(1)?, number(2)?, number(3)?));
    }
    Ok(rows.len() < most)
}

/// None for one that no key leads to: it was replaced or removed and could not be deleted.
fn envelope(connection: &Connection, n: u64, tag: u64) -> rusqlite::Result<Option<Vec<u8>>> {
    let mut statement = connection
        .prepare_cached("SELECT envelope FROM data d JOIN entry e ON e.id = d.id AND e.n = d.n WHERE d.n = ?")?;
    let mut rows = statement.query([n as i64])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let bytes = row.get_ref(0)?.as_blob()?;
    check_tag(tag, bytes)?;
    Ok(Some(bytes.to_vec()))
}
