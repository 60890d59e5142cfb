//! What the benchmarks share: their arguments, the goals, and plain tables.

pub mod goal;
pub mod table;

use goal::Goal;
use serde_json::{Map, Value as Json};
use std::path::PathBuf;

/// What a benchmark was asked for.
pub struct Arguments {
    /// A smoke test: few rounds, small caches.
    pub quick: bool,
    /// Sections to run; none means all.
    names: Vec<String>,
    /// Where to write the machine-readable report.
    pub json: Option<PathBuf>,
    /// What to compare with instead of the goals: an older library, or what an older benchmark wrote.
    pub against: Option<PathBuf>,
}

impl Arguments {
    /// Reads the command line; cargo itself adds `--bench`.
    pub fn read() -> Self {
        let mut arguments = Self { quick: false, names: Vec::new(), json: None, against: None };
        let mut words = std::env::args_os().skip(1);
        while let Some(word) = words.next() {
            match word.to_str() {
                Some("--bench") => {}
                Some("--quick") => arguments.quick = true,
                Some("--against") => arguments.against = words.next().map(PathBuf::from),
                Some("--json") => arguments.json = words.next().map(PathBuf::from),
                Some(name) if !name.starts_with('-') => arguments.names.push(name.into()),
                _ => {
                    eprintln!(
                        "unknown argument {word:?}: this takes --quick, --json FILE, --against FILE and names of sections"
                    );
                    std::process::exit(2);
                }
            }
        }
        arguments
    }

    /// Whether a section was asked for.
    pub fn wants(&self, section: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|name| name == section)
    }
}

/// What a run found: sections for machines, and the goals for everyone.
#[derive(Default)]
pub struct Report {
    sections: Map<String, Json>,
    goals: Vec<Goal>,
}

impl Report {
    /// Adds a section to the JSON report.
    pub fn section(&mut self, name: &str, content: Json) {
        self.sections.insert(name.into(), content);
    }

    /// Adds a goal to judge.
    pub fn goal(&mut self, goal: Goal) {
        self.goals.push(goal);
    }

    /// Prints a line for each goal, and writes the JSON report if it was asked for.
    pub fn finish(mut self, arguments: &Arguments) {
        println!();
        for goal in &self.goals {
            println!("{goal}");
        }
        self.section("goals", self.goals.iter().map(Goal::json).collect());
        if let Some(path) = &arguments.json {
            std::fs::write(path, format!("{:#}\n", Json::Object(self.sections)))
                .unwrap_or_else(|e| panic!("{} can't be written: {e}", path.display()));
        }
    }
}
