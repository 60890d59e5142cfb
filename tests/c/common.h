/* What several C tests do in the same way. */
#ifndef COMMON_H
#define COMMON_H

#include "check.h"

/* The budget nobody exhausts by accident. */
#define PLENTY ((uint64_t)16 << 20)

static inline streamcache_cache *open_policy(uint64_t max_bytes, uint64_t max_chunks, streamcache_policy policy) {
    streamcache_options *options = NULL;
    streamcache_cache *cache = NULL;
    OK(streamcache_options_new(&options));
    OK(streamcache_options_set_max_bytes(options, max_bytes));
    OK(streamcache_options_set_max_chunks(options, max_chunks));
    OK(streamcache_options_set_policy(options, policy));
    OK(streamcache_cache_open(options, &cache, NULL));
    streamcache_options_free(options);
    REQUIRE(cache != NULL);
    return cache;
}

static inline streamcache_cache *open_cache(uint64_t max_bytes, uint64_t max_chunks) {
    return open_policy(max_bytes, max_chunks, STREAMCACHE_POLICY_S3FIFO);
}

/* A filter with a configuration and, unless it is NULL, a state. */
static inline streamcache_filter *open_filter(streamcache_cache *cache, const char *id, const char *state) {
    const char *config = "{\"model\":\"test\",\"version\":1}";
    streamcache_digest digest;
    streamcache_filter *filter = NULL;
    OK(streamcache_digest_config_json(config, strlen(config), &digest, NULL));
    OK(streamcache_filter_open(cache, id, strlen(id), &digest, 0, &filter, NULL));
    REQUIRE(filter != NULL);
    if (state != NULL) OK(streamcache_filter_load_state(filter, state, strlen(state), NULL));
    return filter;
}

static inline streamcache_cache_stats stats_of(const streamcache_cache *cache) {
    streamcache_cache_stats stats;
    memset(&stats, 0, sizeof stats);
    stats.struct_size = sizeof stats;
    OK(streamcache_cache_get_stats(cache, &stats));
    return stats;
}

static inline streamcache_filter_stats filter_stats_of(const streamcache_filter *filter) {
    streamcache_filter_stats stats;
    memset(&stats, 0, sizeof stats);
    stats.struct_size = sizeof stats;
    OK(streamcache_filter_get_stats(filter, &stats));
    return stats;
}

/* Every lookup was counted once, whatever came of it. */
#define LOOKUPS_ADD_UP(stats) \
    CHECK((stats).lookups == (stats).hits + (stats).misses + (stats).coalesced + (stats).bypassed + (stats).rejected)

/* A flag between threads. Exchanges and additions, not loads and stores: those helgrind knows for atomic. */
static inline void flag_set(int *flag, int value) { (void)__atomic_exchange_n(flag, value, __ATOMIC_SEQ_CST); }
static inline int flag_is_set(int *flag) { return __atomic_fetch_add(flag, 0, __ATOMIC_SEQ_CST); }

/* The digest of a number: a key or a chunk per number. */
static inline streamcache_digest digest_of(uint64_t number) {
    streamcache_digest digest;
    OK(streamcache_digest_chunk(&number, sizeof number, &digest));
    return digest;
}

static inline int same_digest(const streamcache_digest *a, const streamcache_digest *b) { return memcmp(a, b, sizeof *a) == 0; }

/* Is this value the given bytes? */
static inline int holds(const streamcache_value *value, const void *data, size_t len) {
    return value != NULL && streamcache_value_size(value) == len &&
           (len == 0 || memcmp(streamcache_value_data(value), data, len) == 0);
}

static inline int holds_text(const streamcache_value *value, const char *text) { return holds(value, text, strlen(text)); }

/* External memory whose destructor counts its runs in `*destroyed`. */
static inline void count_destroyed(void *destroyed) { __atomic_add_fetch((int *)destroyed, 1, __ATOMIC_SEQ_CST); }

static inline streamcache_external external_of(const void *data, size_t len, uint64_t charge, int *destroyed) {
    streamcache_external external;
    memset(&external, 0, sizeof external);
    external.struct_size = sizeof external;
    external.data = data;
    external.len = len;
    external.charge = charge;
    external.destroy = count_destroyed;
    external.user_data = destroyed;
    return external;
}

static inline streamcache_put_options put_options(void) {
    streamcache_put_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    return options;
}

/* A tensor of 32-bit floats at `offset`. */
static inline streamcache_tensor_view floats_at(size_t offset, uint32_t rank, const int64_t *dims) {
    streamcache_tensor_view view;
    uint32_t i;
    memset(&view, 0, sizeof view);
    view.struct_size = sizeof view;
    view.dtype_code = STREAMCACHE_DTYPE_FLOAT;
    view.dtype_bits = 32;
    view.dtype_lanes = 1;
    view.rank = rank;
    view.dims = dims;
    view.offset = offset;
    view.length = 4;
    for (i = 0; i < rank; i++) view.length *= (size_t)dims[i];
    return view;
}

/* An error that says which status it is and something to read; it is freed. */
static inline void check_error(streamcache_error *error, streamcache_status status, const char *mentions, const char *file, int line) {
    const char *message;
    check_require(error != NULL, "the failure gave an error object", file, line);
    message = streamcache_error_get_message(error);
    check_that(streamcache_error_get_status(error) == status, "the error bears the status that was returned", file, line);
    if (!check_that(message != NULL && strstr(message, mentions) != NULL, "the message says what it should", file, line)) {
        fprintf(stderr, "    message: %s\n    misses:  %s\n", message ? message : "(null)", mentions);
    }
    streamcache_error_free(error);
}

#define ERROR(error, status, mentions) check_error(error, status, mentions, __FILE__, __LINE__)

#endif
