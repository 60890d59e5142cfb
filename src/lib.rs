//! streamcache remembers what a model already computed: hash a chunk, and if the same chunk went through the same
//! filter with the same trained state before, the result comes back in about the time the hash took.
//!
//! The contract is the C header, `include/streamcache.h`; this crate is what is behind it. The house, from the ground:
//!
//! - [`error`]: what can go wrong, and what to do about it
//! - [`log`] and `process`: what the library has to say; forks, after which a handle belongs to the parent
//! - `lock`: std's, and why no other
//! - `json`: strict JSON, for configurations and options
//! - [`digest`]: every key this library derives, and nothing else
//! - [`options`] and [`stats`]: how a cache is to be, and what it counts
//! - `budget` and [`value`]: bytes reserved before they are allocated; leases on immutable values
//! - `memory`: the in-process tier: shards, the policies S3-FIFO and LRU
//! - [`cache`]: composes the rooms below; a lookup reads from top to bottom there
//! - [`filter`]: a configuration and its state, snapshots, and the rule about swaps
//! - [`ffi`]: the only `extern "C"`, one file a section of the header, in its order

mod budget;
pub mod cache;
pub mod digest;
pub mod error;
#[cfg(feature = "capi")]
pub mod ffi;
pub mod filter;
mod json;
mod lock;
pub mod log;
mod memory;
pub mod options;
mod process;
pub mod stats;
pub mod value;

pub use cache::{Cache, PutOptions};
pub use digest::Digest;
pub use error::{Error, ErrorKind, Result};
pub use filter::{Filter, Lookup, Snapshot};
pub use memory::Put;
pub use options::{Options, Policy, UNLIMITED};
pub use stats::CacheStats;
pub use value::Value;
