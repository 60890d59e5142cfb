//! The tiers as a lookup and a put meet them, through the cache: what they cost a hit in memory, a hit on disk beside a
//! SELECT of the same bytes, writing behind beside plain INSERTs, and a hit in a Redis server beside a plain GET. All sides
//! work in alternating rounds in one process. Sections: tiers, for one core; writing, which has a thread of its own
//! beside the engine's and so wants two; and remote, where the server is another process, for either.

#[path = "../common/mod.rs"]
mod common;
mod disk;
mod memory;
mod plain;
mod remote;
#[path = "../c_abi/rounds.rs"]
mod rounds;
mod server;

use common::{Arguments, Report};
use std::sync::Arc;
use std::time::Duration;
use streamcache::{Cache, Digest, Flags, Options, PutOptions, digest};

/// Long enough for any queue here.
const DRAIN: Duration = Duration::from_secs(120);

fn main() {
    if plain::was_served() {
        return;
    }
    let arguments = Arguments::read();
    let mut report = Report::default();
    if arguments.wants("tiers") {
        memory::measure(arguments.quick, &mut report);
        disk::reading(arguments.quick, &mut report);
    }
    if arguments.wants("remote") {
        remote::measure(arguments.quick, &mut report);
    }
    if arguments.wants("writing") {
        disk::writing(arguments.quick, &mut report);
    }
    report.finish(&arguments);
}

fn key(n: u64) -> Digest {
    digest::chunk(&n.to_le_bytes())
}

/// What no one compresses.
fn noise(len: usize) -> Vec<u8> {
    let mut word = 88_172_645_463_325_252u64;
    let mut next = || {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        (word >> 24) as u8
    };
    (0..len).map(|_| next()).collect()
}

/// Keys of what is stored, in no order, no two rounds the same.
fn some_keys(entries: u64, round: usize, count: usize) -> Vec<Digest> {
    (0..count as u64).map(|n| key((n * 7919 + round as u64 * 104_729) % entries)).collect()
}

fn fill(cache: &Cache, from: u64, to: u64, bytes: &[u8]) {
    for n in from..to {
        assert!(cache.put(&key(n), bytes, &PutOptions::default()).expect("it is open").stored);
    }
}

fn look_up(cache: &Arc<Cache>, keys: &[Digest], len: usize) {
    for key in keys {
        let value = cache.get(key, Flags::default()).expect("it is open").expect("it is stored");
        assert_eq!(value.size(), len);
    }
}

/// A directory that goes away. Beside the program, not in a temporary directory, which may be memory.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let program = std::env::current_exe().expect("a program knows itself");
        let path = program.with_file_name(format!("tiers-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the build's directory is writable");
        Self(path)
    }

    /// Options of a cache on disk whose queue holds whatever comes.
    fn options(&self) -> Options {
        Options {
            disk_directory: Some(self.0.join("store").to_str().expect("cargo's paths are UTF-8").into()),
            max_bytes: 16 << 30,
            write_behind_max_bytes: 1 << 30,
            ..Options::default()
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
