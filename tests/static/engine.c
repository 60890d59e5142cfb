/* An engine that links the static library and has a BLAKE3 of its own: blake3's C sources, whose functions bear the
 * names the library's own BLAKE3 has inside. Both work, agree, and a panic inside the library is still caught. */
#define _GNU_SOURCE
#include <blake3.h>
#include <errno.h>
#include <sys/random.h>

#include "../c/check.h"

/* This program's getrandom() stands for the system's. While it is out of order, Rust's std panics where it seeds a
 * hash table: a real panic, in the library as it is installed. */
static int random_out_of_order;

ssize_t getrandom(void *buffer, size_t size, unsigned flags) {
    (void)flags;
    if (random_out_of_order) {
        errno = EFAULT;
        return -1;
    }
    memset(buffer, 42, size);
    return (ssize_t)size;
}

/* docs/keys.md: chunk(data) = keyed(derive_key("streamcache v1 chunk"), data) */
static void digest_chunk(const void *data, size_t size, uint8_t digest[BLAKE3_OUT_LEN]) {
    blake3_hasher hasher;
    uint8_t key[BLAKE3_KEY_LEN];
    blake3_hasher_init_derive_key(&hasher, "streamcache v1 chunk");
    blake3_hasher_finalize(&hasher, key, sizeof key);
    blake3_hasher_init_keyed(&hasher, key);
    blake3_hasher_update(&hasher, data, size);
    blake3_hasher_finalize(&hasher, digest, BLAKE3_OUT_LEN);
}

static void store_and_find(streamcache_cache *cache) {
    streamcache_digest key;
    streamcache_value *value = NULL;
    OK(streamcache_digest_chunk("chunk", 5, &key));
    OK(streamcache_cache_put_chunk(cache, &key, "result", 6, 0, NULL, NULL));
    OK(streamcache_cache_get_chunk(cache, &key, 0, &value));
    CHECK(streamcache_value_size(value) == 6);
    streamcache_value_release(value);
}

int main(void) {
    static uint8_t data[100000];
    streamcache_cache *cache = NULL;
    size_t size;
    for (size = 0; size < sizeof data; size++) data[size] = (uint8_t)(size * 7 + size / 251);

    random_out_of_order = 1;
    STATUS(streamcache_cache_open(NULL, &cache, NULL), STREAMCACHE_PANIC);
    CHECK(cache == NULL);
    random_out_of_order = 0;
    OK(streamcache_cache_open(NULL, &cache, NULL));

    for (size = 0; size <= sizeof data; size = size < 70 ? size + 1 : size + size / 2 + 1) {
        streamcache_digest theirs;
        uint8_t ours[BLAKE3_OUT_LEN];
        OK(streamcache_digest_chunk(data, size, &theirs));
        digest_chunk(data, size, ours);
        CHECK(memcmp(theirs.bytes, ours, sizeof ours) == 0);
    }
    store_and_find(cache);
    streamcache_cache_release(cache);
    return check_report();
}
