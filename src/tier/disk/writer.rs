//! The connection that writes, and its transactions: each is bounded, reads the store's state first and writes it last,
//! and begins only where the log has room for all it may append.

use super::broken::Broken;
use super::faults::{Faults, is_busy};
use super::layout::Layout;
use super::slots::Swept;
use super::state::State;
use super::tally::Tally;
use super::{Inner, open};
use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::lock::Guard;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, Transaction};
use std::cell::{Cell, RefCell};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::time::{Duration, Instant};

/// How long a transaction waits for other processes' ones, if nobody says.
pub(super) const WAIT: Duration = Duration::from_secs(2);
/// How long emptying the log waits for readers, and for how long it is left alone where they stay.
const READERS: Duration = Duration::from_millis(50);
const LEFT_ALONE: Duration = Duration::from_secs(1);

/// What a commit says for the store: as much as so many lookups.
const COMMIT: u64 = 8;

/// Long enough for a thread that waits to see that it can go.
const TURN: Duration = Duration::from_millis(1);

/// Who has waited in vain for so long for another process has met one that is stopped, or as good as that.
const HELD: Duration = Duration::from_secs(1);
/// How long engine threads wait for it from then on, until someone's transaction begins again.
const WHILE_HELD: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(super) struct Writer {
    connection: Option<Connection>,
    pub(super) layout: Cell<Layout>,
    closed: bool,
    /// When emptying the log may be tried again.
    next_try: Cell<Option<Instant>>,
    pub(super) broken: RefCell<Broken>,
    /// The number of the entry that is being deleted.
    pub(super) deleting: Cell<Option<u64>>,
}

/// The writer, locked. Whoever lets go of it closes it where that is wanted: [`Inner::close`] waits for nobody.
pub(super) struct Held<'a> {
    inner: &'a Inner,
    writer: Option<Guard<'a, Writer>>,
}

impl Deref for Held<'_> {
    type Target = Writer;

    fn deref(&self) -> &Writer {
        self.writer.as_ref().expect("there until it is dropped")
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut Writer {
        self.writer.as_mut().expect("there until it is dropped")
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        drop(self.writer.take());
        if self.inner.closing.load(SeqCst) {
            self.inner.close_writer(false);
        }
    }
}

/// A transaction under way. Dropped without a commit, it never was.
pub(super) struct Work<'a> {
    pub(super) writer: &'a Writer,
    pub(super) faults: &'a Faults,
    pub(super) transaction: Transaction<'a>,
    pub(super) state: State,
    pub(super) swept: Arc<Swept>,
    pub(super) layout: Layout,
    pub(super) tally: Tally,
    /// Free pages that are known of: there may be more.
    pub(super) room: u64,
    pub(super) evicted: u64,
    /// Whether there is anything to commit.
    pub(super) changed: bool,
}

/// An entry's place in the store.
pub(super) fn id_of(key: &Digest) -> i64 {
    let mut id = [0; 8];
    id.copy_from_slice(&key.0[..8]);
    i64::from_le_bytes(id)
}

impl Writer {
    pub(super) fn new(connection: Connection, layout: Layout) -> Self {
        Self {
            connection: Some(connection),
            layout: Cell::new(layout),
            closed: false,
            next_try: Cell::new(None),
            broken: RefCell::default(),
            deleting: Cell::new(None),
        }
    }

    pub(super) fn close(&mut self) -> Option<Connection> {
        self.closed = true;
        self.connection.take()
    }

    fn connection(&self) -> &Connection {
        self.connection.as_ref().expect("open: Inner::writer saw to it")
    }

    /// Copies the log into the database and cuts it to nothing; false where a reader is in the way.
    pub(super) fn empty_log(&self) -> rusqlite::Result<bool> {
        Ok(self.checkpoint("TRUNCATE")?.0)
    }

    /// Begins a log anew that has grown long. Its file keeps its length: written again, it costs less than when it grows.
    pub(super) fn renew_long_log(&self) -> rusqlite::Result<()> {
        if self.next_try.get().is_some_and(|next| Instant::now() < next) {
            return Ok(());
        }
        let (_, frames) = self.checkpoint("NOOP")?;
        if self.layout.get().is_long(frames) && !self.checkpoint("RESTART")?.0 {
            self.next_try.set(Some(Instant::now() + LEFT_ALONE));
        }
        Ok(())
    }

    /// Whether a checkpoint was whole, and how many frames the log had.
    fn checkpoint(&self, mode: &str) -> rusqlite::Result<(bool, u64)> {
        let connection = self.connection();
        connection.busy_timeout(READERS)?;
        let sql = format!("PRAGMA wal_checkpoint({mode})");
        connection.query_row(&sql, [], |row| Ok((row.get::<_, i64>(0)? == 0, row.get::<_, i64>(1)?.max(0) as u64)))
    }
}

impl Inner {
    /// The writer, with its connection open: opened anew where the files are gone or the store has rested.
    pub(super) fn writer(&self, until: Instant) -> Result<Held<'_>> {
        let mut writer = Held { inner: self, writer: Some(self.lock(until)?) };
        if writer.closed || self.closing.load(SeqCst) {
            return Err(ErrorKind::Closed.into());
        }
        let lost = !self.watch.looks(&self.place);
        let rested = self.faults.is_resting() && self.faults.is_rested();
        if lost || rested {
            self.reopen(&mut writer)?;
        }
        if self.faults.is_resting() { Err(self.faults.resting()) } else { Ok(writer) }
    }

    /// Waits for the thread that writes, looking often: it lets go between two transactions.
    fn lock(&self, until: Instant) -> Result<Guard<'_, Writer>> {
        if let Some(writer) = self.writer.try_lock() {
            return Ok(writer);
        }
        self.waiting.fetch_add(1, Relaxed);
        let locked = loop {
            match self.writer.try_lock() {
                Some(writer) => break Ok(writer),
                None if self.closing.load(SeqCst) => break Err(ErrorKind::Closed.into()),
                None if Instant::now() >= until => {
                    break Err(Error::new(ErrorKind::Io, "another thread is writing to the disk tier; try again"));
                }
                None => std::thread::sleep(TURN / 5),
            }
        };
        self.waiting.fetch_sub(1, Relaxed);
        locked
    }

    /// Gives others a turn between two transactions.
    pub(super) fn give_way(&self) {
        if self.waiting.load(Relaxed) > 0 {
            std::thread::sleep(TURN);
        }
    }

    /// Closes the connection that writes, unless a thread has it: then that thread does. With `quickly` the log stays as
    /// it is, for whoever opens the store next.
    pub(super) fn close_writer(&self, quickly: bool) {
        let Some(mut writer) = self.writer.try_lock() else { return };
        let connection = writer.close();
        drop(writer);
        if let Some(connection) = connection {
            if quickly {
                let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
            }
        }
    }

    /// Until when an engine thread waits that would wait until `until`.
    pub(super) fn patience(&self, until: Instant) -> Instant {
        if self.is_held.load(Relaxed) { until.min(Instant::now() + WHILE_HELD) } else { until }
    }

    /// A transaction that may write, once no one else's stands in its way.
    fn immediate<'a>(&self, connection: &'a Connection, until: Instant) -> rusqlite::Result<Transaction<'a>> {
        let since = Instant::now();
        let begun = open::immediate(connection, until, &self.closing);
        match &begun {
            Ok(_) => self.is_held.store(false, Relaxed),
            Err(error) if is_busy(error) && since.elapsed() >= HELD => self.is_held.store(true, Relaxed),
            Err(_) => {}
        }
        begun
    }

    fn reopen(&self, writer: &mut Writer) -> Result<()> {
        self.readers.retire();
        drop(writer.connection.take());
        let opened = self.place.make().and_then(|()| open::writer(&self.place, self.max_bytes));
        match opened {
            Ok((connection, state, layout)) => {
                *writer = Writer::new(connection, layout);
                self.known.learn(state.epoch);
                self.watch.renew(&self.place);
                self.faults.wake();
                Ok(())
            }
            Err(error) => {
                self.faults.refuse(error.message());
                self.faults.rest(error.message().into());
                Err(error)
            }
        }
    }

    /// Begins a transaction that changes so many pages at most; None where the log has no room for them because a reader
    /// somewhere keeps it from being emptied.
    pub(super) fn begin<'a>(
        &'a self, writer: &'a Writer, pages: impl Fn(&Layout) -> u64, removal: bool, until: Instant,
    ) -> rusqlite::Result<Option<Work<'a>>> {
        for tried in [false, true] {
            let connection = writer.connection();
            let transaction = self.immediate(connection, until)?;
            writer.deleting.set(None);
            let state = State::read(&transaction)?;
            // A process that only writes learns of purges here; what it has computed by now stays out.
            self.known.learn(state.epoch);
            let layout = writer.layout.get().with_limit(state.max_bytes);
            if layout != writer.layout.replace(layout) {
                open::limit(&transaction, &layout)?;
            }
            self.longest.store(layout.longest(), Relaxed);
            let left = pages(&layout);
            if layout.fits(self.place.log_len(), layout.appended(left), removal) {
                let swept = self.known.swept(state.swept, &transaction)?;
                let tally = Tally::new(&layout, left, state.entries + state.dead);
                return Ok(Some(Work {
                    writer,
                    faults: &self.faults,
                    transaction,
                    state,
                    swept,
                    layout,
                    tally,
                    room: 0,
                    evicted: 0,
                    changed: false,
                }));
            }
            drop(transaction);
            if tried || !writer.empty_log()? {
                break;
            }
        }
        self.faults.refuse(
            "the store's log can't be emptied, so nothing is written: some process keeps reading; look for one that is stopped",
        );
        Ok(None)
    }

    /// Commits, and lets this process know how the store stands.
    pub(super) fn commit(&self, work: Work<'_>) -> rusqlite::Result<()> {
        work.state.write(&work.transaction)?;
        work.transaction.commit()?;
        self.evictions.fetch_add(work.evicted, Relaxed);
        self.known.learn(work.state.epoch);
        self.faults.sound(COMMIT);
        Ok(())
    }
}
