/* NULL for each pointer argument of each exported function, and impossible lengths: a status, never a crash.
 *
 *     null abi/symbols.txt include/streamcache.h
 *
 * It fails when a symbol of the first file has no row here, when a row is no symbol, and when a pointer argument in a
 * prototype of the second file was never given as NULL. */
#include "common.h"
#include "prototypes.h"

static streamcache_cache *cache;
static streamcache_filter *filter;
static streamcache_snapshot *snapshot;
static streamcache_digest d; /* stands wherever a digest is wanted */

static const char *nulled[32]; /* the arguments the current row has given as NULL */
static size_t nulled_count;

static void note(const char *argument) {
    REQUIRE(nulled_count < sizeof nulled / sizeof *nulled);
    nulled[nulled_count++] = argument;
}

/* NULL for `argument` is refused; `out` (a handle, or an error) is NULL afterwards, whatever was in it. */
#define REFUSED(argument, call) (note(#argument), check_status((call), STREAMCACHE_INVALID_ARGUMENT, #call, __FILE__, __LINE__))
#define REFUSED_OUT(argument, out, call)      \
    do {                                      \
        (out) = (void *)&d;                   \
        REFUSED(argument, call);              \
        CHECK((void *)(out) != (void *)&d);   \
        CHECK((out) == NULL);                 \
    } while (0)
/* The call fails and its error object says why. */
#define EXPLAINED(argument, call)                         \
    do {                                                  \
        streamcache_error *error = (void *)&d;            \
        REFUSED(argument, call);                          \
        CHECK((void *)error != (void *)&d);               \
        ERROR(error, STREAMCACHE_INVALID_ARGUMENT, "");   \
    } while (0)
/* NULL for `argument` is one of its meanings. */
#define ALLOWED(argument, call, want) (note(#argument), check_status((call), (want), #call, __FILE__, __LINE__))
#define BAD(call) STATUS(call, STREAMCACHE_INVALID_ARGUMENT)

#define ROW(function) static void null_##function(void)

/* version, status and error */

ROW(streamcache_version_string) { CHECK(streamcache_version_string() != NULL); }
ROW(streamcache_version_number) { CHECK(streamcache_version_number() > 0); }

ROW(streamcache_status_message) {
    static const streamcache_status unknown[] = {12345, -12345, INT32_MAX, INT32_MIN};
    size_t i;
    for (i = 0; i < 4; i++) CHECK(streamcache_status_message(unknown[i]) != NULL && streamcache_status_message(unknown[i])[0] != 0);
}

ROW(streamcache_error_get_status) { ALLOWED(error, streamcache_error_get_status(NULL), STREAMCACHE_OK); }
ROW(streamcache_error_get_message) {
    note("error");
    CHECK(streamcache_error_get_message(NULL) != NULL);
}
ROW(streamcache_error_free) {
    note("error");
    streamcache_error_free(NULL);
}

/* log */

static void ignore(void *user_data, streamcache_log_level level, const char *target, const char *message) {
    (void)user_data, (void)level, (void)target, (void)message;
}

ROW(streamcache_log_set) {
    ALLOWED(user_data, streamcache_log_set(ignore, NULL, STREAMCACHE_LOG_DEBUG), STREAMCACHE_OK);
    ALLOWED(callback, streamcache_log_set(NULL, NULL, STREAMCACHE_LOG_ERROR), STREAMCACHE_OK);
}

/* digest */

ROW(streamcache_digest_chunk) {
    streamcache_digest digest;
    REFUSED(data, streamcache_digest_chunk(NULL, 1, &digest));
    REFUSED(digest, streamcache_digest_chunk("x", 1, NULL));
    BAD(streamcache_digest_chunk(NULL, SIZE_MAX, &digest));
    BAD(streamcache_digest_chunk("x", SIZE_MAX, &digest));
    OK(streamcache_digest_chunk(NULL, 0, &digest));
}

ROW(streamcache_digest_chunks) {
    streamcache_buffer chunks[2];
    streamcache_digest digests[2], one;
    chunks[0].data = "x", chunks[0].len = 1;
    chunks[1].data = NULL, chunks[1].len = 0;
    REFUSED(chunks, streamcache_digest_chunks(NULL, 1, digests));
    REFUSED(digests, streamcache_digest_chunks(chunks, 2, NULL));
    BAD(streamcache_digest_chunks(chunks, SIZE_MAX, digests));
    OK(streamcache_digest_chunks(NULL, 0, NULL));
    OK(streamcache_digest_chunks(chunks, 2, digests));
    OK(streamcache_digest_chunk("x", 1, &one));
    CHECK(memcmp(&one, &digests[0], sizeof one) == 0);
    chunks[1].len = 1; /* of nothing */
    BAD(streamcache_digest_chunks(chunks, 2, digests));
    CHECK(memcmp(&one, &digests[0], sizeof one) == 0);
}

ROW(streamcache_digest_chunk_file) {
    streamcache_digest digest;
    EXPLAINED(path, streamcache_digest_chunk_file(NULL, 1, &digest, &error));
    EXPLAINED(path, streamcache_digest_chunk_file("x", SIZE_MAX, &digest, &error));
    EXPLAINED(digest, streamcache_digest_chunk_file("/dev/null", 9, NULL, &error));
    ALLOWED(error, streamcache_digest_chunk_file("/", 1, &digest, NULL), STREAMCACHE_IO);
    STATUS(streamcache_digest_chunk_file(NULL, 0, &digest, NULL), STREAMCACHE_IO); /* an empty path */
}

ROW(streamcache_digest_inputs) {
    streamcache_digest digest;
    REFUSED(digests, streamcache_digest_inputs(NULL, 1, &digest));
    REFUSED(digest, streamcache_digest_inputs(&d, 1, NULL));
    BAD(streamcache_digest_inputs(&d, SIZE_MAX, &digest));
    BAD(streamcache_digest_inputs(&d, SIZE_MAX / 32, &digest));
    OK(streamcache_digest_inputs(NULL, 0, &digest));
}

ROW(streamcache_digest_tensor) {
    streamcache_tensor tensor;
    streamcache_digest digest;
    memset(&tensor, 0, sizeof tensor);
    tensor.struct_size = sizeof tensor;
    tensor.dtype_code = STREAMCACHE_DTYPE_UINT;
    tensor.dtype_bits = 8;
    tensor.dtype_lanes = 1;
    tensor.data = "x";
    tensor.data_len = 1;
    EXPLAINED(tensor, streamcache_digest_tensor(NULL, &digest, &error));
    EXPLAINED(digest, streamcache_digest_tensor(&tensor, NULL, &error));
    ALLOWED(error, streamcache_digest_tensor(&tensor, &digest, NULL), STREAMCACHE_OK);
    tensor.rank = 1; /* with no dims */
    BAD(streamcache_digest_tensor(&tensor, &digest, NULL));
}

ROW(streamcache_digest_config_json) {
    streamcache_digest digest;
    EXPLAINED(json, streamcache_digest_config_json(NULL, 2, &digest, &error));
    EXPLAINED(json, streamcache_digest_config_json(NULL, 0, &digest, &error));
    EXPLAINED(digest, streamcache_digest_config_json("{}", 2, NULL, &error));
    EXPLAINED(digest, streamcache_digest_config_json("{}", SIZE_MAX, &digest, &error));
    ALLOWED(error, streamcache_digest_config_json("{}", 2, &digest, NULL), STREAMCACHE_OK);
}

ROW(streamcache_digest_config_bytes) {
    streamcache_digest digest;
    REFUSED(data, streamcache_digest_config_bytes(NULL, 1, &digest));
    REFUSED(digest, streamcache_digest_config_bytes("x", 1, NULL));
    BAD(streamcache_digest_config_bytes("x", SIZE_MAX, &digest));
    OK(streamcache_digest_config_bytes(NULL, 0, &digest));
}

ROW(streamcache_digest_state) {
    streamcache_digest digest;
    REFUSED(data, streamcache_digest_state(NULL, 1, &digest));
    REFUSED(digest, streamcache_digest_state("x", 1, NULL));
    BAD(streamcache_digest_state("x", SIZE_MAX, &digest));
    OK(streamcache_digest_state(NULL, 0, &digest));
}

ROW(streamcache_digest_state_file) {
    streamcache_digest digest;
    EXPLAINED(path, streamcache_digest_state_file(NULL, 1, &digest, &error));
    EXPLAINED(path, streamcache_digest_state_file("x", SIZE_MAX, &digest, &error));
    EXPLAINED(digest, streamcache_digest_state_file("/dev/null", 9, NULL, &error));
    ALLOWED(error, streamcache_digest_state_file("/", 1, &digest, NULL), STREAMCACHE_IO);
    STATUS(streamcache_digest_state_file(NULL, 0, &digest, NULL), STREAMCACHE_IO); /* an empty path */
}

ROW(streamcache_digest_raw) {
    streamcache_digest digest;
    REFUSED(data, streamcache_digest_raw(STREAMCACHE_ROLE_STATE, NULL, 1, &digest));
    REFUSED(digest, streamcache_digest_raw(STREAMCACHE_ROLE_STATE, "x", 1, NULL));
    BAD(streamcache_digest_raw(STREAMCACHE_ROLE_STATE, "x", SIZE_MAX, &digest));
}

ROW(streamcache_digest_to_hex) {
    char hex[65];
    REFUSED(digest, streamcache_digest_to_hex(NULL, hex, sizeof hex));
    REFUSED(hex, streamcache_digest_to_hex(&d, NULL, 65));
    BAD(streamcache_digest_to_hex(&d, NULL, SIZE_MAX));
}

ROW(streamcache_digest_from_hex) {
    static const char hex[] = "0000000000000000000000000000000000000000000000000000000000000000";
    streamcache_digest digest;
    REFUSED(hex, streamcache_digest_from_hex(NULL, 64, &digest));
    REFUSED(hex, streamcache_digest_from_hex(NULL, 0, &digest));
    REFUSED(digest, streamcache_digest_from_hex(hex, 64, NULL));
    BAD(streamcache_digest_from_hex(hex, SIZE_MAX, &digest));
}

ROW(streamcache_key_state) {
    streamcache_digest key;
    REFUSED(config, streamcache_key_state(NULL, &d, &key));
    REFUSED(training_data, streamcache_key_state(&d, NULL, &key));
    REFUSED(key, streamcache_key_state(&d, &d, NULL));
}

ROW(streamcache_key_chunk) {
    streamcache_digest key;
    REFUSED(config, streamcache_key_chunk(NULL, &d, &d, &key));
    REFUSED(state, streamcache_key_chunk(&d, NULL, &d, &key));
    REFUSED(chunk, streamcache_key_chunk(&d, &d, NULL, &key));
    REFUSED(key, streamcache_key_chunk(&d, &d, &d, NULL));
}

/* hasher and barrier */

ROW(streamcache_hasher_new) { REFUSED(hasher, streamcache_hasher_new(STREAMCACHE_ROLE_CHUNK, NULL)); }
ROW(streamcache_hasher_update) {
    streamcache_hasher *hasher = NULL;
    OK(streamcache_hasher_new(STREAMCACHE_ROLE_CHUNK, &hasher));
    REFUSED(hasher, streamcache_hasher_update(NULL, "x", 1));
    REFUSED(data, streamcache_hasher_update(hasher, NULL, 1));
    BAD(streamcache_hasher_update(hasher, "x", SIZE_MAX));
    OK(streamcache_hasher_update(hasher, NULL, 0));
    streamcache_hasher_free(hasher);
}
ROW(streamcache_hasher_finish) {
    streamcache_digest digest;
    streamcache_hasher *hasher = NULL;
    OK(streamcache_hasher_new(STREAMCACHE_ROLE_CHUNK, &hasher));
    REFUSED(hasher, streamcache_hasher_finish(NULL, &digest));
    REFUSED(digest, streamcache_hasher_finish(hasher, NULL));
    streamcache_hasher_free(hasher);
}
ROW(streamcache_hasher_reset) { REFUSED(hasher, streamcache_hasher_reset(NULL)); }
ROW(streamcache_hasher_free) {
    note("hasher");
    streamcache_hasher_free(NULL);
}

ROW(streamcache_barrier_new) { REFUSED(barrier, streamcache_barrier_new(NULL)); }
ROW(streamcache_barrier_update) {
    streamcache_barrier *barrier = NULL;
    OK(streamcache_barrier_new(&barrier));
    REFUSED(barrier, streamcache_barrier_update(NULL, &d));
    REFUSED(chunk, streamcache_barrier_update(barrier, NULL));
    streamcache_barrier_free(barrier);
}
ROW(streamcache_barrier_finish) {
    streamcache_digest digest;
    streamcache_barrier *barrier = NULL;
    OK(streamcache_barrier_new(&barrier));
    REFUSED(barrier, streamcache_barrier_finish(NULL, &digest));
    REFUSED(digest, streamcache_barrier_finish(barrier, NULL));
    streamcache_barrier_free(barrier);
}
ROW(streamcache_barrier_reset) { REFUSED(barrier, streamcache_barrier_reset(NULL)); }
ROW(streamcache_barrier_free) {
    note("barrier");
    streamcache_barrier_free(NULL);
}

/* options */

ROW(streamcache_options_new) { REFUSED(options, streamcache_options_new(NULL)); }

ROW(streamcache_options_from_json) {
    streamcache_options *options = NULL;
    REFUSED_OUT(json, options, streamcache_options_from_json(NULL, 2, &options, NULL));
    REFUSED_OUT(json, options, streamcache_options_from_json("{}", SIZE_MAX, &options, NULL));
    EXPLAINED(json, streamcache_options_from_json(NULL, 0, &options, &error));
    EXPLAINED(options, streamcache_options_from_json("{}", 2, NULL, &error));
    ALLOWED(error, streamcache_options_from_json("{}", 2, &options, NULL), STREAMCACHE_OK);
    streamcache_options_free(options);
}

ROW(streamcache_options_set_max_bytes) { REFUSED(options, streamcache_options_set_max_bytes(NULL, 1 << 20)); }
ROW(streamcache_options_set_max_chunks) { REFUSED(options, streamcache_options_set_max_chunks(NULL, 10)); }
ROW(streamcache_options_set_policy) { REFUSED(options, streamcache_options_set_policy(NULL, STREAMCACHE_POLICY_LRU)); }
ROW(streamcache_options_set_name) {
    streamcache_options *options = NULL;
    OK(streamcache_options_new(&options));
    REFUSED(options, streamcache_options_set_name(NULL, "n", 1));
    REFUSED(name, streamcache_options_set_name(options, NULL, 1));
    BAD(streamcache_options_set_name(options, "n", SIZE_MAX));
    OK(streamcache_options_set_name(options, NULL, 0));
    streamcache_options_free(options);
}
ROW(streamcache_options_to_json) {
    streamcache_options *options = NULL;
    char buffer[1024];
    size_t len;
    OK(streamcache_options_new(&options));
    ALLOWED(options, streamcache_options_to_json(NULL, buffer, sizeof buffer, &len), STREAMCACHE_OK);
    REFUSED(buffer, streamcache_options_to_json(options, NULL, 1, &len));
    REFUSED(len, streamcache_options_to_json(options, buffer, sizeof buffer, NULL));
    STATUS(streamcache_options_to_json(options, NULL, 0, &len), STREAMCACHE_BUFFER_TOO_SMALL);
    streamcache_options_free(options);
}
ROW(streamcache_options_set_ttl_ms) { REFUSED(options, streamcache_options_set_ttl_ms(NULL, 1000)); }
ROW(streamcache_options_set_ticket_max_age_ms) { REFUSED(options, streamcache_options_set_ticket_max_age_ms(NULL, 1000)); }
ROW(streamcache_options_set_hash_threads) {
    streamcache_options *options;
    OK(streamcache_options_new(&options));
    REFUSED(options, streamcache_options_set_hash_threads(NULL, 1));
    BAD(streamcache_options_set_hash_threads(options, 0));
    BAD(streamcache_options_set_hash_threads(options, 65));
    OK(streamcache_options_set_hash_threads(options, 64));
    streamcache_options_free(options);
}
ROW(streamcache_options_set_namespace) {
    streamcache_options *options = NULL;
    OK(streamcache_options_new(&options));
    REFUSED(options, streamcache_options_set_namespace(NULL, "n", 1));
    REFUSED(name, streamcache_options_set_namespace(options, NULL, 1));
    BAD(streamcache_options_set_namespace(options, "n", SIZE_MAX));
    OK(streamcache_options_set_namespace(options, NULL, 0));
    streamcache_options_free(options);
}
ROW(streamcache_options_set_secret) {
    static const char secret[] = "0123456789abcdef";
    streamcache_options *options = NULL;
    OK(streamcache_options_new(&options));
    REFUSED(options, streamcache_options_set_secret(NULL, secret, 16));
    REFUSED(secret, streamcache_options_set_secret(options, NULL, 16));
    BAD(streamcache_options_set_secret(options, NULL, 0));
    BAD(streamcache_options_set_secret(options, secret, SIZE_MAX));
    streamcache_options_free(options);
}
ROW(streamcache_options_free) {
    note("options");
    streamcache_options_free(NULL);
}

/* cache */

ROW(streamcache_cache_open) {
    streamcache_cache *other = NULL;
    EXPLAINED(cache, streamcache_cache_open(NULL, NULL, &error));
    REFUSED(cache, streamcache_cache_open(NULL, NULL, NULL));
    ALLOWED(options, streamcache_cache_open(NULL, &other, NULL), STREAMCACHE_OK);
    note("error");
    streamcache_cache_release(other);
}

ROW(streamcache_cache_retain) { REFUSED(cache, streamcache_cache_retain(NULL)); }

ROW(streamcache_cache_close) {
    uint64_t dropped;
    streamcache_cache *other = open_cache(PLENTY, 1);
    REFUSED(cache, streamcache_cache_close(NULL, 0, &dropped));
    REFUSED(cache, streamcache_cache_close(NULL, UINT32_MAX, NULL));
    ALLOWED(dropped, streamcache_cache_close(other, 0, NULL), STREAMCACHE_OK);
    streamcache_cache_release(other);
}

ROW(streamcache_cache_release) {
    note("cache");
    streamcache_cache_release(NULL);
}

ROW(streamcache_cache_purge) { REFUSED(cache, streamcache_cache_purge(NULL, 0)); }

ROW(streamcache_cache_set_max_bytes) { REFUSED(cache, streamcache_cache_set_max_bytes(NULL, PLENTY)); }
ROW(streamcache_cache_set_max_chunks) { REFUSED(cache, streamcache_cache_set_max_chunks(NULL, 10)); }

/* value */

ROW(streamcache_value_retain) { REFUSED(value, streamcache_value_retain(NULL)); }
ROW(streamcache_value_release) {
    note("value");
    streamcache_value_release(NULL);
}
ROW(streamcache_value_data) {
    note("value");
    CHECK(streamcache_value_data(NULL) == NULL);
}
ROW(streamcache_value_size) {
    note("value");
    CHECK(streamcache_value_size(NULL) == 0);
}

ROW(streamcache_value_device_pointer) {
    note("value");
    CHECK(streamcache_value_device_pointer(NULL) == NULL);
}
ROW(streamcache_value_tensor_count) {
    note("value");
    CHECK(streamcache_value_tensor_count(NULL) == 0);
}

/* A value with one tensor and a blob; stored, and removed again by the cache's release. */
static streamcache_value *described(void) {
    static const float data = 1;
    streamcache_tensor_view view = floats_at(0, 0, NULL);
    streamcache_put_options options = put_options();
    streamcache_value *value = NULL;
    options.tensors = &view;
    options.tensor_count = 1;
    options.blob = "b";
    options.blob_len = 1;
    OK(streamcache_cache_put_chunk(cache, &d, &data, sizeof data, 0, &options, &value));
    return value;
}

ROW(streamcache_value_get_tensor) {
    streamcache_value *value = described();
    streamcache_tensor_view view = floats_at(0, 0, NULL);
    REFUSED(value, streamcache_value_get_tensor(NULL, 0, &view));
    REFUSED(tensor, streamcache_value_get_tensor(value, 0, NULL));
    STATUS(streamcache_value_get_tensor(value, SIZE_MAX, &view), STREAMCACHE_MISS);
    streamcache_value_release(value);
}

ROW(streamcache_value_blob) {
    streamcache_value *value = described();
    size_t len = 77;
    note("value");
    CHECK(streamcache_value_blob(NULL, &len) == NULL && len == 0);
    CHECK(streamcache_value_blob(NULL, NULL) == NULL);
    note("len");
    CHECK(*(const char *)streamcache_value_blob(value, NULL) == 'b');
    streamcache_value_release(value);
}

ROW(streamcache_value_get_content) {
    streamcache_value *value = described();
    streamcache_digest digest;
    REFUSED(value, streamcache_value_get_content(NULL, &digest));
    REFUSED(digest, streamcache_value_get_content(value, NULL));
    streamcache_value_release(value);
}

/* state and chunk */

ROW(streamcache_cache_load_state) {
    EXPLAINED(cache, streamcache_cache_load_state(NULL, "i", 1, &d, "v", 1, &error));
    EXPLAINED(id, streamcache_cache_load_state(cache, NULL, 1, &d, "v", 1, &error));
    EXPLAINED(key, streamcache_cache_load_state(cache, "i", 1, NULL, "v", 1, &error));
    EXPLAINED(data, streamcache_cache_load_state(cache, "i", 1, &d, NULL, 1, &error));
    EXPLAINED(id, streamcache_cache_load_state(cache, "i", SIZE_MAX, &d, "v", 1, &error));
    EXPLAINED(data, streamcache_cache_load_state(cache, "i", 1, &d, "v", SIZE_MAX, &error));
    ALLOWED(error, streamcache_cache_load_state(cache, "null", 4, &d, NULL, 0, NULL), STREAMCACHE_OK);
    OK(streamcache_cache_unload_state(cache, "null", 4));
}

ROW(streamcache_cache_get_state) {
    streamcache_value *value;
    REFUSED_OUT(cache, value, streamcache_cache_get_state(NULL, "i", 1, &value, NULL));
    REFUSED_OUT(id, value, streamcache_cache_get_state(cache, NULL, 1, &value, NULL));
    REFUSED_OUT(id, value, streamcache_cache_get_state(cache, "i", SIZE_MAX, &value, NULL));
    REFUSED(value, streamcache_cache_get_state(cache, "i", 1, NULL, NULL));
    ALLOWED(key, streamcache_cache_get_state(cache, "nobody", 6, &value, NULL), STREAMCACHE_MISS);
}

ROW(streamcache_cache_unload_state) {
    REFUSED(cache, streamcache_cache_unload_state(NULL, "i", 1));
    REFUSED(id, streamcache_cache_unload_state(cache, NULL, 1));
    BAD(streamcache_cache_unload_state(cache, "i", SIZE_MAX));
}

ROW(streamcache_cache_get_chunk) {
    streamcache_value *value;
    REFUSED_OUT(cache, value, streamcache_cache_get_chunk(NULL, &d, 0, &value));
    REFUSED_OUT(key, value, streamcache_cache_get_chunk(cache, NULL, 0, &value));
    REFUSED(value, streamcache_cache_get_chunk(cache, &d, 0, NULL));
}

ROW(streamcache_cache_put_chunk) {
    streamcache_value *value;
    REFUSED_OUT(cache, value, streamcache_cache_put_chunk(NULL, &d, "v", 1, 0, NULL, &value));
    REFUSED_OUT(key, value, streamcache_cache_put_chunk(cache, NULL, "v", 1, 0, NULL, &value));
    REFUSED_OUT(data, value, streamcache_cache_put_chunk(cache, &d, NULL, 1, 0, NULL, &value));
    REFUSED_OUT(data, value, streamcache_cache_put_chunk(cache, &d, "v", SIZE_MAX, 0, NULL, &value));
    ALLOWED(options, streamcache_cache_put_chunk(cache, &d, "v", 1, 0, NULL, NULL), STREAMCACHE_OK);
    note("value");
}

/* Every refusal of external memory but a NULL for the struct itself destroys it, and does so once. */
#define DESTROYED(argument, out, call)    \
    do {                                  \
        destroyed = 0;                    \
        REFUSED_OUT(argument, out, call); \
        CHECK(destroyed == 1);            \
    } while (0)

ROW(streamcache_cache_put_chunk_external) {
    int destroyed = 0;
    streamcache_external external = external_of("v", 1, 1, &destroyed), empty = external_of(NULL, 1, 1, &destroyed),
                         huge = external_of("v", SIZE_MAX, 1, &destroyed);
    streamcache_value *value;
    DESTROYED(cache, value, streamcache_cache_put_chunk_external(NULL, &d, &external, 0, NULL, &value));
    DESTROYED(key, value, streamcache_cache_put_chunk_external(cache, NULL, &external, 0, NULL, &value));
    REFUSED_OUT(external, value, streamcache_cache_put_chunk_external(cache, &d, NULL, 0, NULL, &value));
    DESTROYED(external, value, streamcache_cache_put_chunk_external(cache, &d, &empty, 0, NULL, &value));
    DESTROYED(external, value, streamcache_cache_put_chunk_external(cache, &d, &huge, 0, NULL, &value));
    ALLOWED(options, streamcache_cache_put_chunk_external(cache, &d, &external, STREAMCACHE_BYPASS, NULL, NULL), STREAMCACHE_NOT_STORED);
    note("value");
    external.destroy = NULL;
    OK(streamcache_cache_put_chunk_external(cache, &d, &external, 0, NULL, NULL));
}

ROW(streamcache_cache_get_chunk_into) {
    streamcache_digest key = digest_of(404);
    char buffer[8];
    size_t len;
    REFUSED(cache, streamcache_cache_get_chunk_into(NULL, &d, 0, buffer, sizeof buffer, &len));
    REFUSED(key, streamcache_cache_get_chunk_into(cache, NULL, 0, buffer, sizeof buffer, &len));
    REFUSED(buffer, streamcache_cache_get_chunk_into(cache, &key, 0, NULL, 1, &len));
    REFUSED(len, streamcache_cache_get_chunk_into(cache, &d, 0, buffer, sizeof buffer, NULL));
    STATUS(streamcache_cache_get_chunk_into(cache, &key, 0, NULL, 0, &len), STREAMCACHE_MISS);
}

ROW(streamcache_cache_remove_chunk) {
    REFUSED(cache, streamcache_cache_remove_chunk(NULL, &d));
    REFUSED(key, streamcache_cache_remove_chunk(cache, NULL));
}

ROW(streamcache_cache_hit_rate) {
    note("cache");
    CHECK(streamcache_cache_hit_rate(NULL) == 0.0);
}
ROW(streamcache_cache_hits) {
    note("cache");
    CHECK(streamcache_cache_hits(NULL) == 0);
}
ROW(streamcache_cache_misses) {
    note("cache");
    CHECK(streamcache_cache_misses(NULL) == 0);
}

/* filter */

ROW(streamcache_filter_open) {
    streamcache_filter *other;
    REFUSED_OUT(cache, other, streamcache_filter_open(NULL, "f", 1, &d, 0, &other, NULL));
    REFUSED_OUT(id, other, streamcache_filter_open(cache, NULL, 1, &d, 0, &other, NULL));
    REFUSED_OUT(id, other, streamcache_filter_open(cache, "f", SIZE_MAX, &d, 0, &other, NULL));
    REFUSED_OUT(config, other, streamcache_filter_open(cache, "f", 1, NULL, 0, &other, NULL));
    EXPLAINED(filter, streamcache_filter_open(cache, "f", 1, &d, 0, NULL, &error));
    ALLOWED(error, streamcache_filter_open(cache, "f", 1, &d, 0, &other, NULL), STREAMCACHE_OK);
    streamcache_filter_release(other);
}

ROW(streamcache_filter_retain) { REFUSED(filter, streamcache_filter_retain(NULL)); }
ROW(streamcache_filter_release) {
    note("filter");
    streamcache_filter_release(NULL);
}

ROW(streamcache_filter_load_state) {
    streamcache_filter *other = open_filter(cache, "other", NULL);
    EXPLAINED(filter, streamcache_filter_load_state(NULL, "s", 1, &error));
    EXPLAINED(data, streamcache_filter_load_state(other, NULL, 1, &error));
    EXPLAINED(data, streamcache_filter_load_state(other, "s", SIZE_MAX, &error));
    STATUS(streamcache_filter_get_state(other, NULL, NULL), STREAMCACHE_NO_STATE);
    ALLOWED(error, streamcache_filter_load_state(other, NULL, 0, NULL), STREAMCACHE_OK);
    streamcache_filter_release(other);
}

ROW(streamcache_filter_load_state_digest) {
    streamcache_filter *other = open_filter(cache, "other", NULL);
    EXPLAINED(filter, streamcache_filter_load_state_digest(NULL, &d, &error));
    EXPLAINED(state, streamcache_filter_load_state_digest(other, NULL, &error));
    ALLOWED(error, streamcache_filter_load_state_digest(other, &d, NULL), STREAMCACHE_OK);
    streamcache_filter_release(other);
}

ROW(streamcache_filter_get_state) {
    streamcache_value *value;
    streamcache_digest state;
    REFUSED_OUT(filter, value, streamcache_filter_get_state(NULL, &value, &state));
    ALLOWED(value, streamcache_filter_get_state(filter, NULL, &state), STREAMCACHE_OK);
    ALLOWED(state, streamcache_filter_get_state(filter, NULL, NULL), STREAMCACHE_OK);
}

ROW(streamcache_filter_get) {
    streamcache_value *value;
    streamcache_digest chunk = digest_of(404);
    REFUSED_OUT(filter, value, streamcache_filter_get(NULL, &d, 0, &value, NULL));
    REFUSED_OUT(chunk, value, streamcache_filter_get(filter, NULL, 0, &value, NULL));
    REFUSED(value, streamcache_filter_get(filter, &d, 0, NULL, NULL));
    ALLOWED(key, streamcache_filter_get(filter, &chunk, 0, &value, NULL), STREAMCACHE_MISS);
}

ROW(streamcache_filter_get_bytes) {
    streamcache_value *value;
    streamcache_digest key;
    REFUSED_OUT(filter, value, streamcache_filter_get_bytes(NULL, "c", 1, 0, &value, &key, &key));
    REFUSED_OUT(data, value, streamcache_filter_get_bytes(filter, NULL, 1, 0, &value, &key, &key));
    REFUSED_OUT(data, value, streamcache_filter_get_bytes(filter, "c", SIZE_MAX, 0, &value, &key, &key));
    REFUSED(value, streamcache_filter_get_bytes(filter, "c", 1, 0, NULL, &key, &key));
    ALLOWED(key, streamcache_filter_get_bytes(filter, "nobody", 6, 0, &value, NULL, NULL), STREAMCACHE_MISS);
    note("chunk");
}

ROW(streamcache_filter_put) {
    streamcache_value *value;
    REFUSED_OUT(filter, value, streamcache_filter_put(NULL, &d, NULL, "v", 1, 0, NULL, &value));
    REFUSED_OUT(chunk, value, streamcache_filter_put(filter, NULL, NULL, "v", 1, 0, NULL, &value));
    REFUSED_OUT(data, value, streamcache_filter_put(filter, &d, NULL, NULL, 1, 0, NULL, &value));
    REFUSED_OUT(data, value, streamcache_filter_put(filter, &d, NULL, "v", SIZE_MAX, 0, NULL, &value));
    ALLOWED(key, streamcache_filter_put(filter, &d, NULL, "v", 1, 0, NULL, NULL), STREAMCACHE_OK);
    note("options"), note("value");
}

ROW(streamcache_filter_put_bytes) {
    streamcache_value *value;
    REFUSED_OUT(filter, value, streamcache_filter_put_bytes(NULL, "c", 1, NULL, "v", 1, 0, NULL, &value));
    REFUSED_OUT(chunk, value, streamcache_filter_put_bytes(filter, NULL, 1, NULL, "v", 1, 0, NULL, &value));
    REFUSED_OUT(chunk, value, streamcache_filter_put_bytes(filter, "c", SIZE_MAX, NULL, "v", 1, 0, NULL, &value));
    REFUSED_OUT(data, value, streamcache_filter_put_bytes(filter, "c", 1, NULL, NULL, 1, 0, NULL, &value));
    REFUSED_OUT(data, value, streamcache_filter_put_bytes(filter, "c", 1, NULL, "v", SIZE_MAX, 0, NULL, &value));
    ALLOWED(key, streamcache_filter_put_bytes(filter, NULL, 0, NULL, NULL, 0, 0, NULL, NULL), STREAMCACHE_OK);
    note("options"), note("value");
}

ROW(streamcache_filter_put_external) {
    int destroyed = 0;
    streamcache_external external = external_of("v", 1, 1, &destroyed), empty = external_of(NULL, 1, 1, &destroyed);
    streamcache_value *value;
    DESTROYED(filter, value, streamcache_filter_put_external(NULL, &d, NULL, &external, 0, NULL, &value));
    DESTROYED(chunk, value, streamcache_filter_put_external(filter, NULL, NULL, &external, 0, NULL, &value));
    REFUSED_OUT(external, value, streamcache_filter_put_external(filter, &d, NULL, NULL, 0, NULL, &value));
    DESTROYED(external, value, streamcache_filter_put_external(filter, &d, NULL, &empty, 0, NULL, &value));
    ALLOWED(key, streamcache_filter_put_external(filter, &d, NULL, &external, STREAMCACHE_BYPASS, NULL, NULL), STREAMCACHE_NOT_STORED);
    note("options"), note("value");
}

ROW(streamcache_filter_get_into) {
    streamcache_digest chunk = digest_of(404);
    char buffer[8];
    size_t len;
    REFUSED(filter, streamcache_filter_get_into(NULL, &d, 0, buffer, sizeof buffer, &len, NULL));
    REFUSED(chunk, streamcache_filter_get_into(filter, NULL, 0, buffer, sizeof buffer, &len, NULL));
    REFUSED(buffer, streamcache_filter_get_into(filter, &chunk, 0, NULL, 1, &len, NULL));
    REFUSED(len, streamcache_filter_get_into(filter, &d, 0, buffer, sizeof buffer, NULL, NULL));
    ALLOWED(key, streamcache_filter_get_into(filter, &chunk, 0, NULL, 0, &len, NULL), STREAMCACHE_MISS);
}

ROW(streamcache_filter_remove) {
    REFUSED(filter, streamcache_filter_remove(NULL, &d));
    REFUSED(chunk, streamcache_filter_remove(filter, NULL));
}

ROW(streamcache_filter_purge) {
    uint64_t removed;
    streamcache_filter *other = open_filter(cache, "purged", "of its own");
    REFUSED(filter, streamcache_filter_purge(NULL, &removed));
    ALLOWED(removed, streamcache_filter_purge(other, NULL), STREAMCACHE_OK);
    streamcache_filter_release(other);
}

ROW(streamcache_filter_retire) {
    uint64_t removed;
    REFUSED(filter, streamcache_filter_retire(NULL, &removed));
    ALLOWED(removed, streamcache_filter_retire(filter, NULL), STREAMCACHE_OK);
}

ROW(streamcache_filter_snapshot) {
    streamcache_snapshot *other;
    REFUSED_OUT(filter, other, streamcache_filter_snapshot(NULL, &other));
    REFUSED(snapshot, streamcache_filter_snapshot(filter, NULL));
}

ROW(streamcache_snapshot_retain) { REFUSED(snapshot, streamcache_snapshot_retain(NULL)); }
ROW(streamcache_snapshot_release) {
    note("snapshot");
    streamcache_snapshot_release(NULL);
}

ROW(streamcache_snapshot_get_state) {
    streamcache_value *value;
    REFUSED_OUT(snapshot, value, streamcache_snapshot_get_state(NULL, &value, NULL));
    ALLOWED(value, streamcache_snapshot_get_state(snapshot, NULL, NULL), STREAMCACHE_OK);
    note("state");
}

ROW(streamcache_snapshot_get) {
    streamcache_value *value;
    streamcache_digest chunk = digest_of(404);
    REFUSED_OUT(snapshot, value, streamcache_snapshot_get(NULL, &d, 0, &value, NULL));
    REFUSED_OUT(chunk, value, streamcache_snapshot_get(snapshot, NULL, 0, &value, NULL));
    REFUSED(value, streamcache_snapshot_get(snapshot, &d, 0, NULL, NULL));
    ALLOWED(key, streamcache_snapshot_get(snapshot, &chunk, 0, &value, NULL), STREAMCACHE_MISS);
}

ROW(streamcache_snapshot_put) {
    streamcache_value *value;
    REFUSED_OUT(snapshot, value, streamcache_snapshot_put(NULL, &d, "v", 1, 0, NULL, &value));
    REFUSED_OUT(chunk, value, streamcache_snapshot_put(snapshot, NULL, "v", 1, 0, NULL, &value));
    REFUSED_OUT(data, value, streamcache_snapshot_put(snapshot, &d, NULL, 1, 0, NULL, &value));
    REFUSED_OUT(data, value, streamcache_snapshot_put(snapshot, &d, "v", SIZE_MAX, 0, NULL, &value));
    ALLOWED(options, streamcache_snapshot_put(snapshot, &d, "v", 1, 0, NULL, NULL), STREAMCACHE_OK);
    note("value");
}

ROW(streamcache_snapshot_put_external) {
    int destroyed = 0;
    streamcache_external external = external_of("v", 1, 1, &destroyed), empty = external_of(NULL, 1, 1, &destroyed);
    streamcache_value *value;
    DESTROYED(snapshot, value, streamcache_snapshot_put_external(NULL, &d, &external, 0, NULL, &value));
    DESTROYED(chunk, value, streamcache_snapshot_put_external(snapshot, NULL, &external, 0, NULL, &value));
    REFUSED_OUT(external, value, streamcache_snapshot_put_external(snapshot, &d, NULL, 0, NULL, &value));
    DESTROYED(external, value, streamcache_snapshot_put_external(snapshot, &d, &empty, 0, NULL, &value));
    ALLOWED(options, streamcache_snapshot_put_external(snapshot, &d, &external, STREAMCACHE_BYPASS, NULL, NULL), STREAMCACHE_NOT_STORED);
    note("value");
}

/* key */

ROW(streamcache_filter_key) {
    streamcache_digest key;
    REFUSED(filter, streamcache_filter_key(NULL, &d, &key));
    REFUSED(chunk, streamcache_filter_key(filter, NULL, &key));
    REFUSED(key, streamcache_filter_key(filter, &d, NULL));
}

ROW(streamcache_snapshot_key) {
    streamcache_digest key;
    REFUSED(snapshot, streamcache_snapshot_key(NULL, &d, &key));
    REFUSED(chunk, streamcache_snapshot_key(snapshot, NULL, &key));
    REFUSED(key, streamcache_snapshot_key(snapshot, &d, NULL));
}

ROW(streamcache_pipeline_key) {
    const streamcache_filter *filters[3];
    streamcache_digest key;
    size_t i;
    for (i = 0; i < 3; i++) filters[i] = filter;
    REFUSED(filters, streamcache_pipeline_key(NULL, 3, &d, &key));
    REFUSED(filters, streamcache_pipeline_key(NULL, 0, &d, &key));
    REFUSED(chunk, streamcache_pipeline_key(filters, 3, NULL, &key));
    REFUSED(key, streamcache_pipeline_key(filters, 3, &d, NULL));
    BAD(streamcache_pipeline_key(filters, 0, &d, &key));
    BAD(streamcache_pipeline_key(filters, SIZE_MAX, &d, &key));
    BAD(streamcache_pipeline_key(filters, SIZE_MAX / sizeof *filters, &d, &key));
    for (i = 0; i < 3; i++) {
        filters[i] = NULL;
        BAD(streamcache_pipeline_key(filters, 3, &d, &key));
        filters[i] = filter;
    }
}

ROW(streamcache_pipeline_snapshot_key) {
    const streamcache_snapshot *snapshots[3];
    streamcache_digest key;
    size_t i;
    for (i = 0; i < 3; i++) snapshots[i] = snapshot;
    REFUSED(snapshots, streamcache_pipeline_snapshot_key(NULL, 3, &d, &key));
    REFUSED(chunk, streamcache_pipeline_snapshot_key(snapshots, 3, NULL, &key));
    REFUSED(key, streamcache_pipeline_snapshot_key(snapshots, 3, &d, NULL));
    BAD(streamcache_pipeline_snapshot_key(snapshots, 0, &d, &key));
    BAD(streamcache_pipeline_snapshot_key(snapshots, SIZE_MAX, &d, &key));
    for (i = 0; i < 3; i++) {
        snapshots[i] = NULL;
        BAD(streamcache_pipeline_snapshot_key(snapshots, 3, &d, &key));
        snapshots[i] = snapshot;
    }
}

/* ticket */

static streamcache_ticket *ticket_of(uint64_t number) {
    streamcache_digest chunk = digest_of(number);
    streamcache_value *value = NULL;
    streamcache_ticket *ticket = NULL;
    STATUS(streamcache_filter_begin(filter, &chunk, 0, 0, &value, &ticket), STREAMCACHE_FILL);
    REQUIRE(ticket != NULL);
    return ticket;
}

/* A begin that is refused gives neither of two. */
#define BEGIN_REFUSED(argument, call)                    \
    do {                                                 \
        value = (void *)&d, ticket = (void *)&d;         \
        REFUSED(argument, call);                         \
        CHECK(value == NULL && ticket == NULL);          \
    } while (0)
/* Nor the one, where there is no room for the other. */
#define BEGIN_HALF(argument, out, call) \
    do {                                \
        (out) = (void *)&d;             \
        REFUSED(argument, call);        \
        CHECK((out) == NULL);           \
    } while (0)

ROW(streamcache_filter_begin) {
    streamcache_value *value;
    streamcache_ticket *ticket;
    BEGIN_REFUSED(filter, streamcache_filter_begin(NULL, &d, 0, 0, &value, &ticket));
    BEGIN_REFUSED(chunk, streamcache_filter_begin(filter, NULL, 0, 0, &value, &ticket));
    BEGIN_HALF(value, ticket, streamcache_filter_begin(filter, &d, 0, 0, NULL, &ticket));
    BEGIN_HALF(ticket, value, streamcache_filter_begin(filter, &d, 0, 0, &value, NULL));
}

ROW(streamcache_filter_begin_bytes) {
    streamcache_value *value;
    streamcache_ticket *ticket;
    streamcache_digest chunk;
    BEGIN_REFUSED(filter, streamcache_filter_begin_bytes(NULL, "c", 1, 0, 0, &value, &ticket, &chunk));
    BEGIN_REFUSED(data, streamcache_filter_begin_bytes(filter, NULL, 1, 0, 0, &value, &ticket, &chunk));
    BEGIN_REFUSED(data, streamcache_filter_begin_bytes(filter, "c", SIZE_MAX, 0, 0, &value, &ticket, &chunk));
    BEGIN_HALF(value, ticket, streamcache_filter_begin_bytes(filter, "c", 1, 0, 0, NULL, &ticket, &chunk));
    BEGIN_HALF(ticket, value, streamcache_filter_begin_bytes(filter, "c", 1, 0, 0, &value, NULL, &chunk));
    ALLOWED(chunk, streamcache_filter_begin_bytes(filter, "nobody's", 8, 0, 0, &value, &ticket, NULL), STREAMCACHE_FILL);
    streamcache_ticket_release(ticket);
}

ROW(streamcache_snapshot_begin) {
    streamcache_value *value;
    streamcache_ticket *ticket;
    BEGIN_REFUSED(snapshot, streamcache_snapshot_begin(NULL, &d, 0, 0, &value, &ticket));
    BEGIN_REFUSED(chunk, streamcache_snapshot_begin(snapshot, NULL, 0, 0, &value, &ticket));
    BEGIN_HALF(value, ticket, streamcache_snapshot_begin(snapshot, &d, 0, 0, NULL, &ticket));
    BEGIN_HALF(ticket, value, streamcache_snapshot_begin(snapshot, &d, 0, 0, &value, NULL));
}

ROW(streamcache_cache_begin) {
    streamcache_value *value;
    streamcache_ticket *ticket;
    BEGIN_REFUSED(cache, streamcache_cache_begin(NULL, &d, 0, 0, &value, &ticket));
    BEGIN_REFUSED(key, streamcache_cache_begin(cache, NULL, 0, 0, &value, &ticket));
    BEGIN_HALF(value, ticket, streamcache_cache_begin(cache, &d, 0, 0, NULL, &ticket));
    BEGIN_HALF(ticket, value, streamcache_cache_begin(cache, &d, 0, 0, &value, NULL));
}

ROW(streamcache_ticket_retain) { REFUSED(ticket, streamcache_ticket_retain(NULL)); }
ROW(streamcache_ticket_release) {
    note("ticket");
    streamcache_ticket_release(NULL);
}

ROW(streamcache_ticket_get_key) {
    streamcache_ticket *ticket = ticket_of(501);
    streamcache_digest key;
    REFUSED(ticket, streamcache_ticket_get_key(NULL, &key));
    REFUSED(key, streamcache_ticket_get_key(ticket, NULL));
    streamcache_ticket_release(ticket);
}

ROW(streamcache_ticket_get_state) {
    streamcache_ticket *ticket = ticket_of(501);
    streamcache_value *value;
    streamcache_digest state;
    REFUSED_OUT(ticket, value, streamcache_ticket_get_state(NULL, &value, &state));
    ALLOWED(value, streamcache_ticket_get_state(ticket, NULL, &state), STREAMCACHE_OK);
    ALLOWED(state, streamcache_ticket_get_state(ticket, NULL, NULL), STREAMCACHE_OK);
    streamcache_ticket_release(ticket);
}

ROW(streamcache_ticket_get_phase) {
    streamcache_ticket *ticket = ticket_of(501);
    streamcache_phase phase;
    REFUSED(ticket, streamcache_ticket_get_phase(NULL, &phase));
    REFUSED(phase, streamcache_ticket_get_phase(ticket, NULL));
    streamcache_ticket_release(ticket);
}

ROW(streamcache_ticket_buffer) {
    streamcache_ticket *ticket = ticket_of(501);
    void *data;
    REFUSED_OUT(ticket, data, streamcache_ticket_buffer(NULL, 1, &data));
    REFUSED(data, streamcache_ticket_buffer(ticket, 1, NULL));
    STATUS(streamcache_ticket_buffer(ticket, 0, &data), STREAMCACHE_OK);
    streamcache_ticket_release(ticket);
}

ROW(streamcache_ticket_commit) {
    streamcache_ticket *ticket = ticket_of(501);
    streamcache_value *value;
    void *data;
    REFUSED_OUT(ticket, value, streamcache_ticket_commit(NULL, 1, NULL, &value));
    REFUSED_OUT(ticket, value, streamcache_ticket_commit(ticket, 0, NULL, &value)); /* it has no buffer yet */
    OK(streamcache_ticket_buffer(ticket, 1, &data));
    BAD(streamcache_ticket_commit(ticket, SIZE_MAX, NULL, &value));
    memset(data, 'v', 1);
    ALLOWED(options, streamcache_ticket_commit(ticket, 1, NULL, NULL), STREAMCACHE_OK);
    note("value");
    streamcache_ticket_release(ticket);
}

ROW(streamcache_ticket_commit_copy) {
    streamcache_ticket *ticket = ticket_of(502);
    streamcache_value *value;
    REFUSED_OUT(ticket, value, streamcache_ticket_commit_copy(NULL, "v", 1, NULL, &value));
    REFUSED_OUT(data, value, streamcache_ticket_commit_copy(ticket, NULL, 1, NULL, &value));
    REFUSED_OUT(data, value, streamcache_ticket_commit_copy(ticket, "v", SIZE_MAX, NULL, &value));
    ALLOWED(options, streamcache_ticket_commit_copy(ticket, NULL, 0, NULL, NULL), STREAMCACHE_OK);
    note("value");
    streamcache_ticket_release(ticket);
}

ROW(streamcache_ticket_commit_external) {
    streamcache_ticket *ticket = ticket_of(503);
    int destroyed = 0;
    streamcache_external external = external_of("v", 1, 1, &destroyed), empty = external_of(NULL, 1, 1, &destroyed);
    streamcache_value *value;
    DESTROYED(ticket, value, streamcache_ticket_commit_external(NULL, &external, NULL, &value));
    REFUSED_OUT(external, value, streamcache_ticket_commit_external(ticket, NULL, NULL, &value));
    DESTROYED(external, value, streamcache_ticket_commit_external(ticket, &empty, NULL, &value));
    external.destroy = NULL;
    ALLOWED(options, streamcache_ticket_commit_external(ticket, &external, NULL, NULL), STREAMCACHE_OK);
    note("value");
    streamcache_ticket_release(ticket);
}

ROW(streamcache_ticket_commit_rejection) { REFUSED(ticket, streamcache_ticket_commit_rejection(NULL, 1, 0)); }

ROW(streamcache_ticket_commit_step) {
    streamcache_stream *stream = NULL;
    streamcache_ticket *ticket = NULL;
    streamcache_value *value;
    OK(streamcache_stream_open(filter, "s", 1, &stream, NULL));
    STATUS(streamcache_stream_begin(stream, &d, 0, 0, &value, &ticket), STREAMCACHE_FILL);
    REFUSED_OUT(ticket, value, streamcache_ticket_commit_step(NULL, "o", 1, "n", 1, NULL, &value));
    REFUSED_OUT(data, value, streamcache_ticket_commit_step(ticket, NULL, 1, "n", 1, NULL, &value));
    REFUSED_OUT(data, value, streamcache_ticket_commit_step(ticket, "o", SIZE_MAX, "n", 1, NULL, &value));
    REFUSED_OUT(next_state, value, streamcache_ticket_commit_step(ticket, "o", 1, NULL, 1, NULL, &value));
    REFUSED_OUT(next_state, value, streamcache_ticket_commit_step(ticket, "o", 1, "n", SIZE_MAX, NULL, &value));
    ALLOWED(options, streamcache_ticket_commit_step(ticket, "o", 1, NULL, 0, NULL, NULL), STREAMCACHE_NOT_STORED);
    note("value");
    streamcache_ticket_release(ticket);
    streamcache_stream_release(stream);
}

ROW(streamcache_ticket_abort) { REFUSED(ticket, streamcache_ticket_abort(NULL)); }

ROW(streamcache_value_get_rejection) {
    streamcache_value *value = described();
    int32_t code;
    REFUSED(value, streamcache_value_get_rejection(NULL, &code));
    ALLOWED(code, streamcache_value_get_rejection(value, NULL), STREAMCACHE_MISS);
    streamcache_value_release(value);
}

/* batch */

static streamcache_batch *batch_of(uint64_t number) {
    streamcache_digest chunk = digest_of(number);
    streamcache_batch *batch = NULL;
    OK(streamcache_filter_begin_batch(filter, &chunk, 1, 0, &batch));
    REQUIRE(batch != NULL);
    return batch;
}

ROW(streamcache_filter_begin_batch) {
    streamcache_batch *batch;
    REFUSED_OUT(filter, batch, streamcache_filter_begin_batch(NULL, &d, 1, 0, &batch));
    REFUSED_OUT(chunks, batch, streamcache_filter_begin_batch(filter, NULL, 1, 0, &batch));
    REFUSED_OUT(chunks, batch, streamcache_filter_begin_batch(filter, &d, SIZE_MAX, 0, &batch));
    REFUSED_OUT(chunks, batch, streamcache_filter_begin_batch(filter, &d, (1 << 20) + 1, 0, &batch));
    REFUSED(batch, streamcache_filter_begin_batch(filter, &d, 1, 0, NULL));
    OK(streamcache_filter_begin_batch(filter, NULL, 0, 0, &batch));
    streamcache_batch_free(batch);
}

ROW(streamcache_filter_begin_batch_bytes) {
    streamcache_buffer chunks[2];
    streamcache_batch *batch;
    chunks[0].data = "c", chunks[0].len = 1;
    chunks[1].data = NULL, chunks[1].len = 0;
    REFUSED_OUT(filter, batch, streamcache_filter_begin_batch_bytes(NULL, chunks, 1, 0, &batch));
    REFUSED_OUT(chunks, batch, streamcache_filter_begin_batch_bytes(filter, NULL, 1, 0, &batch));
    REFUSED_OUT(chunks, batch, streamcache_filter_begin_batch_bytes(filter, chunks, SIZE_MAX, 0, &batch));
    REFUSED(batch, streamcache_filter_begin_batch_bytes(filter, chunks, 1, 0, NULL));
    OK(streamcache_filter_begin_batch_bytes(filter, chunks, 2, 0, &batch));
    streamcache_batch_free(batch);
    chunks[1].len = 1; /* of nothing */
    REFUSED_OUT(chunks, batch, streamcache_filter_begin_batch_bytes(filter, chunks, 2, 0, &batch));
    chunks[0].len = SIZE_MAX;
    REFUSED_OUT(chunks, batch, streamcache_filter_begin_batch_bytes(filter, chunks, 1, 0, &batch));
    OK(streamcache_filter_begin_batch_bytes(filter, NULL, 0, 0, &batch));
    streamcache_batch_free(batch);
}

ROW(streamcache_batch_free) {
    note("batch");
    streamcache_batch_free(NULL);
}
ROW(streamcache_batch_get_count) {
    note("batch");
    CHECK(streamcache_batch_get_count(NULL) == 0);
}

ROW(streamcache_batch_get_items) {
    streamcache_batch *batch = batch_of(504);
    streamcache_batch_item item;
    size_t count;
    REFUSED(batch, streamcache_batch_get_items(NULL, &item, sizeof item, 1, &count));
    REFUSED(items, streamcache_batch_get_items(batch, NULL, sizeof item, 1, &count));
    STATUS(streamcache_batch_get_items(batch, NULL, sizeof item, 0, &count), STREAMCACHE_BUFFER_TOO_SMALL);
    BAD(streamcache_batch_get_items(batch, &item, 1, 1, &count));
    ALLOWED(count, streamcache_batch_get_items(batch, &item, sizeof item, 1, NULL), STREAMCACHE_OK);
    streamcache_batch_free(batch);
}

ROW(streamcache_batch_wait) { REFUSED(batch, streamcache_batch_wait(NULL, 0)); }

ROW(streamcache_batch_commit) {
    static const uint32_t items[] = {0};
    streamcache_batch *batch = batch_of(504);
    size_t stored;
    REFUSED(batch, streamcache_batch_commit(NULL, items, 1, "r", 1, 1, NULL, &stored));
    REFUSED(data, streamcache_batch_commit(batch, items, 1, NULL, 1, 1, NULL, &stored));
    BAD(streamcache_batch_commit(batch, items, SIZE_MAX, "r", 1, 1, NULL, &stored));
    BAD(streamcache_batch_commit(batch, items, 2, "r", SIZE_MAX, 1, NULL, &stored));
    BAD(streamcache_batch_commit(batch, items, 1, "r", SIZE_MAX, SIZE_MAX, NULL, &stored));
    BAD(streamcache_batch_commit(batch, NULL, 0, NULL, 0, 0, NULL, &stored)); /* there is an item to compute */
    ALLOWED(items, streamcache_batch_commit(batch, NULL, 1, "r", 1, 1, NULL, NULL), STREAMCACHE_OK);
    note("options"), note("stored");
    streamcache_batch_free(batch);
}

/* stream */

static streamcache_stream *new_stream(void) {
    streamcache_stream *stream = NULL;
    OK(streamcache_stream_open(filter, "s", 1, &stream, NULL));
    REQUIRE(stream != NULL);
    return stream;
}

ROW(streamcache_stream_open) {
    streamcache_stream *stream;
    EXPLAINED(filter, streamcache_stream_open(NULL, "s", 1, &stream, &error));
    EXPLAINED(state, streamcache_stream_open(filter, NULL, 1, &stream, &error));
    REFUSED_OUT(state, stream, streamcache_stream_open(filter, "s", SIZE_MAX, &stream, NULL));
    EXPLAINED(stream, streamcache_stream_open(filter, "s", 1, NULL, &error));
    ALLOWED(error, streamcache_stream_open(filter, NULL, 0, &stream, NULL), STREAMCACHE_OK);
    streamcache_stream_release(stream);
}

/* transfer, saved */

static const char no_file[] = "/no/such/file", no_results[] = "/proc/self/maps"; /* a file, and not of results */

static streamcache_transfer *new_transfer(void) {
    streamcache_transfer *transfer = NULL;
    OK(streamcache_cache_import(cache, no_results, sizeof no_results - 1, &transfer, NULL));
    REQUIRE(transfer != NULL);
    return transfer;
}

ROW(streamcache_cache_export) {
    streamcache_transfer *transfer;
    EXPLAINED(cache, streamcache_cache_export(NULL, no_file, sizeof no_file - 1, &transfer, &error));
    EXPLAINED(path, streamcache_cache_export(cache, NULL, 1, &transfer, &error));
    REFUSED_OUT(path, transfer, streamcache_cache_export(cache, NULL, 0, &transfer, NULL));
    REFUSED_OUT(path, transfer, streamcache_cache_export(cache, no_file, SIZE_MAX, &transfer, NULL));
    EXPLAINED(transfer, streamcache_cache_export(cache, no_file, sizeof no_file - 1, NULL, &error));
    ALLOWED(error, streamcache_cache_export(cache, no_file, sizeof no_file - 1, &transfer, NULL), STREAMCACHE_IO);
    CHECK(transfer == NULL);
}

ROW(streamcache_cache_import) {
    streamcache_transfer *transfer;
    EXPLAINED(cache, streamcache_cache_import(NULL, no_file, sizeof no_file - 1, &transfer, &error));
    EXPLAINED(path, streamcache_cache_import(cache, NULL, 1, &transfer, &error));
    REFUSED_OUT(path, transfer, streamcache_cache_import(cache, no_file, SIZE_MAX, &transfer, NULL));
    EXPLAINED(transfer, streamcache_cache_import(cache, no_file, sizeof no_file - 1, NULL, &error));
    ALLOWED(error, streamcache_cache_import(cache, no_file, sizeof no_file - 1, &transfer, NULL), STREAMCACHE_IO);
    CHECK(transfer == NULL);
}

ROW(streamcache_transfer_get_progress) {
    streamcache_transfer *transfer = new_transfer();
    streamcache_transfer_progress progress;
    progress.struct_size = sizeof progress;
    REFUSED(transfer, streamcache_transfer_get_progress(NULL, &progress));
    REFUSED(progress, streamcache_transfer_get_progress(transfer, NULL));
    progress.struct_size = sizeof(size_t) - 1;
    BAD(streamcache_transfer_get_progress(transfer, &progress));
    streamcache_transfer_release(transfer);
}

ROW(streamcache_transfer_wait) {
    streamcache_transfer *transfer = new_transfer();
    EXPLAINED(transfer, streamcache_transfer_wait(NULL, 0, &error));
    ALLOWED(error, streamcache_transfer_wait(transfer, STREAMCACHE_TIMEOUT_DEFAULT, NULL), STREAMCACHE_IO);
    streamcache_transfer_release(transfer);
}

ROW(streamcache_transfer_cancel) { REFUSED(transfer, streamcache_transfer_cancel(NULL)); }
ROW(streamcache_transfer_release) {
    note("transfer");
    streamcache_transfer_release(NULL);
}

ROW(streamcache_filter_save_state) { REFUSED(filter, streamcache_filter_save_state(NULL)); }
ROW(streamcache_filter_restore_state) {
    REFUSED(filter, streamcache_filter_restore_state(NULL, &d));
    REFUSED(state, streamcache_filter_restore_state(filter, NULL));
}

ROW(streamcache_stream_retain) { REFUSED(stream, streamcache_stream_retain(NULL)); }
ROW(streamcache_stream_release) {
    note("stream");
    streamcache_stream_release(NULL);
}

ROW(streamcache_stream_begin) {
    streamcache_stream *stream = new_stream();
    streamcache_value *value;
    streamcache_ticket *ticket;
    BEGIN_REFUSED(stream, streamcache_stream_begin(NULL, &d, 0, 0, &value, &ticket));
    BEGIN_REFUSED(chunk, streamcache_stream_begin(stream, NULL, 0, 0, &value, &ticket));
    BEGIN_HALF(value, ticket, streamcache_stream_begin(stream, &d, 0, 0, NULL, &ticket));
    BEGIN_HALF(ticket, value, streamcache_stream_begin(stream, &d, 0, 0, &value, NULL));
    STATUS(streamcache_stream_begin(stream, &d, 0, 0, &value, &ticket), STREAMCACHE_FILL); /* none of these left a step open */
    streamcache_ticket_release(ticket);
    streamcache_stream_release(stream);
}

ROW(streamcache_ticket_get_step_state) {
    streamcache_ticket *ticket = ticket_of(501), *step = NULL;
    streamcache_stream *stream = new_stream();
    streamcache_value *value = NULL;
    streamcache_digest state, d = digest_of(1);
    REFUSED_OUT(ticket, value, streamcache_ticket_get_step_state(NULL, &value, &state));
    STATUS(streamcache_ticket_get_step_state(ticket, &value, &state), STREAMCACHE_NO_STATE);
    CHECK(value == NULL);
    STATUS(streamcache_stream_begin(stream, &d, 0, STREAMCACHE_REFRESH, &value, &step), STREAMCACHE_FILL);
    ALLOWED(value, streamcache_ticket_get_step_state(step, NULL, &state), STREAMCACHE_OK);
    ALLOWED(state, streamcache_ticket_get_step_state(step, NULL, NULL), STREAMCACHE_OK);
    streamcache_ticket_release(step);
    streamcache_stream_release(stream);
    streamcache_ticket_release(ticket);
}

ROW(streamcache_stream_get_state) {
    streamcache_stream *stream = new_stream();
    streamcache_value *value;
    streamcache_digest state;
    REFUSED_OUT(stream, value, streamcache_stream_get_state(NULL, &value, &state));
    ALLOWED(value, streamcache_stream_get_state(stream, NULL, &state), STREAMCACHE_OK);
    ALLOWED(state, streamcache_stream_get_state(stream, NULL, NULL), STREAMCACHE_OK);
    streamcache_stream_release(stream);
}

ROW(streamcache_stream_reset) {
    streamcache_stream *stream = new_stream();
    EXPLAINED(stream, streamcache_stream_reset(NULL, "s", 1, &error));
    EXPLAINED(state, streamcache_stream_reset(stream, NULL, 1, &error));
    EXPLAINED(state, streamcache_stream_reset(stream, "s", SIZE_MAX, &error));
    ALLOWED(error, streamcache_stream_reset(stream, NULL, 0, NULL), STREAMCACHE_OK);
    streamcache_stream_release(stream);
}

ROW(streamcache_stream_forget) { REFUSED(stream, streamcache_stream_forget(NULL)); }

ROW(streamcache_stream_fork) {
    streamcache_stream *stream = new_stream(), *fork;
    REFUSED_OUT(stream, fork, streamcache_stream_fork(NULL, &fork));
    REFUSED(fork, streamcache_stream_fork(stream, NULL));
    streamcache_stream_release(stream);
}

ROW(streamcache_stream_get_position) {
    streamcache_stream *stream = new_stream();
    uint64_t position;
    REFUSED(stream, streamcache_stream_get_position(NULL, &position));
    REFUSED(position, streamcache_stream_get_position(stream, NULL));
    streamcache_stream_release(stream);
}

ROW(streamcache_stream_get_digest) {
    streamcache_stream *stream = new_stream();
    streamcache_digest digest;
    REFUSED(stream, streamcache_stream_get_digest(NULL, &digest));
    REFUSED(digest, streamcache_stream_get_digest(stream, NULL));
    streamcache_stream_release(stream);
}

/* tier */

ROW(streamcache_cache_get_tier_stats) {
    streamcache_tier_stats stats;
    stats.struct_size = sizeof stats;
    REFUSED(cache, streamcache_cache_get_tier_stats(NULL, STREAMCACHE_TIER_DISK, &stats));
    REFUSED(stats, streamcache_cache_get_tier_stats(cache, STREAMCACHE_TIER_DISK, NULL));
    STATUS(streamcache_cache_get_tier_stats(cache, STREAMCACHE_TIER_DISK, &stats), STREAMCACHE_MISS);
}

ROW(streamcache_cache_flush) {
    REFUSED(cache, streamcache_cache_flush(NULL, 0));
    REFUSED(cache, streamcache_cache_flush(NULL, UINT32_MAX));
    OK(streamcache_cache_flush(cache, UINT32_MAX));
}

ROW(streamcache_value_get_tier) {
    note("value");
    CHECK(streamcache_value_get_tier(NULL) == STREAMCACHE_TIER_MEMORY);
}

ROW(streamcache_options_set_disk_directory) {
    streamcache_options *options = NULL;
    OK(streamcache_options_new(&options));
    REFUSED(options, streamcache_options_set_disk_directory(NULL, "d", 1));
    REFUSED(directory, streamcache_options_set_disk_directory(options, NULL, 1));
    BAD(streamcache_options_set_disk_directory(options, "d", SIZE_MAX));
    OK(streamcache_options_set_disk_directory(options, NULL, 0));
    streamcache_options_free(options);
}
ROW(streamcache_options_add_remote_url) {
    streamcache_options *options = NULL;
    OK(streamcache_options_new(&options));
    REFUSED(options, streamcache_options_add_remote_url(NULL, "redis://h", 9));
    REFUSED(url, streamcache_options_add_remote_url(options, NULL, 9));
    BAD(streamcache_options_add_remote_url(options, NULL, 0));
    BAD(streamcache_options_add_remote_url(options, "redis://h", SIZE_MAX));
    streamcache_options_free(options);
}
ROW(streamcache_options_set_remote_prefix) {
    streamcache_options *options = NULL;
    OK(streamcache_options_new(&options));
    REFUSED(options, streamcache_options_set_remote_prefix(NULL, "p", 1));
    REFUSED(prefix, streamcache_options_set_remote_prefix(options, NULL, 1));
    BAD(streamcache_options_set_remote_prefix(options, "p", SIZE_MAX));
    OK(streamcache_options_set_remote_prefix(options, NULL, 0));
    streamcache_options_free(options);
}
ROW(streamcache_options_set_remote_ca_file) {
    streamcache_options *options = NULL;
    OK(streamcache_options_new(&options));
    REFUSED(options, streamcache_options_set_remote_ca_file(NULL, "f", 1));
    REFUSED(file, streamcache_options_set_remote_ca_file(options, NULL, 1));
    BAD(streamcache_options_set_remote_ca_file(options, "f", SIZE_MAX));
    OK(streamcache_options_set_remote_ca_file(options, NULL, 0));
    streamcache_options_free(options);
}
ROW(streamcache_options_set_disk_max_bytes) { REFUSED(options, streamcache_options_set_disk_max_bytes(NULL, 1 << 20)); }
ROW(streamcache_options_set_disk_allow_network) { REFUSED(options, streamcache_options_set_disk_allow_network(NULL, 1)); }
ROW(streamcache_options_set_remote_ttl_ms) { REFUSED(options, streamcache_options_set_remote_ttl_ms(NULL, 1)); }
ROW(streamcache_options_set_remote_max_value_bytes) {
    REFUSED(options, streamcache_options_set_remote_max_value_bytes(NULL, 1));
}
ROW(streamcache_options_set_remote_timeout_ms) { REFUSED(options, streamcache_options_set_remote_timeout_ms(NULL, 1)); }
ROW(streamcache_options_set_write_behind_max_bytes) {
    REFUSED(options, streamcache_options_set_write_behind_max_bytes(NULL, 1));
}

/* stats */

ROW(streamcache_cache_get_stats) {
    streamcache_cache_stats stats;
    stats.struct_size = sizeof stats;
    REFUSED(cache, streamcache_cache_get_stats(NULL, &stats));
    REFUSED(stats, streamcache_cache_get_stats(cache, NULL));
}

ROW(streamcache_filter_get_stats) {
    streamcache_filter_stats stats;
    stats.struct_size = sizeof stats;
    REFUSED(filter, streamcache_filter_get_stats(NULL, &stats));
    REFUSED(stats, streamcache_filter_get_stats(filter, NULL));
}

ROW(streamcache_cache_write_stats) {
    char buffer[8];
    size_t len;
    REFUSED(cache, streamcache_cache_write_stats(NULL, STREAMCACHE_FORMAT_JSON, buffer, sizeof buffer, &len));
    REFUSED(buffer, streamcache_cache_write_stats(cache, STREAMCACHE_FORMAT_JSON, NULL, 1, &len));
    REFUSED(len, streamcache_cache_write_stats(cache, STREAMCACHE_FORMAT_JSON, buffer, sizeof buffer, NULL));
    STATUS(streamcache_cache_write_stats(cache, STREAMCACHE_FORMAT_JSON, NULL, 0, &len), STREAMCACHE_BUFFER_TOO_SMALL);
    CHECK(len > 0);
}

static const struct row {
    const char *function;
    void (*run)(void);
} rows[] = {
#define LISTED(function) {#function, null_##function}
    LISTED(streamcache_version_string),
    LISTED(streamcache_version_number),
    LISTED(streamcache_status_message),
    LISTED(streamcache_error_get_status),
    LISTED(streamcache_error_get_message),
    LISTED(streamcache_error_free),
    LISTED(streamcache_log_set),
    LISTED(streamcache_digest_chunk),
    LISTED(streamcache_digest_chunks),
    LISTED(streamcache_digest_chunk_file),
    LISTED(streamcache_digest_inputs),
    LISTED(streamcache_digest_tensor),
    LISTED(streamcache_digest_config_json),
    LISTED(streamcache_digest_config_bytes),
    LISTED(streamcache_digest_state),
    LISTED(streamcache_digest_state_file),
    LISTED(streamcache_digest_raw),
    LISTED(streamcache_digest_to_hex),
    LISTED(streamcache_digest_from_hex),
    LISTED(streamcache_key_state),
    LISTED(streamcache_key_chunk),
    LISTED(streamcache_hasher_new),
    LISTED(streamcache_hasher_update),
    LISTED(streamcache_hasher_finish),
    LISTED(streamcache_hasher_reset),
    LISTED(streamcache_hasher_free),
    LISTED(streamcache_barrier_new),
    LISTED(streamcache_barrier_update),
    LISTED(streamcache_barrier_finish),
    LISTED(streamcache_barrier_reset),
    LISTED(streamcache_barrier_free),
    LISTED(streamcache_options_new),
    LISTED(streamcache_options_from_json),
    LISTED(streamcache_options_set_max_bytes),
    LISTED(streamcache_options_set_max_chunks),
    LISTED(streamcache_options_set_policy),
    LISTED(streamcache_options_set_name),
    LISTED(streamcache_options_to_json),
    LISTED(streamcache_options_set_ttl_ms),
    LISTED(streamcache_options_set_ticket_max_age_ms),
    LISTED(streamcache_options_set_hash_threads),
    LISTED(streamcache_options_set_namespace),
    LISTED(streamcache_options_set_secret),
    LISTED(streamcache_options_free),
    LISTED(streamcache_cache_open),
    LISTED(streamcache_cache_retain),
    LISTED(streamcache_cache_close),
    LISTED(streamcache_cache_release),
    LISTED(streamcache_cache_purge),
    LISTED(streamcache_cache_set_max_bytes),
    LISTED(streamcache_cache_set_max_chunks),
    LISTED(streamcache_value_retain),
    LISTED(streamcache_value_release),
    LISTED(streamcache_value_data),
    LISTED(streamcache_value_size),
    LISTED(streamcache_value_device_pointer),
    LISTED(streamcache_value_tensor_count),
    LISTED(streamcache_value_get_tensor),
    LISTED(streamcache_value_blob),
    LISTED(streamcache_value_get_content),
    LISTED(streamcache_cache_load_state),
    LISTED(streamcache_cache_get_state),
    LISTED(streamcache_cache_unload_state),
    LISTED(streamcache_cache_get_chunk),
    LISTED(streamcache_cache_put_chunk),
    LISTED(streamcache_cache_put_chunk_external),
    LISTED(streamcache_cache_get_chunk_into),
    LISTED(streamcache_cache_remove_chunk),
    LISTED(streamcache_cache_hit_rate),
    LISTED(streamcache_cache_hits),
    LISTED(streamcache_cache_misses),
    LISTED(streamcache_filter_open),
    LISTED(streamcache_filter_retain),
    LISTED(streamcache_filter_release),
    LISTED(streamcache_filter_load_state),
    LISTED(streamcache_filter_load_state_digest),
    LISTED(streamcache_filter_get_state),
    LISTED(streamcache_filter_get),
    LISTED(streamcache_filter_get_bytes),
    LISTED(streamcache_filter_put),
    LISTED(streamcache_filter_put_bytes),
    LISTED(streamcache_filter_put_external),
    LISTED(streamcache_filter_get_into),
    LISTED(streamcache_filter_remove),
    LISTED(streamcache_filter_purge),
    LISTED(streamcache_filter_retire),
    LISTED(streamcache_filter_snapshot),
    LISTED(streamcache_snapshot_retain),
    LISTED(streamcache_snapshot_release),
    LISTED(streamcache_snapshot_get_state),
    LISTED(streamcache_snapshot_get),
    LISTED(streamcache_snapshot_put),
    LISTED(streamcache_snapshot_put_external),
    LISTED(streamcache_filter_key),
    LISTED(streamcache_snapshot_key),
    LISTED(streamcache_pipeline_key),
    LISTED(streamcache_pipeline_snapshot_key),
    LISTED(streamcache_filter_begin),
    LISTED(streamcache_filter_begin_bytes),
    LISTED(streamcache_snapshot_begin),
    LISTED(streamcache_cache_begin),
    LISTED(streamcache_ticket_retain),
    LISTED(streamcache_ticket_release),
    LISTED(streamcache_ticket_get_key),
    LISTED(streamcache_ticket_get_state),
    LISTED(streamcache_ticket_get_step_state),
    LISTED(streamcache_ticket_get_phase),
    LISTED(streamcache_ticket_buffer),
    LISTED(streamcache_ticket_commit),
    LISTED(streamcache_ticket_commit_copy),
    LISTED(streamcache_ticket_commit_external),
    LISTED(streamcache_ticket_commit_rejection),
    LISTED(streamcache_ticket_commit_step),
    LISTED(streamcache_ticket_abort),
    LISTED(streamcache_value_get_rejection),
    LISTED(streamcache_filter_begin_batch),
    LISTED(streamcache_filter_begin_batch_bytes),
    LISTED(streamcache_batch_free),
    LISTED(streamcache_batch_get_count),
    LISTED(streamcache_batch_get_items),
    LISTED(streamcache_batch_wait),
    LISTED(streamcache_batch_commit),
    LISTED(streamcache_cache_export),
    LISTED(streamcache_cache_import),
    LISTED(streamcache_transfer_get_progress),
    LISTED(streamcache_transfer_wait),
    LISTED(streamcache_transfer_cancel),
    LISTED(streamcache_transfer_release),
    LISTED(streamcache_filter_save_state),
    LISTED(streamcache_filter_restore_state),
    LISTED(streamcache_stream_open),
    LISTED(streamcache_stream_retain),
    LISTED(streamcache_stream_release),
    LISTED(streamcache_stream_begin),
    LISTED(streamcache_stream_get_state),
    LISTED(streamcache_stream_reset),
    LISTED(streamcache_stream_forget),
    LISTED(streamcache_stream_fork),
    LISTED(streamcache_stream_get_position),
    LISTED(streamcache_stream_get_digest),
    LISTED(streamcache_cache_get_tier_stats),
    LISTED(streamcache_cache_flush),
    LISTED(streamcache_value_get_tier),
    LISTED(streamcache_options_set_disk_directory),
    LISTED(streamcache_options_add_remote_url),
    LISTED(streamcache_options_set_remote_prefix),
    LISTED(streamcache_options_set_remote_ca_file),
    LISTED(streamcache_options_set_disk_max_bytes),
    LISTED(streamcache_options_set_disk_allow_network),
    LISTED(streamcache_options_set_remote_ttl_ms),
    LISTED(streamcache_options_set_remote_max_value_bytes),
    LISTED(streamcache_options_set_remote_timeout_ms),
    LISTED(streamcache_options_set_write_behind_max_bytes),
    LISTED(streamcache_cache_get_stats),
    LISTED(streamcache_filter_get_stats),
    LISTED(streamcache_cache_write_stats),
#undef LISTED
};
enum { row_count = sizeof rows / sizeof *rows };

static int complain(int holds, const char *complaint, const char *what) {
    if (!holds) fprintf(stderr, "%s: %s\n", complaint, what);
    CHECK(holds);
    return holds;
}

/* Every pointer argument of the prototype is among those this row has given as NULL. */
static size_t check_arguments(const char *function, const char *code) {
    char *arguments = arguments_of(code, function), *argument;
    size_t pointers = 0, i;
    if (!complain(arguments != NULL, "no prototype in the header", function)) return 0;
    for (argument = strtok(arguments, ","); argument != NULL; argument = strtok(NULL, ",")) {
        const char *name = pointer_name(argument);
        int found = 0;
        if (name == NULL) continue;
        for (i = 0; i < nulled_count; i++) found |= strcmp(nulled[i], name) == 0;
        if (!complain(found, "a pointer argument that is never NULL in this test", name)) fprintf(stderr, "    of %s\n", function);
        pointers++;
    }
    free(arguments);
    return pointers;
}

/* The symbols file and the rows name the same functions. */
static void check_symbols(const char *path) {
    FILE *file = fopen(path, "r");
    char line[256];
    int seen[row_count] = {0}, i;
    if (!complain(file != NULL, "cannot read", path)) return;
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\r\n")] = 0;
        for (i = 0; i < row_count && strcmp(rows[i].function, line) != 0; i++) continue;
        if (complain(i < row_count, "exported, and not in this test: add a row", line)) seen[i]++;
    }
    fclose(file);
    for (i = 0; i < row_count; i++) complain(seen[i] == 1, "in this test, and not exported exactly once", rows[i].function);
}

int main(int argc, char **argv) {
    size_t pointers = 0;
    char *code;
    int i;
    REQUIRE(argc == 3);
    code = read_code(argv[2]);
    cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    filter = open_filter(cache, "f", "s");
    OK(streamcache_filter_snapshot(filter, &snapshot));
    d = digest_of(1);
    for (i = 0; i < row_count; i++) {
        nulled_count = 0;
        rows[i].run();
        pointers += check_arguments(rows[i].function, code);
    }
    check_symbols(argv[1]);
    CHECK(stats_of(cache).detached_bytes == 0);
    streamcache_snapshot_release(snapshot);
    streamcache_filter_release(filter);
    streamcache_cache_release(cache);
    free(code);
    printf("%d functions, %lu pointer arguments\n", (int)row_count, (unsigned long)pointers);
    return check_report();
}
