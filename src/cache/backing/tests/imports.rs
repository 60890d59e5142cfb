//! What comes from a file, and what time does meanwhile.

use super::over;
use crate::cache::{Cache, Entered};
use crate::call::Flags;
use crate::digest;
use crate::options::Options;
use crate::process::{SET_MS, wall_ms};
use crate::tier::in_memory::{InMemory, LONG};
use crate::tier::stores::Tier;
use crate::value::Draft;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

const VARIABLE: &str = "STREAMCACHE_TEST_IMPORT";
const SECOND: u64 = 1000;
const HOUR: u64 = 3600 * SECOND;

/// What an import makes of a result that ends in `left_ms`, 0 for never, and waits for an hour after it was proved; what
/// memory has then, and what the store behind it.
fn an_hour_late(options: &Options, left_ms: u64) -> (Entered, bool, bool) {
    let store = Arc::new(InMemory::default());
    let cache: Arc<Cache> = over(&[(Tier::Disk, &store)], options);
    let (key, now_ms) = (digest::chunk(b"key"), wall_ms());
    let value = cache.memory.put(&key, 0, Draft::copy_of(b"result"), true, None).unwrap().value.unwrap();
    cache.memory.purge();
    let expires_ms = if left_ms == 0 { 0 } else { now_ms + left_ms };
    let bytes = cache.seal.close(&key, 0, &value, now_ms, expires_ms).unwrap();
    let entrance = cache.enter().unwrap();
    let opened = cache.open_envelope(&bytes).unwrap();
    SET_MS.store(HOUR as i64, Relaxed);
    let entered = entrance.put(&opened).unwrap();
    let here = cache.get(&key, Flags::MEMORY_ONLY).unwrap().is_some();
    assert!(cache.flush(LONG).unwrap());
    let there = store.lock().entries.contains_key(&key);
    SET_MS.store(0, Relaxed);
    (entered, here, there)
}

fn with_a_clock_that_is_set() {
    let limited = |ttl_ms| Options { ttl_ms, ..Options::default() };
    let (stored, expired) = ((Entered::Stored, true, true), (Entered::Expired, false, false));
    assert_eq!(an_hour_late(&limited(0), 0), stored);
    assert_eq!(an_hour_late(&limited(0), 2 * HOUR), stored);
    assert_eq!(an_hour_late(&limited(2 * HOUR), 0), stored);
    assert_eq!(an_hour_late(&limited(0), SECOND), expired, "by its own end");
    assert_eq!(an_hour_late(&limited(SECOND), 0), expired, "by this cache's limit");
    assert_eq!(an_hour_late(&limited(SECOND), 2 * HOUR), expired, "by the sooner of both");
    println!("\nthe clock was set");
}

/// The clock is set for a whole process, so it is another one: this test again, told by a variable.
#[test]
fn what_is_over_when_an_import_has_waited_is_not_stored() {
    if std::env::var_os(VARIABLE).is_some() {
        return with_a_clock_that_is_set();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    let name = "cache::backing::tests::imports::what_is_over_when_an_import_has_waited_is_not_stored";
    let output = command.args(["--exact", name, "--nocapture"]).env(VARIABLE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("the clock was set"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}
