//! streamcache remembers what a model already computed: hash a chunk, and if the same chunk went through the same
//! filter with the same trained state before, the result comes back in about the time the hash took.
//!
//! The contract is the C header, `include/streamcache.h`; this crate is what is behind it. The house, from the ground:
//!
//! - [`error`]: what can go wrong, and what to do about it
//! - [`log`]: what the library has to say
//! - `lock`: parking_lot's, and in a forked child std's
//! - `json`: strict JSON, for configurations and options
//! - [`digest`]: every key this library derives, and nothing else
//! - [`options`], [`stats`] and `exposition`: how a cache is to be, what it counts, and that as text
//! - `process`: the process this library is a guest in: its forks, after which a handle is the parent's, and its clock
//! - `description`: what a value says about itself
//! - `budget` and [`value`]: bytes reserved before they are allocated; leases on immutable values
//! - `stir` and `memory`: the in-process tier: shards, the policies S3-FIFO, LRU and the adaptive one
//! - [`call`]: what a single call may ask for
//! - `flight`: of all who miss the same key, one computes and the others wait
//! - `tier`: what lies behind memory: stores of sealed results, on disk and across the network
//! - [`cache`]: composes the rooms below; a lookup reads from top to bottom there
//! - `named` and `present`: what a filter is called under one of its states, and how every lookup reads it
//! - `last_commit`: since when a batch's next result may have been computed
//! - [`ticket`]: the right to compute one missing value, as a handle
//! - [`batch`]: many lookups at once, and what is missing of them
//! - [`filter`]: a configuration and its state, snapshots, and the rule about swaps
//! - [`stream`]: a filter whose recurrent state evolves chunk by chunk
//! - [`pipeline`]: one key for a whole chain of filters
//! - [`transfer`]: results carried to another cache in a file
//! - `tool`: what the program `streamcache` needs of the rooms above
//! - [`ffi`]: the only `extern "C"`, one file a section of the header, in its order

pub mod batch;
mod budget;
pub mod cache;
pub mod call;
mod description;
pub mod digest;
pub mod error;
mod exposition;
#[cfg(feature = "capi")]
pub mod ffi;
pub mod filter;
mod flight;
mod json;
mod last_commit;
mod lock;
pub mod log;
mod memory;
mod named;
pub mod options;
pub mod pipeline;
mod present;
mod process;
pub mod stats;
mod stir;
pub mod stream;
pub mod ticket;
mod tier;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod tool;
pub mod transfer;
pub mod value;

pub use batch::{Batch, Item, Waited};
pub use cache::Cache;
pub use call::{Flags, PutOptions};
pub use description::TensorSpec;
pub use digest::Digest;
pub use error::{Error, ErrorKind, Result};
pub use exposition::Format;
pub use filter::{Filter, Lookup, Snapshot};
pub use memory::Put;
pub use options::{Options, Policy, UNLIMITED};
pub use stats::{CacheStats, FilterStats};
pub use stream::{Stepped, Stream};
pub use ticket::{Begin, Phase, Ticket};
pub use tier::stats::TierStats;
pub use tier::stores::Tier;
pub use transfer::{Outcome, Progress, Transfer};
pub use value::{External, Value};
