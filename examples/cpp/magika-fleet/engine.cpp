#include "engine.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include "magika/identify.hpp"

namespace magika {
namespace {

constexpr std::chrono::milliseconds kSlow{200};

std::vector<std::uint32_t> order_of(std::size_t number, std::size_t files) {
    std::vector<std::uint32_t> order(files);
    std::iota(order.begin(), order.end(), 0);
    std::mt19937_64 random(number + 1);
    std::shuffle(order.begin(), order.end(), random);
    return order;
}

void post(EngineState& state, const Cache& cache) {
    const auto stats = cache.stats(STREAMCACHE_TIER_REMOTE);
    state.resting = stats.is_resting != 0;
    state.written = stats.written;
    state.faults = stats.faults;
}

void walk(std::size_t number, Identifier& identifier, const Corpus& corpus, Board& board) {
    EngineState& state = board.engine(number);
    std::vector<bool> seen(corpus.distinct());
    Record* record = board.records(number);
    for (const std::uint32_t file : order_of(number, corpus.files())) {
        if (board.pace() == Pace::slow) std::this_thread::sleep_for(kSlow);
        record->file = file;
        record->rested = state.resting;
        record->began = std::chrono::steady_clock::now().time_since_epoch().count();
        const Answer answer = identifier.identify(corpus.path(file));
        record->lookup = answer.lookup_time.count();
        const Input* input = std::get_if<Input>(&answer.reading);
        record->changed = input == nullptr || !corpus.is_input_of(file, *input);
        if (!record->changed) {
            // A value says for as long as it is in memory where it came from: the first time it came from there.
            const bool first = !seen[corpus.input_of(file)];
            const bool remote = first && answer.tier() == streamcache::Tier::remote;
            record->from = answer.from == Answer::From::model ? Record::From::model
                           : remote                           ? Record::From::remote
                                                              : Record::From::memory;
            std::copy_n(answer.scores(), record->output.size(), record->output.begin());
            seen[corpus.input_of(file)] = true;
        }
        post(state, *identifier.cache());
        ++record;
        ++state.done;
    }
}

}  // namespace

int run_engine(std::size_t number, const std::filesystem::path& package, const std::string& model, const Room& room,
               const Corpus& corpus, Board& board) {
    try {
        Identifier identifier(package, model, room);
        board.engine(number).ready = true;
        while (!board.started()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        walk(number, identifier, corpus, board);
        identifier.cache()->flush();
        post(board.engine(number), *identifier.cache());
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "magika-fleet, engine %zu: %s\n", number + 1, error.what());
        return 2;
    }
}

}  // namespace magika
