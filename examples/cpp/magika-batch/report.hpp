// The table a person reads, and the promises behind it.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "crew.hpp"
#include "magika/cache.hpp"

namespace magika {

// One way to do the work.
struct Way {
    Work work;
    std::size_t distinct = 0;   // inputs it met, by the corpus
    std::size_t different = 0;  // replies that differ in any bit from those of a batch of 1
    streamcache_cache_stats stats{};
};

struct Report {
    std::string title, folder;
    std::size_t found = 0, taken = 0;  // files in the folder, and those that were picked of them
    std::size_t files = 0, by_rule = 0, unreadable = 0, closed_folders = 0;
    std::size_t one_at_a_time = 0;  // inputs
    std::chrono::nanoseconds one_at_a_time_time{};
    Way single_flight, control;
};

void print_table(const Report& report);

// Prints a line for each promise. False if one is broken; those about time count only when `strict`.
bool print_promises(const Report& report, bool strict);

}  // namespace magika
