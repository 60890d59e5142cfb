// The course of the demo: the engines go, half-way the server is killed, later it comes back.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>

#include "board.hpp"
#include "magika-batch/corpus.hpp"

namespace magika {

// Nanoseconds of the steady clock, and the fleet's counters at these moments.
struct Course {
    std::int64_t began = 0, killed = 0, restarted = 0, ended = 0;
    std::array<std::int64_t, kEngines> picked_up{};  // 0: never
    std::uint64_t written_at_restart = 0, written_at_end = 0;
    std::uint64_t faults = 0;
    std::array<std::uint32_t, kEngines> done_in_outage{};
};

Course conduct(const std::filesystem::path& package, const std::string& model, const Corpus& corpus,
               std::uint64_t max_bytes, Board& board);

}  // namespace magika
