//! Stats as text: JSON for programs, and the Prometheus exposition format for a scrape.

use crate::options::UNLIMITED;
use crate::stats::{CacheStats, FilterStats};
use crate::tier::stats::TierStats;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How stats are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object: the cache's numbers, its name, an object of filters by id, and one of the tiers behind memory.
    Json,
    /// Prometheus' text format 0.0.4, the names beginning with `streamcache_`.
    Prometheus,
}

/// A number that is counted or read, and how it is called.
struct Metric<T> {
    /// In JSON and in C.
    name: &'static str,
    /// In Prometheus, behind `streamcache_`; counters end in `_total`.
    prometheus: &'static str,
    help: &'static str,
    /// None where it is not known.
    read: fn(&T) -> Option<u64>,
}

impl<T> Metric<T> {
    fn kind(&self) -> &'static str {
        if self.prometheus.ends_with("_total") { "counter" } else { "gauge" }
    }

    /// Times are seconds in Prometheus, and no limit is infinity.
    fn prometheus_value(&self, stats: &T) -> Option<String> {
        (self.read)(stats).map(|number| match number {
            UNLIMITED => "+Inf".into(),
            nanoseconds if self.name.ends_with("_ns") => format!("{:?}", nanoseconds as f64 / 1e9),
            milliseconds if self.name.ends_with("_ms") => format!("{:?}", milliseconds as f64 / 1e3),
            number => number.to_string(),
        })
    }

    fn json_value(&self, stats: &T) -> Json {
        match (self.read)(stats) {
            Some(UNLIMITED) => "unlimited".into(),
            number => number.into(),
        }
    }
}

macro_rules! metric {
    ($name:ident, $prometheus:literal, $help:literal) => {
        Metric { name: stringify!($name), prometheus: $prometheus, help: $help, read: |stats| stats.$name.into() }
    };
    ($name:ident(), $prometheus:literal, $help:literal) => {
        Metric { name: stringify!($name), prometheus: $prometheus, help: $help, read: |stats| stats.$name().into() }
    };
}

const CACHE: [Metric<CacheStats>; 21] = [
    metric!(lookups(), "lookups_total", "Lookups, each counted once."),
    metric!(hits, "hits_total", "Lookups that found their result."),
    metric!(misses, "misses_total", "Lookups that did not."),
    metric!(coalesced, "coalesced_total", "Lookups that got the result another caller was computing."),
    metric!(bypassed, "bypassed_total", "Lookups that were told not to look."),
    metric!(rejected, "rejected_total", "Lookups that found a rejection."),
    metric!(busy, "busy_total", "Times a caller gave up waiting for another's computation."),
    metric!(expired, "expired_total", "Misses whose result was there with its time to live over."),
    metric!(puts, "puts_total", "Results stored."),
    metric!(evictions, "evictions_total", "Results given up for others."),
    metric!(not_stored, "not_stored_total", "Puts that could not be stored."),
    metric!(entries, "entries", "Results stored now."),
    metric!(max_chunks, "max_chunks", "The limit on results."),
    metric!(bytes, "bytes", "Bytes charged now."),
    metric!(max_bytes, "max_bytes", "The limit on bytes."),
    metric!(detached_bytes, "detached_bytes", "Bytes of values that were not stored and live with their callers."),
    metric!(
        leased_bytes,
        "leased_bytes",
        "Bytes of results that left the cache and are still leased, and of open tickets."
    ),
    metric!(state_bytes, "state_bytes", "Bytes of states."),
    metric!(open_tickets, "open_tickets", "Computations under way."),
    metric!(oldest_ticket_ms, "oldest_ticket_seconds", "How long the oldest of them has been under way."),
    metric!(time_saved_ns, "time_saved_seconds_total", "Compute time that hits saved."),
];

const FILTER: [Metric<FilterStats>; 8] = [
    metric!(lookups(), "filter_lookups_total", "Lookups of a filter, each counted once."),
    metric!(hits, "filter_hits_total", "Lookups of a filter that found their result."),
    metric!(misses, "filter_misses_total", "Lookups of a filter that did not."),
    metric!(coalesced, "filter_coalesced_total", "Lookups of a filter that got what another caller was computing."),
    metric!(bypassed, "filter_bypassed_total", "Lookups of a filter that were told not to look."),
    metric!(rejected, "filter_rejected_total", "Lookups of a filter that found a rejection."),
    metric!(puts, "filter_puts_total", "Results of a filter stored."),
    metric!(time_saved_ns, "filter_time_saved_seconds_total", "Compute time that a filter's hits saved."),
];

/// Those it refused are told by their reason.
const TIER: [Metric<TierStats>; 14] = [
    metric!(hits, "tier_hits_total", "Lookups a tier was asked for, and had."),
    metric!(misses, "tier_misses_total", "Lookups a tier was asked for, and had not, or not in time."),
    metric!(written(), "tier_written_total", "Results written to a tier."),
    metric!(dropped(), "tier_dropped_total", "Results not written to a tier for want of room or time."),
    metric!(superseded(), "tier_superseded_total", "Results removed, purged or replaced before they were written."),
    metric!(faults(), "tier_faults_total", "Writes to a tier given up, and calls that failed."),
    metric!(pending(), "tier_pending", "Results that wait to be written to a tier."),
    metric!(pending_bytes(), "tier_pending_bytes", "Bytes of memory that they keep."),
    metric!(entries(), "tier_entries", "Results a tier has."),
    metric!(bytes(), "tier_bytes", "Bytes a tier uses."),
    metric!(max_bytes(), "tier_max_bytes", "Their limit."),
    metric!(evictions(), "tier_evictions_total", "Results a tier gave up for others."),
    metric!(too_large(), "tier_too_large_total", "Results a tier was not given because they are larger than it takes."),
    Metric {
        name: "is_resting",
        prometheus: "tier_resting",
        help: "1 while a tier is not asked, after faults.",
        read: |stats| Some(stats.resting().is_some().into()),
    },
];

const REFUSED: Metric<u64> = Metric {
    name: "refused",
    prometheus: "tier_refused_total",
    help: "Results of a tier that did not check, by reason.",
    read: |times| Some(*times),
};

/// What is told of one cache.
pub(crate) struct Told<'a> {
    pub(crate) name: &'a str,
    pub(crate) cache: CacheStats,
    /// By id.
    pub(crate) filters: BTreeMap<Box<str>, FilterStats>,
    /// By name.
    pub(crate) tiers: Vec<(&'static str, TierStats)>,
}

/// A cache's stats, its filters' and its tiers', in `format`.
pub(crate) fn write(format: Format, told: &Told<'_>) -> String {
    match format {
        Format::Json => json_text(told),
        Format::Prometheus => prometheus_text(told),
    }
}

fn json_text(told: &Told<'_>) -> String {
    let Told { name, cache, filters, tiers } = told;
    let numbers = |stats: &FilterStats| -> Map<String, Json> {
        FILTER.iter().map(|metric| (metric.name.into(), metric.json_value(stats))).collect()
    };
    let mut object: Map<String, Json> =
        CACHE.iter().map(|metric| (metric.name.into(), metric.json_value(cache))).collect();
    object.insert("name".into(), (*name).into());
    let filters: Map<String, Json> = filters.iter().map(|(id, stats)| ((**id).into(), numbers(stats).into())).collect();
    object.insert("filters".into(), filters.into());
    let tiers: Map<String, Json> = tiers.iter().map(|(tier, stats)| ((*tier).into(), tier_json(stats))).collect();
    object.insert("tiers".into(), tiers.into());
    json!(object).to_string()
}

fn tier_json(stats: &TierStats) -> Json {
    let mut object: Map<String, Json> =
        TIER.iter().map(|metric| (metric.name.into(), metric.json_value(stats))).collect();
    object.insert(REFUSED.name.into(), stats.refusals().into());
    let refusals: Map<String, Json> =
        stats.refused.iter().map(|(reason, times)| ((*reason).into(), (*times).into())).collect();
    object.insert("refusals".into(), refusals.into());
    object.insert("resting".into(), stats.resting().into());
    object.insert("last_fault".into(), stats.last_fault().into());
    object.into()
}

fn prometheus_text(told: &Told<'_>) -> String {
    let Told { name, cache, filters, tiers } = told;
    let mut text = String::new();
    let label = &escaped(name);
    for metric in &CACHE {
        family(&mut text, metric, [(format!("cache=\"{label}\""), cache)]);
    }
    for metric in &FILTER {
        let labelled =
            filters.iter().map(|(id, stats)| (format!("cache=\"{label}\",filter=\"{}\"", escaped(id)), stats));
        family(&mut text, metric, labelled);
    }
    for metric in &TIER {
        let labelled = tiers.iter().map(|(tier, stats)| (format!("cache=\"{label}\",tier=\"{tier}\""), stats));
        family(&mut text, metric, labelled);
    }
    let refused = tiers.iter().flat_map(|(tier, stats)| {
        let labels = move |reason| format!("cache=\"{label}\",tier=\"{tier}\",reason=\"{reason}\"");
        stats.refused.iter().map(move |(reason, times)| (labels(reason), times))
    });
    family(&mut text, &REFUSED, refused);
    text
}

/// One metric of all that have it, each by its labels; nothing where it is known of none.
fn family<'a, T: 'a>(text: &mut String, metric: &Metric<T>, all: impl IntoIterator<Item = (String, &'a T)>) {
    let Metric { prometheus, help, .. } = metric;
    let known = all.into_iter().filter_map(|(labels, stats)| Some((labels, metric.prometheus_value(stats)?)));
    for (n, (labels, value)) in known.enumerate() {
        if n == 0 {
            let kind = metric.kind();
            let _ = writeln!(text, "# HELP streamcache_{prometheus} {help}\n# TYPE streamcache_{prometheus} {kind}");
        }
        let _ = writeln!(text, "streamcache_{prometheus}{{{labels}}} {value}");
    }
}

/// A label's value: backslash, quote and line feed are escaped, nothing else.
fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tier::StoreStats;

    fn told(cache: CacheStats) -> Told<'static> {
        let odd = FilterStats { hits: 3, misses: 1, time_saved_ns: 1_500_000_000, ..FilterStats::default() };
        let filters = [("plain".into(), FilterStats::default()), ("a \"b\"\\\n".into(), odd)].into();
        let store = StoreStats { entries: Some(7), resting: Some("no \"space\"".into()), ..StoreStats::default() };
        let disk = TierStats { hits: 5, refused: vec![("version", 1), ("checksum", 2)], store, ..TierStats::default() };
        Told { name: "main", cache, filters, tiers: vec![("disk", disk), ("remote", TierStats::default())] }
    }

    #[test]
    fn json_has_every_number_by_its_c_name() {
        let cache = CacheStats { hits: 2, bypassed: 1, max_chunks: UNLIMITED, ..CacheStats::default() };
        let json: Json = serde_json::from_str(&write(Format::Json, &told(cache))).unwrap();
        assert_eq!((&json["lookups"], &json["hits"], &json["max_chunks"]), (&json!(3), &json!(2), &json!("unlimited")));
        assert_eq!((&json["name"], &json["filters"]["a \"b\"\\\n"]["lookups"]), (&json!("main"), &json!(4)));
        let (disk, remote) = (&json["tiers"]["disk"], &json["tiers"]["remote"]);
        assert_eq!((&disk["hits"], &disk["refused"], &disk["refusals"]["checksum"]), (&json!(5), &json!(3), &json!(2)));
        assert_eq!((&disk["is_resting"], &disk["resting"]), (&json!(1), &json!("no \"space\"")));
        assert_eq!((&disk["entries"], &remote["entries"], &remote["resting"]), (&json!(7), &Json::Null, &Json::Null));
    }

    #[test]
    fn prometheus_names_each_family_once() {
        let text = write(Format::Prometheus, &told(CacheStats::default()));
        assert_eq!(text.matches("# TYPE streamcache_filter_hits_total counter").count(), 1);
        assert!(text.contains("streamcache_filter_hits_total{cache=\"main\",filter=\"a \\\"b\\\"\\\\\\n\"} 3\n"));
        assert!(text.contains("filter=\"a \\\"b\\\"\\\\\\n\"} 1.5\n"));
        assert!(text.contains("# TYPE streamcache_bytes gauge\nstreamcache_bytes{cache=\"main\"} 0\n"));
        assert_eq!(text.matches("# TYPE streamcache_tier_hits_total counter").count(), 1);
        assert!(text.contains("streamcache_tier_refused_total{cache=\"main\",tier=\"disk\",reason=\"checksum\"} 2\n"));
        assert_eq!(text.matches("streamcache_tier_entries{").count(), 1, "what is not known is left out");
        assert!(!text.contains("tier_bytes"), "and of none there is no family");
    }
}
