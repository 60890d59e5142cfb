// The table a person reads, and the promises behind it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ledger.hpp"
#include "scan.hpp"

namespace magika {

struct Report {
    std::string title;
    std::size_t closed_folders = 0;  // that could not be opened
    Scan first, second;
    std::size_t recomputed = 0;  // inputs given to the engine once more at the end
    std::size_t recomputed_different = 0;
    std::vector<Nanoseconds> settled_times;  // of answers on disk that no ledger had: computed for comparison
    std::size_t settled_different = 0;
    std::optional<Nanoseconds> load_time;    // of the model; none if nothing needed it
    std::size_t earlier = 0;                 // inputs that earlier runs had computed
    std::vector<Nanoseconds> earlier_times;  // and what that took, where it is known
    std::string store;                       // the folder on disk; empty: none
    bool cached = true;
    streamcache_cache_stats stats{};
    streamcache_tier_stats disk{};
};

void print_table(const Report& report);

// Prints a line for each promise. False if one is broken; those about time count only when `strict`.
bool print_promises(const Report& report, bool strict);

}  // namespace magika
