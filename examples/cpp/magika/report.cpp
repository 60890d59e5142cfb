#include "report.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "common/print.hpp"
#include "common/text.hpp"
#include "common/times.hpp"

namespace magika {

using namespace common;

namespace {

constexpr std::size_t kName = 24, kFirst = 14, kSecond = 16;  // the table's columns

constexpr double kSpeedUpPromised = 100;  // per file, the second pass against the first
constexpr double kHitPromised = 500;      // median inference / median hit

Nanoseconds per_file(const Scan& scan) {
    return scan.time / std::max<std::int64_t>(1, static_cast<std::int64_t>(scan.answered()));
}

// What a hit saves, by whoever computed most of it: this run or earlier ones.
struct Inference {
    Nanoseconds median;
    const char* when;
};
Inference inference(const Report& report) {
    const auto &now = report.first.inference_times, &earlier = report.earlier_times, &settled = report.settled_times;
    if (!now.empty() && now.size() >= earlier.size()) return {median(now), ""};
    if (!earlier.empty()) return {median(earlier), "in an earlier run"};
    return {median(settled), settled.empty() ? "" : "for comparison"};
}

std::string megabytes(std::uint64_t bytes) { return decimal(static_cast<double>(bytes) / 1e6) + " MB"; }

// A name and a figure for each pass.
void row(const std::string& name, const std::string& first, const std::string& second) {
    line("  " + left(name, kName) + right(first, kFirst) + right(second, kSecond));
}

// A name, one figure, and what it means.
void fact(const std::string& name, const std::string& figure, const std::string& meaning = {}) {
    line("  " + left(name, kName) + right(figure, kFirst) + (meaning.empty() ? "" : "   " + meaning));
}

void print_labels(const Scan& scan) {
    std::vector<std::pair<std::string, std::size_t>> labels(scan.labels.begin(), scan.labels.end());
    std::stable_sort(labels.begin(), labels.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    const std::size_t shown = std::min<std::size_t>(labels.size(), 10);
    line();
    line(coloured(
        "2", "  " + (labels.size() > shown ? "the most frequent of " + grouped(labels.size()) + " labels" : "labels")));
    for (std::size_t i = 0; i < shown; ++i)
        row(labels[i].first, grouped(labels[i].second), percent(labels[i].second, scan.answered()));
}

void print_unreadable(const Report& report) {
    const Scan &first = report.first, &second = report.second;
    if (first.unreadable + second.unreadable + report.closed_folders == 0) return;
    line();
    row("files not readable", grouped(first.unreadable), grouped(second.unreadable));
    if (report.closed_folders > 0) fact("folders not readable", grouped(report.closed_folders));
    const std::string& example = first.first_unreadable.empty() ? second.first_unreadable : first.first_unreadable;
    if (!example.empty()) line("  the first of them: " + example);
}

}  // namespace

void print_table(const Report& report) {
    const Scan &first = report.first, &second = report.second;
    line();
    line(coloured("1", report.title));
    line();
    line(coloured("2", "  " + left("", kName) + right("first pass", kFirst) + right("second pass", kSecond)));
    row("files", grouped(first.answered()), grouped(second.answered()));
    row("  answered by a rule", grouped(first.by_rule), grouped(second.by_rule));
    row("  reached the model", grouped(first.by_model()), grouped(second.by_model()));
    row("inferences", grouped(first.inferences), grouped(second.inferences));
    if (report.cached) {
        row("hits", grouped(first.hits), grouped(second.hits));
        if (!report.store.empty()) {
            row("  from memory", grouped(first.hits - first.from_disk), grouped(second.hits - second.from_disk));
            row("  from disk", grouped(first.from_disk), grouped(second.from_disk));
        }
        row("hit rate", percent(first.hits, first.by_model()), percent(second.hits, second.by_model()));
    }
    row("wall time", duration(first.time), duration(second.time));
    row("per file", duration(per_file(first)), duration(per_file(second)));
    line();
    fact("distinct inputs", grouped(first.new_inputs + second.new_inputs),
         "counted by the whole input, without the cache");
    if (!report.load_time)
        fact("model", "never loaded", "every answer was there");
    else
        fact("model loaded in", duration(*report.load_time));
    fact("median inference", duration(inference(report).median), inference(report).when);
    if (report.cached) {
        fact("median hit", duration(median(second.hit_times)), "hash and lookup");
        if (first.from_disk > 0)
            fact("median hit on disk", duration(median(first.disk_times)), "read and checked, too");
        fact("speed-up", decimal(ratio(per_file(first), per_file(second))) + " ×",
             "per file, page cache warm in both passes");
        fact("remembered", grouped(report.stats.entries), "answers in " + megabytes(report.stats.bytes));
        if (!report.store.empty())
            fact("on disk", grouped(report.disk.entries),
                 "results of all runs in " + megabytes(report.disk.bytes) + ", " + report.store);
        fact("time saved", duration(Nanoseconds(report.stats.time_saved_ns)), "of inference, in both passes");
    }
    print_labels(first);
    print_unreadable(report);
    line();
}

bool print_promises(const Report& report, bool strict) {
    const Scan &first = report.first, &second = report.second;
    Promises promises(strict);

    const std::string compared = grouped(first.compared + second.compared);
    const std::size_t different = first.different + second.different;
    const std::string verdict = grouped(different) + " differ in any bit";
    if (report.cached) {
        const std::string changed = " (" + grouped(second.new_inputs) + " inputs changed in between)";
        promises.must(first.inferences + first.from_disk == first.new_inputs,
                      "first pass: " + grouped(first.inferences) + " inferences" +
                          (first.from_disk == 0 ? "" : " and " + grouped(first.from_disk) + " answers from disk") +
                          " for " + grouped(first.new_inputs) + " distinct inputs");
        promises.must(second.inferences + second.from_disk == second.new_inputs,
                      "second pass: " + grouped(second.inferences) + " inferences, " + grouped(second.hits) +
                          " hits of " + grouped(second.by_model()) + " files that reach the model" +
                          (second.new_inputs == 0 ? "" : changed));
        promises.must(different == 0, compared + " remembered answers compared with the computed ones: " + verdict);
    } else {
        promises.must(different == 0, compared + " answers computed again: " + verdict);
    }
    if (report.earlier > 0) {
        const std::size_t again = first.computed_again + second.computed_again;
        promises.must(again == 0, "earlier runs had computed " + grouped(report.earlier) +
                                      " of the inputs: " + grouped(again) + " of them computed again");
    }
    if (!report.settled_times.empty())
        promises.must(report.settled_different == 0,
                      grouped(report.settled_times.size()) +
                          " answers on disk that no ledger had, computed for comparison: " +
                          grouped(report.settled_different) + " differ in any bit");
    if (report.recomputed > 0)
        promises.must(report.recomputed_different == 0, grouped(report.recomputed) +
                                                            " inputs given to the engine once more: " +
                                                            grouped(report.recomputed_different) +
                                                            " differ in any bit");
    if (!report.cached) return promises.kept();

    const auto& stats = report.stats;
    const auto saved = static_cast<std::uint64_t>((first.saved + second.saved).count());
    promises.must(stats.hits == first.hits + second.hits && stats.misses == first.inferences + second.inferences &&
                      stats.lookups == stats.hits + stats.misses &&
                      (stats.time_saved_ns == saved || first.untimed + second.untimed > 0),
                  "streamcache's own counters agree: " + grouped(stats.hits) + " hits, " + grouped(stats.misses) +
                      " misses, " + duration(Nanoseconds(stats.time_saved_ns)) + " saved");

    if (!report.store.empty()) {
        const auto& disk = report.disk;
        promises.must(disk.hits == first.from_disk + second.from_disk &&
                          disk.written == first.inferences + second.inferences && disk.pending == 0 &&
                          disk.dropped == 0 && disk.refused == 0 && disk.faults == 0,
                      "the disk's: " + grouped(disk.hits) + " hits, " + grouped(disk.written) +
                          " answers written for the next run, " + grouped(disk.dropped + disk.faults) + " given up");
    }
    if (!report.load_time) promises.must(first.inferences + second.inferences == 0, "the model was never loaded");

    if (second.hits == 0) return promises.kept();
    const double speed_up = ratio(per_file(first), per_file(second));
    const double hit = ratio(inference(report).median, median(second.hit_times));
    if (first.from_disk == 0)
        promises.should(
            speed_up >= kSpeedUpPromised,
            "second pass " + decimal(speed_up) + " × faster per file (promised: " + decimal(kSpeedUpPromised) + ")");
    promises.should(hit >= kHitPromised, "median hit 1/" + decimal(hit) + " of the median inference (promised: 1/" +
                                             decimal(kHitPromised) + ")");
    return promises.kept();
}

}  // namespace magika
