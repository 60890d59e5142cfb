//! Namespace, secret and pipelines: which caches and chains share a key, as promises. The formulas themselves are
//! pinned in tests/vectors/keys.json.

use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use streamcache::digest::{self, Secret};
use streamcache::{Cache, Digest, ErrorKind, Filter, Flags, Options, PutOptions, Snapshot, pipeline};

fn cache(namespace: &str, secret: Option<&[u8]>) -> Arc<Cache> {
    let secret = secret.map(|bytes| Secret::new(bytes).unwrap());
    Cache::open(&Options { namespace: namespace.into(), secret, ..Options::default() }).unwrap()
}

fn filter(cache: &Arc<Cache>, state: &[u8]) -> Arc<Filter> {
    let filter = Filter::open(cache, "test", config(), true).unwrap();
    filter.load_state(state).unwrap();
    filter
}

fn config() -> Digest {
    digest::config_bytes(b"config")
}

fn refs(filters: &[Arc<Filter>]) -> Vec<&Filter> {
    filters.iter().map(Arc::as_ref).collect()
}

fn chain_key(filters: &[Arc<Filter>], chunk: &Digest) -> Digest {
    pipeline::key(&refs(filters), chunk).unwrap()
}

const ONE: &[u8; 32] = &[1; 32];
const TWO: &[u8; 32] = &[2; 32];

#[test]
fn a_filters_key_is_the_one_it_looks_under() {
    let chunk = digest::chunk(b"chunk");
    for cache in [cache("", None), cache("name", None), cache("name", Some(ONE))] {
        let filter = filter(&cache, b"state");
        let key = filter.key(&chunk).unwrap();
        assert_eq!(filter.get(&chunk, Flags::default()).unwrap().key, key);
        let snapshot = filter.snapshot().unwrap();
        filter.load_state(b"another").unwrap();
        assert_eq!(snapshot.key(&chunk).unwrap(), key, "a snapshot keeps its key");
        assert_ne!(filter.key(&chunk).unwrap(), key);
        cache.close(Duration::ZERO).unwrap();
        assert_eq!(filter.key(&chunk).unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(snapshot.key(&chunk).unwrap_err().kind(), ErrorKind::Closed);
    }
}

#[test]
fn the_seeds_key_is_that_of_a_filter_without_namespace_and_secret_and_of_no_other() {
    let chunk = digest::chunk(b"chunk");
    let seeds = digest::key_chunk(&config(), &digest::state(b"state"), &chunk);
    let key = |namespace, secret| filter(&cache(namespace, secret), b"state").key(&chunk).unwrap();
    assert_eq!(key("", None), seeds);
    let others =
        [key("name", None), key("", Some(ONE)), key("", Some(TWO)), key("name", Some(ONE)), key("nam", Some(ONE))];
    for (i, other) in others.iter().enumerate() {
        assert!(*other != seeds && others[..i].iter().all(|one| one != other), "{i}");
    }
    assert_eq!(key("name", Some(ONE)), others[3], "every cache of that name and secret has it");
}

#[test]
fn nothing_of_a_cache_prints_its_secret_or_what_comes_of_it() {
    let cache = cache("name", Some(b"0123456789abcdef"));
    let hidden = filter(&cache, b"state");
    hidden.load_state(b"another").unwrap();
    let printed = format!("{cache:?} {hidden:?} {:?}", hidden.snapshot().unwrap());
    assert!(printed.contains("Filter") && printed.contains("hidden"), "{printed}");
    for secret in ["0123456789abcdef", "30313233", "48, 49, 50"] {
        assert!(!printed.contains(secret), "{printed}");
    }
    // Every digest in it is one that anybody can make.
    let digests = |text: String| -> Vec<String> {
        text.split(|c: char| !c.is_ascii_hexdigit()).filter(|word| word.len() == 64).map(str::to_owned).collect()
    };
    let anybody = filter(&self::cache("name", None), b"state");
    let public = format!("{anybody:?} {:?} {:?}", digest::state(b"state"), digest::state(b"another"));
    assert!(digests(printed).iter().all(|digest| public.contains(digest)));
}

#[test]
fn a_chain_is_found_with_one_lookup_until_a_state_of_it_changes() {
    let cache = cache("", None);
    let (first, second) = (filter(&cache, b"s1"), filter(&cache, b"s2"));
    let chain = [first.clone(), second.clone()];
    let chunk = digest::chunk(b"chunk");
    let key = chain_key(&chain, &chunk);
    assert!(cache.put(&key, b"result", &PutOptions::default()).unwrap().stored);
    assert_eq!(cache.get(&chain_key(&chain, &chunk), Flags::default()).unwrap().unwrap().bytes(), b"result");
    assert!(cache.get(&chain_key(&chain, &digest::chunk(b"other")), Flags::default()).unwrap().is_none());

    let snapshots: Vec<Snapshot> = chain.iter().map(|filter| filter.snapshot().unwrap()).collect();
    second.load_state(b"s3").unwrap();
    assert!(cache.get(&chain_key(&chain, &chunk), Flags::default()).unwrap().is_none());
    assert_eq!(
        pipeline::snapshot_key(&snapshots.iter().collect::<Vec<_>>(), &chunk).unwrap(),
        key,
        "snapshots keep the key"
    );
    second.load_state(b"s2").unwrap();
    assert!(cache.get(&chain_key(&chain, &chunk), Flags::default()).unwrap().is_some(), "a rollback finds it again");
}

#[test]
fn a_chain_needs_deterministic_filters_of_one_cache_with_states() {
    let (one, other) = (cache("", None), cache("", None));
    let chunk = digest::chunk(b"chunk");
    let refused = |filters: &[Arc<Filter>]| pipeline::key(&refs(filters), &chunk).unwrap_err().kind();
    assert_eq!(refused(&[]), ErrorKind::InvalidArgument);
    assert_eq!(refused(&[filter(&one, b"s"), filter(&other, b"s")]), ErrorKind::InvalidArgument);
    assert_eq!(refused(&[filter(&one, b"s"), Filter::open(&one, "", config(), true).unwrap()]), ErrorKind::NoState);
    let random = Filter::open(&one, "", config(), false).unwrap();
    random.load_state(b"s").unwrap();
    assert_eq!(refused(&[filter(&one, b"s"), random]), ErrorKind::InvalidArgument, "its results must not be kept");
    let closed = [filter(&one, b"s")];
    one.close(Duration::ZERO).unwrap();
    assert_eq!(refused(&closed), ErrorKind::Closed);
}

proptest! {
    #[test]
    fn chains_share_a_key_only_when_their_filters_their_order_and_their_count_are_the_same(
        a in prop::collection::vec(0..3usize, 1..5), b in prop::collection::vec(0..3usize, 1..5), secret: bool,
    ) {
        let cache = cache("", secret.then_some(ONE.as_slice()));
        let filters = [filter(&cache, b"0"), filter(&cache, b"1"), filter(&cache, b"2")];
        let chunk = digest::chunk(b"chunk");
        let key = |chain: &[usize]| chain_key(&chain.iter().map(|&i| filters[i].clone()).collect::<Vec<_>>(), &chunk);
        prop_assert_eq!(key(&a) == key(&b), a == b);
        prop_assert_ne!(key(&a), filters[a[0]].key(&chunk).unwrap(), "a chain of one is no filter");
    }
}
