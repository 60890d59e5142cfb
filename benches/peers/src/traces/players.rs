//! Who replays a trace: each is asked for an id, and given it where it was missing. Peers have one shard, so that none
//! loses hits to the number of processors; those that work behind the caller's back are waited for.

use foyer_memory::{
    Cache as Foyer, CacheBuilder, EvictionConfig, FifoConfig, LfuConfig, LruConfig, S3FifoConfig, SieveConfig,
};
use moka::sync::Cache as Moka;
use quick_cache::sync::{Cache as QuickCache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, UnitWeighter};
use std::sync::Arc;
use streamcache::{Cache, Digest, Flags, Options, Policy, PutOptions, UNLIMITED};

/// One request; says whether it hit.
pub type Access = Box<dyn FnMut(u32) -> bool>;

/// An empty cache with room for so many.
pub type Make = fn(u64) -> Access;

pub const LRU: &str = "lru";
pub const S3FIFO: &str = "s3fifo";
pub const ADAPTIVE: &str = "adaptive";
pub const QUICK_CACHE: &str = "quick_cache";
pub const MOKA: &str = "moka";

/// Our policies, whose shards and seeds chance chooses, and then the peers.
pub const PLAYERS: [(&str, Make); 10] = [
    (ADAPTIVE, |room| ours(Policy::Adaptive, room)),
    (LRU, |room| ours(Policy::Lru, room)),
    (S3FIFO, |room| ours(Policy::S3Fifo, room)),
    (QUICK_CACHE, quick_cache),
    (MOKA, moka),
    ("foyer fifo", |room| foyer(FifoConfig::default(), room)),
    ("foyer lru", |room| foyer(LruConfig::default(), room)),
    ("foyer lfu", |room| foyer(LfuConfig::default(), room)),
    ("foyer s3fifo", |room| foyer(S3FifoConfig::default(), room)),
    ("foyer sieve", |room| foyer(SieveConfig, room)),
];

pub fn digest(id: u32) -> Digest {
    let mut key = Digest([0; 32]);
    key.0[..4].copy_from_slice(&id.to_le_bytes());
    key
}

fn ours(policy: Policy, room: u64) -> Access {
    let options = Options { policy, max_chunks: room, max_bytes: UNLIMITED, ..Options::default() };
    let cache: Arc<Cache> = Cache::open(&options).expect("these options open");
    Box::new(move |id| {
        let key = digest(id);
        let hit = cache.get(&key, Flags::default()).expect("the cache is open").is_some();
        assert!(hit || cache.put(&key, b"", &PutOptions::default()).is_ok_and(|put| put.stored));
        hit
    })
}

fn quick_cache(room: u64) -> Access {
    let mut options = OptionsBuilder::new();
    options.shards(1).estimated_items_capacity(room as usize).weight_capacity(room);
    let options = options.build().expect("these options are whole");
    let cache: QuickCache<u32, ()> =
        QuickCache::with_options(options, UnitWeighter, DefaultHashBuilder::default(), DefaultLifecycle::default());
    Box::new(move |id| {
        let hit = cache.get(&id).is_some();
        if !hit {
            cache.insert(id, ());
        }
        hit
    })
}

fn moka(room: u64) -> Access {
    let cache: Moka<u32, ()> = Moka::new(room);
    Box::new(move |id| {
        let hit = cache.get(&id).is_some();
        if !hit {
            cache.insert(id, ());
        }
        cache.run_pending_tasks();
        hit
    })
}

fn foyer(policy: impl Into<EvictionConfig>, room: u64) -> Access {
    let cache: Foyer<u32, ()> = CacheBuilder::new(room as usize).with_shards(1).with_eviction_config(policy).build();
    Box::new(move |id| {
        let hit = cache.get(&id).is_some();
        if !hit {
            cache.insert(id, ());
        }
        hit
    })
}
