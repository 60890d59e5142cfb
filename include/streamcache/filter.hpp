/** @file
 * A filter: a pipeline stage.
 */
#ifndef STREAMCACHE_FILTER_HPP
#define STREAMCACHE_FILTER_HPP

#include "batch.hpp"
#include "snapshot.hpp"

namespace streamcache {

/** The filter's answers differ from run to run: every call bypasses the cache. */
inline constexpr std::uint32_t nondeterministic = STREAMCACHE_FILTER_NONDETERMINISTIC;

/** A filter: a pipeline stage with a configuration and a state. Any thread, any time. It keeps its cache alive. */
class Filter
    : public detail::shared_handle<Filter, streamcache_filter, streamcache_filter_release, streamcache_filter_retain> {
public:
    using shared_handle::shared_handle;

    /** `id` is a name for people and logs; `config` see Digest::config_json(); `flags` 0 or nondeterministic. */
    static result<Filter> try_open(Cache &cache, std::string_view id, const Digest &config,
                                   std::uint32_t flags = 0) noexcept {
        streamcache_filter *raw = nullptr;
        streamcache_error *why = nullptr;
        const streamcache_status status =
            streamcache_filter_open(cache.get(), id.data(), id.size(), &config, flags, &raw, &why);
        return detail::made<Filter>(status, raw, why);
    }

    /** Loads a trained state: copied, and charged to the budget. A filter without one loads bytes(). */
    result<void> try_load_state(bytes state) noexcept {
        streamcache_error *why = nullptr;
        const streamcache_status status = streamcache_filter_load_state(get(), state.data(), state.size(), &why);
        return outcome(status, why);
    }
    /** Loads a state by its digest alone: the way for large models, whose bytes live in the engine. */
    result<void> try_load_state(const Digest &state) noexcept {
        streamcache_error *why = nullptr;
        const streamcache_status status = streamcache_filter_load_state_digest(get(), &state, &why);
        return outcome(status, why);
    }
    /** Queues the state's bytes for the disk and the remote store: STREAMCACHE_MISS where only its digest is known. */
    result<void> try_save_state() noexcept { return outcome(streamcache_filter_save_state(get())); }
    /** Loads a saved state by its digest: STREAMCACHE_MISS where no store has it, and the old state stays. */
    result<void> try_restore_state(const Digest &state) noexcept {
        return outcome(streamcache_filter_restore_state(get(), &state));
    }
    /** Leases the present state; its digest is the key(). STREAMCACHE_MISS where only the digest is known. */
    Lookup try_get_state() const noexcept {
        streamcache_value *value = nullptr;
        Digest state;
        const streamcache_status status = streamcache_filter_get_state(get(), &value, &state);
        return {status, value, state};
    }

    /** Looks up a chunk's result under the present state. */
    Lookup try_lookup(const Digest &chunk, std::uint32_t flags = 0) const noexcept {
        streamcache_value *value = nullptr;
        Digest key;
        const streamcache_status status = streamcache_filter_get(get(), &chunk, flags, &value, &key);
        return {status, value, key, chunk};
    }
    /** Digests a chunk's bytes and looks its result up. */
    Lookup try_lookup_bytes(bytes chunk, std::uint32_t flags = 0) const noexcept {
        streamcache_value *value = nullptr;
        Digest key, digest;
        const streamcache_status status =
            streamcache_filter_get_bytes(get(), chunk.data(), chunk.size(), flags, &value, &key, &digest);
        return {status, value, key, digest};
    }
    /**
     * Looks up a chunk's result, and gives the right to compute it where it is missing; where another caller has that
     * right, waits for what comes of it. Compute with the ticket's state, and commit.
     */
    Begun try_begin(const Digest &chunk, std::chrono::milliseconds timeout = default_timeout,
                    std::uint32_t flags = 0) noexcept {
        return detail::begun(chunk, [&](streamcache_value **value, streamcache_ticket **ticket) {
            return streamcache_filter_begin(get(), &chunk, detail::count32(timeout), flags, value, ticket);
        });
    }
    /** Digests a chunk's bytes and begins. */
    Begun try_begin_bytes(bytes chunk, std::chrono::milliseconds timeout = default_timeout,
                          std::uint32_t flags = 0) noexcept {
        streamcache_value *value = nullptr;
        streamcache_ticket *ticket = nullptr;
        Digest digest;
        const streamcache_status status = streamcache_filter_begin_bytes(
            get(), chunk.data(), chunk.size(), detail::count32(timeout), flags, &value, &ticket, &digest);
        return {status, value, ticket, digest};
    }
    /**
     * A chunk's result: found, or waited for while another caller computes it, or computed by `fn`, once.
     *
     * `fn` is called on this thread, where the result is missing, and is one of
     *
     *     [&](streamcache::Output &out) { model.run(chunk, out.buffer<float>(n).data()); }    // written in place
     *     [&] { return model.run(chunk); }    // a vector, a string, an array, bytes: copied; an External: given away
     *
     * What fn throws passes through: nothing is stored, and the right to compute is somebody else's. Where another
     * caller computes the result and `timeout` is up (or the options' flags have no_wait), fn is called all the same,
     * so that there is an answer, and what it gives is put as by put(): those who wait have it then, too.
     *
     * The answer is there also where it could not be stored. A rejection throws `rejected`, and in the try_ form is an
     * answer whose status() is STREAMCACHE_REJECTED. Closing the cache meanwhile is an error.
     */
    template <class Fn> Answer try_lookup_or_compute(const Digest &chunk, Fn &&fn, const PutOptions &options = {},
                                                     std::chrono::milliseconds timeout = default_timeout) {
        return detail::computation(unaided{this, chunk, Snapshot()}, options)
            .run(try_begin(chunk, timeout, options.flags()), fn);
    }
    /** The same by the chunk's bytes. */
    template <class Fn> Answer try_lookup_or_compute_bytes(bytes chunk, Fn &&fn, const PutOptions &options = {},
                                                           std::chrono::milliseconds timeout = default_timeout) {
        Begun begun = try_begin_bytes(chunk, timeout, options.flags());
        detail::computation computation(unaided{this, begun.chunk(), Snapshot()}, options);
        return computation.run(std::move(begun), fn);
    }
    /**
     * Looks up many chunks together, waiting for no one: what is missing shrinks to one ticket for each distinct chunk.
     */
    result<Batch> try_begin_batch(view<Digest> chunks, std::uint32_t flags = 0) noexcept {
        streamcache_batch *raw = nullptr;
        const streamcache_status status =
            streamcache_filter_begin_batch(get(), chunks.data(), chunks.size(), flags, &raw);
        return Batch::looked_up(status, raw);
    }
    /** The same by the chunks' bytes, a std::vector<streamcache::bytes> say. */
    result<Batch> try_begin_batch_bytes(view<bytes> chunks, std::uint32_t flags = 0) noexcept {
        streamcache_batch *raw = nullptr;
        const auto *buffers = reinterpret_cast<const streamcache_buffer *>(chunks.data());
        const streamcache_status status =
            streamcache_filter_begin_batch_bytes(get(), buffers, chunks.size(), flags, &raw);
        return Batch::looked_up(status, raw);
    }
    /** Looks up a chunk's result and copies it out: no lease. An empty buffer asks for the size. */
    Copied try_lookup_into(const Digest &chunk, writable<std::byte> buffer, std::uint32_t flags = 0) const noexcept {
        std::size_t len = 0;
        Digest key;
        const streamcache_status status =
            streamcache_filter_get_into(get(), &chunk, flags, buffer.data(), buffer.size(), &len, &key);
        return {status, len, key};
    }

    /** Stores a copy of the result of a chunk that was looked up, under the state it was looked up under. */
    result<void> try_put(const Lookup &miss, bytes data, const PutOptions &options = {}) noexcept {
        return put_under(miss.chunk(), &miss.key(), data, options);
    }
    /** The same by the chunk's digest: with PutOptions::key(), unless this handle has had no other state. */
    result<void> try_put(const Digest &chunk, bytes data, const PutOptions &options = {}) noexcept {
        return put_under(chunk, nullptr, data, options);
    }
    /** The same by the chunk's bytes, which are digested again. */
    result<void> try_put_bytes(bytes chunk, bytes data, const PutOptions &options = {}) noexcept {
        detail::put_call call(options);
        return call.done(streamcache_filter_put_bytes(get(), chunk.data(), chunk.size(), call.key(), data.data(),
                                                      data.size(), call.flags(), call.options(), call.value()));
    }
    /** Stores a result where it is; see External. */
    result<void> try_put_external(const Lookup &miss, External external, const PutOptions &options = {}) noexcept {
        return give_under(miss.chunk(), &miss.key(), std::move(external), options);
    }
    result<void> try_put_external(const Digest &chunk, External external, const PutOptions &options = {}) noexcept {
        return give_under(chunk, nullptr, std::move(external), options);
    }

    /** Forgets a chunk's result under the present state: false where there was none. */
    result<void> try_remove(const Digest &chunk) noexcept { return outcome(streamcache_filter_remove(get(), &chunk)); }
    /** Forgets the results of the present state; how many. */
    result<std::uint64_t> try_purge() noexcept { return counted(streamcache_filter_purge); }
    /** Forgets the results of this handle's other states; how many. */
    result<std::uint64_t> try_retire() noexcept { return counted(streamcache_filter_retire); }
    /** Takes the filter as it is now. */
    result<Snapshot> try_snapshot() const noexcept {
        streamcache_snapshot *raw = nullptr;
        const streamcache_status status = streamcache_filter_snapshot(get(), &raw);
        return detail::made<Snapshot>(status, raw);
    }
    /** The key a chunk's result has under the present state. */
    result<Digest> try_key(const Digest &chunk) const noexcept {
        Digest key;
        const streamcache_status status = streamcache_filter_key(get(), &chunk, &key);
        if (status != STREAMCACHE_OK) return outcome(status);
        return key;
    }
    /** The counters of this handle and its snapshots. */
    result<streamcache_filter_stats> try_stats() const noexcept {
        streamcache_filter_stats stats{};
        stats.struct_size = sizeof stats;
        const streamcache_status status = streamcache_filter_get_stats(get(), &stats);
        if (status != STREAMCACHE_OK) return outcome(status);
        return stats;
    }

#ifdef STREAMCACHE_EXCEPTIONS
    static Filter open(Cache &cache, std::string_view id, const Digest &config, std::uint32_t flags = 0) {
        return try_open(cache, id, config, flags).value();
    }
    void load_state(bytes state) { detail::check(try_load_state(state)); }
    bool save_state() { return bool(detail::checked(try_save_state())); }
    bool restore_state(const Digest &state) { return bool(detail::checked(try_restore_state(state))); }
    void load_state(const Digest &state) { detail::check(try_load_state(state)); }
    Lookup get_state() const { return detail::checked(try_get_state()); }
    Lookup lookup(const Digest &chunk, std::uint32_t flags = 0) const {
        Lookup answer = try_lookup(chunk, flags);
        detail::check(answer);
        return answer;
    }
    Lookup lookup_bytes(bytes chunk, std::uint32_t flags = 0) const {
        Lookup answer = try_lookup_bytes(chunk, flags);
        detail::check(answer);
        return answer;
    }
    Begun begin(const Digest &chunk, std::chrono::milliseconds timeout = default_timeout, std::uint32_t flags = 0) {
        return detail::checked(try_begin(chunk, timeout, flags));
    }
    Begun begin_bytes(bytes chunk, std::chrono::milliseconds timeout = default_timeout, std::uint32_t flags = 0) {
        return detail::checked(try_begin_bytes(chunk, timeout, flags));
    }
    template <class Fn> Answer lookup_or_compute(const Digest &chunk, Fn &&fn, const PutOptions &options = {},
                                                 std::chrono::milliseconds timeout = default_timeout) {
        return detail::settled(try_lookup_or_compute(chunk, fn, options, timeout));
    }
    template <class Fn> Answer lookup_or_compute_bytes(bytes chunk, Fn &&fn, const PutOptions &options = {},
                                                       std::chrono::milliseconds timeout = default_timeout) {
        return detail::settled(try_lookup_or_compute_bytes(chunk, fn, options, timeout));
    }
    Batch begin_batch(view<Digest> chunks, std::uint32_t flags = 0) { return try_begin_batch(chunks, flags).value(); }
    Batch begin_batch_bytes(view<bytes> chunks, std::uint32_t flags = 0) {
        return try_begin_batch_bytes(chunks, flags).value();
    }
    Copied lookup_into(const Digest &chunk, writable<std::byte> buffer, std::uint32_t flags = 0) const {
        return detail::checked(try_lookup_into(chunk, buffer, flags));
    }
    bool put(const Lookup &miss, bytes data, const PutOptions &options = {}) {
        return bool(detail::checked(try_put(miss, data, options)));
    }
    bool put(const Digest &chunk, bytes data, const PutOptions &options = {}) {
        return bool(detail::checked(try_put(chunk, data, options)));
    }
    bool put_bytes(bytes chunk, bytes data, const PutOptions &options = {}) {
        return bool(detail::checked(try_put_bytes(chunk, data, options)));
    }
    bool put_external(const Lookup &miss, External external, const PutOptions &options = {}) {
        return bool(detail::checked(try_put_external(miss, std::move(external), options)));
    }
    bool put_external(const Digest &chunk, External external, const PutOptions &options = {}) {
        return bool(detail::checked(try_put_external(chunk, std::move(external), options)));
    }
    bool remove(const Digest &chunk) { return bool(detail::checked(try_remove(chunk))); }
    std::uint64_t purge() { return try_purge().value(); }
    std::uint64_t retire() { return try_retire().value(); }
    Snapshot snapshot() const { return try_snapshot().value(); }
    Digest key(const Digest &chunk) const { return try_key(chunk).value(); }
    streamcache_filter_stats stats() const { return try_stats().value(); }
#endif

private:
    /** What is computed while another caller has the ticket: for the state of this moment. */
    struct unaided {
        Filter *filter;
        Digest chunk;
        Snapshot snapshot;
        outcome ready() noexcept {
            result<Snapshot> taken = filter->try_snapshot();
            if (taken) snapshot = std::move(*taken);
            return outcome(std::move(taken));
        }
        Lookup state() const noexcept { return snapshot.try_get_state(); }
        result<void> put(const bytes &data, const PutOptions &options) noexcept {
            return snapshot.try_put(chunk, data, options);
        }
        result<void> put(External &&external, const PutOptions &options) noexcept {
            return snapshot.try_put_external(chunk, std::move(external), options);
        }
    };
    result<void> put_under(const Digest &chunk, const Digest *key, bytes data, const PutOptions &options) noexcept {
        detail::put_call call(options, key);
        return call.done(streamcache_filter_put(get(), &chunk, call.key(), data.data(), data.size(), call.flags(),
                                                call.options(), call.value()));
    }
    result<void> give_under(const Digest &chunk, const Digest *key, External external,
                            const PutOptions &options) noexcept {
        return detail::give(std::move(external), options, key, [&](auto &call, const streamcache_external *given) {
            return streamcache_filter_put_external(get(), &chunk, call.key(), given, call.flags(), call.options(),
                                                   call.value());
        });
    }
    result<std::uint64_t> counted(streamcache_status (*forget)(streamcache_filter *, std::uint64_t *)) noexcept {
        std::uint64_t removed = 0;
        const streamcache_status status = forget(get(), &removed);
        if (status != STREAMCACHE_OK) return outcome(status);
        return removed;
    }
};

} // namespace streamcache

#endif
