/** @file
 * Streams: filters whose state evolves chunk by chunk.
 */
#ifndef STREAMCACHE_STREAM_HPP
#define STREAMCACHE_STREAM_HPP

#include "filter.hpp"

namespace streamcache {

/**
 * A filter whose recurrent state evolves chunk by chunk. It keeps its filter alive. Any thread, one step at a time:
 *
 *     auto step = stream.begin(chunk);
 *     if (!step) step.ticket().commit_step(output, next_state);    // from step.ticket().get_step_state()
 *
 * (With STREAMCACHE_BUSY there is no ticket: another caller computes the same step.)
 */
class Stream
    : public detail::shared_handle<Stream, streamcache_stream, streamcache_stream_release, streamcache_stream_retain> {
public:
    using shared_handle::shared_handle;

    /** At an initial recurrent state, often zeros; copied. Pins the filter's trained state until a reset. */
    static result<Stream> try_open(Filter &filter, bytes state) noexcept {
        streamcache_stream *raw = nullptr;
        streamcache_error *why = nullptr;
        const streamcache_status status = streamcache_stream_open(filter.get(), state.data(), state.size(), &raw, &why);
        return detail::made<Stream>(status, raw, why);
    }
    /**
     * What the next chunk gives from the present state. On a hit the stream has moved on. With STREAMCACHE_FILL compute
     * it from the ticket's get_step_state(); with STREAMCACHE_BYPASSED, where the state is unknown, from the engine's own: either way
     * ticket().commit_step() moves it on.
     */
    Begun try_begin(const Digest &chunk, std::chrono::milliseconds timeout = default_timeout,
                    std::uint32_t flags = 0) noexcept {
        return detail::begun(chunk, [&](streamcache_value **value, streamcache_ticket **ticket) {
            return streamcache_stream_begin(get(), &chunk, detail::count32(timeout), flags, value, ticket);
        });
    }
    /** Leases the recurrent state it is at; its digest is the key(). STREAMCACHE_NO_STATE where it is unknown. */
    Lookup try_get_state() const noexcept {
        streamcache_value *value = nullptr;
        Digest state;
        const streamcache_status status = streamcache_stream_get_state(get(), &value, &state);
        return {status, value, state};
    }
    /** Back to the initial state and position 0, under the trained state the filter has now. */
    result<void> try_reset_state() noexcept { return reset_to(nullptr, 0); }
    /** The same at another state, which may be empty. */
    result<void> try_reset_state(bytes state) noexcept {
        return reset_to(state.empty() ? "" : state.data(), state.size()); // NULL would be the initial one
    }
    /** The engine went on without it: the state is unknown until a reset or the commit of a next state. */
    result<void> try_forget() noexcept { return outcome(streamcache_stream_forget(get())); }
    /** Another stream at the same place. */
    result<Stream> try_fork() const noexcept {
        streamcache_stream *raw = nullptr;
        const streamcache_status status = streamcache_stream_fork(get(), &raw);
        return detail::made<Stream>(status, raw);
    }
    /** How many chunks it has gone. */
    result<std::uint64_t> try_position() const noexcept {
        std::uint64_t position = 0;
        const streamcache_status status = streamcache_stream_get_position(get(), &position);
        if (status != STREAMCACHE_OK) return outcome(status);
        return position;
    }
    /** Names the place: streams with equal digests give equal outputs from here on. */
    result<Digest> try_digest() const noexcept {
        Digest digest;
        const streamcache_status status = streamcache_stream_get_digest(get(), &digest);
        if (status != STREAMCACHE_OK) return outcome(status);
        return digest;
    }

#ifdef STREAMCACHE_EXCEPTIONS
    static Stream open(Filter &filter, bytes state) { return try_open(filter, state).value(); }
    Begun begin(const Digest &chunk, std::chrono::milliseconds timeout = default_timeout, std::uint32_t flags = 0) {
        return detail::checked(try_begin(chunk, timeout, flags));
    }
    Lookup get_state() const { return detail::checked(try_get_state()); }
    void reset_state() { detail::check(try_reset_state()); }
    void reset_state(bytes state) { detail::check(try_reset_state(state)); }
    void forget() { detail::check(try_forget()); }
    Stream fork() const { return try_fork().value(); }
    std::uint64_t position() const { return try_position().value(); }
    Digest digest() const { return try_digest().value(); }
#endif

private:
    result<void> reset_to(const void *state, std::size_t len) noexcept {
        streamcache_error *why = nullptr;
        const streamcache_status status = streamcache_stream_reset(get(), state, len, &why);
        return outcome(status, why);
    }
};

} // namespace streamcache

#endif
