//! Who is compared: each with the defaults of its own documentation, all with the same keys, values and capacity.

mod foyer;
mod lru;
mod moka;
mod ours;
mod quick_cache;
#[cfg(feature = "seed")]
mod seed;

use crate::library::Library;
use crate::peer::Peer;
pub use foyer::Foyer;
pub use lru::Lru;
pub use moka::Moka;
pub use ours::{CAbi, InRust};
pub use quick_cache::QuickCache;
#[cfg(feature = "seed")]
pub use seed::{Bare, Locked};

pub const C: &str = "streamcache, C";
/// Where C has batches.
pub const C_SINGLY: &str = "streamcache, C, one by one";
pub const C_S3FIFO: &str = "streamcache, C, s3fifo";
pub const RUST: &str = "streamcache, Rust";
pub const QUICK_CACHE: &str = "quick_cache";
pub const MOKA: &str = "moka";
pub const LRU: &str = "lru + mutex";
pub const FOYER: &str = "foyer";
pub const SEED: &str = "seed";
pub const SEED_LOCKED: &str = "seed + mutex";
pub const BLAKE3: &str = "BLAKE3 alone";

pub type Shared<'a> = Box<dyn Peer + Sync + 'a>;
pub type Any<'a> = Box<dyn Peer + 'a>;

/// Those that threads may share, empty.
pub fn shared(library: &Library, capacity: usize) -> Vec<Shared<'_>> {
    vec![
        Box::new(CAbi::new(library, C, capacity, "")),
        Box::new(InRust::new(capacity)),
        Box::new(QuickCache::new(capacity)),
        Box::new(Moka::new(capacity)),
        Box::new(Lru::new(capacity)),
        Box::new(Foyer::new(capacity)),
        #[cfg(feature = "seed")]
        Box::new(Locked::new(capacity)),
    ]
}

/// All of them, empty.
pub fn all(library: &Library, capacity: usize) -> Vec<Any<'_>> {
    #[cfg_attr(not(feature = "seed"), expect(unused_mut, reason = "nothing to add"))]
    let mut peers: Vec<Any<'_>> = shared(library, capacity).into_iter().map(|peer| peer as Any<'_>).collect();
    #[cfg(feature = "seed")]
    peers.push(Box::new(Bare::new(capacity)));
    peers
}
