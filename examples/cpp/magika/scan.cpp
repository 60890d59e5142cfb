#include "scan.hpp"

#include <algorithm>

#include "common/progress.hpp"

namespace magika {
namespace {

void check_hit(Scan& scan, const Answer& answer, Ledger& ledger) {
    const std::size_t seen = ledger.size();
    Ledger::Entry& entry = ledger.entry(answer.input());
    // The value says where it came from for as long as it is in memory: the first time, it came from there just now.
    const bool from_disk = ledger.size() > seen && answer.tier() == streamcache::Tier::disk;
    scan.from_disk += from_disk;
    (from_disk ? scan.disk_times : scan.hit_times).push_back(answer.lookup_time);
    scan.saved += entry.cost.value_or(Nanoseconds{});
    if (!entry.cost) ++scan.untimed;
    if (!entry.known) {  // an earlier run was cut short after it wrote this, and before it saved its ledger
        entry.known = true;
        std::copy_n(answer.scores(), entry.output.size(), entry.output.begin());
        return;
    }
    ++scan.compared;
    if (!entry.confirms(answer.scores())) ++scan.different;
}

void check_inference(Scan& scan, const Answer& answer, Ledger& ledger) {
    const std::size_t seen = ledger.size();
    Ledger::Entry& entry = ledger.entry(answer.input());
    if (entry.earlier && ledger.size() > seen) ++scan.computed_again;
    if (entry.known) {
        ++scan.compared;
        if (!entry.confirms(answer.scores())) ++scan.different;
    } else {
        entry.known = true;
        std::copy_n(answer.scores(), entry.output.size(), entry.output.begin());
    }
    entry.computed = true;
    entry.cost = answer.inference_time;
}

}  // namespace

Scan scan(const std::string& title, const std::vector<std::filesystem::path>& files, Identifier& identifier,
          Ledger& ledger) {
    using Clock = std::chrono::steady_clock;
    Scan scan;
    common::Progress progress(title, files.size(), "files");
    const std::size_t known = ledger.size();
    for (const auto& path : files) {
        const auto start = Clock::now();
        const Answer answer = identifier.identify(path);
        scan.time += Clock::now() - start;

        switch (answer.from) {
            case Answer::From::rule: ++scan.by_rule; break;
            case Answer::From::cache:
                ++scan.hits;
                check_hit(scan, answer, ledger);
                break;
            case Answer::From::model:
                ++scan.inferences;
                scan.inference_times.push_back(answer.inference_time);
                check_inference(scan, answer, ledger);
                break;
            case Answer::From::nowhere:
                if (scan.unreadable++ == 0)
                    scan.first_unreadable = path.string() + ": " + std::get<Unreadable>(answer.reading).reason;
                break;
        }
        if (answer.from != Answer::From::nowhere) ++scan.labels[answer.decision.label];
        progress.step();
    }
    scan.new_inputs = ledger.size() - known;
    return scan;
}

}  // namespace magika
