/** @file
 * What a cache is opened with.
 */
#ifndef STREAMCACHE_OPTIONS_HPP
#define STREAMCACHE_OPTIONS_HPP

#include <chrono>
#include <cstdint>
#include <string_view>

#include "bytes.hpp"
#include "handle.hpp"
#include "text.hpp"

namespace streamcache {

/** No limit, said explicitly. */
inline constexpr std::uint64_t unlimited = STREAMCACHE_UNLIMITED;

/** How the cache chooses what to evict. */
enum class Policy : streamcache_policy {
    s3fifo = STREAMCACHE_POLICY_S3FIFO,
    lru = STREAMCACHE_POLICY_LRU,
    adaptive = STREAMCACHE_POLICY_ADAPTIVE
};

/** How long a begin waits for another caller's computation unless it is told: 60 seconds. */
inline constexpr std::chrono::milliseconds default_timeout{STREAMCACHE_TIMEOUT_DEFAULT};

namespace detail {
/** A duration as the C header takes it: never negative. */
template <class Duration> constexpr std::uint64_t count(Duration duration) noexcept {
    return duration.count() < 0 ? 0 : static_cast<std::uint64_t>(duration.count());
}
/** The same in 32 bits. The largest number there means the default, so what is longer is a little less. */
constexpr std::uint32_t count32(std::chrono::milliseconds duration) noexcept {
    const std::uint64_t wanted = count(duration);
    return wanted <= UINT32_MAX ? static_cast<std::uint32_t>(wanted) : UINT32_MAX - 1;
}
} // namespace detail

/**
 * A cache's options, set one after another: Cache::open(Options().name("asr").max_bytes(1 << 30)). A setter that is
 * refused changes nothing, and opening a cache with these options then answers what it said. One thread at a time.
 */
class Options : public detail::handle<streamcache_options, streamcache_options_free> {
public:
    /** Every default. */
    Options() noexcept {
        streamcache_options *raw = nullptr;
        note(streamcache_options_new(&raw), "the options could not be made");
        reset(raw);
    }
    using handle::handle;

    /** From a JSON object; what it doesn't name keeps its default. */
    static result<Options> try_from_json(std::string_view json) noexcept {
        streamcache_options *raw = nullptr;
        streamcache_error *why = nullptr;
        const streamcache_status status = streamcache_options_from_json(json.data(), json.size(), &raw, &why);
        return detail::made<Options>(status, raw, why);
    }
    /** Every option as a JSON object; a secret is hidden in it. */
    result<std::string> try_to_json() const {
        return detail::text([&](char *out, std::size_t n, std::size_t *len) {
            return streamcache_options_to_json(get(), out, n, len);
        });
    }
#ifdef STREAMCACHE_EXCEPTIONS
    static Options from_json(std::string_view json) { return try_from_json(json).value(); }
    std::string to_json() const { return try_to_json().value(); }
#endif

    /** What people call the cache, in logs and stats. */
    Options &name(std::string_view name) noexcept {
        return note(streamcache_options_set_name(get(), name.data(), name.size()), "the option name was refused");
    }
    /** The hard limit in bytes on results, leased values, states and index together. */
    Options &max_bytes(std::uint64_t bytes) noexcept {
        return note(streamcache_options_set_max_bytes(get(), bytes), "the option max_bytes was refused");
    }
    /** The hard limit on stored results. */
    Options &max_chunks(std::uint64_t results) noexcept {
        return note(streamcache_options_set_max_chunks(get(), results), "the option max_chunks was refused");
    }
    /** The eviction policy. */
    Options &policy(Policy policy) noexcept {
        return note(streamcache_options_set_policy(get(), static_cast<streamcache_policy>(policy)),
                    "the option policy was refused");
    }
    /** The longest time to live of a result; 0 is no limit. */
    Options &ttl(std::chrono::milliseconds ttl) noexcept {
        return note(streamcache_options_set_ttl_ms(get(), detail::count(ttl)), "the option ttl was refused");
    }
    /** How old a ticket may become before a caller who waits takes its right over; 0 is no limit. */
    Options &ticket_max_age(std::chrono::milliseconds age) noexcept {
        return note(streamcache_options_set_ticket_max_age_ms(get(), detail::count(age)),
                    "the option ticket_max_age was refused");
    }
    /** Threads of the cache's own that share the digesting of large chunks; 1 starts none. */
    Options &hash_threads(std::uint32_t threads) noexcept {
        return note(streamcache_options_set_hash_threads(get(), threads), "the option hash_threads was refused");
    }
    /** A part of every filter's key: caches of different namespaces share no result. */
    Options &name_space(std::string_view name) noexcept {
        return note(streamcache_options_set_namespace(get(), name.data(), name.size()),
                    "the option namespace was refused");
    }
    /** Without it nobody can predict, recognise or plant a key. 16 bytes or more; may be wiped afterwards. */
    Options &secret(bytes secret) noexcept {
        return note(streamcache_options_set_secret(get(), secret.data(), secret.size()),
                    "the option secret was refused: it takes 16 bytes or more");
    }

    /** The first setter's answer that was not STREAMCACHE_OK. */
    outcome refused() const noexcept { return outcome(status_, text_); }

private:
    Options &note(streamcache_status status, const char *text) noexcept {
        if (status != STREAMCACHE_OK && status_ == STREAMCACHE_OK) {
            status_ = status;
            text_ = text;
        }
        return *this;
    }

    streamcache_status status_ = STREAMCACHE_OK;
    const char *text_ = nullptr;
};

} // namespace streamcache

#endif
