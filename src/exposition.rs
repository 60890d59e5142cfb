//! Stats as text: JSON for programs, and the Prometheus exposition format for a scrape.

use crate::options::UNLIMITED;
use crate::stats::{CacheStats, FilterStats};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How stats are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object: the cache's numbers, its name, and an object of filters by id.
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
    read: fn(&T) -> u64,
}

impl<T> Metric<T> {
    fn kind(&self) -> &'static str {
        if self.prometheus.ends_with("_total") { "counter" } else { "gauge" }
    }

    /// Times are seconds in Prometheus, and no limit is infinity.
    fn prometheus_value(&self, stats: &T) -> String {
        match (self.read)(stats) {
            UNLIMITED => "+Inf".into(),
            nanoseconds if self.name.ends_with("_ns") => format!("{:?}", nanoseconds as f64 / 1e9),
            milliseconds if self.name.ends_with("_ms") => format!("{:?}", milliseconds as f64 / 1e3),
            number => number.to_string(),
        }
    }

    fn json_value(&self, stats: &T) -> Json {
        match (self.read)(stats) {
            UNLIMITED => "unlimited".into(),
            number => number.into(),
        }
    }
}

macro_rules! metric {
    ($name:ident, $prometheus:literal, $help:literal) => {
        Metric { name: stringify!($name), prometheus: $prometheus, help: $help, read: |stats| stats.$name }
    };
    ($name:ident(), $prometheus:literal, $help:literal) => {
        Metric { name: stringify!($name), prometheus: $prometheus, help: $help, read: |stats| stats.$name() }
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

/// A cache's stats and its filters', by id, in `format`.
pub(crate) fn write(
    format: Format, name: &str, cache: &CacheStats, filters: &BTreeMap<Box<str>, FilterStats>,
) -> String {
    match format {
        Format::Json => json_text(name, cache, filters),
        Format::Prometheus => prometheus_text(name, cache, filters),
    }
}

fn json_text(name: &str, cache: &CacheStats, filters: &BTreeMap<Box<str>, FilterStats>) -> String {
    let numbers = |stats: &FilterStats| -> Map<String, Json> {
        FILTER.iter().map(|metric| (metric.name.into(), metric.json_value(stats))).collect()
    };
    let mut object: Map<String, Json> =
        CACHE.iter().map(|metric| (metric.name.into(), metric.json_value(cache))).collect();
    object.insert("name".into(), name.into());
    let filters: Map<String, Json> = filters.iter().map(|(id, stats)| ((**id).into(), numbers(stats).into())).collect();
    object.insert("filters".into(), filters.into());
    json!(object).to_string()
}

fn prometheus_text(name: &str, cache: &CacheStats, filters: &BTreeMap<Box<str>, FilterStats>) -> String {
    let mut text = String::new();
    let label = escaped(name);
    for metric in &CACHE {
        head(&mut text, metric);
        let value = metric.prometheus_value(cache);
        let _ = writeln!(text, "streamcache_{}{{cache=\"{label}\"}} {value}", metric.prometheus);
    }
    for metric in FILTER.iter().filter(|_| !filters.is_empty()) {
        head(&mut text, metric);
        for (id, stats) in filters {
            let (id, value) = (escaped(id), metric.prometheus_value(stats));
            let _ = writeln!(text, "streamcache_{}{{cache=\"{label}\",filter=\"{id}\"}} {value}", metric.prometheus);
        }
    }
    text
}

fn head<T>(text: &mut String, metric: &Metric<T>) {
    let Metric { prometheus, help, .. } = metric;
    let _ = writeln!(text, "# HELP streamcache_{prometheus} {help}\n# TYPE streamcache_{prometheus} {}", metric.kind());
}

/// A label's value: backslash, quote and line feed are escaped, nothing else.
fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters() -> BTreeMap<Box<str>, FilterStats> {
        let odd = FilterStats { hits: 3, misses: 1, time_saved_ns: 1_500_000_000, ..FilterStats::default() };
        [("plain".into(), FilterStats::default()), ("a \"b\"\\\n".into(), odd)].into()
    }

    #[test]
    fn json_has_every_number_by_its_c_name() {
        let cache = CacheStats { hits: 2, bypassed: 1, max_chunks: UNLIMITED, ..CacheStats::default() };
        let json: Json = serde_json::from_str(&write(Format::Json, "main", &cache, &filters())).unwrap();
        assert_eq!((&json["lookups"], &json["hits"], &json["max_chunks"]), (&json!(3), &json!(2), &json!("unlimited")));
        assert_eq!((&json["name"], &json["filters"]["a \"b\"\\\n"]["lookups"]), (&json!("main"), &json!(4)));
    }

    #[test]
    fn prometheus_names_each_family_once() {
        let text = write(Format::Prometheus, "main", &CacheStats::default(), &filters());
        assert_eq!(text.matches("# TYPE streamcache_filter_hits_total counter").count(), 1);
        assert!(text.contains("streamcache_filter_hits_total{cache=\"main\",filter=\"a \\\"b\\\"\\\\\\n\"} 3\n"));
        assert!(text.contains("filter=\"a \\\"b\\\"\\\\\\n\"} 1.5\n"));
        assert!(text.contains("# TYPE streamcache_bytes gauge\nstreamcache_bytes{cache=\"main\"} 0\n"));
    }
}
