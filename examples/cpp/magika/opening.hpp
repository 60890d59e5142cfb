// How a cache and its one filter are opened, here and in the programs beside.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "common/streamcache.hpp"

namespace magika {

using CacheHandle = common::Handle<streamcache_cache, streamcache_cache_release>;
using FilterHandle = common::Handle<streamcache_filter, streamcache_filter_release>;

// Where answers are kept.
struct Room {
    std::uint64_t max_bytes = 0;  // of memory
    std::filesystem::path disk;   // the directory behind memory; empty: none
    std::string remote;           // the URL of a Redis server that others share; empty: none
};

CacheHandle open_cache(const Room& room);

// `config` is JSON that names everything an answer depends on but the weights; `state` is the file with the weights.
FilterHandle open_filter(streamcache_cache* cache, std::string_view name, const std::string& config,
                         const std::filesystem::path& state);

// Waits until everything is written behind memory.
void flush(streamcache_cache* cache);

}  // namespace magika
