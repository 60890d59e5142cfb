//! Plain SQLite that is written to, in a process of its own: two connections of one process share the memory of their
//! page caches, and take it from each other.

use crate::{key, noise};
use rusqlite::Connection;
use std::io::{BufRead, BufReader, Write, stdin, stdout};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

/// Tells this program to be that process: the file and the size of values.
const FILE: &str = "STREAMCACHE_BENCH_PLAIN_FILE";
const SIZE: &str = "STREAMCACHE_BENCH_PLAIN_SIZE";
/// As large as the cache's.
const TRANSACTION: usize = 4 << 20;

pub struct Plain {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Plain {
    pub fn start(file: &Path, size: usize) -> Self {
        let program = std::env::current_exe().expect("a program knows itself");
        let mut command = Command::new(program);
        command.env(FILE, file).env(SIZE, size.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a program can be started twice");
        let (orders, answers) = (child.stdin.take(), child.stdout.take());
        Self { child, orders: orders.expect("piped"), answers: BufReader::new(answers.expect("piped")) }
    }

    /// Seconds to insert these.
    pub fn insert(&mut self, from: u64, to: u64) -> f64 {
        writeln!(self.orders, "{from} {to}").expect("it listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("it answers");
        answer.trim().parse().expect("it answers with a time")
    }

    /// Waits until its file is closed.
    pub fn end(self) {
        let Self { mut child, orders, answers } = self;
        drop((orders, answers));
        assert!(child.wait().expect("it was started").success());
    }
}

/// Is that process, if it is to be; says whether it was.
pub fn was_served() -> bool {
    let (Ok(file), Ok(size)) = (std::env::var(FILE), std::env::var(SIZE)) else { return false };
    let size: usize = size.parse().expect("a size");
    let mut plain = create(Path::new(&file));
    let bytes = noise(size);
    for order in stdin().lock().lines() {
        let order = order.expect("orders are text");
        let (from, to) = order.split_once(' ').expect("from and to");
        let (from, to): (u64, u64) = (from.parse().expect("a number"), to.parse().expect("a number"));
        let begin = Instant::now();
        for chunk in (from..to).collect::<Vec<_>>().chunks((TRANSACTION / size).max(1)) {
            let transaction = plain.transaction().expect("nobody else writes");
            for &n in chunk {
                let insert = transaction.prepare_cached("INSERT INTO t VALUES(?, ?)");
                insert.expect("the table is there").execute((&key(n).0[..], &bytes)).expect("the key is new");
            }
            transaction.commit().expect("the disk has room");
        }
        println!("{}", begin.elapsed().as_secs_f64());
        stdout().flush().expect("someone listens");
    }
    true
}

fn create(file: &Path) -> Connection {
    let plain = Connection::open(file).expect("a new database opens");
    plain
        .execute_batch(
            "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA mmap_size=0;
            PRAGMA cache_size=-8000; PRAGMA wal_autocheckpoint=4096;
            CREATE TABLE t(key BLOB PRIMARY KEY, value BLOB);",
        )
        .expect("a new database takes a table");
    plain
}
