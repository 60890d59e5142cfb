/* The header alone: first, twice, and complete enough to use. Compiled, never linked, as each C standard and as C++. */
#include "streamcache.h"
#include "streamcache.h"

#if STREAMCACHE_VERSION_NUMBER <= 0 || !defined(STREAMCACHE_VERSION_STRING) || STREAMCACHE_UNLIMITED != UINT64_MAX
#error "the preprocessor can read the constants"
#endif

/* Types are complete where they must be, and sizes are as the ABI has them. */
typedef char digest_is_32_bytes[sizeof(streamcache_digest) == 32 ? 1 : -1];
typedef char status_is_an_int32[sizeof(streamcache_status) == 4 ? 1 : -1];

streamcache_status use(const streamcache_cache *cache, streamcache_cache_stats *stats);
streamcache_status use(const streamcache_cache *cache, streamcache_cache_stats *stats) {
    digest_is_32_bytes *a = 0;
    status_is_an_int32 *b = 0;
    stats->struct_size = sizeof *stats;
    return a || b ? STREAMCACHE_INVALID_ARGUMENT : streamcache_cache_get_stats(cache, stats);
}
