//! How fast, through the real C ABI: the shared library is opened at run time and called by pointer, so that nothing is
//! inlined across its border. The other side of each comparison runs in the same process, in alternating rounds.
//!
//! - `machine`: which one, and which compiler
//! - `library`: the shared library as a C program sees it
//! - `rounds`: alternating rounds, medians and spreads
//! - `ring`: chunks to look up, hot or cold
//! - `hit`: a whole hit against BLAKE3 of the chunk alone
//! - `put`: a put with eviction against `peer`, the crate `lru` behind one mutex
//! - `once`: tickets against plain gets and puts, and batches against single calls, by the functions of `tickets`
//! - `against`: both, and a miss, against an older library

mod against;
#[path = "../common/mod.rs"]
mod common;
mod hit;
mod library;
mod machine;
mod once;
mod peer;
mod put;
mod random;
mod ring;
mod rounds;
mod tickets;

use common::{Arguments, Report};
use library::Library;
use machine::Machine;

fn main() {
    let arguments = Arguments::read();
    let machine = Machine::look();
    let library = Library::beside_this_program();
    println!("streamcache {} through its C ABI", library.version());
    machine.print();

    let mut report = Report::default();
    report.section("machine", machine.json());
    if let Some(older) = &arguments.against {
        against::measure(&library, older, arguments.quick, |section| arguments.wants(section), &mut report);
    } else {
        if arguments.wants("hit") {
            hit::measure(&library, arguments.quick, &mut report);
        }
        if arguments.wants("put") {
            put::measure(&library, arguments.quick, &mut report);
        }
        if arguments.wants("once") {
            once::measure(&library, &machine, arguments.quick, &mut report);
        }
    }
    report.finish(&arguments);
}
