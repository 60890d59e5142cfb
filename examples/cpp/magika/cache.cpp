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

Cache::Cache(const std::string& config, const std::filesystem::path& state, std::uint64_t max_bytes) {
    streamcache_options* options = nullptr;
    require_ok(streamcache_options_new(&options), "options");
    const Handle<streamcache_options, streamcache_options_free> options_owner{options};
    require_ok(streamcache_options_set_max_bytes(options, max_bytes), "max_bytes");

    streamcache_cache* cache = nullptr;
    require_ok("open", [&](streamcache_error** error) { return streamcache_cache_open(options, &cache, error); });
    cache_.reset(cache);

    streamcache_digest config_digest;
    require_ok("config", [&](streamcache_error** error) {
        return streamcache_digest_config_json(config.data(), config.size(), &config_digest, error);
    });

    streamcache_filter* filter = nullptr;
    require_ok("filter", [&](streamcache_error** error) {
        return streamcache_filter_open(cache, kFilter.data(), kFilter.size(), &config_digest, 0, &filter, error);
    });
    filter_.reset(filter);

    // The weights stay with the engine; the cache only has to know which they are.
    const std::string& path = state.native();
    streamcache_digest state_digest;
    require_ok("digest of the model", [&](streamcache_error** error) {
        return streamcache_digest_state_file(path.data(), path.size(), &state_digest, error);
    });
    require_ok("state", [&](streamcache_error** error) {
        return streamcache_filter_load_state_digest(filter, &state_digest, error);
    });
}

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

streamcache_cache_stats Cache::stats() const {
    streamcache_cache_stats stats{};
    stats.struct_size = sizeof stats;
    require_ok(streamcache_cache_get_stats(cache_.get(), &stats), "stats");
    return stats;
}

}  // namespace magika
