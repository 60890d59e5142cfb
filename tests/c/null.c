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

/* stats */

ROW(streamcache_cache_get_stats) {
    streamcache_cache_stats stats;
    stats.struct_size = sizeof stats;
    REFUSED(cache, streamcache_cache_get_stats(NULL, &stats));
    REFUSED(stats, streamcache_cache_get_stats(cache, NULL));
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
    LISTED(streamcache_options_new),
    LISTED(streamcache_options_from_json),
    LISTED(streamcache_options_set_max_bytes),
    LISTED(streamcache_options_set_max_chunks),
    LISTED(streamcache_options_set_policy),
    LISTED(streamcache_options_free),
    LISTED(streamcache_cache_open),
    LISTED(streamcache_cache_retain),
    LISTED(streamcache_cache_close),
    LISTED(streamcache_cache_release),
    LISTED(streamcache_cache_purge),
    LISTED(streamcache_value_retain),
    LISTED(streamcache_value_release),
    LISTED(streamcache_value_data),
    LISTED(streamcache_value_size),
    LISTED(streamcache_cache_load_state),
    LISTED(streamcache_cache_get_state),
    LISTED(streamcache_cache_unload_state),
    LISTED(streamcache_cache_get_chunk),
    LISTED(streamcache_cache_put_chunk),
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
    LISTED(streamcache_filter_snapshot),
    LISTED(streamcache_snapshot_retain),
    LISTED(streamcache_snapshot_release),
    LISTED(streamcache_snapshot_get_state),
    LISTED(streamcache_snapshot_get),
    LISTED(streamcache_snapshot_put),
    LISTED(streamcache_cache_get_stats),
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
