#include "opening.hpp"

namespace magika {

using common::Handle;
using common::require_ok;

CacheHandle open_cache(const Room& room) {
    streamcache_options* options = nullptr;
    require_ok(streamcache_options_new(&options), "options");
    const Handle<streamcache_options, streamcache_options_free> owner{options};
    require_ok(streamcache_options_set_max_bytes(options, room.max_bytes), "max_bytes");
    if (!room.disk.empty()) {
        const std::string& path = room.disk.native();
        require_ok(streamcache_options_set_disk_directory(options, path.data(), path.size()), "disk_directory");
    }
    if (!room.remote.empty())
        require_ok(streamcache_options_add_remote_url(options, room.remote.data(), room.remote.size()), "remote_url");

    streamcache_cache* cache = nullptr;
    require_ok("open", [&](streamcache_error** error) { return streamcache_cache_open(options, &cache, error); });
    return CacheHandle(cache);
}

FilterHandle open_filter(streamcache_cache* cache, std::string_view name, const std::string& config,
                         const std::filesystem::path& state) {
    streamcache_digest config_digest;
    require_ok("config", [&](streamcache_error** error) {
        return streamcache_digest_config_json(config.data(), config.size(), &config_digest, error);
    });

    streamcache_filter* opened = nullptr;
    require_ok("filter", [&](streamcache_error** error) {
        return streamcache_filter_open(cache, name.data(), name.size(), &config_digest, 0, &opened, error);
    });
    FilterHandle filter(opened);

    // The weights stay with the engine; the cache only has to know which they are.
    const std::string& path = state.native();
    streamcache_digest state_digest;
    require_ok("digest of the model", [&](streamcache_error** error) {
        return streamcache_digest_state_file(path.data(), path.size(), &state_digest, error);
    });
    require_ok("state", [&](streamcache_error** error) {
        return streamcache_filter_load_state_digest(opened, &state_digest, error);
    });
    return filter;
}

void flush(streamcache_cache* cache) {
    require_ok(streamcache_cache_flush(cache, STREAMCACHE_TIMEOUT_DEFAULT), "flush");
}

}  // namespace magika
