//! How fast beside its peers. Sections: hit, batch, lookup, put, zipf, border, and threads, which wants two cores.

use peers::cell::{self, Cell};
use peers::common::{Arguments, Report};
use peers::goals::{self, NotApplicable};
use peers::library::Library;
use peers::machine::Machine;
use peers::steady::{self, Work};
use peers::{batch, border, hit, threads};

type Measure = fn(&Library, bool) -> Vec<Cell>;

const SECTIONS: [(&str, &str, Measure); 7] = [
    ("hit", "A whole hit by size of the chunk", hit::measure),
    ("batch", "Small chunks, in batches of 16 where there are such", batch::measure),
    ("lookup", "A lookup by number of entries", |library, quick| steady::measure(Work::Lookup, library, quick)),
    ("put", "A put with eviction by number of entries", |library, quick| steady::measure(Work::Put, library, quick)),
    ("zipf", "90% lookups, 10% puts, Zipf's law", |library, quick| steady::measure(Work::Zipf, library, quick)),
    ("border", "The C ABI and the Rust call", border::measure),
    ("threads", "One thread and two, wall time by operation", threads::measure),
];

fn main() {
    let arguments = Arguments::read();
    let machine = Machine::look();
    let library = Library::beside_this_program();
    println!("streamcache {} beside its peers", library.version());
    machine.print();
    let about = machine.json();
    let (mut report, mut not) = (Report::default(), NotApplicable::default());
    for (section, heading, measure) in SECTIONS.iter().filter(|(section, ..)| arguments.wants(section)) {
        let cells = measure(&library, arguments.quick);
        if !cells.is_empty() {
            cell::print(heading, &cells);
            report.section(section, cells.iter().map(Cell::json).collect());
        }
        goals::judge(section, &cells, &about["features"], &mut report, &mut not);
        if *section == "border" {
            border::goal(&cells, &mut report);
        }
    }
    report.section("machine", about);
    report.section("not_applicable", not.json());
    report.finish(&arguments);
}
