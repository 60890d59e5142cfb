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

/** How long a begin, a flush or a close waits unless it is told: 60 seconds. */
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

    /** Where results outlive the process, made if it isn't there; processes of one host and user may share it. */
    Options &disk_directory(std::string_view path) noexcept {
        return note(streamcache_options_set_disk_directory(get(), path.data(), path.size()),
                    "the option disk_directory was refused");
    }
    /** The hard limit in bytes on what is there, for all who share it; 0 keeps the store's own, 1 GiB for a new one. */
    Options &disk_max_bytes(std::uint64_t bytes) noexcept {
        return note(streamcache_options_set_disk_max_bytes(get(), bytes), "the option disk_max_bytes was refused");
    }
    /** Whether the directory may be on a network file system, where only one host may use it. */
    Options &disk_allow_network(bool allow) noexcept {
        return note(streamcache_options_set_disk_allow_network(get(), allow ? 1 : 0),
                    "the option disk_allow_network was refused");
    }
    /** A Redis or Valkey server that a fleet shares: redis://, rediss:// or unix://; several are nodes of one cluster. */
    Options &add_remote_url(std::string_view url) noexcept {
        return note(streamcache_options_add_remote_url(get(), url.data(), url.size()),
                    "the option remote_urls was refused: it takes URLs such as redis://host:6379");
    }
    /** What the name of every entry there begins with. */
    Options &remote_prefix(std::string_view prefix) noexcept {
        return note(streamcache_options_set_remote_prefix(get(), prefix.data(), prefix.size()),
                    "the option remote_prefix was refused");
    }
    /** How long the server keeps a result, unless its own time to live is over before. */
    Options &remote_ttl(std::chrono::milliseconds ttl) noexcept {
        return note(streamcache_options_set_remote_ttl_ms(get(), detail::count(ttl)),
                    "the option remote_ttl was refused: it takes 1 ms or more");
    }
    /** Larger results stay local; the same for all who share a server. */
    Options &remote_max_value_bytes(std::uint64_t bytes) noexcept {
        return note(streamcache_options_set_remote_max_value_bytes(get(), bytes),
                    "the option remote_max_value_bytes was refused: it takes 1 or more");
    }
    /** How long a lookup waits for the server, all in all. */
    Options &remote_timeout(std::chrono::milliseconds timeout) noexcept {
        return note(streamcache_options_set_remote_timeout_ms(get(), detail::count32(timeout)),
                    "the option remote_timeout was refused: it takes 1 ms or more");
    }
    /** Certificates, in PEM, of those who may vouch for a server; empty for the system's. */
    Options &remote_ca_file(std::string_view path) noexcept {
        return note(streamcache_options_set_remote_ca_file(get(), path.data(), path.size()),
                    "the option remote_ca_file was refused");
    }
    /** The most that waits to be written, for each tier; what comes when it is full is not written. */
    Options &write_behind_max_bytes(std::uint64_t bytes) noexcept {
        return note(streamcache_options_set_write_behind_max_bytes(get(), bytes),
                    "the option write_behind_max_bytes was refused");
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
