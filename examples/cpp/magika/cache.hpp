// The model's answers, remembered: a small C++ room around the C functions of streamcache.
#pragma once

#include <chrono>
#include <filesystem>
#include <streamcache.hpp>
#include <string>

#include "common/streamcache.hpp"
#include "features.hpp"
#include "labels.hpp"
#include "opening.hpp"

namespace magika {

using common::Handle;
using common::Lease;

// How a lookup ended: with a lease on a hit, and on a miss with what `remember` needs.
struct Lookup {
    Lease lease;
    streamcache_digest chunk{};
    streamcache_digest key{};

    explicit operator bool() const { return lease != nullptr; }
};

// The chunk that stands for an input.
streamcache_digest digest(const Input& input);

class Cache {
public:
    // `config` is JSON that names everything an answer depends on but the weights; `state` is the file with the
    // weights.
    Cache(const std::string& config, const std::filesystem::path& state, const Room& room);

    Lookup find(const Input& input) const;

    // Keeps what was computed after a miss.
    void remember(const Lookup& miss, const Output& output, std::chrono::nanoseconds compute_time);

    streamcache_filter* filter() const { return filter_.get(); }

    // Another owner of it, for what takes the C++ header's.
    streamcache::Filter share() const;

    streamcache_cache_stats stats() const;

    // Of a tier behind memory; all zeros where there is none.
    streamcache_tier_stats stats(streamcache_tier tier) const;

    // Waits until everything is written behind memory.
    void flush() { magika::flush(cache_.get()); }

private:
    CacheHandle cache_;
    FilterHandle filter_;
};

}  // namespace magika
