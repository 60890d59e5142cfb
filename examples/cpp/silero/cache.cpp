#include "cache.hpp"

namespace silero {

streamcache_digest digest(const Chunk& chunk) {
    streamcache_digest digest;
    require_ok(streamcache_digest_chunk(chunk.data(), sizeof chunk, &digest), "digest of the chunk");
    return digest;
}

Cache::Cache(const Model& model, const std::string& id, std::uint64_t max_bytes) {
    streamcache_options* options = nullptr;
    require_ok(streamcache_options_new(&options), "options");
    const Handle<streamcache_options, streamcache_options_free> options_owner{options};
    require_ok(streamcache_options_set_max_bytes(options, max_bytes), "max_bytes");

    streamcache_cache* cache = nullptr;
    require_ok("open", [&](streamcache_error** error) { return streamcache_cache_open(options, &cache, error); });
    cache_.reset(cache);

    const std::string config = model.config();
    streamcache_digest config_digest;
    require_ok("config", [&](streamcache_error** error) {
        return streamcache_digest_config_json(config.data(), config.size(), &config_digest, error);
    });

    streamcache_filter* filter = nullptr;
    require_ok("filter", [&](streamcache_error** error) {
        return streamcache_filter_open(cache, id.data(), id.size(), &config_digest, 0, &filter, error);
    });
    filter_.reset(filter);

    // The trained state: the weights stay with the engine; the cache only has to know which they are.
    const std::string file = model.file().string();
    streamcache_digest state_digest;
    require_ok("digest of the model", [&](streamcache_error** error) {
        return streamcache_digest_state_file(file.data(), file.size(), &state_digest, error);
    });
    require_ok("state", [&](streamcache_error** error) {
        return streamcache_filter_load_state_digest(filter, &state_digest, error);
    });
}

streamcache_cache_stats Cache::stats() const {
    streamcache_cache_stats stats{};
    stats.struct_size = sizeof stats;
    require_ok(streamcache_cache_get_stats(cache_.get(), &stats), "stats");
    return stats;
}

}  // namespace silero
