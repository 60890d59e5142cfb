#include "cache.hpp"

#include <array>
#include <string_view>

namespace magika {

using common::fail;
using common::require_ok;

namespace {

constexpr std::string_view kFilter = "magika";
constexpr std::string_view kInputName = "bytes";  // what the model calls its input
constexpr std::array<std::int64_t, 2> kInputDims{1, std::tuple_size_v<Input>};

}  // namespace

// Name, type and shape go into the digest with the numbers, so no other input can be taken for this one.
streamcache_digest digest(const Input& input) {
    streamcache_tensor tensor{};
    tensor.struct_size = sizeof tensor;
    tensor.name = kInputName.data();
    tensor.name_len = kInputName.size();
    tensor.dtype_code = STREAMCACHE_DTYPE_INT;
    tensor.dtype_bits = 32;
    tensor.dtype_lanes = 1;
    tensor.rank = kInputDims.size();
    tensor.dims = kInputDims.data();
    tensor.data = input.data();
    tensor.data_len = sizeof input;

    streamcache_digest digest;
    require_ok(streamcache_digest_tensor(&tensor, &digest, nullptr), "digest of the input");
    return digest;
}

Cache::Cache(const std::string& config, const std::filesystem::path& state, const Room& room)
    : cache_(open_cache(room)), filter_(open_filter(cache_.get(), kFilter, config, state)) {}

Lookup Cache::find(const Input& input) const {
    Lookup lookup;
    lookup.chunk = digest(input);
    streamcache_value* value = nullptr;
    const streamcache_status status = streamcache_filter_get(filter_.get(), &lookup.chunk, 0, &value, &lookup.key);
    lookup.lease.reset(value);
    if (status != STREAMCACHE_MISS) require_ok(status, "get");
    if (value != nullptr && streamcache_value_size(value) != sizeof(Output)) fail("get", "a value of the wrong size");
    return lookup;
}

void Cache::remember(const Lookup& miss, const Output& output, std::chrono::nanoseconds compute_time) {
    streamcache_put_options options{};
    options.struct_size = sizeof options;
    options.compute_ns = static_cast<std::uint64_t>(compute_time.count());
    const streamcache_status status = streamcache_filter_put(filter_.get(), &miss.chunk, &miss.key, output.data(),
                                                             sizeof output, 0, &options, nullptr);
    if (status != STREAMCACHE_NOT_STORED) require_ok(status, "put");  // a full cache is no failure
}

streamcache::Filter Cache::share() const {
    require_ok(streamcache_filter_retain(filter()), "retain");
    return streamcache::Filter(filter());
}

streamcache_cache_stats Cache::stats() const {
    streamcache_cache_stats stats{};
    stats.struct_size = sizeof stats;
    require_ok(streamcache_cache_get_stats(cache_.get(), &stats), "stats");
    return stats;
}

streamcache_tier_stats Cache::stats(streamcache_tier tier) const {
    streamcache_tier_stats stats{};
    stats.struct_size = sizeof stats;
    const streamcache_status status = streamcache_cache_get_tier_stats(cache_.get(), tier, &stats);
    if (status != STREAMCACHE_MISS) require_ok(status, "stats of a tier");
    return stats;
}

}  // namespace magika
