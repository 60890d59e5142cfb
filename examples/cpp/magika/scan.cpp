#include "scan.hpp"

#include "common/progress.hpp"

namespace magika {
namespace {

void check_hit(Scan& scan, const Answer& answer, const Ledger::Entry& entry) {
    ++scan.compared;
    if (!entry.confirms(answer.scores())) ++scan.different;
    scan.saved += entry.cost;
}

void check_inference(Scan& scan, const Answer& answer, Ledger::Entry& entry) {
    if (entry.computed) {
        ++scan.compared;
        if (!entry.confirms(answer.scores())) ++scan.different;
    } else {
        entry = {true, answer.output, answer.inference_time};
    }
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
                scan.hit_times.push_back(answer.lookup_time);
                check_hit(scan, answer, ledger.entry(answer.input()));
                break;
            case Answer::From::model:
                ++scan.inferences;
                scan.inference_times.push_back(answer.inference_time);
                check_inference(scan, answer, ledger.entry(answer.input()));
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
