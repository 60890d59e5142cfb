// One pass over many files: timed, counted, and every answer checked against the ledger.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "identify.hpp"
#include "ledger.hpp"

namespace magika {

struct Scan {
    std::size_t by_rule = 0;
    std::size_t unreadable = 0;
    std::size_t inferences = 0;
    std::size_t hits = 0;
    std::size_t from_disk = 0;       // of them
    std::size_t new_inputs = 0;      // distinct ones, by the ledger, that no earlier pass had seen
    std::size_t computed_again = 0;  // inferences for what an earlier run had computed and saved
    std::size_t compared = 0;        // answers compared with what was computed when their input was new
    std::size_t different = 0;   // of those, not the same in every bit
    Nanoseconds saved{};         // what the inputs of the hits had cost to compute
    std::size_t untimed = 0;     // hits of which the ledger doesn't know that
    Nanoseconds time{};          // reading, looking up, computing, deciding; not the checks
    std::vector<Nanoseconds> inference_times;
    std::vector<Nanoseconds> hit_times;  // in memory
    std::vector<Nanoseconds> disk_times;
    std::map<std::string, std::size_t> labels;
    std::string first_unreadable;  // and why

    std::size_t by_model() const { return inferences + hits; }
    std::size_t answered() const { return by_model() + by_rule; }
};

// `title` is for the progress line, which is there only on a terminal.
Scan scan(const std::string& title, const std::vector<std::filesystem::path>& files, Identifier& identifier,
          Ledger& ledger);

}  // namespace magika
