//! This library against an older one: both in this process, in alternating rounds. The older one is there a second
//! time, from a copy of its file, and how far the two differ is what a difference must exceed to mean anything.
//!
//! Where memory lies counts for more than a round's noise, so everything is made several times anew, each time first for
//! another library, and a row is the median of these settings.

use super::common::Report;
use super::common::goal::{Goal, Unit};
use super::common::table::{self, grouped};
use super::library::{Cache, Filter, Library};
use super::put::{Work, bytes_for_entries, limits};
use super::ring::{Ring, size_name};
use super::rounds::{Spread, alternate};
use crate::row;
use serde_json::{Value as Json, json};
use std::path::Path;

const SIZES: [usize; 4] = [64, 1 << 10, 4 << 10, 64 << 10];
const VALUE_BYTES: usize = 256;
const RATIO: Unit = Unit { name: "×", decimals: 3, compared: "the older one" };
/// A goal unless the two copies of the older library differ by more.
const LIMIT: f64 = 1.03;

/// How many settings, and how many rounds in each.
#[derive(Clone, Copy)]
struct Effort {
    settings: usize,
    lookups: usize,
    puts: usize,
}

const EFFORT: Effort = Effort { settings: 9, lookups: 128, puts: 61 };
const QUICK_EFFORT: Effort = Effort { settings: 3, lookups: 32, puts: 21 };

/// This library, the older one, and the older one again.
type Three<T> = [T; 3];

/// One row: medians by setting.
#[derive(Default)]
struct Row {
    what: String,
    ratio: Vec<f64>,
    control: Vec<f64>,
    new_ns: Vec<f64>,
    old_ns: Vec<f64>,
}

impl Row {
    fn add(&mut self, [new, old, again]: Three<Vec<f64>>) {
        self.ratio.push(Spread::of_ratios(&new, &old).median);
        self.control.push(Spread::of_ratios(&again, &old).median);
        self.new_ns.push(Spread::of(new).median);
        self.old_ns.push(Spread::of(old).median);
    }

    /// By how much the older library seems slower than itself in a setting that is worse than most.
    fn noise(&self) -> f64 {
        Spread::of(self.control.iter().map(|ratio| ratio.max(1.0 / ratio))).p75
    }

    fn goal(&self) -> Goal {
        let measured = Spread::of(self.ratio.iter().copied()).median;
        Goal { what: self.what.clone(), measured, limit: LIMIT.max(self.noise()), unit: &RATIO }
    }

    fn cells(&self) -> Vec<String> {
        let [ratio, control, new, old] =
            [&self.ratio, &self.control, &self.new_ns, &self.old_ns].map(|sample| Spread::of(sample.iter().copied()));
        row![
            self.what,
            format!("{:.3}", ratio.median),
            format!("{:.3}–{:.3}", ratio.p25, ratio.p75),
            format!("{:.3}", control.median),
            format!("{:.3}–{:.3}", control.p25, control.p75),
            grouped(new.median),
            grouped(old.median),
        ]
    }

    fn json(&self) -> Json {
        let of = |sample: &[f64]| Spread::of(sample.iter().copied()).json();
        json!({
            "what": self.what, "ratio": of(&self.ratio), "control": of(&self.control), "noise": self.noise(),
            "new_ns": of(&self.new_ns), "old_ns": of(&self.old_ns),
        })
    }
}

pub fn measure(new: &Library, older: &Path, quick: bool, wants: impl Fn(&str) -> bool, report: &mut Report) {
    let copy = older.with_extension("again.so"); // the same file would be the same library
    std::fs::copy(older, &copy).expect("the older library can be copied beside itself");
    let (old, again) = (Library::open(older), Library::open(&copy));
    assert!(new.is_other_than(&old) && old.is_other_than(&again) && new.is_other_than(&again));
    let libraries = [new, &old, &again];
    let effort = if quick { QUICK_EFFORT } else { EFFORT };
    let mut rows = Vec::new();
    if wants("hit") {
        rows.extend(lookups(libraries, effort));
    }
    if wants("put") {
        rows.extend(puts(libraries, effort));
    }
    let mut cells = vec![row!["", "new/old", "p25–p75", "old/old", "p25–p75", "new ns", "old ns"]];
    cells.extend(rows.iter().map(Row::cells));
    let heading = format!(
        "This library against {}, {}: medians of {} settings of alternating rounds",
        old.version(),
        older.display(),
        effort.settings
    );
    table::print(&heading, &cells);
    report.section("against", rows.iter().map(Row::json).collect());
    for row in &rows {
        report.goal(row.goal());
    }
}

/// Made for each of the three, for another one first in each setting.
fn for_each<T>(setting: usize, mut make: impl FnMut(usize) -> T) -> Three<T> {
    let mut made = [None, None, None];
    for turn in 0..3 {
        let which = (setting + turn) % 3;
        made[which] = Some(make(which));
    }
    made.map(|one| one.expect("each had its turn"))
}

fn lookups(libraries: Three<&Library>, effort: Effort) -> Vec<Row> {
    let mut hits: Vec<Row> =
        SIZES.map(|size| Row { what: format!("hit, hot, {}", size_name(size)), ..Row::default() }).into();
    let mut misses = Row { what: format!("miss, hot, {}", size_name(SIZES[0])), ..Row::default() };
    for (size, row) in SIZES.into_iter().zip(&mut hits) {
        let ring = Ring::new(size);
        for setting in 0..effort.settings {
            let caches = for_each(setting, |which| libraries[which].cache("{}"));
            let filters = for_each(setting, |which| full(&caches[which], &ring));
            row.add(look_up(&filters, &ring, true, effort.lookups));
            if size == SIZES[0] {
                let strangers = for_each(setting, |which| caches[which].filter(b"has put nothing"));
                misses.add(look_up(&strangers, &ring, false, effort.lookups));
            }
        }
    }
    hits.push(misses);
    hits
}

/// A filter that has put a result for each chunk of the ring.
fn full<'a>(cache: &Cache<'a>, ring: &Ring) -> Filter<'a> {
    let filter = cache.filter(b"");
    for chunk in ring.chunks() {
        assert!(filter.put(chunk, &[1; VALUE_BYTES]), "the default budget holds every chunk's result");
    }
    filter
}

fn look_up(filters: &Three<Filter<'_>>, ring: &Ring, hit: bool, rounds: usize) -> Three<Vec<f64>> {
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for rounds in [rounds / 8, rounds] {
        // The first few warm up, and are forgotten.
        times = alternate(
            rounds,
            filters.each_ref().map(|filter| {
                |_round: usize| {
                    let chunks = ring.hot();
                    let count = chunks.len();
                    let found = chunks.filter(|chunk| filter.hit(chunk)).count();
                    assert_eq!(found, if hit { count } else { 0 });
                    count
                }
            }),
        );
    }
    times
}

fn puts(libraries: Three<&Library>, effort: Effort) -> Vec<Row> {
    let work = Work::new(effort.puts);
    // One budget for all, as for a caller who upgrades; the older one need not have such stats.
    let rows = limits(bytes_for_entries(libraries[0], &work)).map(|(name, options)| {
        let mut row = Row { what: format!("put with eviction, {name}"), ..Row::default() };
        for setting in 0..effort.settings {
            let caches = for_each(setting, |which| {
                let cache = libraries[which].cache(&options);
                work.warm_up().iter().for_each(|key| assert!(cache.put(key, work.value(key))));
                cache
            });
            row.add(alternate(
                effort.puts,
                caches.each_ref().map(|cache| {
                    |round: usize| {
                        let keys = work.round(round);
                        keys.iter().for_each(|key| assert!(cache.put(key, work.value(key))));
                        keys.len()
                    }
                }),
            ));
        }
        row
    });
    rows.into()
}
