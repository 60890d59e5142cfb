// The model's answers, remembered: a small C++ room around the C functions of streamcache.
#pragma once

#include <streamcache.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "features.hpp"
#include "labels.hpp"

namespace magika {

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

// How a lookup ended: with a lease on a hit, and on a miss with what `remember` needs.
struct Lookup {
    Lease lease;
    streamcache_digest chunk{};
    streamcache_digest key{};

    explicit operator bool() const { return lease != nullptr; }
};

class Cache {
public:
    // `config` is JSON that names everything an answer depends on but the weights; `state` is the file with the
    // weights.
    Cache(const std::string& config, const std::filesystem::path& state, std::uint64_t max_bytes);

    Lookup find(const Input& input) const;

    // Keeps what was computed after a miss.
    void remember(const Lookup& miss, const Output& output, std::chrono::nanoseconds compute_time);

    streamcache_cache_stats stats() const;

private:
    Handle<streamcache_cache, streamcache_cache_release> cache_;
    Handle<streamcache_filter, streamcache_filter_release> filter_;
};

}  // namespace magika
