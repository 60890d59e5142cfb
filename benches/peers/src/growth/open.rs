//! What opening a cache touches, by its budget: each in a process of its own, where no earlier one left memory behind.

use super::process::{minor_faults, touched_kib};
use crate::common::Report;
use crate::common::goal::{Goal, Unit};
use crate::common::table;
use crate::library::Library;
use crate::rounds::Spread;
use crate::row;
use serde_json::json;
use std::process::Command;
use std::time::Instant;

const MIB: u64 = 1 << 20;
const BUDGETS: [(&str, u64); 6] = [
    ("1 MiB", MIB),
    ("16 MiB", 16 * MIB),
    ("256 MiB", 256 * MIB),
    ("4 GiB", 4096 * MIB),
    ("64 GiB", 65_536 * MIB),
    ("1 TiB", 1_048_576 * MIB),
];
/// The most a cache opens with, whatever its budget: 64 KiB and 8 for each of 64 shards, as the header has it.
const FIXED_BASE: f64 = 576.0;
const KIB: Unit = Unit { name: "KiB", decimals: 0, compared: "" };
const PROCESSES: usize = 9;
const QUICK_PROCESSES: usize = 3;
const ONE: &str = "open-one";

/// What one opening took.
struct Opening {
    kib: f64,
    faults: f64,
    us: f64,
}

/// Whether this process is one that opens a single cache; if so, it has.
pub fn was_one() -> bool {
    let words: Vec<String> = std::env::args().collect();
    let [_, one, budget] = &words[..] else { return false };
    if one != ONE {
        return false;
    }
    let options = format!(r#"{{"max_bytes": {budget}}}"#);
    let library = Library::beside_this_program();
    touched_kib(); // asking takes memory, too
    let (kib, faults, begin) = (touched_kib(), minor_faults(), Instant::now());
    let cache = library.cache(&options);
    let us = begin.elapsed().as_secs_f64() * 1e6;
    let faults = minor_faults() - faults;
    println!("{} {faults} {us}", touched_kib().saturating_sub(kib));
    drop(cache);
    true
}

pub fn measure(quick: bool, report: &mut Report) {
    let processes = if quick { QUICK_PROCESSES } else { PROCESSES };
    let openings = BUDGETS.map(|(_, budget)| median_of(processes, budget));
    let mut rows = vec![row!["max_bytes", "KiB touched", "minor page faults", "µs"]];
    for ((name, _), Opening { kib, faults, us }) in BUDGETS.iter().zip(&openings) {
        rows.push(row![name, format!("{kib:.0}"), format!("{faults:.0}"), format!("{us:.0}")]);
    }
    table::print(&format!("Opening a cache by its budget, medians of {processes} processes"), &rows);
    let row = |(name, Opening { kib, faults, us }): (&str, &Opening)| json!({ "max_bytes": name, "kib": kib, "faults": faults, "us": us });
    let names = BUDGETS.iter().map(|(name, _)| *name);
    report.section("open", names.zip(&openings).map(row).collect());
    let (name, most) = (BUDGETS[BUDGETS.len() - 1].0, &openings[BUDGETS.len() - 1]);
    let what = format!("memory that opening a cache of {name} touches");
    report.goal(Goal { what, measured: most.kib, limit: FIXED_BASE, unit: &KIB });
}

fn median_of(processes: usize, budget: u64) -> Opening {
    let all: Vec<[f64; 3]> = (0..processes).map(|_| in_a_process(budget)).collect();
    let median = |which: usize| Spread::of(all.iter().map(|opening| opening[which])).median;
    Opening { kib: median(0), faults: median(1), us: median(2) }
}

fn in_a_process(budget: u64) -> [f64; 3] {
    let program = std::env::current_exe().expect("a running program has a path");
    let output = Command::new(program).args([ONE, &budget.to_string()]).output().expect("this program runs");
    let text = String::from_utf8(output.stdout).expect("figures");
    let figures: Vec<f64> = text.split_whitespace().filter_map(|figure| figure.parse().ok()).collect();
    figures.try_into().unwrap_or_else(|_| panic!("opening {budget} bytes: {}", String::from_utf8_lossy(&output.stderr)))
}
