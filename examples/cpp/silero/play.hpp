// Plays a load one way, chunk by chunk: timed, counted, and every step shown to a witness.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "load.hpp"
#include "way.hpp"

namespace silero {

struct Played {
    std::size_t hits = 0;
    std::size_t inferences = 0;
    std::size_t speech = 0;  // chunks in which someone speaks
    Nanoseconds time{};      // of the answers, hashing and looking up included; not the witness's
    std::vector<Nanoseconds> hit_times;
    std::vector<Nanoseconds> inference_times;  // of the model alone
    std::vector<Nanoseconds> miss_times;       // what a miss took beside the model: hashing, looking up, storing

    std::size_t chunks() const { return hits + inferences; }
};

// One chunk: what went in, and what came out.
struct Moment {
    const Chunk& chunk;
    const State& before;
    const State& after;
    const Answer& answer;
};

// `title` is for the progress line, which is there only on a terminal.
Played play(const std::string& title, const Load& load, Way& way, const std::function<void(const Moment&)>& witness);

}  // namespace silero
