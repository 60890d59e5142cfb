//! Makes docs/performance.md: `peers-report FOLDER PAGE`, where the folder has the JSON of the last runs.

use peers::report::{Growth, Run, write};
use serde_json::Value as Json;
use std::path::PathBuf;

fn main() {
    let mut words = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(folder), Some(page)) = (words.next(), words.next()) else {
        eprintln!("this takes the folder of a run's JSON, and the page to write");
        std::process::exit(2);
    };
    let is_here = |name: &str| folder.join(name).exists();
    let read = |name: &str| -> Json {
        let path = folder.join(name);
        let text = std::fs::read(&path).unwrap_or_else(|e| panic!("{} can't be read: {e}", path.display()));
        serde_json::from_slice(&text).unwrap_or_else(|e| panic!("{} is no JSON: {e}", path.display()))
    };
    let run = is_here("peers.json").then(|| Run {
        peers: read("peers.json"),
        threads: read("peers-threads.json"),
        memory: read("peers-memory.json"),
    });
    let growth =
        is_here("growth.json").then(|| Growth { alone: read("growth.json"), threads: read("growth-threads.json") });
    write(run.as_ref(), growth.as_ref(), &page).unwrap_or_else(|e| panic!("{} can't be written: {e}", page.display()));
}
