//! Bytes an entry beside its peers, counted by the allocator: in a process of its own, because counting slows it.

use peers::common::{Arguments, Report};
use peers::counting::Counting;
use peers::memory;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    let arguments = Arguments::read();
    let mut report = Report::default();
    memory::measure(arguments.quick, &mut report);
    report.finish(&arguments);
}
