#include "report.hpp"

#include <algorithm>
#include <cstdint>

#include "common/print.hpp"
#include "common/text.hpp"
#include "common/times.hpp"

namespace magika {

using namespace common;

namespace {

constexpr std::size_t kName = 24, kColumn = 18;

void row(const std::string& name, const std::string& single_flight, const std::string& control) {
    line("  " + left(name, kName) + right(single_flight, kColumn) + right(control, kColumn));
}

// A name, one figure, and what it means.
void fact(const std::string& name, const std::string& figure, const std::string& meaning) {
    line("  " + left(name, kName) + right(figure, kColumn) + "   " + meaning);
}

Nanoseconds per_input(Nanoseconds time, std::size_t inputs) {
    return time / std::max<std::int64_t>(1, static_cast<std::int64_t>(inputs));
}

void promise_bits(Promises& promises, const std::string& name, const Way& way) {
    promises.must(way.different == 0, name + ": " + grouped(way.work.replies.size()) +
                                          " answers compared with those of a batch of 1: " + grouped(way.different) +
                                          " differ in any bit");
}

}  // namespace

void print_table(const Report& report) {
    const Way &one = report.single_flight, &two = report.control;
    const auto both = [&](const std::string& name, auto figure) { row(name, figure(one), figure(two)); };
    line();
    line(coloured("1", report.title));
    line(coloured("1", grouped(report.files) + " files of " + report.folder + ", each wanted by two of " +
                           grouped(kThreads) + " threads at the same time"));
    line();
    line(coloured("2", "  " + left("", kName) + right("single flight", kColumn) + right("control, without", kColumn)));
    both("lookups", [](const Way& way) { return grouped(way.stats.lookups); });
    both("  hits", [](const Way& way) { return grouped(way.stats.hits); });
    row("  coalesced", grouped(one.stats.coalesced), "-");
    both("  misses", [](const Way& way) { return grouped(way.stats.misses); });
    both("distinct inputs", [](const Way& way) { return grouped(way.distinct); });
    both("rows computed", [](const Way& way) { return grouped(way.work.counts.rows); });
    both("  more than once", [](const Way& way) { return grouped(way.work.counts.rows - way.distinct); });
    both("rows of padding", [](const Way& way) { return grouped(way.work.counts.padding); });
    both("batches of " + grouped(kRows), [](const Way& way) { return grouped(way.work.counts.runs); });
    both("wall time", [](const Way& way) { return duration(way.work.time); });
    both("per file", [](const Way& way) { return duration(per_input(way.work.time, way.work.replies.size())); });
    line();
    fact("one at a time", duration(report.one_at_a_time_time),
         "a batch of 1 for each distinct input, " +
             duration(per_input(report.one_at_a_time_time, report.one_at_a_time)) + " each");
    if (report.taken < report.found)
        fact("picked by chance", grouped(report.taken), "of the " + grouped(report.found) + " files there");
    if (report.by_rule > 0) fact("answered by a rule", grouped(report.by_rule), "files that never reach the model");
    if (report.unreadable > 0) fact("files not readable", grouped(report.unreadable), "left out");
    if (report.closed_folders > 0) fact("folders not readable", grouped(report.closed_folders), "left out");
    const std::size_t changed = one.work.changed + two.work.changed;
    if (changed > 0) fact("changed meanwhile", grouped(changed), "times a file had other bytes: left out");
    line();
}

bool print_promises(const Report& report, bool strict) {
    const Way &one = report.single_flight, &two = report.control;
    Promises promises(strict);
    promises.must(one.work.counts.rows == one.distinct, "single flight: " + grouped(one.work.counts.rows) +
                                                            " rows computed for " + grouped(one.distinct) +
                                                            " distinct inputs, counted by the whole input");
    promise_bits(promises, "single flight", one);
    const auto& stats = one.stats;
    promises.must(stats.lookups == one.work.replies.size() && stats.misses == one.work.counts.rows &&
                      stats.lookups == stats.hits + stats.coalesced + stats.misses && stats.open_tickets == 0,
                  "single flight: streamcache's own counters agree, " + grouped(stats.hits) + " hits, " +
                      grouped(stats.coalesced) + " coalesced, " + grouped(stats.misses) + " misses, no ticket open");
    promise_bits(promises, "control", two);
    promises.must(two.work.counts.rows > two.distinct, "control: " + grouped(two.work.counts.rows) +
                                                           " rows computed, " +
                                                           grouped(two.work.counts.rows - two.distinct) +
                                                           " of them again, by another thread at the same time");
    promises.should(one.work.time < two.work.time,
                    "single flight took " + percent(static_cast<std::size_t>(one.work.time.count()),
                                                    static_cast<std::size_t>(two.work.time.count())) +
                        " of the control's wall time");
    return promises.kept();
}

}  // namespace magika
