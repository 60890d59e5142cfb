/** @file
 * A filter as it was at one moment.
 */
#ifndef STREAMCACHE_SNAPSHOT_HPP
#define STREAMCACHE_SNAPSHOT_HPP

#include "cache.hpp"

namespace streamcache {

/**
 * A filter as it was at one moment, with a lease on its state: what is looked up and put through it names that state,
 * whatever the filter loads later. Any thread, any time.
 */
class Snapshot : public detail::shared_handle<Snapshot, streamcache_snapshot, streamcache_snapshot_release,
                                              streamcache_snapshot_retain> {
public:
    using shared_handle::shared_handle;

    /** Leases the state; its digest is the key(). STREAMCACHE_MISS where only the digest is known. */
    Lookup try_get_state() const noexcept {
        streamcache_value *value = nullptr;
        Digest state;
        const streamcache_status status = streamcache_snapshot_get_state(get(), &value, &state);
        return {status, value, state};
    }
    /** Looks up a chunk's result. */
    Lookup try_lookup(const Digest &chunk, std::uint32_t flags = 0) const noexcept {
        streamcache_value *value = nullptr;
        Digest key;
        const streamcache_status status = streamcache_snapshot_get(get(), &chunk, flags, &value, &key);
        return {status, value, key, chunk};
    }
    /** Looks up a chunk's result, and gives the right to compute it where it is missing, or waits for who has it. */
    Begun try_begin(const Digest &chunk, std::chrono::milliseconds timeout = default_timeout,
                    std::uint32_t flags = 0) noexcept {
        return detail::begun(chunk, [&](streamcache_value **value, streamcache_ticket **ticket) {
            return streamcache_snapshot_begin(get(), &chunk, detail::count32(timeout), flags, value, ticket);
        });
    }
    /** As Filter's, under the snapshot's state. */
    template <class Fn> Answer try_lookup_or_compute(const Digest &chunk, Fn &&fn, const PutOptions &options = {},
                                                     std::chrono::milliseconds timeout = default_timeout) {
        return detail::computation(unaided{this, chunk}, options).run(try_begin(chunk, timeout, options.flags()), fn);
    }
    /** Stores a copy of a chunk's result: false where it was not stored. */
    result<void> try_put(const Digest &chunk, bytes data, const PutOptions &options = {}) noexcept {
        detail::put_call call(options);
        return call.done(streamcache_snapshot_put(get(), &chunk, data.data(), data.size(), call.flags(), call.options(),
                                                  call.value()));
    }
    /** Stores a chunk's result where it is; see External. */
    result<void> try_put_external(const Digest &chunk, External external, const PutOptions &options = {}) noexcept {
        return detail::give(std::move(external), options, nullptr, [&](auto &call, const streamcache_external *given) {
            return streamcache_snapshot_put_external(get(), &chunk, given, call.flags(), call.options(), call.value());
        });
    }
    /** The key a chunk's result has. */
    result<Digest> try_key(const Digest &chunk) const noexcept {
        Digest key;
        const streamcache_status status = streamcache_snapshot_key(get(), &chunk, &key);
        if (status != STREAMCACHE_OK) return outcome(status);
        return key;
    }

#ifdef STREAMCACHE_EXCEPTIONS
    Lookup get_state() const { return detail::checked(try_get_state()); }
    Lookup lookup(const Digest &chunk, std::uint32_t flags = 0) const {
        Lookup answer = try_lookup(chunk, flags);
        detail::check(answer);
        return answer;
    }
    Begun begin(const Digest &chunk, std::chrono::milliseconds timeout = default_timeout, std::uint32_t flags = 0) {
        return detail::checked(try_begin(chunk, timeout, flags));
    }
    template <class Fn> Answer lookup_or_compute(const Digest &chunk, Fn &&fn, const PutOptions &options = {},
                                                 std::chrono::milliseconds timeout = default_timeout) {
        return detail::settled(try_lookup_or_compute(chunk, fn, options, timeout));
    }
    bool put(const Digest &chunk, bytes data, const PutOptions &options = {}) {
        return bool(detail::checked(try_put(chunk, data, options)));
    }
    bool put_external(const Digest &chunk, External external, const PutOptions &options = {}) {
        return bool(detail::checked(try_put_external(chunk, std::move(external), options)));
    }
    Digest key(const Digest &chunk) const { return try_key(chunk).value(); }
#endif

private:
    /** What is computed while another caller has the ticket. */
    struct unaided {
        Snapshot *snapshot;
        Digest chunk;
        outcome ready() noexcept { return outcome(); }
        Lookup state() const noexcept { return snapshot->try_get_state(); }
        result<void> put(const bytes &data, const PutOptions &options) noexcept {
            return snapshot->try_put(chunk, data, options);
        }
        result<void> put(External &&external, const PutOptions &options) noexcept {
            return snapshot->try_put_external(chunk, std::move(external), options);
        }
    };
};

} // namespace streamcache

#endif
