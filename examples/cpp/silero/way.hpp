// One way to get an answer for the next chunk: from the model, or from what a cache remembers.
#pragma once

#include "common/times.hpp"
#include "model.hpp"

namespace silero {

using common::Nanoseconds;

inline constexpr float kThreshold = 0.5F;  // from here on it is speech

struct Answer {
    float probability = 0;  // of speech
    bool hit = false;
    Nanoseconds inference{};  // of the model alone, when it was no hit

    bool is_speech() const { return probability >= kThreshold; }
};

class Way {
public:
    Way() = default;
    Way(const Way&) = delete;
    Way& operator=(const Way&) = delete;
    virtual ~Way() = default;

    // A new call: the state is all zeros again.
    virtual void reset() = 0;

    virtual Answer take(const Chunk& chunk) = 0;

    // What the model remembers of the call so far.
    virtual State state() const = 0;
};

// The model, timed.
inline Step timed_infer(Model& model, const Chunk& chunk, const State& state, Nanoseconds& time) {
    const auto start = common::Clock::now();
    const Step step = model.infer(chunk, state);
    time = common::Clock::now() - start;
    return step;
}

}  // namespace silero
