#include "chunk_alone.hpp"

#include <cstring>

namespace silero {

Answer ChunkAlone::take(const Chunk& chunk) {
    Answer answer;
    Step step;
    const streamcache_digest name = digest(chunk);
    streamcache_digest key;
    streamcache_value* value = nullptr;
    const streamcache_status status = streamcache_filter_get(cache_.filter(), &name, 0, &value, &key);
    const Lease lease{value};

    if (status == STREAMCACHE_OK) {
        if (streamcache_value_size(value) != sizeof step) fail("get", "a value of the wrong size");
        answer.hit = true;
        std::memcpy(&step, streamcache_value_data(value), sizeof step);
    } else {
        if (status != STREAMCACHE_MISS) fail("get", streamcache_status_message(status));
        step = timed_infer(model_, chunk, state_, answer.inference);
        streamcache_put_options options{};
        options.struct_size = sizeof options;
        options.compute_ns = static_cast<std::uint64_t>(answer.inference.count());
        require_ok(streamcache_filter_put(cache_.filter(), &name, &key, &step, sizeof step, 0, &options, nullptr),
                   "put");
    }
    answer.probability = step.probability;
    state_ = step.next;
    return answer;
}

}  // namespace silero
