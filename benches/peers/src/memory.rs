//! Bytes an entry: when full, and after five times the capacity in new keys. A value's block is recognised by its layout,
//! so entries are counted, not asked for. What is alive beside them is index: nodes, tables, ghosts, and the cache itself.

use crate::common::Report;
use crate::common::goal::{Goal, Unit};
use crate::common::table::{self, grouped};
use crate::counting;
use crate::goals::RATIO;
use crate::peer::{Peer, VALUE, VALUE_BYTES};
#[cfg(feature = "seed")]
use crate::peers::{Bare, SEED};
use crate::peers::{FOYER, Foyer, InRust, LRU, Lru, MOKA, Moka, QUICK_CACHE, QuickCache, RUST};
use crate::row;
use crate::steady::key;
use serde_json::{Value as Json, json};
use std::alloc::Layout;

const ENTRIES: [usize; 2] = [100_000, 1_000_000];
const QUICK_ENTRIES: [usize; 1] = [10_000];
const CHURN: usize = 5;
/// An `Arc` keeps two counters before the bytes.
const COUNTERS: usize = 2 * size_of::<usize>();

type Make = fn(usize) -> Box<dyn Peer>;

/// The library is counted through Rust: its structures are the same, and this allocator sees them.
const WHO: &[(&str, Make)] = &[
    (RUST, |capacity| Box::new(InRust::new(capacity))),
    (QUICK_CACHE, |capacity| Box::new(QuickCache::new(capacity))),
    (MOKA, |capacity| Box::new(Moka::new(capacity))),
    (LRU, |capacity| Box::new(Lru::new(capacity))),
    (FOYER, |capacity| Box::new(Foyer::new(capacity))),
    #[cfg(feature = "seed")]
    (SEED, |capacity| Box::new(Bare::new(capacity))),
];

struct Bytes {
    who: &'static str,
    entries: usize,
    full: f64,
    churned: f64,
    /// A value's block beyond its payload.
    header: usize,
}

pub fn measure(quick: bool, report: &mut Report) {
    let entries = if quick { &QUICK_ENTRIES[..] } else { &ENTRIES[..] };
    let mut all = Vec::new();
    for &entries in entries {
        for (who, make) in WHO {
            all.push(count(who, *make, entries));
        }
    }
    let mut rows = vec![row!["", "entries", "full", "churned", "value's header", "churned, with header"]];
    for Bytes { who, entries, full, churned, header } in &all {
        let bytes = |bytes: f64| format!("{bytes:.1}");
        rows.push(row![
            who,
            grouped(*entries as f64),
            bytes(*full),
            bytes(*churned),
            header,
            bytes(churned + *header as f64)
        ]);
    }
    table::print("Index bytes an entry, counted by the allocator", &rows);
    report.section("memory", all.iter().map(json).collect());
    for &entries in entries {
        goals(&all, entries, report);
    }
}

fn goals(all: &[Bytes], entries: usize, report: &mut Report) {
    let of = |who: &str| all.iter().find(|bytes| bytes.entries == entries && bytes.who == who);
    for (theirs, limit) in [(QUICK_CACHE, 0.8), (MOKA, 0.4)] {
        if let (Some(one), Some(other)) = (of(RUST), of(theirs)) {
            let what =
                format!("index bytes an entry after churn, {} entries, against {theirs}", grouped(entries as f64));
            let unit: &'static Unit = &RATIO;
            report.goal(Goal { what, measured: one.churned / other.churned, limit, unit });
        }
    }
}

fn json(bytes: &Bytes) -> Json {
    let Bytes { who, entries, full, churned, header } = bytes;
    json!({ "side": who, "entries": entries, "full": full, "churned": churned, "value_header": header })
}

/// How a value of [`VALUE_BYTES`] is allocated.
fn layout(who: &str, peer: &dyn Peer) -> Layout {
    match who {
        // Replacing a value allocates the new one and nothing else.
        RUST => {
            peer.put(&key(0), &VALUE);
            counting::only_allocation(|| peer.put(&key(0), &VALUE))
        }
        QUICK_CACHE | MOKA | LRU => {
            Layout::from_size_align(COUNTERS + VALUE_BYTES, align_of::<usize>()).expect("small").pad_to_align()
        }
        _ => Layout::array::<u8>(VALUE_BYTES).expect("small"),
    }
}

fn count(who: &'static str, make: Make, entries: usize) -> Bytes {
    let layout = layout(who, &*make(1));
    counting::watch(layout);
    let before = counting::live_bytes();
    let peer = make(entries);
    let an_entry = || {
        peer.settle();
        let values = counting::watched_blocks();
        assert!(
            values * 10 > entries * 9 && values <= entries + entries / 10,
            "{who} has {values} of {entries} values"
        );
        (counting::live_bytes() - before - values * layout.size()) as f64 / values as f64
    };
    let put = |n: usize| peer.put(&key(n as u64), &VALUE);
    // Who shards is full only after some more.
    (0..2 * entries).for_each(put);
    let full = an_entry();
    (2 * entries..(2 + CHURN) * entries).for_each(put);
    Bytes { who, entries, full, churned: an_entry(), header: layout.size() - VALUE_BYTES }
}
