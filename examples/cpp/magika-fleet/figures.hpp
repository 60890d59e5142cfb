// What the records of the fleet come to.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "board.hpp"
#include "common/times.hpp"
#include "conductor.hpp"
#include "magika-batch/corpus.hpp"

namespace magika {

using common::Nanoseconds;

enum Phase { kUp, kAway, kBack, kPhases };  // away: killed, until an engine has picked it up again

struct Counts {
    std::size_t from_memory = 0, from_remote = 0, computed = 0;

    std::size_t files() const { return from_memory + from_remote + computed; }
    std::size_t alone() const { return from_remote + computed; }  // what would be computed without sharing
};

struct EngineFigures {
    // Lookups while the server is up.
    std::vector<Nanoseconds> memory_hits, remote_hits;
    Nanoseconds slowest_up{};  // of all of them

    // Lookups while it is away: those that asked for it in vain, and those that passed by as the breaker was open.
    std::vector<Nanoseconds> asked, resting;

    std::size_t inputs = 0;  // distinct ones it saw
    std::size_t wanted = 0;  // answers that were not in its memory
};

struct Figures {
    std::array<Counts, kPhases> phases;
    std::array<EngineFigures, kEngines> engines;
    std::size_t changed = 0;    // files with other bytes than at first: left out
    std::size_t different = 0;  // answers that are not the model's in every bit

    Counts total() const;
};

// `right` has the model's answers by the input's number.
Figures figures(const Corpus& corpus, const std::vector<Output>& right, const Course& course, Board& board);

}  // namespace magika
