//! `docs/performance.md` and its plots, from the JSON of a run.

mod growth;
mod plot;
mod tables;

use crate::steady::IN_TURN;
pub use growth::Growth;
use plot::Series;
use serde_json::Value as Json;
use std::path::Path;
use tables::{Measure, goals, memory, section};

/// What a run wrote: by one core, by two, and of the allocator.
pub struct Run {
    pub peers: Json,
    pub threads: Json,
    pub memory: Json,
}

struct Figure {
    section: &'static str,
    heading: &'static str,
    text: &'static str,
    /// Of which of its cells a plot is made: those whose names begin so. They become the places on its axis.
    plotted: &'static str,
    plot: &'static str,
}

const FIGURES: [Figure; 5] = [
    Figure {
        section: "hit",
        heading: "A whole hit",
        text: "Hash of the chunk, key composition, lookup, reading the value; 100,000 entries. Hot chunks stay in L1; cold ones \
               come in a shuffled order from 64 MiB, each peer in another part of them.",
        plotted: "cold, ",
        plot: "A whole hit of a cold chunk, ns",
    },
    Figure {
        section: "batch",
        heading: "Small chunks in batches",
        text: "The same of cold chunks of up to 1 KiB, by buffer, 16 to a call. The peers take them one by one: they have no other \
               way.",
        plotted: "cold, ",
        plot: "A whole hit of a cold chunk in a batch of 16, ns a chunk",
    },
    Figure {
        section: "lookup",
        heading: "A lookup by a ready key",
        text: "Random order, every one a hit, by number of entries. A processor may wait for the memory of several lookups at once; \
               *in turn* no lookup can begin before the last one's value was read.",
        plotted: "",
        plot: "A lookup by number of entries, ns",
    },
    Figure {
        section: "put",
        heading: "A put with eviction",
        text: "New keys only, so that each put evicts one; measured after all entries have been replaced once.",
        plotted: "",
        plot: "A put with eviction by number of entries, ns",
    },
    Figure {
        section: "zipf",
        heading: "90% lookups, 10% puts",
        text: "Four times as many keys as there is room for, as popular as Zipf's law has it (exponent 0.99). Misses are not \
               computed.",
        plotted: "",
        plot: "90% lookups and 10% puts by number of entries, ns",
    },
];

/// Writes the page and, in a folder of its name beside it, the plots. What was not run stays as the page has it.
pub fn write(run: Option<&Run>, growth: Option<&Growth>, page: &Path) -> std::io::Result<()> {
    let folder = page.with_extension("");
    std::fs::create_dir_all(&folder)?;
    let place = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let image = |name: &str, alt: &str| format!("![{alt}]({place}/{name}.svg)\n");

    let old = if page.exists() { std::fs::read_to_string(page)? } else { String::new() };
    let (old_peers, old_growth) = old.split_at(old.find(growth::HEADING).unwrap_or(old.len()));
    let mut text = run.map_or_else(|| old_peers.into(), |run| peers(run, &folder, &image));
    text += &growth.map_or_else(|| old_growth.into(), |growth| growth::write(growth, &folder, &image));
    std::fs::write(page, text)
}

/// All but the last section.
fn peers(run: &Run, folder: &Path, image: &dyn Fn(&str, &str) -> String) -> String {
    let mut text = introduction(run);
    text += "\n## Goals\n\nAll are upper limits: a time, or bytes, of streamcache in parts of the other's.\n";
    text += &goals(&[&run.peers, &run.threads, &run.memory]);
    for Figure { section: name, heading, text: about, plotted, plot } in &FIGURES {
        let Some(cells) = run.peers[name].as_array() else { continue };
        plot::lines(&folder.join(format!("{name}.svg")), plot, &series(cells, plotted));
        let cells = || cells.iter();
        text += &format!("\n## {heading}\n\n{about}\n\n{}", image(name, plot));
        text += &section(cells(), Measure::Ratio);
        text += &section(cells(), Measure::Ns);
    }
    if let Some(cells) = run.peers["border"].as_array() {
        text += "\n## What the C ABI costs\n\nThe same lookups of 512 keys through C (get, data, release: three calls) and through Rust.\n";
        text += &section(cells.iter(), Measure::Ns);
    }
    if let Some(cells) = run.threads["threads"].as_array() {
        text += "\n## One thread and two\n\nWall time divided by the operations of both, 100,000 entries, each thread with keys of its own.\n";
        text += &section(cells.iter(), Measure::Ratio);
        text += &section(cells.iter(), Measure::Ns);
    }
    if let Some(rows) = run.memory["memory"].as_array() {
        let title = "Index bytes an entry after churn";
        plot::bars(&folder.join("memory.svg"), title, &tables::churned(rows));
        text += "\n## Memory\n\nIndex bytes an entry, counted by the allocator: everything alive but the values, when full and after five \
                 times the capacity in new keys.\n\n";
        text += &image("memory", title);
        text += &memory(rows);
    }
    text
}

fn introduction(run: &Run) -> String {
    format!(
        "# Performance\n\n\
         Made by `script/bench peers --seed --report`: don't edit. Every peer does the whole job with the same keys and values of 256 \
         bytes, each with the defaults of its own documentation (foyer with S3-FIFO), one process, interleaved rounds, medians and \
         quartiles. The seed is the cache this project began from, `somatize-core` 0.2.8; it is measured only when asked for, its \
         licence (Elastic-2.0) being no open-source one. Versions are pinned in `benches/peers/Cargo.lock`.\n\n{}",
        machine(&run.peers["machine"])
    )
}

/// Which machine it was, and whether it had other work.
fn machine(machine: &Json) -> String {
    let word = |name: &str| machine[name].as_str().unwrap_or("unknown").to_owned();
    let features: Vec<&str> = machine["features"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    let (cores, load) = (machine["cores"].as_u64().unwrap_or(0), machine["load"].as_f64().unwrap_or(0.0));
    let busy = match load > cores as f64 / 2.0 {
        true => "\n**The machine was busy with other work: trust the ratios, not the times.**\n",
        false => "",
    };
    format!(
        "{}, {cores} cores, {}; caches {}; huge pages {}; {}; load {load:.2} when it began.\n{busy}",
        word("cpu"),
        features.join(" "),
        word("caches"),
        word("huge_pages"),
        word("compiler"),
    )
}

/// One line a side, over the cells whose names begin so.
fn series(cells: &[Json], prefix: &str) -> Vec<Series> {
    let mut all: Vec<Series> = Vec::new();
    for cell in cells {
        let Some(place) = cell["cell"].as_str().and_then(|name| name.strip_prefix(prefix)) else { continue };
        if place.ends_with(IN_TURN) {
            continue; // no place of its own on the axis
        }
        for side in cell["sides"].as_array().into_iter().flatten() {
            let (Some(name), Some(ns)) = (side["side"].as_str(), side["ns"]["median"].as_f64()) else { continue };
            let at = match all.iter().position(|series| series.name == name) {
                Some(at) => at,
                None => {
                    all.push(Series { name: name.into(), points: Vec::new() });
                    all.len() - 1
                }
            };
            all[at].points.push((place.into(), ns));
        }
    }
    all
}
