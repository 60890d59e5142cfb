//! How cost grows. Sections: values, filters, tickets and entries, for one core; threads and open, which want all of them.

use peers::cell::{self, Cell};
use peers::common::{Arguments, Report};
use peers::growth::{SECTIONS, open};
use peers::library::Library;
use peers::machine::Machine;

fn main() {
    if open::was_one() {
        return;
    }
    let arguments = Arguments::read();
    let machine = Machine::look();
    let library = Library::beside_this_program();
    println!("How the cost of streamcache {} grows", library.version());
    machine.print();
    let mut report = Report::default();
    for (section, heading, measure) in SECTIONS.iter().filter(|(section, ..)| arguments.wants(section)) {
        let cells = measure(&library, arguments.quick, &mut report);
        cell::print_ns(heading, &cells);
        report.section(section, cells.iter().map(Cell::json).collect());
    }
    if arguments.wants("open") {
        open::measure(arguments.quick, &mut report);
    }
    report.section("machine", machine.json());
    report.finish(&arguments);
}
