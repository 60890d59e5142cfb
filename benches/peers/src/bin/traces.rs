//! Hit ratios on recorded traffic: every `.u32` file of a directory is a trace; and compute time saved on a made one.

use peers::traces::{costed, replay, trace};
use serde_json::json;
use std::path::PathBuf;

fn main() {
    let (mut directory, mut json) = (None, None);
    let mut words = std::env::args_os().skip(1);
    while let Some(word) = words.next() {
        match word.to_str() {
            Some("--json") => json = words.next().map(PathBuf::from),
            Some("--quick") => {}
            _ => directory = Some(PathBuf::from(word)),
        }
    }
    let directory = directory.expect("a directory with files *.u32");
    let traces = trace::traces_of(&directory);
    assert!(!traces.is_empty(), "{} has no file *.u32", directory.display());
    println!("Hit ratios on {} traces", traces.len());
    let (hits, mut goals) = replay::measure(&traces);
    let (saved, goal) = costed::measure();
    goals.push(goal);

    println!();
    goals.iter().for_each(|goal| println!("{goal}"));
    if let Some(path) = json {
        let goals: Vec<_> = goals.iter().map(|goal| goal.json()).collect();
        let report = json!({ "hits": hits, "costed": saved, "goals": goals });
        std::fs::write(&path, format!("{report:#}\n"))
            .unwrap_or_else(|e| panic!("{} can't be written: {e}", path.display()));
    }
}
