//! streamcache beside its peers: who else keeps results in memory, doing the same job in the same rounds.
//!
//! - `peer`: the job; `peers`: who does it
//! - `cell`: one comparison; `goals`: what each should come to
//! - `hit`: a whole hit by size of the chunk, hot and cold; `batch`: small chunks many at once
//! - `steady`: lookups, puts with eviction and a mixture, by number of entries
//! - `threads`: one and two of them; `border`: what the C ABI costs over the Rust call
//! - `shuffle`: their rounds, each in an order of its own
//! - `memory`: bytes an entry, in a process of its own
//! - `growth`: more entries, larger values, more threads, filters and tickets
//! - `traces`: hit ratios on recorded traffic
//! - `report`: tables and plots for people
//!
//! Spreads, tables, goals and the ring of chunks are those of the other benchmarks.

pub mod batch;
pub mod border;
pub mod cell;
pub mod goals;
pub mod growth;
pub mod hit;
pub mod memory;
pub mod peer;
pub mod peers;
pub mod report;
pub mod shuffle;
pub mod steady;
pub mod threads;
pub mod traces;
pub mod zipf;

#[path = "../../common/mod.rs"]
pub mod common;
#[path = "../../memory/counting.rs"]
pub mod counting;
#[path = "../../c_abi/library.rs"]
pub mod library;
#[path = "../../c_abi/machine.rs"]
pub mod machine;
#[path = "../../c_abi/random.rs"]
pub(crate) mod random;
#[path = "../../c_abi/ring.rs"]
pub mod ring;
#[path = "../../c_abi/rounds.rs"]
pub mod rounds;
#[path = "../../c_abi/tickets.rs"]
pub mod tickets;
