//! The store against real servers, well and unwell.

mod cluster;
mod endures;
mod faults;
mod hostile;
mod lateness;
mod proxy;
mod server;
mod spoiled;
mod three;
mod tls;
mod well;

use super::{Config, Remote};
use crate::digest::Digest;
use crate::tier::{Sealed, Store};
use std::collections::HashMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_millis(50);

fn config(url: &str) -> Config {
    Config { urls: vec![url.into()], first_rest_ms: 100, longest_rest_ms: 400, doubt_ms: 50, ..Config::default() }
}

fn open(url: &str) -> Remote {
    Remote::open(&config(url)).unwrap()
}

fn key(n: usize) -> Digest {
    crate::digest::chunk(&n.to_le_bytes())
}

/// A value that tells whose it is.
fn sealed(n: usize, len: usize) -> Sealed {
    let bytes = key(n).0.iter().copied().cycle().take(len).collect();
    Sealed { key: key(n), tag: 0, expires_ms: 0, epoch: 0, bytes }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

/// What a lookup finds.
fn get(store: &Remote, keys: &[usize], until: Instant) -> HashMap<usize, Vec<u8>> {
    let digests: Vec<_> = keys.iter().map(|&n| key(n)).collect();
    let mut found = HashMap::new();
    let _ = store.get_many(&digests, until, &mut |place, bytes| {
        assert!(found.insert(keys[place], bytes.to_vec()).is_none(), "twice");
    });
    found
}

fn put(store: &Remote, numbers: impl IntoIterator<Item = usize>, len: usize) -> usize {
    let entries: Vec<_> = numbers.into_iter().map(|n| sealed(n, len)).collect();
    store.put_many(&entries).unwrap().taken
}

/// Waits until something is so.
fn eventually(what: &str, mut so: impl FnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < Duration::from_secs(10), "not in 10 s: {what}");
        sleep(Duration::from_millis(2));
    }
    begun.elapsed()
}
