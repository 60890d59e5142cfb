/* Faults on purpose, one a run: the memory checkers must find each of them, or their silence elsewhere means nothing.
 *
 *     planted FAULT        where FAULT is one of the names below, or `nothing`
 */
#include "common.h"

#include <pthread.h>
#include <stdint.h>

static unsigned char *volatile block; /* volatile: the compiler cannot see what is behind it */

static void overflow_in_c(streamcache_cache *cache) {
    (void)cache;
    block[100] = 1;
}

/* The library reads what it was told to read: each of these is a read past the block, in Rust. */
static void overflow_in_copy(streamcache_cache *cache) {
    streamcache_digest key = digest_of(1);
    (void)streamcache_cache_put_chunk(cache, &key, block, 200, 0, NULL, NULL);
}

static void overflow_in_hex(streamcache_cache *cache) {
    streamcache_digest digest;
    unsigned char *hex = malloc(40);
    (void)cache;
    REQUIRE(hex != NULL);
    memset(hex, 'a', 40);
    block = hex;
    (void)streamcache_digest_from_hex((const char *)block, 64, &digest);
    free(hex);
}

static void overflow_in_hash(streamcache_cache *cache) {
    streamcache_digest digest;
    (void)cache;
    (void)streamcache_digest_chunk(block, 100 + 1, &digest);
    if (digest.bytes[0] & 1) puts("odd"); /* used, so that a checker of undefined values sees it */
}

/* A lease used after it was given back. */
static void use_after_release(streamcache_cache *cache) {
    streamcache_digest key = digest_of(1);
    streamcache_value *value = NULL;
    const unsigned char *volatile data;
    OK(streamcache_cache_put_chunk(cache, &key, block, 100, 0, NULL, &value));
    data = streamcache_value_data(value);
    OK(streamcache_cache_purge(cache, 0));
    streamcache_value_release(value);
    if (data[0] == 7) puts("seven");
}

static void a_leaked_value(streamcache_cache *cache) {
    streamcache_digest key = digest_of(1);
    streamcache_value *value = NULL;
    OK(streamcache_cache_put_chunk(cache, &key, block, 100, 0, NULL, &value));
    value = NULL; /* never released */
}

/* Two threads at once, each with what only one may touch: memory of this program, and the library's options. */
static streamcache_options *options;
static volatile int counted;

static void *count_alone(void *argument) {
    int i;
    for (i = 0; i < 1000; i++) counted++;
    return argument;
}

static void *set_alone(void *argument) {
    uint64_t i;
    for (i = 0; i < 1000; i++) (void)streamcache_options_set_max_bytes(options, 4096 + i);
    return argument;
}

static void race(void *(*work)(void *)) {
    pthread_t threads[2];
    int i;
    OK(streamcache_options_new(&options));
    for (i = 0; i < 2; i++) REQUIRE(pthread_create(&threads[i], NULL, work, NULL) == 0);
    for (i = 0; i < 2; i++) REQUIRE(pthread_join(threads[i], NULL) == 0);
    streamcache_options_free(options);
}

static void race_in_c(streamcache_cache *cache) {
    (void)cache;
    race(count_alone);
}

static void race_in_rust(streamcache_cache *cache) {
    (void)cache;
    race(set_alone);
}

static void nothing(streamcache_cache *cache) { (void)cache; }

static const struct {
    const char *name;
    void (*plant)(streamcache_cache *);
} faults[] = {
    {"overflow_in_c", overflow_in_c},
    {"overflow_in_copy", overflow_in_copy},
    {"overflow_in_hex", overflow_in_hex},
    {"overflow_in_hash", overflow_in_hash},
    {"use_after_release", use_after_release},
    {"a_leaked_value", a_leaked_value},
    {"race_in_c", race_in_c},
    {"race_in_rust", race_in_rust},
    {"nothing", nothing},
};

int main(int argc, char **argv) {
    streamcache_cache *cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    unsigned char *mine = malloc(100);
    size_t i;
    REQUIRE(argc == 2 && mine != NULL);
    memset(mine, 1, 100);
    block = mine;
    for (i = 0; i < sizeof faults / sizeof *faults && strcmp(faults[i].name, argv[1]) != 0; i++) continue;
    REQUIRE(i < sizeof faults / sizeof *faults);
    faults[i].plant(cache);
    free(mine);
    block = NULL;
    streamcache_cache_release(cache);
    return check_report();
}
