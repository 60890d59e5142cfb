// What the model alone did, kept apart from the cache: how often a chunk really met a state it had met before, found by
// all their bytes and not by a digest; and every answer, to compare the others with.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_set>
#include <vector>

#include "play.hpp"

namespace silero {

class Witness {
public:
    void watch(const Moment& moment);

    std::size_t chunks() const { return probabilities_.size(); }
    std::size_t repeats() const { return chunks() - seen_.size(); }  // the hits that the right key must give

    float probability(std::size_t position) const { return probabilities_[position]; }
    const State& state(std::size_t position) const { return states_[position]; }

private:
    std::unordered_set<std::string> seen_;  // a chunk's bytes and its state's
    std::vector<float> probabilities_;
    std::vector<State> states_;  // after each chunk
};

struct Differences {
    std::size_t compared = 0;
    std::size_t wrong = 0;         // answers that differ in any bit,
    std::size_t wrong_1e6 = 0;     // by more than 0.000001,
    std::size_t wrong_01 = 0;      // by more than 0.1
    std::size_t flipped = 0;       // decisions: on the other side of the threshold
    std::size_t wrong_states = 0;  // states that differ in any bit
};

// Another way's answers, one after the other, against the witness's.
class Comparison {
public:
    explicit Comparison(const Witness& witness) : witness_(witness) {}

    void watch(const Moment& moment);

    const Differences& found() const { return found_; }

private:
    const Witness& witness_;
    Differences found_;
};

}  // namespace silero
