#include "report.hpp"

#include <algorithm>

#include "common/print.hpp"
#include "common/text.hpp"

namespace magika {

using namespace common;

namespace {

constexpr std::size_t kName = 30, kColumn = 14;

constexpr std::chrono::milliseconds kDeadline{50}, kGrace{5};  // of a lookup that asks a server in vain
constexpr std::chrono::microseconds kPassingBy{10};            // more than a hit in memory, once its breaker is open

template <class Figure>
void row(const std::string& name, std::size_t columns, Figure figure) {
    std::string text = "  " + left(name, kName);
    for (std::size_t n = 0; n < columns; ++n) text += right(figure(n), kColumn);
    line(text);
}

void head(const std::string& name, const std::vector<std::string>& columns) {
    std::string text = "  " + left(name, kName);
    for (const std::string& column : columns) text += right(column, kColumn);
    line(coloured("2", text));
}

void fact(const std::string& name, const std::string& figure, const std::string& meaning) {
    line("  " + left(name, kName) + right(figure, kColumn) + "   " + meaning);
}

Nanoseconds slowest(const std::vector<Nanoseconds>& times) {
    return times.empty() ? Nanoseconds{} : *std::max_element(times.begin(), times.end());
}

std::string time_of(const std::vector<Nanoseconds>& times, Nanoseconds time) {
    return times.empty() ? "-" : duration(time);
}

void print_phases(const Report& report) {
    const Figures& figures = report.figures;
    const Counts total = figures.total();
    const auto counts = [&](const std::string& name, auto figure) {
        row(name, kPhases + 1, [&](std::size_t n) { return figure(n < kPhases ? figures.phases[n] : total); });
    };
    const Course& course = report.course;
    const std::int64_t picked_up =
        std::max(course.restarted, *std::max_element(course.picked_up.begin(), course.picked_up.end()));
    const std::int64_t times[] = {course.killed - course.began, picked_up - course.killed, course.ended - picked_up,
                                  course.ended - course.began};
    head("", {"server up", "killed", "back, empty", "in all"});
    counts("files answered", [](const Counts& counts) { return grouped(counts.files()); });
    counts("  from the engine's memory", [](const Counts& counts) { return grouped(counts.from_memory); });
    counts("  from Redis", [](const Counts& counts) { return grouped(counts.from_remote); });
    counts("  computed", [](const Counts& counts) { return grouped(counts.computed); });
    counts("inferences without sharing", [](const Counts& counts) { return grouped(counts.alone()); });
    counts("  saved by the fleet", [](const Counts& counts) { return percent(counts.from_remote, counts.alone()); });
    row("time", kPhases + 1, [&](std::size_t n) { return duration(Nanoseconds(times[n])); });
}

void print_engines(const Report& report) {
    const auto& engines = report.figures.engines;
    const auto each = [&](const std::string& name, auto figure) {
        row(name, kEngines, [&](std::size_t n) { return figure(engines[n]); });
    };
    head("lookups", {"engine 1", "engine 2", "engine 3"});
    each("server up, slowest", [](const auto& engine) { return duration(engine.slowest_up); });
    each("  median hit in memory",
         [](const auto& engine) { return time_of(engine.memory_hits, median(engine.memory_hits)); });
    each("  median hit from Redis",
         [](const auto& engine) { return time_of(engine.remote_hits, median(engine.remote_hits)); });
    each("killed: asked in vain", [](const auto& engine) { return grouped(engine.asked.size()) + " times"; });
    each("  slowest", [](const auto& engine) { return time_of(engine.asked, slowest(engine.asked)); });
    each("then not asked any more", [](const auto& engine) { return grouped(engine.resting.size()) + " times"; });
    each("  slowest", [](const auto& engine) { return time_of(engine.resting, slowest(engine.resting)); });
    each("  median", [](const auto& engine) { return time_of(engine.resting, median(engine.resting)); });
    row("back: picked up after", kEngines, [&](std::size_t n) {
        const std::int64_t at = report.course.picked_up[n];
        return at == 0 ? std::string("-") : duration(Nanoseconds(at - report.course.restarted));
    });
}

}  // namespace

void print_table(const Report& report) {
    line();
    line(coloured("1", report.title));
    line(coloured("1", grouped(kEngines) + " engine processes, " + grouped(report.files) + " files of " +
                           report.folder + ", each engine in an order of its own, sharing through " + report.server));
    line();
    print_phases(report);
    line();
    print_engines(report);
    line();
    fact("distinct inputs", grouped(report.distinct), "counted by the whole input, without the cache");
    fact("written to Redis", grouped(report.course.written_at_end),
         "answers, " + grouped(report.course.written_at_end - report.course.written_at_restart) +
             " of them after it came back; " + grouped(report.course.faults) + " writes and reads failed");
    if (report.taken < report.found)
        fact("picked by chance", grouped(report.taken), "of the " + grouped(report.found) + " files there");
    if (report.unreadable > 0) fact("files not readable", grouped(report.unreadable), "left out");
    if (report.closed_folders > 0) fact("folders not readable", grouped(report.closed_folders), "left out");
    if (report.figures.changed > 0)
        fact("changed meanwhile", grouped(report.figures.changed), "times a file had other bytes: left out");
    line();
}

bool print_promises(const Report& report, bool strict) {
    const Figures& figures = report.figures;
    const Course& course = report.course;
    const Counts total = figures.total();
    Promises promises(strict);

    std::size_t inputs = 0;
    bool once = true, all_noticed = true, all_went_on = true;
    Nanoseconds asked{};
    std::vector<Nanoseconds> resting, memory_hits;
    std::size_t in_vain = 0;
    for (std::size_t n = 0; n < kEngines; ++n) {
        const EngineFigures& engine = figures.engines[n];
        inputs += engine.inputs;
        once = once && engine.inputs == engine.wanted;
        all_noticed = all_noticed && course.picked_up[n] != 0;
        all_went_on = all_went_on && course.done_in_outage[n] > 0;
        asked = std::max(asked, slowest(engine.asked));
        resting.insert(resting.end(), engine.resting.begin(), engine.resting.end());
        memory_hits.insert(memory_hits.end(), engine.memory_hits.begin(), engine.memory_hits.end());
        in_vain += engine.asked.size();
    }
    promises.must(figures.different == 0, grouped(total.files()) + " answers compared with the model's: " +
                                              grouped(figures.different) + " differ in any bit");
    promises.must(once && total.alone() == inputs,
                  "each engine computed or fetched each of its inputs once: " + grouped(total.alone()) + " for " +
                      grouped(kEngines) + " × " + grouped(report.distinct));
    promises.must(total.from_remote > 0 && total.computed < inputs,
                  grouped(total.computed) + " inferences instead of " + grouped(inputs) + ": the fleet saved " +
                      grouped(total.from_remote));
    promises.must(all_went_on, "killed: all engines went on, with " + grouped(figures.phases[kAway].files()) +
                                   " answers, " + grouped(in_vain) + " lookups asked in vain");
    promises.should(asked <= kDeadline + kGrace,
                    "killed: the slowest of these took " + duration(asked) + " (promised: the deadline of " +
                        duration(kDeadline) + ", and " + duration(kGrace) + ")");
    const Nanoseconds added = std::max(Nanoseconds{}, median(resting) - median(memory_hits));
    promises.should(added <= kPassingBy, "killed: then a lookup took " + duration(added) +
                                             " more than a hit in memory, by the medians (promised: " +
                                             duration(kPassingBy) + ")");
    promises.must(all_noticed, "back: all engines picked it up");
    promises.must(figures.phases[kBack].from_remote > 0 && course.written_at_end > course.written_at_restart,
                  "back: " + grouped(figures.phases[kBack].from_remote) + " answers from Redis, " +
                      grouped(course.written_at_end - course.written_at_restart) + " written to it");
    return promises.kept();
}

}  // namespace magika
