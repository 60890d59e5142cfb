#include "figures.hpp"

#include <algorithm>
#include <cstring>

namespace magika {
namespace {

Phase phase_of(const Record& record, std::int64_t killed, std::int64_t picked_up) {
    if (record.began < killed) return kUp;
    return picked_up != 0 && record.began >= picked_up ? kBack : kAway;
}

void count(Counts& counts, const Record& record) {
    switch (record.from) {
        case Record::From::memory: ++counts.from_memory; break;
        case Record::From::remote: ++counts.from_remote; break;
        case Record::From::model: ++counts.computed; break;
    }
}

void time(EngineFigures& engine, const Record& record, Phase phase) {
    const Nanoseconds lookup(record.lookup);
    if (phase == kUp) engine.slowest_up = std::max(engine.slowest_up, lookup);
    if (record.from == Record::From::memory) {
        if (phase == kUp) engine.memory_hits.push_back(lookup);
    } else if (phase == kAway) {
        (record.rested ? engine.resting : engine.asked).push_back(lookup);
    } else if (phase == kUp && record.from == Record::From::remote) {
        engine.remote_hits.push_back(lookup);
    }
}

}  // namespace

Counts Figures::total() const {
    Counts total;
    for (const Counts& counts : phases) {
        total.from_memory += counts.from_memory;
        total.from_remote += counts.from_remote;
        total.computed += counts.computed;
    }
    return total;
}

Figures figures(const Corpus& corpus, const std::vector<Output>& right, const Course& course, Board& board) {
    Figures figures;
    for (std::size_t n = 0; n < kEngines; ++n) {
        EngineFigures& engine = figures.engines[n];
        std::vector<bool> seen(corpus.distinct());
        const Record* records = board.records(n);
        for (std::uint32_t i = 0; i < board.engine(n).done; ++i) {
            const Record& record = records[i];
            if (record.changed) {
                ++figures.changed;
                continue;
            }
            const std::size_t input = corpus.input_of(record.file);
            if (!seen[input]) ++engine.inputs;
            seen[input] = true;
            if (record.from != Record::From::memory) ++engine.wanted;
            if (std::memcmp(&record.output, &right[input], sizeof record.output) != 0) ++figures.different;
            const Phase phase = phase_of(record, course.killed, course.picked_up[n]);
            count(figures.phases[phase], record);
            time(engine, record, phase);
        }
    }
    return figures;
}

}  // namespace magika
