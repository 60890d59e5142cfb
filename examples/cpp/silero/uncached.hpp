// No cache: every chunk goes through the model. What the others are measured against.
#pragma once

#include "way.hpp"

namespace silero {

class Uncached final : public Way {
public:
    explicit Uncached(Model& model) : model_(model) {}

    void reset() override { state_ = {}; }

    Answer take(const Chunk& chunk) override {
        Answer answer;
        const Step step = timed_infer(model_, chunk, state_, answer.inference);
        answer.probability = step.probability;
        state_ = step.next;
        return answer;
    }

    State state() const override { return state_; }

private:
    Model& model_;
    State state_{};
};

}  // namespace silero
