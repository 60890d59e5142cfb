// The right way: a stream of streamcache, whose key is the chunk and the state it meets. An entry holds the answer and
// the next state, so after a hit the stream stands where the model would have brought it, and the model can go on from
// there at the next miss.
#pragma once

#include "cache.hpp"
#include "way.hpp"

namespace silero {

class Stream final : public Way {
public:
    Stream(Model& model, const Cache& cache);

    void reset() override;
    Answer take(const Chunk& chunk) override;
    State state() const override;

private:
    Model& model_;
    Handle<streamcache_stream, streamcache_stream_release> stream_;
};

}  // namespace silero
