// A cache with the model's filter in it: a small C++ room around the C functions of streamcache.
#pragma once

#include <streamcache.h>

#include <cstdint>
#include <memory>
#include <string>

#include "model.hpp"

namespace silero {

// Owns one C handle and releases it.
template <auto release>
struct Release {
    template <class T>
    void operator()(T* handle) const {
        release(handle);
    }
};
template <class T, auto release>
using Handle = std::unique_ptr<T, Release<release>>;

// A lease on a remembered value: the bytes stay where they are as long as it lives.
using Lease = Handle<const streamcache_value, streamcache_value_release>;

[[noreturn]] void fail(const std::string& what, const std::string& why);
void require_ok(streamcache_status status, const std::string& what);

// For the calls that can say more than a status: require_ok("open", [&](streamcache_error** error) { return ...; }).
template <class Call>
void require_ok(const std::string& what, Call call) {
    streamcache_error* error = nullptr;
    const streamcache_status status = call(&error);
    const Handle<streamcache_error, streamcache_error_free> owner{error};
    if (status != STREAMCACHE_OK)
        fail(what, error != nullptr ? streamcache_error_get_message(error) : streamcache_status_message(status));
}

// The chunk by its bytes. Their type and shape are part of the filter's config.
streamcache_digest digest(const Chunk& chunk);

class Cache {
public:
    Cache(const Model& model, const std::string& filter, std::uint64_t max_bytes);

    streamcache_filter* filter() const { return filter_.get(); }
    streamcache_cache_stats stats() const;

private:
    Handle<streamcache_cache, streamcache_cache_release> cache_;
    Handle<streamcache_filter, streamcache_filter_release> filter_;
};

}  // namespace silero
