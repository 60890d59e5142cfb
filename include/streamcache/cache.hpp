/** @file
 * The cache, and results under keys of the caller's.
 */
#ifndef STREAMCACHE_CACHE_HPP
#define STREAMCACHE_CACHE_HPP

#include "compute.hpp"

namespace streamcache {

/** How stats are written as text. */
enum class Format : streamcache_format { json = STREAMCACHE_FORMAT_JSON, prometheus = STREAMCACHE_FORMAT_PROMETHEUS };

/** Of a purge: results in this process's memory. */
inline constexpr std::uint32_t purge_memory = STREAMCACHE_PURGE_MEMORY;
/** Of a purge: on disk too, for all processes that share it. */
inline constexpr std::uint32_t purge_disk = STREAMCACHE_PURGE_DISK;

/** A cache. Any thread, any time. */
class Cache
    : public detail::shared_handle<Cache, streamcache_cache, streamcache_cache_release, streamcache_cache_retain> {
public:
    using shared_handle::shared_handle;

    /** With every default. */
    static result<Cache> try_open() noexcept { return opened(nullptr); }
    /** Answers what a setter of the options was refused with, if one was. */
    static result<Cache> try_open(const Options &options) noexcept {
        if (options.refused().status() != STREAMCACHE_OK) return options.refused();
        return opened(options.get());
    }
    /** Ends the cache's work, after what is queued for its tiers is written; leases stay valid. How much was dropped. */
    result<std::uint64_t> try_close(std::chrono::milliseconds timeout = default_timeout) noexcept {
        std::uint64_t dropped = 0;
        const streamcache_status status = streamcache_cache_close(get(), detail::count32(timeout), &dropped);
        if (status < 0) return outcome(status);
        return {dropped, outcome(status)};
    }
    /** Waits until what was put before is written to the tiers: false, STREAMCACHE_TIMEOUT, where the time was up. */
    result<void> try_flush(std::chrono::milliseconds timeout = default_timeout) noexcept {
        return outcome(streamcache_cache_flush(get(), detail::count32(timeout)));
    }
    /** Forgets every result: of memory, or with purge_disk of the disk, too. States and leases stay. */
    result<void> try_purge(std::uint32_t scope = 0) noexcept { return outcome(streamcache_cache_purge(get(), scope)); }
    /** Changes the limit while the cache is in use; what is too much is evicted. */
    result<void> try_set_max_bytes(std::uint64_t bytes) noexcept {
        return outcome(streamcache_cache_set_max_bytes(get(), bytes));
    }
    result<void> try_set_max_chunks(std::uint64_t results) noexcept {
        return outcome(streamcache_cache_set_max_chunks(get(), results));
    }

    /** Keeps a trained state under a filter's id, with a key: for callers who make their keys themselves. */
    result<void> try_load_state(std::string_view id, const Digest &key, bytes state) noexcept {
        streamcache_error *why = nullptr;
        const streamcache_status status =
            streamcache_cache_load_state(get(), id.data(), id.size(), &key, state.data(), state.size(), &why);
        return outcome(status, why);
    }
    /** Leases the state kept under an id, with the key it was loaded with. */
    Lookup try_get_state(std::string_view id) const noexcept {
        streamcache_value *value = nullptr;
        Digest key;
        const streamcache_status status = streamcache_cache_get_state(get(), id.data(), id.size(), &value, &key);
        return {status, value, key};
    }
    /** Forgets the state kept under an id: false where there was none. */
    result<void> try_unload_state(std::string_view id) noexcept {
        return outcome(streamcache_cache_unload_state(get(), id.data(), id.size()));
    }

    /** Looks up a result under a key. */
    Lookup try_get_chunk(const Digest &key, std::uint32_t flags = 0) const noexcept {
        streamcache_value *value = nullptr;
        const streamcache_status status = streamcache_cache_get_chunk(get(), &key, flags, &value);
        return {status, value, key};
    }
    /** Looks up a result under a key, and gives the right to compute it where it is missing, or waits for its owner. */
    Begun try_begin(const Digest &key, std::chrono::milliseconds timeout = default_timeout,
                    std::uint32_t flags = 0) noexcept {
        return detail::begun(key, [&](streamcache_value **value, streamcache_ticket **ticket) {
            return streamcache_cache_begin(get(), &key, detail::count32(timeout), flags, value, ticket);
        });
    }
    /** As Filter's, by a key. */
    template <class Fn> Answer try_lookup_or_compute(const Digest &key, Fn &&fn, const PutOptions &options = {},
                                                     std::chrono::milliseconds timeout = default_timeout) {
        return detail::computation(unaided{this, key}, options).run(try_begin(key, timeout, options.flags()), fn);
    }
    /** Looks up a result under a key and copies it out: no lease. An empty buffer asks for the size. */
    Copied try_get_chunk_into(const Digest &key, writable<std::byte> buffer, std::uint32_t flags = 0) const noexcept {
        std::size_t len = 0;
        const streamcache_status status =
            streamcache_cache_get_chunk_into(get(), &key, flags, buffer.data(), buffer.size(), &len);
        return {status, len, key};
    }
    /** Stores a copy of a result under a key: false where it was not stored. */
    result<void> try_put_chunk(const Digest &key, bytes data, const PutOptions &options = {}) noexcept {
        detail::put_call call(options);
        return call.done(streamcache_cache_put_chunk(get(), &key, data.data(), data.size(), call.flags(),
                                                     call.options(), call.value()));
    }
    /** Stores a result where it is; see External. */
    result<void> try_put_chunk_external(const Digest &key, External external, const PutOptions &options = {}) noexcept {
        return detail::give(std::move(external), options, nullptr, [&](auto &call, const streamcache_external *given) {
            return streamcache_cache_put_chunk_external(get(), &key, given, call.flags(), call.options(), call.value());
        });
    }
    /** Forgets a result: false where there was none. */
    result<void> try_remove_chunk(const Digest &key) noexcept {
        return outcome(streamcache_cache_remove_chunk(get(), &key));
    }

    /** Hits per lookup that looked, 0 to 1. */
    double hit_rate() const noexcept { return streamcache_cache_hit_rate(get()); }
    std::uint64_t hits() const noexcept { return streamcache_cache_hits(get()); }
    std::uint64_t misses() const noexcept { return streamcache_cache_misses(get()); }
    /** The counters and gauges. */
    result<streamcache_cache_stats> try_stats() const noexcept {
        streamcache_cache_stats stats{};
        stats.struct_size = sizeof stats;
        const streamcache_status status = streamcache_cache_get_stats(get(), &stats);
        if (status != STREAMCACHE_OK) return outcome(status);
        return stats;
    }
    /** Those of a tier behind memory: STREAMCACHE_MISS where there is none. */
    result<streamcache_tier_stats> try_tier_stats(Tier tier) const noexcept {
        streamcache_tier_stats stats{};
        stats.struct_size = sizeof stats;
        const streamcache_status status =
            streamcache_cache_get_tier_stats(get(), static_cast<streamcache_tier>(tier), &stats);
        if (status != STREAMCACHE_OK) return outcome(status);
        return stats;
    }
    /** The same as text, of the open filters and the tiers too. */
    result<std::string> try_write_stats(Format format = Format::json) const {
        return detail::text([&](char *out, std::size_t n, std::size_t *len) {
            return streamcache_cache_write_stats(get(), static_cast<streamcache_format>(format), out, n, len);
        });
    }

#ifdef STREAMCACHE_EXCEPTIONS
    static Cache open() { return try_open().value(); }
    static Cache open(const Options &options) { return try_open(options).value(); }
    std::uint64_t close(std::chrono::milliseconds timeout = default_timeout) { return try_close(timeout).value(); }
    bool flush(std::chrono::milliseconds timeout = default_timeout) { return bool(detail::checked(try_flush(timeout))); }
    void purge(std::uint32_t scope = 0) { detail::check(try_purge(scope)); }
    void set_max_bytes(std::uint64_t bytes) { detail::check(try_set_max_bytes(bytes)); }
    void set_max_chunks(std::uint64_t results) { detail::check(try_set_max_chunks(results)); }
    void load_state(std::string_view id, const Digest &key, bytes state) {
        detail::check(try_load_state(id, key, state));
    }
    Lookup get_state(std::string_view id) const { return detail::checked(try_get_state(id)); }
    bool unload_state(std::string_view id) { return bool(detail::checked(try_unload_state(id))); }
    Lookup get_chunk(const Digest &key, std::uint32_t flags = 0) const {
        Lookup answer = try_get_chunk(key, flags);
        detail::check(answer);
        return answer;
    }
    Begun begin(const Digest &key, std::chrono::milliseconds timeout = default_timeout, std::uint32_t flags = 0) {
        return detail::checked(try_begin(key, timeout, flags));
    }
    template <class Fn> Answer lookup_or_compute(const Digest &key, Fn &&fn, const PutOptions &options = {},
                                                 std::chrono::milliseconds timeout = default_timeout) {
        return detail::settled(try_lookup_or_compute(key, fn, options, timeout));
    }
    Copied get_chunk_into(const Digest &key, writable<std::byte> buffer, std::uint32_t flags = 0) const {
        return detail::checked(try_get_chunk_into(key, buffer, flags));
    }
    bool put_chunk(const Digest &key, bytes data, const PutOptions &options = {}) {
        return bool(detail::checked(try_put_chunk(key, data, options)));
    }
    bool put_chunk_external(const Digest &key, External external, const PutOptions &options = {}) {
        return bool(detail::checked(try_put_chunk_external(key, std::move(external), options)));
    }
    bool remove_chunk(const Digest &key) { return bool(detail::checked(try_remove_chunk(key))); }
    streamcache_cache_stats stats() const { return try_stats().value(); }
    streamcache_tier_stats tier_stats(Tier tier) const { return try_tier_stats(tier).value(); }
    std::string write_stats(Format format = Format::json) const { return try_write_stats(format).value(); }
#endif

private:
    /** What is computed while another caller has the ticket. */
    struct unaided {
        Cache *cache;
        Digest key;
        outcome ready() noexcept { return outcome(); }
        Lookup state() const noexcept { return {STREAMCACHE_NO_STATE, nullptr, Digest()}; }
        result<void> put(const bytes &data, const PutOptions &options) noexcept {
            return cache->try_put_chunk(key, data, options);
        }
        result<void> put(External &&external, const PutOptions &options) noexcept {
            return cache->try_put_chunk_external(key, std::move(external), options);
        }
    };
    static result<Cache> opened(const streamcache_options *options) noexcept {
        streamcache_cache *raw = nullptr;
        streamcache_error *why = nullptr;
        const streamcache_status status = streamcache_cache_open(options, &raw, &why);
        return detail::made<Cache>(status, raw, why);
    }
};

} // namespace streamcache

#endif
