//! A secret is overwritten before its memory is given back: the allocator of this test looks into every freed block.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use streamcache::digest::{self, Secret};
use streamcache::{Cache, Filter, Options};

/// What must not be in a freed block; a part is enough to recognise it.
static NEEDLES: OnceLock<[[u8; 16]; 4]> = OnceLock::new();
static FOUND: AtomicUsize = AtomicUsize::new(0);

struct Looking;

// SAFETY: System's own blocks, zeroed; they are only looked at before they go back.
unsafe impl GlobalAlloc for Looking {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller's own contract. Zeroed, so that every byte may be read later.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if let Some(needles) = NEEDLES.get() {
            // SAFETY: the block is the caller's to give up, `size` bytes long, and was initialised by `alloc`.
            let bytes = unsafe { std::slice::from_raw_parts(block, layout.size()) };
            if bytes.windows(16).any(|window| needles.iter().any(|needle| needle == window)) {
                FOUND.fetch_add(1, Ordering::Relaxed);
            }
        }
        // SAFETY: as the caller's own contract.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Looking = Looking;

const SECRET: &[u8; 32] = b"this is what nobody may ever see";

fn needle(bytes: &[u8]) -> [u8; 16] {
    bytes[..16].try_into().unwrap()
}

#[test]
fn no_freed_memory_has_the_secret_or_its_digests() {
    let hex: String = SECRET.iter().map(|byte| format!("{byte:02x}")).collect();
    let keyed = |purpose, bytes: &[u8]| {
        let key = blake3::derive_key(&format!("streamcache v1 {purpose}"), &[]);
        *blake3::keyed_hash(&key, bytes).as_bytes()
    };
    let secret_digest = keyed("secret digest", SECRET);
    let constant = keyed("secret", &secret_digest);
    let good = format!(r#"{{"secret": "{hex}"}}"#);
    let bad = [
        format!(r#"{{"name": 1, "secret": "{hex}"}}"#),
        format!(r#"{{"secret": "{hex}x"}}"#),
        format!(r#"{{"secret": "{hex}", "zebra": 1}}"#),
    ];
    NEEDLES.set([needle(SECRET), needle(hex.as_bytes()), needle(&secret_digest), needle(&constant)]).unwrap();

    drop(hex.clone());
    assert_eq!(FOUND.swap(0, Ordering::Relaxed), 1, "it would be seen");

    let from_json = Options::from_json(good.as_bytes()).unwrap();
    for text in &bad {
        Options::from_json(text.as_bytes()).unwrap_err();
    }
    let options = Options { secret: Some(Secret::new(SECRET).unwrap()), ..Options::default() };
    for options in [&options, &from_json, &options.clone()] {
        let filter = Filter::open(&Cache::open(options).unwrap(), "f", digest::config_bytes(b""), true).unwrap();
        filter.load_state(b"state").unwrap();
        filter.key(&digest::chunk(b"chunk")).unwrap();
        drop(format!("{options:?} {} {filter:?}", options.to_json()));
    }
    drop((options, from_json));
    assert_eq!(FOUND.load(Ordering::Relaxed), 0);
    std::mem::forget((good, bad, hex)); // the test's own
}
