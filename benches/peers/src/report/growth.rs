//! The page's last section: how cost grows.

use super::plot::{self, Series};
use super::tables::{Measure, goals, markdown, section};
use super::{machine, series};
use crate::common::table::grouped;
use serde_json::Value as Json;
use std::path::Path;

/// What a run wrote: by one core, and by all, which also opened caches.
pub struct Growth {
    pub alone: Json,
    pub threads: Json,
}

/// By this the section is found in a page.
pub const HEADING: &str = "\n## Growth\n";

struct Figure {
    section: &'static str,
    heading: &'static str,
    text: &'static str,
    plot: &'static str,
}

const FIGURES: [Figure; 5] = [
    Figure {
        section: "entries",
        heading: "Entries",
        text: "Values of 64 bytes, keys in random order. Puts with eviction were measured after all entries had been replaced \
               once, puts while it grows on the way to the full number, with the index's own growth.",
        plot: "Cost by entries, ns",
    },
    Figure {
        section: "values",
        heading: "Bytes of a value",
        text: "256 entries. A lookup reads the first byte; a put copies and evicts one. Beside it the copy alone, always to \
               one place.",
        plot: "Cost by bytes of a value, ns",
    },
    Figure {
        section: "threads",
        heading: "Threads",
        text: "80,000 entries, each thread with keys of its own; wall time divided by the operations of all threads. *4 on 2* \
               are four threads on two processors: only reported.",
        plot: "Cost by threads, ns of wall time by operation",
    },
    Figure {
        section: "filters",
        heading: "Open filters",
        text: "Each with a configuration and a state of its own, 100,000 entries among them: a lookup through a random one of \
               them by the chunk's digest, and one more that is opened and released.",
        plot: "Cost by open filters, ns",
    },
    Figure {
        section: "tickets",
        heading: "Open tickets",
        text: "10,000 entries. So many tickets stay open while others look up, begin and give up, or begin and commit, which \
               replaces an entry.",
        plot: "Cost by open tickets, ns",
    },
];

/// The section, whose plots go to the folder.
pub fn write(Growth { alone, threads }: &Growth, folder: &Path, image: &dyn Fn(&str, &str) -> String) -> String {
    let mut text = format!(
        "{HEADING}\nMade by `script/bench growth --report`: don't edit. streamcache alone, through its C ABI; medians and \
         quartiles.\n\n{}",
        machine(&alone["machine"])
    );
    text += &goals(&[alone, threads]);
    for Figure { section: name, heading, text: about, plot } in &FIGURES {
        let Some(cells) = alone[name].as_array().or_else(|| threads[name].as_array()) else { continue };
        let file = format!("growth-{name}");
        plot::lines(&folder.join(format!("{file}.svg")), plot, &series(cells, ""));
        text += &format!("\n### {heading}\n\n{about}\n\n{}", image(&file, plot));
        text += &section(cells.iter(), Measure::Ns);
        if *name == "entries" {
            text += &releases(alone);
        }
    }
    if let Some(rows) = threads["open"].as_array() {
        let title = "Opening a cache, by max_bytes";
        plot::lines(&folder.join("growth-open.svg"), title, &OPENING.map(|one| opening(rows, one)));
        text += "\n### Opening\n\nWhat opening an empty cache touches, each in a process of its own: its shards, as many as its \
                 budget and the processors ask for, and nothing in proportion to the budget.\n\n";
        text += &image("growth-open", title);
        text += &open(rows);
    }
    text
}

/// How long the release of a whole cache takes.
fn releases(alone: &Json) -> String {
    let rows = || alone["releases"].as_array().into_iter().flatten();
    let figures = |row: &Json| Some((row["entries"].as_f64()?, row["seconds"].as_f64()?));
    let mut table = vec![["entries", "release, ms", "ns each"].map(String::from).to_vec()];
    for (entries, seconds) in rows().filter_map(figures) {
        table.push(vec![grouped(entries), format!("{:.2}", seconds * 1e3), grouped(seconds * 1e9 / entries)]);
    }
    let Some((entries, seconds)) = rows().filter_map(figures).next_back() else { return String::new() };
    format!(
        "\n**The release of a cache with {} entries takes {seconds:.2} seconds** on the thread that gives it up.\n{}",
        grouped(entries),
        markdown(&table)
    )
}

/// Names in the JSON, and for people.
const OPENING: [(&str, &str); 3] = [("kib", "KiB touched"), ("faults", "minor page faults"), ("us", "µs")];

fn opening(rows: &[Json], (field, name): (&str, &str)) -> Series {
    let point = |row: &Json| Some((row["max_bytes"].as_str()?.to_owned(), row[field].as_f64()?));
    Series { name: name.into(), points: rows.iter().filter_map(point).collect() }
}

fn open(rows: &[Json]) -> String {
    let names = OPENING.map(|(_, name)| name.to_owned());
    let mut table = vec![[vec!["`max_bytes`".into()], names.to_vec()].concat()];
    for row in rows {
        let figures = OPENING.map(|(field, _)| row[field].as_f64().map_or_else(|| "–".into(), grouped));
        table.push([vec![row["max_bytes"].as_str().unwrap_or("").to_owned()], figures.to_vec()].concat());
    }
    markdown(&table)
}
