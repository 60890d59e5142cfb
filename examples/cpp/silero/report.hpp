// The table a person reads, and the promises behind it.
#pragma once

#include <streamcache.h>

#include <string>

#include "witness.hpp"

namespace silero {

// One load, three ways.
struct Trial {
    Played uncached, stream, chunk_alone;
    std::size_t repeats = 0;  // counted by the witness
    Differences stream_differs, chunk_alone_differs;
    streamcache_cache_stats stream_stats{};
};

struct Report {
    std::string title;
    std::size_t calls_played = 0;
    std::size_t scripts_played = 0;
    std::size_t prompts_played = 0;
    std::size_t silent_chunks = 0;  // of the endless stream
    Trial calls;                    // reset for every call
    Trial endless;                  // never reset
    double hit_promised = 0;        // median inference / median hit
    bool quick = false;
};

void print_table(const Report& report);

// Prints a line for each promise. False if one is broken; those about time count only when `strict`.
bool print_promises(const Report& report, bool strict);

}  // namespace silero
