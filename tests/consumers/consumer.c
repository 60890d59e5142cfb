/* Somebody else's program: stores a result, finds it again, and says which version of the library it runs on. */
#include <stdio.h>
#include <string.h>
#include <streamcache.h>

int main(void) {
    streamcache_cache *cache = NULL;
    streamcache_value *value = NULL;
    streamcache_digest key;
    int right;
    if (streamcache_cache_open(NULL, &cache, NULL) != STREAMCACHE_OK) return 1;
    if (streamcache_digest_chunk("chunk", 5, &key) != STREAMCACHE_OK) return 1;
    if (streamcache_cache_put_chunk(cache, &key, "result", 6, 0, NULL, NULL) != STREAMCACHE_OK) return 1;
    if (streamcache_cache_get_chunk(cache, &key, 0, &value) != STREAMCACHE_OK) return 1;
    right = streamcache_value_size(value) == 6 && memcmp(streamcache_value_data(value), "result", 6) == 0;
    streamcache_value_release(value);
    streamcache_cache_release(cache);
    printf("streamcache %s\n", streamcache_version_string());
    return right && strcmp(streamcache_version_string(), STREAMCACHE_VERSION_STRING) == 0 ? 0 : 1;
}
