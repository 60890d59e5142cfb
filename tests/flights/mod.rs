//! What the tests of tickets and of batches begin with.
#![allow(missing_docs)]

use std::sync::Arc;
use std::time::Duration;
use streamcache::{Begin, Cache, Digest, Filter, Flags, Options, PutOptions, Ticket, digest};

pub const LONG: Duration = Duration::from_secs(30);
pub const NO_TIME: Duration = Duration::ZERO;

pub fn filter(options: &Options) -> (Arc<Cache>, Arc<Filter>) {
    let cache = Cache::open(options).unwrap();
    let filter = Filter::open(&cache, "f", digest::config_bytes(b"c"), true).unwrap();
    filter.load_state_digest(digest::state(b"s")).unwrap();
    (cache, filter)
}

pub fn chunk(n: u32) -> Digest {
    digest::chunk(&n.to_le_bytes())
}

pub fn fill(filter: &Filter, n: u32) -> Arc<Ticket> {
    match filter.begin(&chunk(n), NO_TIME, Flags::default()).unwrap() {
        Begin::Fill(ticket) => ticket,
        other => panic!("{n} is not missing: {other:?}"),
    }
}

pub fn commit(ticket: &Ticket, bytes: &[u8]) -> bool {
    ticket.commit_copy(bytes, &PutOptions::default()).unwrap().stored
}
