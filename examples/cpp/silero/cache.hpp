// A cache with the model's filter in it: a small C++ room around the C functions of streamcache.
#pragma once

#include <cstdint>
#include <string>

#include "common/streamcache.hpp"
#include "model.hpp"

namespace silero {

using common::fail;
using common::Handle;
using common::Lease;
using common::require_ok;

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
