//! Whether everything checks.

use crate::{Failure, show};
use std::collections::BTreeMap;
use std::path::Path;
use streamcache::digest::Secret;
use streamcache::tool::{Checker, Opening, Store, is_store, scan_file};

pub fn run(place: &Path, secret: Option<&Secret>, opening: Opening) -> Result<(), Failure> {
    let checker = Checker::new(secret);
    let (mut sound, mut refused) = (0u64, BTreeMap::<&'static str, u64>::new());
    let mut count = |checked: Result<(), &'static str>| match checked {
        Ok(()) => sound += 1,
        Err(why) => *refused.entry(why).or_default() += 1,
    };
    let mut broken = 0;
    // A damaged file has told of its results, too.
    let scanned = if is_store(place) {
        let store = Store::open(place, opening)?;
        let bar = show::bar(store.counts().0, false);
        let scanned = store.scan(&mut |bytes| {
            count(checker.check(bytes));
            bar.inc(1);
        });
        bar.finish_and_clear();
        scanned.map(|pages| broken = pages)
    } else {
        let bar = show::bar(place.metadata().map_or(0, |metadata| metadata.len()), true);
        let scanned = scan_file(place, &mut |envelope, at| {
            count(envelope.and_then(|bytes| checker.check(bytes)));
            bar.set_position(at);
        });
        bar.finish_and_clear();
        scanned
    };
    if broken > 0 {
        refused.insert("unreadable", broken);
    }
    println!("{sound} results check");
    refused.iter().for_each(|(why, times)| println!("{times} don't: {why}"));
    scanned?;
    match refused.values().sum::<u64>() {
        0 => Ok(()),
        n if refused.contains_key("checksum") && secret.is_none() => Err(Failure::Refused(format!(
            "{n} results don't check; if the cache has a secret, give it with --secret-file"
        ))),
        n => Err(Failure::Refused(format!("{n} results don't check; caches take each for a miss"))),
    }
}
