//! The only `extern "C"`: one file a section of the header, in the header's order, and no logic. A function checks its
//! pointers, calls one core method, converts, returns. build.rs runs cbindgen over them, in the order it lists,
//! to make `include/streamcache.h`.
// The contract of each function is its C documentation.
#![allow(unsafe_code, non_camel_case_types, clippy::missing_safety_doc, clippy::too_many_arguments)]

pub mod batch;
pub mod border;
pub mod cache;
pub mod chunk;
pub mod commit;
mod contain;
pub mod digest;
pub mod digest_many;
pub mod filter;
pub mod filter_get;
pub mod filter_put;
pub mod hasher;
pub mod key;
pub mod log;
pub mod options;
mod outcome;
mod said;
pub mod saved;
mod sized;
pub mod snapshot;
pub mod stats;
pub mod status;
pub mod stream;
#[cfg(feature = "test-panic")]
pub mod test_panic;
pub mod ticket;
pub mod tier;
pub mod transfer;
pub mod value;
pub mod version;
