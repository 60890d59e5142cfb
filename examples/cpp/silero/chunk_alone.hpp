// The wrong way, here to be seen failing: the key is the chunk alone, as for a model without a state. The answer and
// the next state come from whichever call had the chunk first, whatever this call has heard before it.
#pragma once

#include "cache.hpp"
#include "way.hpp"

namespace silero {

class ChunkAlone final : public Way {
public:
    ChunkAlone(Model& model, const Cache& cache) : model_(model), cache_(cache) {}

    void reset() override { state_ = {}; }
    Answer take(const Chunk& chunk) override;
    State state() const override { return state_; }

private:
    Model& model_;
    const Cache& cache_;
    State state_{};
};

}  // namespace silero
