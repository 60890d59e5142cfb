//! Connections: how a file is opened, made or refused, and how it is laid out.
//!
//! - `entry`: the number of an envelope, found by the first 8 bytes of its key. A collision only replaces an entry: the
//!   envelope has the whole key, and its reader compares it.
//! - `data`: the envelopes, in the order they were written, which is that of eviction, too. In one table with the keys,
//!   which are random, each envelope would change a random page as well: half the speed of writing.
//! - `slot`: since which epoch tags (0 to 4,095) and keys (4,096 on) are worth keeping.
//! - `state`: the rest, in one row that each transaction reads and changes, so that nothing is ever counted by a scan.
//!
//! `synchronous=NORMAL`: a commit is in the log, which the kernel has, so kill -9 loses nothing. Power loss may lose the
//! last commits, purges among them, and leaves a sound file: OFF would save one wait in 32 MiB, on the tier's own thread,
//! and pay with the whole store.

use super::faults::{at_open, is_busy};
use super::layout::{Layout, MIN_BYTES, PAGE};
use super::place::Place;
use super::state::State;
use crate::error::{Error, ErrorKind, Result};
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// "stca"
const APPLICATION: i64 = 0x7374_6361;
const VERSION: i64 = 1;
/// The limit of a store that is made without one.
const DEFAULT_BYTES: u64 = 1 << 30;
/// How long opening waits for a process that is making the same store.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks whether a lock is free.
const LOOK: Duration = Duration::from_micros(500);
/// More than the longest envelope, at any limit: a damaged length allocates no more.
const LONGEST: i32 = 64 << 20;

const SCHEMA: &str = "
    CREATE TABLE state(id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, swept INTEGER NOT NULL, purged INTEGER NOT NULL,
        max_bytes INTEGER NOT NULL, entries INTEGER NOT NULL, bytes INTEGER NOT NULL, dead INTEGER NOT NULL,
        last INTEGER NOT NULL, at INTEGER NOT NULL, among_old INTEGER NOT NULL, old INTEGER NOT NULL,
        end INTEGER NOT NULL);
    CREATE TABLE entry(id INTEGER PRIMARY KEY, n INTEGER NOT NULL);
    CREATE TABLE data(n INTEGER PRIMARY KEY, id INTEGER NOT NULL, tag INTEGER NOT NULL, epoch INTEGER NOT NULL,
        expires INTEGER NOT NULL, envelope BLOB NOT NULL);
    CREATE TABLE slot(n INTEGER PRIMARY KEY, epoch INTEGER NOT NULL);";

/// The directory's path has no link in it, so the file's has none unless somebody planted one.
const FLAGS: OpenFlags =
    OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX).union(OpenFlags::SQLITE_OPEN_NOFOLLOW);

fn connect(place: &Place) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(&place.file, FLAGS)?;
    // A planted file can't run anything.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST)?;
    connection.execute_batch("PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY;")?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

/// A connection that only reads and waits for nobody. It may write as far as SQLite is concerned: after a crash of
/// another process, the first to look has to put the log's index in order.
pub(super) fn reader(place: &Place) -> rusqlite::Result<Connection> {
    let connection = connect(place)?;
    connection.busy_timeout(Duration::ZERO)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.execute_batch("PRAGMA query_only=ON; PRAGMA cache_size=-2000;")?;
    Ok(connection)
}

/// The connection that writes, the store's state, and how its limit is shared out. With `max_bytes` this is the store's
/// limit from now on.
pub(super) fn writer(place: &Place, max_bytes: Option<u64>) -> Result<(Connection, State, Layout)> {
    if max_bytes.is_some_and(|max_bytes| max_bytes < MIN_BYTES) {
        return Err(Error::invalid(format!("disk_max_bytes must be at least {MIN_BYTES}")));
    }
    let what = || format!("{} can't be opened", place.file.display());
    let connection = at_open(&what(), connect(place).and_then(|c| c.busy_timeout(PATIENCE).map(|()| c)))?;
    if at_open(&what(), connection.is_readonly("main"))? {
        let message = format!("{}: not writable; check its owner, mode and mount", what());
        return Err(Error::new(ErrorKind::Io, message));
    }
    if !is_made(place, &connection)? {
        at_open(&what(), make(&connection, max_bytes.unwrap_or(DEFAULT_BYTES)))?;
    }
    let opened = (|| {
        connection.execute_batch(
            "PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0; PRAGMA cache_spill=OFF; PRAGMA cache_size=-8000;",
        )?;
        let mut state = State::read(&connection)?;
        if let Some(max_bytes) = max_bytes.filter(|max_bytes| *max_bytes != state.max_bytes) {
            let transaction = immediate(&connection, Instant::now() + PATIENCE, &AtomicBool::new(false))?;
            state = State { max_bytes, ..State::read(&transaction)? };
            state.write(&transaction)?;
            transaction.commit()?;
        }
        let page = connection.query_row("PRAGMA page_size", [], |row| row.get::<_, i64>(0))?;
        let layout = Layout::new(state.max_bytes, page as u64);
        limit(&connection, &layout)?;
        Ok((state, layout))
    })();
    let (state, layout) = at_open(&what(), opened)?;
    Ok((connection, state, layout))
}

/// Begins a transaction that may write, waiting for those of others. SQLite's own wait grows to 100 ms between two looks:
/// where other processes write without a pause, it finds the store busy each time. Ends early where `gives_up` says so.
pub(super) fn immediate<'a>(
    connection: &'a Connection, until: Instant, gives_up: &AtomicBool,
) -> rusqlite::Result<Transaction<'a>> {
    connection.busy_timeout(Duration::ZERO)?;
    loop {
        match Transaction::new_unchecked(connection, TransactionBehavior::Immediate) {
            Err(error) if is_busy(&error) && Instant::now() < until && !gives_up.load(Relaxed) => {
                std::thread::sleep(LOOK);
            }
            begun => return begun,
        }
    }
}

/// Tells SQLite the limit; it keeps to what it has where that is more, and gives pages back as `evict` says.
pub(super) fn limit(connection: &Connection, layout: &Layout) -> rusqlite::Result<()> {
    connection.query_row(&format!("PRAGMA max_page_count={}", layout.pages), [], |_| Ok(()))?;
    connection.query_row(&format!("PRAGMA journal_size_limit={}", layout.log_bytes()), [], |_| Ok(()))
}

/// Whether the file is a store that this build knows; false where it is empty. All of it is read at one moment: another
/// process may be making the store.
fn is_made(place: &Place, connection: &Connection) -> Result<bool> {
    let what = format!("{} can't be read", place.file.display());
    let read = || {
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
        let number = |sql| transaction.query_row(sql, [], |row| row.get::<_, i64>(0));
        // The first of these begins it.
        let tables = number("SELECT count(*) FROM sqlite_schema")?;
        Ok((number("PRAGMA application_id")?, number("PRAGMA user_version")?, tables))
    };
    let (application, version, tables) = at_open(&what, read())?;
    let refused = |why: String| Err(Error::new(ErrorKind::Io, format!("{}: {why}", place.file.display())));
    match (application, version) {
        (APPLICATION, VERSION) => Ok(true),
        (0, 0) if tables == 0 => Ok(false),
        (APPLICATION, version) if version > VERSION => refused(format!(
            "the store was made by a newer version of this library (format {version}, this one knows {VERSION}); choose another directory, or update"
        )),
        (APPLICATION, version) => refused(format!("format {version} is unknown; choose another directory")),
        _ => refused("a database of something else; choose another directory".into()),
    }
}

fn make(connection: &Connection, max_bytes: u64) -> rusqlite::Result<()> {
    connection.execute_batch(&format!("PRAGMA page_size={PAGE}; PRAGMA auto_vacuum=INCREMENTAL;"))?;
    // SQLite does not wait where two connections turn an empty file into a database at once.
    let deadline = Instant::now() + PATIENCE;
    loop {
        match connection.query_row("PRAGMA journal_mode=WAL", [], |_| Ok(())) {
            Err(error) if is_busy(&error) && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(5));
            }
            done => break done?,
        }
    }
    let transaction = immediate(connection, deadline, &AtomicBool::new(false))?;
    if transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))? == 0 {
        transaction.execute_batch(SCHEMA)?;
        State::new(max_bytes).insert(&transaction)?;
        transaction.execute_batch(&format!("PRAGMA application_id={APPLICATION}; PRAGMA user_version={VERSION};"))?;
    }
    transaction.commit()
}
