#include "stream.hpp"

#include <cstring>

namespace silero {
namespace {

using Ticket = Handle<streamcache_ticket, streamcache_ticket_release>;

const void* bytes(const Lease& lease, std::size_t size) {
    if (streamcache_value_size(lease.get()) != size) fail("stream", "a value of the wrong size");
    return streamcache_value_data(lease.get());
}

}  // namespace

Stream::Stream(Model& model, const Cache& cache) : model_(model) {
    const State zeros{};
    streamcache_stream* stream = nullptr;
    require_ok("stream", [&](streamcache_error** error) {
        return streamcache_stream_open(cache.filter(), zeros.data(), sizeof zeros, &stream, error);
    });
    stream_.reset(stream);
}

void Stream::reset() {
    require_ok("reset",
               [&](streamcache_error** error) { return streamcache_stream_reset(stream_.get(), nullptr, 0, error); });
}

namespace {

/** The copy of a state, whose lease ends here. */
State copied(streamcache_value* value) {
    const Lease lease{value};
    State state;
    std::memcpy(state.data(), bytes(lease, sizeof state), sizeof state);
    return state;
}

/** What a step is computed from: its ticket's state, for another thread may have reset the stream since it began. */
State state_of(const Ticket& ticket) {
    streamcache_value* value = nullptr;
    require_ok(streamcache_ticket_get_step_state(ticket.get(), &value, nullptr), "the step's state");
    return copied(value);
}

}  // namespace

Answer Stream::take(const Chunk& chunk) {
    Answer answer;
    const streamcache_digest name = digest(chunk);
    streamcache_value* value = nullptr;
    streamcache_ticket* ticket = nullptr;
    const streamcache_status status =
        streamcache_stream_begin(stream_.get(), &name, STREAMCACHE_TIMEOUT_DEFAULT, 0, &value, &ticket);
    const Lease lease{value};
    const Ticket owner{ticket};

    if (status == STREAMCACHE_OK) {
        answer.hit = true;
        std::memcpy(&answer.probability, bytes(lease, sizeof answer.probability), sizeof answer.probability);
        return answer;
    }

    // This demo has one stream on one thread and never forgets: nobody is busy, and no state unknown.
    if (status != STREAMCACHE_FILL) fail("begin", streamcache_status_message(status));
    const Step step = timed_infer(model_, chunk, state_of(owner), answer.inference);
    answer.probability = step.probability;
    streamcache_put_options options{};
    options.struct_size = sizeof options;
    options.compute_ns = static_cast<std::uint64_t>(answer.inference.count());
    require_ok(streamcache_ticket_commit_step(ticket, &step.probability, sizeof step.probability, step.next.data(),
                                              sizeof step.next, &options, nullptr),
               "commit");
    return answer;
}

State Stream::state() const {
    streamcache_value* value = nullptr;
    require_ok(streamcache_stream_get_state(stream_.get(), &value, nullptr), "state");
    return copied(value);
}

}  // namespace silero
