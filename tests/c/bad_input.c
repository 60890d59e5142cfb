/* Bad input gets a status and a message that says what to do; nothing leaks, nothing is lost, the cache works on. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "common.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static streamcache_cache *cache;
static streamcache_cache_stats quiet; /* what the cache's gauges show between the tests */

/* After every test: what was stored is still there, something new can be stored, and no byte stays behind. */
static void still_usable(void) {
    streamcache_digest old = digest_of(1), fresh = digest_of(2);
    streamcache_value *value = NULL;
    streamcache_cache_stats stats;
    OK(streamcache_cache_get_chunk(cache, &old, 0, &value));
    CHECK(holds_text(value, "old"));
    streamcache_value_release(value);
    OK(streamcache_cache_put_chunk(cache, &fresh, "fresh", 5, 0, NULL, &value));
    CHECK(holds_text(value, "fresh"));
    streamcache_value_release(value);
    stats = stats_of(cache);
    CHECK(stats.bytes == quiet.bytes && stats.entries == quiet.entries);
    CHECK(stats.state_bytes == quiet.state_bytes && stats.detached_bytes == 0);
}

/* Configurations: each with what its message must speak of. */

static void bad_config(const char *json, size_t len, const char *mentions) {
    streamcache_digest digest, untouched;
    streamcache_error *error = NULL;
    memset(&digest, 0x5a, sizeof digest);
    untouched = digest;
    STATUS(streamcache_digest_config_json(json, len, &digest, &error), STREAMCACHE_INVALID_ARGUMENT);
    ERROR(error, STREAMCACHE_INVALID_ARGUMENT, mentions);
    CHECK(same_digest(&digest, &untouched));
    STATUS(streamcache_digest_config_json(json, len, &digest, NULL), STREAMCACHE_INVALID_ARGUMENT);
}

static void configs_that_are_not_json(void) {
    static const char *const broken[] = {"", " ", "{", "{\"a\":}", "{\"a\":1,}", "{'a':1}", "{\"a\":1}x", "[1,2", "\"a", "nul", "01", "1.", "+1",
        ".5", "NaN", "Infinity", "{\"a\" 1}", "{1:2}", "\"\\x\"", "\"\\ud800\"", "\"\x01\"", "\"\xff\"", "\xef\xbb\xbf{}", "1e400", "{}{}"};
    size_t i;
    char deep[20001];
    for (i = 0; i < sizeof broken / sizeof *broken; i++) bad_config(broken[i], strlen(broken[i]), "");
    bad_config("{\"a\":1}\0", 8, "");
    memset(deep, '[', 20000);
    deep[20000] = 0;
    bad_config(deep, 20000, ""); /* refused, and not by overflowing the stack */
    for (i = 0; i < 20000; i++) deep[i] = i < 10000 ? '[' : ']';
    bad_config(deep, 20000, "");
    still_usable();
}

static void duplicate_keys_in_a_config(void) {
    static const char *const doubled[] = {"{\"precision\":1,\"precision\":2}", "{\"precision\":1,\"precision\":1}",
        "{\"precision\":1,\"\\u0070recision\":1}", "[{\"a\":{\"precision\":1,\"b\":0,\"precision\":null}}]"};
    size_t i;
    for (i = 0; i < sizeof doubled / sizeof *doubled; i++) bad_config(doubled[i], strlen(doubled[i]), "precision");
    still_usable();
}

static void integers_a_double_cannot_hold(void) {
    static const char *const large[] = {"9007199254740992", "-9007199254740992", "{\"a\":[9007199254740993]}", "18446744073709551616",
        "123456789012345678901234567890", "{\"a\":-9223372036854775808}"};
    static const char *const fine[] = {"9007199254740991", "-9007199254740991", "\"9007199254740993\"", "1e300", "0.1"};
    streamcache_digest digest;
    size_t i;
    for (i = 0; i < sizeof large / sizeof *large; i++) bad_config(large[i], strlen(large[i]), "string");
    for (i = 0; i < sizeof fine / sizeof *fine; i++) OK(streamcache_digest_config_json(fine[i], strlen(fine[i]), &digest, NULL));
    still_usable();
}

/* Options */

static void bad_options(const char *json, const char *mentions) {
    streamcache_options *options = (streamcache_options *)(void *)&cache;
    streamcache_error *error = NULL;
    STATUS(streamcache_options_from_json(json, strlen(json), &options, &error), STREAMCACHE_INVALID_ARGUMENT);
    CHECK(options == NULL);
    ERROR(error, STREAMCACHE_INVALID_ARGUMENT, mentions);
    STATUS(streamcache_options_from_json(json, strlen(json), &options, NULL), STREAMCACHE_INVALID_ARGUMENT);
}

static void an_unknown_option_is_answered_with_the_nearest_known_one(void) {
    bad_options("{\"max_byte\":1048576}", "max_bytes");
    bad_options("{\"maxbytes\":1048576}", "max_bytes");
    bad_options("{\"max_chunk\":10}", "max_chunks");
    bad_options("{\"polcy\":\"lru\"}", "policy");
    bad_options("{\"max_bytes\":1048576,\"Policy\":\"lru\"}", "policy");
    bad_options("{\"policy\":\"lur\"}", "lru");
    bad_options("{\"policy\":\"s3-fifo\"}", "s3fifo");
    still_usable();
}

static void options_of_the_wrong_type(void) {
    static const char *const wrong[] = {"{\"max_bytes\":\"many\"}", "{\"max_bytes\":-1}", "{\"max_bytes\":1.5}", "{\"max_bytes\":null}",
        "{\"max_bytes\":true}", "{\"max_bytes\":[1]}", "{\"max_bytes\":99999999999999999999999}"};
    size_t i;
    for (i = 0; i < sizeof wrong / sizeof *wrong; i++) bad_options(wrong[i], "max_bytes");
    bad_options("{\"max_chunks\":{}}", "max_chunks");
    bad_options("{\"max_chunks\":-5}", "max_chunks");
    bad_options("{\"policy\":1}", "policy");
    bad_options("{\"policy\":null}", "policy");
    bad_options("{\"max_bytes\":1e400}", "");
    bad_options("[]", "");
    bad_options("7", "");
    bad_options("", "");
    bad_options("{\"max_bytes\":1048576", "");
    bad_options("{\"max_bytes\":1048576,\"max_bytes\":2097152}", "max_bytes");
    still_usable();
}

static void a_secret_that_could_be_guessed_or_is_none(void) {
    static const char digits[] = "7357735773577357735773577357735773577357735773577357735773577357";
    static const char *const wrong[] = {"{\"secret\":\"\"}", "{\"secret\":\"00112233445566778899aabbccddee\"}", "{\"secret\":\"%sx\"}",
        "{\"secret\":\"%sxy\"}", "{\"secret\":[\"%s\"]}", "{\"secret\":%s}", "{\"secret\":1}", "{\"secret\":\"%s}",
        "{\"secret\":\"%s\",\"secret\":\"%s\"}", "{\"secret\":\"%s\",\"policy\":\"fifo\"}", "{\"secret\":\"%s\",\"secrets\":1}"};
    static const char bytes[16] = {0};
    streamcache_options *options = NULL;
    char json[256];
    size_t i;
    for (i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        streamcache_error *error = NULL;
        snprintf(json, sizeof json, wrong[i], digits, digits);
        STATUS(streamcache_options_from_json(json, strlen(json), &options, &error), STREAMCACHE_INVALID_ARGUMENT);
        CHECK(options == NULL);
        CHECK(strstr(streamcache_error_get_message(error), "7357") == NULL); /* no message repeats it */
        ERROR(error, STREAMCACHE_INVALID_ARGUMENT, "");
    }
    OK(streamcache_options_new(&options));
    for (i = 0; i < 16; i++) STATUS(streamcache_options_set_secret(options, bytes, i), STREAMCACHE_INVALID_ARGUMENT);
    OK(streamcache_options_set_secret(options, bytes, 16));
    STATUS(streamcache_options_set_namespace(options, "\xff", 1), STREAMCACHE_INVALID_ARGUMENT);
    OK(streamcache_options_set_namespace(options, "a\0b", 3));
    streamcache_options_free(options);
    bad_options("{\"namespace\":1}", "namespace");
    still_usable();
}

static void a_policy_nobody_knows(void) {
    static const streamcache_policy unknown[] = {0, 4, -1, 999, INT32_MAX, INT32_MIN};
    streamcache_options *options = NULL;
    streamcache_cache *other = NULL;
    size_t i;
    OK(streamcache_options_new(&options));
    for (i = 0; i < sizeof unknown / sizeof *unknown; i++)
        STATUS(streamcache_options_set_policy(options, unknown[i]), STREAMCACHE_INVALID_ARGUMENT);
    OK(streamcache_cache_open(options, &other, NULL)); /* the refused values left the options as they were */
    streamcache_cache_release(other);
    streamcache_options_free(options);
    still_usable();
}

/* Budgets */

static void a_budget_of_nothing_stores_nothing(void) {
    streamcache_cache *none = open_cache(0, STREAMCACHE_UNLIMITED);
    streamcache_digest key = digest_of(3);
    streamcache_value *value = NULL;
    streamcache_error *error = NULL;
    STATUS(streamcache_cache_put_chunk(none, &key, "v", 1, 0, NULL, &value), STREAMCACHE_NOT_STORED);
    CHECK(holds_text(value, "v"));
    streamcache_value_release(value);
    STATUS(streamcache_cache_get_chunk(none, &key, 0, &value), STREAMCACHE_MISS);
    STATUS(streamcache_cache_load_state(none, "s", 1, &key, "v", 1, &error), STREAMCACHE_NO_SPACE);
    ERROR(error, STREAMCACHE_NO_SPACE, "max_bytes");
    streamcache_cache_release(none);
    still_usable();
}

static void a_budget_too_small_for_anything_is_refused(void) {
    static const uint64_t small[] = {1, 2, 64, 4095};
    streamcache_options *options = NULL;
    size_t i;
    OK(streamcache_options_new(&options));
    for (i = 0; i < sizeof small / sizeof *small; i++) {
        streamcache_cache *other = (streamcache_cache *)(void *)&options;
        streamcache_error *error = NULL;
        OK(streamcache_options_set_max_bytes(options, small[i]));
        STATUS(streamcache_cache_open(options, &other, &error), STREAMCACHE_INVALID_ARGUMENT);
        CHECK(other == NULL);
        ERROR(error, STREAMCACHE_INVALID_ARGUMENT, "4096");
    }
    streamcache_options_free(options);
    still_usable();
}

static void a_state_larger_than_the_budget_leaves_the_old_one(void) {
    static char huge[2 * PLENTY];
    streamcache_digest one = digest_of(4), two = digest_of(5), read, small;
    streamcache_error *error = NULL;
    streamcache_value *value = NULL;
    streamcache_filter *filter = open_filter(cache, "f", "small");
    OK(streamcache_digest_state("small", 5, &small));

    STATUS(streamcache_filter_load_state(filter, huge, sizeof huge, &error), STREAMCACHE_NO_SPACE);
    ERROR(error, STREAMCACHE_NO_SPACE, "max_bytes");
    OK(streamcache_filter_get_state(filter, &value, &read));
    CHECK(holds_text(value, "small") && same_digest(&read, &small));
    streamcache_value_release(value);
    OK(streamcache_filter_put(filter, &one, NULL, "r", 1, 0, NULL, NULL)); /* a load that failed swapped nothing */

    OK(streamcache_cache_load_state(cache, "s", 1, &one, "small", 5, NULL));
    STATUS(streamcache_cache_load_state(cache, "s", 1, &two, huge, sizeof huge, &error), STREAMCACHE_NO_SPACE);
    ERROR(error, STREAMCACHE_NO_SPACE, "max_bytes");
    OK(streamcache_cache_get_state(cache, "s", 1, &value, &read));
    CHECK(holds_text(value, "small") && same_digest(&read, &one));
    streamcache_value_release(value);

    STATUS(streamcache_cache_load_state(cache, "t", 1, &two, huge, sizeof huge, NULL), STREAMCACHE_NO_SPACE);
    STATUS(streamcache_cache_get_state(cache, "t", 1, &value, NULL), STREAMCACHE_MISS);
    streamcache_filter_release(filter);
    CHECK(stats_of(cache).bytes <= PLENTY);
}

/* Files */

static void bad_file(const char *path, size_t len, streamcache_status status, const char *mentions) {
    streamcache_digest digest, untouched;
    streamcache_error *error = NULL;
    memset(&digest, 0x5a, sizeof digest);
    untouched = digest;
    STATUS(streamcache_digest_state_file(path, len, &digest, &error), status);
    ERROR(error, status, mentions);
    STATUS(streamcache_digest_state_file(path, len, &digest, NULL), status);
    STATUS(streamcache_digest_chunk_file(path, len, &digest, &error), status);
    ERROR(error, status, mentions);
    CHECK(same_digest(&digest, &untouched));
}

static void a_file_that_vanished_or_is_none(void) {
    char path[] = "/tmp/streamcache-test-XXXXXX", below[64];
    int fd = mkstemp(path);
    streamcache_digest digest;
    REQUIRE(fd >= 0);
    close(fd);
    OK(streamcache_digest_state_file(path, strlen(path), &digest, NULL));
    snprintf(below, sizeof below, "%s/inside", path);
    bad_file(below, strlen(below), STREAMCACHE_IO, path); /* a file where a directory should be */
    unlink(path);
    bad_file(path, strlen(path), STREAMCACHE_IO, path);
    REQUIRE(mkdir(path, 0700) == 0);
    bad_file(path, strlen(path), STREAMCACHE_IO, path);
    rmdir(path);
    bad_file("", 0, STREAMCACHE_IO, "");
    bad_file("/dev/null\0b", 11, STREAMCACHE_IO, ""); /* not cut at the NUL */
    bad_file("/dev/null", 9, STREAMCACHE_IO, "/dev/null"); /* not a regular file */
    still_usable();
}

/* Names, numbers, sizes */

static void ids_that_are_not_utf8(void) {
    static const char *const broken[] = {"\xff", "ok\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80"};
    streamcache_digest config = digest_of(6);
    size_t i;
    for (i = 0; i < sizeof broken / sizeof *broken; i++) {
        size_t len = strlen(broken[i]);
        streamcache_filter *filter = (streamcache_filter *)(void *)&config;
        streamcache_value *value = (streamcache_value *)(void *)&config;
        streamcache_error *error = NULL;
        STATUS(streamcache_filter_open(cache, broken[i], len, &config, 0, &filter, &error), STREAMCACHE_INVALID_ARGUMENT);
        CHECK(filter == NULL);
        ERROR(error, STREAMCACHE_INVALID_ARGUMENT, "UTF-8");
        STATUS(streamcache_cache_load_state(cache, broken[i], len, &config, "v", 1, &error), STREAMCACHE_INVALID_ARGUMENT);
        ERROR(error, STREAMCACHE_INVALID_ARGUMENT, "UTF-8");
        STATUS(streamcache_cache_get_state(cache, broken[i], len, &value, NULL), STREAMCACHE_INVALID_ARGUMENT);
        CHECK(value == NULL);
        STATUS(streamcache_cache_unload_state(cache, broken[i], len), STREAMCACHE_INVALID_ARGUMENT);
    }
    still_usable();
}

static void hex_that_is_none(void) {
    char hex[66];
    streamcache_digest digest, untouched;
    size_t i;
    memset(&digest, 0x5a, sizeof digest);
    untouched = digest;
    memset(hex, 'a', sizeof hex);
    STATUS(streamcache_digest_from_hex(hex, 63, &digest), STREAMCACHE_INVALID_ARGUMENT);
    STATUS(streamcache_digest_from_hex(hex, 65, &digest), STREAMCACHE_INVALID_ARGUMENT);
    STATUS(streamcache_digest_from_hex(hex, 0, &digest), STREAMCACHE_INVALID_ARGUMENT);
    for (i = 0; i < 64; i += 7) {
        static const char wrong[] = {'g', ' ', '/', ':', '@', 'G', '`', 0, '\x80', '\xff'};
        size_t j;
        for (j = 0; j < sizeof wrong; j++) {
            hex[i] = wrong[j];
            STATUS(streamcache_digest_from_hex(hex, 64, &digest), STREAMCACHE_INVALID_ARGUMENT);
        }
        hex[i] = 'a';
    }
    CHECK(same_digest(&digest, &untouched));
    still_usable();
}

static void a_buffer_too_small_is_left_alone(void) {
    streamcache_digest digest = digest_of(7);
    char hex[65], untouched[65];
    size_t capacity;
    memset(hex, '?', sizeof hex);
    memset(untouched, '?', sizeof untouched);
    for (capacity = 0; capacity < 65; capacity++) {
        STATUS(streamcache_digest_to_hex(&digest, hex, capacity), STREAMCACHE_INVALID_ARGUMENT);
        CHECK(memcmp(hex, untouched, sizeof hex) == 0);
    }
    still_usable();
}

static void a_role_nobody_knows(void) {
    static const streamcache_role unknown[] = {0, 4, -1, 99, INT32_MAX, INT32_MIN};
    streamcache_digest digest;
    size_t i;
    for (i = 0; i < sizeof unknown / sizeof *unknown; i++)
        STATUS(streamcache_digest_raw(unknown[i], "abc", 3, &digest), STREAMCACHE_INVALID_ARGUMENT);
    for (i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        streamcache_hasher *hasher = (streamcache_hasher *)(void *)&digest;
        STATUS(streamcache_hasher_new(unknown[i], &hasher), STREAMCACHE_INVALID_ARGUMENT);
        CHECK(hasher == NULL);
    }
    still_usable();
}

static void a_tensor_that_contradicts_itself(void) {
    static const float data[6] = {0};
    static const int64_t dims[] = {2, 3}, negative[] = {-2, -3}, overflow[] = {INT64_MAX, INT64_MAX}, zero_times[] = {INT64_MAX, 0, INT64_MAX};
    streamcache_tensor good, bad;
    streamcache_digest digest;
    memset(&good, 0, sizeof good);
    good.struct_size = sizeof good;
    good.dtype_code = STREAMCACHE_DTYPE_FLOAT;
    good.dtype_bits = 32;
    good.dtype_lanes = 1;
    good.rank = 2;
    good.dims = dims;
    good.data = data;
    good.data_len = sizeof data;
    OK(streamcache_digest_tensor(&good, &digest, NULL));
#define BAD_TENSOR(change, mentions)                                                                     \
    do {                                                                                                 \
        streamcache_error *error = NULL;                                                                 \
        bad = good;                                                                                      \
        change;                                                                                          \
        STATUS(streamcache_digest_tensor(&bad, &digest, &error), STREAMCACHE_INVALID_ARGUMENT);          \
        ERROR(error, STREAMCACHE_INVALID_ARGUMENT, mentions);                                            \
    } while (0)
    BAD_TENSOR(bad.struct_size = 0, "struct_size");
    BAD_TENSOR(bad.struct_size = 8, "struct_size");
    BAD_TENSOR(bad.dtype_code = 99, "dtype");
    BAD_TENSOR(bad.dtype_code = -1, "dtype");
    BAD_TENSOR(bad.dtype_bits = 0, "");
    BAD_TENSOR(bad.dtype_lanes = 0, "");
    BAD_TENSOR(bad.dtype_bits = UINT32_MAX, "");
    BAD_TENSOR((bad.dtype_bits = UINT32_MAX, bad.dtype_lanes = UINT32_MAX), "");
    BAD_TENSOR(bad.rank = UINT32_MAX, "rank");
    BAD_TENSOR(bad.dims = negative, "dim");
    BAD_TENSOR(bad.dims = overflow, "dim");
    BAD_TENSOR(bad.dims = NULL, "");
    BAD_TENSOR(bad.data = NULL, "");
    BAD_TENSOR(bad.data_len = sizeof data - 1, "24"); /* it says how many bytes such a tensor has */
    BAD_TENSOR(bad.data_len = SIZE_MAX, "");
    BAD_TENSOR(bad.data_len = 0, "24");
    BAD_TENSOR((bad.name = "\xff", bad.name_len = 1), "UTF-8");
    BAD_TENSOR((bad.name = NULL, bad.name_len = 1), "");
#undef BAD_TENSOR
    bad = good;
    bad.rank = 3;
    bad.dims = zero_times;
    bad.data = NULL;
    bad.data_len = 0;
    OK(streamcache_digest_tensor(&bad, &digest, NULL)); /* no element, no byte: not an overflow */
    still_usable();
}

/* A struct as the caller's header has it, in a block that a newer one might have: what is behind it is 0, but for one
 * byte where that is asked for. */
static union {
    streamcache_put_options put;
    streamcache_external external;
    streamcache_cache_stats cache_stats;
    streamcache_filter_stats filter_stats;
    size_t struct_size;
    unsigned char bytes[8192];
} newer;

static void *newer_struct(const void *known, size_t known_size, size_t struct_size, size_t set_at) {
    memset(&newer, 0, sizeof newer);
    memcpy(&newer, known, known_size);
    newer.struct_size = struct_size;
    if (set_at != 0) newer.bytes[set_at] = 1;
    return &newer;
}

static void structs_without_their_size(void) {
    static const size_t impossible[] = {0, 1, 7, 4097, SIZE_MAX / 2, SIZE_MAX};
    streamcache_digest key = digest_of(2);
    streamcache_filter *filter = open_filter(cache, "sizes", "small");
    streamcache_snapshot *snapshot = NULL;
    streamcache_put_options put = put_options();
    streamcache_value *value;
    int destroyed = 0;
    streamcache_external external = external_of("fresh", 5, 0, &destroyed);
    size_t i;
    for (i = 0; i < sizeof impossible / sizeof *impossible; i++) {
        streamcache_put_options bad = put;
        streamcache_external bad_external = external;
        value = (streamcache_value *)(void *)&put;
        bad.struct_size = bad_external.struct_size = impossible[i];
        STATUS(streamcache_cache_put_chunk(cache, &key, "v", 1, 0, &bad, &value), STREAMCACHE_INVALID_ARGUMENT);
        CHECK(value == NULL);
        value = (streamcache_value *)(void *)&put;
        STATUS(streamcache_cache_put_chunk_external(cache, &key, &bad_external, 0, NULL, &value), STREAMCACHE_INVALID_ARGUMENT);
        CHECK(value == NULL && destroyed == 0);
    }
    /* A caller with a newer header: as long as nothing is asked that is not known here, it is served. */
    OK(streamcache_cache_put_chunk(cache, &key, "fresh", 5, 0, newer_struct(&put, sizeof put, 4096, 0), NULL));
    STATUS(streamcache_cache_put_chunk(cache, &key, "v", 1, 0, newer_struct(&put, sizeof put, 4096, sizeof put), NULL),
        STREAMCACHE_NOT_SUPPORTED);
    STATUS(streamcache_cache_put_chunk(cache, &key, "v", 1, 0, newer_struct(&put, sizeof put, 4096, 4095), NULL), STREAMCACHE_NOT_SUPPORTED);
    /* External memory that is not understood stays the caller's; under options that are not, it was taken. */
    OK(streamcache_filter_snapshot(filter, &snapshot));
#define NOT_TAKEN(call)                                     \
    do {                                                    \
        value = (streamcache_value *)(void *)&put;          \
        STATUS((call), STREAMCACHE_NOT_SUPPORTED);          \
        CHECK(value == NULL && destroyed == 0);             \
    } while (0)
    NOT_TAKEN(streamcache_cache_put_chunk_external(cache, &key, newer_struct(&external, sizeof external, 2048, sizeof external), 0, NULL, &value));
    NOT_TAKEN(streamcache_filter_put_external(filter, &key, NULL, newer_struct(&external, sizeof external, 2048, 2047), 0, NULL, &value));
    NOT_TAKEN(streamcache_snapshot_put_external(snapshot, &key, newer_struct(&external, sizeof external, 2048, 2047), 0, NULL, &value));
#undef NOT_TAKEN
#define TAKEN(call)                                         \
    do {                                                    \
        value = (streamcache_value *)(void *)&put;          \
        newer_struct(&put, sizeof put, 2048, sizeof put);   \
        STATUS((call), STREAMCACHE_NOT_SUPPORTED);          \
        CHECK(value == NULL && destroyed == 1);             \
        destroyed = 0;                                      \
    } while (0)
    TAKEN(streamcache_cache_put_chunk_external(cache, &key, &external, 0, &newer.put, &value));
    TAKEN(streamcache_filter_put_external(filter, &key, NULL, &external, 0, &newer.put, &value));
    TAKEN(streamcache_snapshot_put_external(snapshot, &key, &external, 0, &newer.put, &value));
#undef TAKEN
    streamcache_snapshot_release(snapshot);
    OK(streamcache_cache_put_chunk_external(cache, &key, newer_struct(&external, sizeof external, 2048, 0), 0, NULL, NULL));
    streamcache_filter_release(filter);
    still_usable(); /* which replaces it */
    CHECK(destroyed == 1);
}

/* Of a struct that ends before a field it must have, nothing is believed: 8 bytes of external memory would be a value
 * without a destructor. */
static void structs_that_are_cut_short(void) {
    streamcache_digest key = digest_of(2);
    int destroyed = 0;
    size_t size, taken = 0;
    for (size = sizeof(size_t); size < sizeof(streamcache_external); size++) {
        streamcache_external external = external_of("v", 1, 0, &destroyed);
        external.struct_size = size;
        taken += streamcache_cache_put_chunk_external(cache, &key, &external, 0, NULL, NULL) != STREAMCACHE_INVALID_ARGUMENT;
    }
    CHECK(taken == 0 && destroyed == 0);
    for (size = sizeof(size_t), taken = 0; size < sizeof(streamcache_put_options); size++) {
        streamcache_put_options options = put_options();
        options.struct_size = size;
        taken += streamcache_cache_put_chunk(cache, &key, "v", 1, 0, &options, NULL) != STREAMCACHE_INVALID_ARGUMENT;
    }
    CHECK(taken == 0);
    still_usable();
}

/* Stats are filled as far as the caller's struct goes, and not a byte further. */
static void stats_of_any_size(void) {
    streamcache_filter *filter = open_filter(cache, "stats", "small");
    streamcache_cache_stats full = stats_of(cache);
    size_t size, i;
    for (size = 0; size <= sizeof newer; size += size < 200 ? 1 : 1331) {
        streamcache_status want = size < sizeof(size_t) ? STREAMCACHE_INVALID_ARGUMENT : STREAMCACHE_OK;
        memset(&newer, 0x5a, sizeof newer);
        newer.struct_size = size;
        STATUS(streamcache_cache_get_stats(cache, &newer.cache_stats), want);
        for (i = size < sizeof(size_t) ? sizeof(size_t) : size; i < sizeof newer; i++)
            if (newer.bytes[i] != 0x5a) break;
        CHECK(i == sizeof newer);
        if (want == STREAMCACHE_OK) {
            size_t filled = size < sizeof full ? size : sizeof full;
            CHECK(newer.struct_size == filled);
            CHECK(filled <= sizeof(size_t) || memcmp(newer.bytes + sizeof(size_t), (const char *)&full + sizeof(size_t), filled - sizeof(size_t)) == 0);
        }
        memset(&newer, 0x5a, sizeof newer);
        newer.struct_size = size;
        STATUS(streamcache_filter_get_stats(filter, &newer.filter_stats), want);
        for (i = size < sizeof(size_t) ? sizeof(size_t) : size; i < sizeof newer; i++)
            if (newer.bytes[i] != 0x5a) break;
        CHECK(i == sizeof newer);
    }
    streamcache_filter_release(filter);
    still_usable();
}

/* Descriptions */

static void bad_description(const streamcache_put_options *options) {
    streamcache_put_options said = *options;
    streamcache_error *error = NULL;
    streamcache_digest key = digest_of(9);
    streamcache_value *value = (streamcache_value *)(void *)&key;
    STATUS(streamcache_cache_put_chunk(cache, &key, "12345678901234567890123456789012", 32, 0, options, &value), STREAMCACHE_INVALID_ARGUMENT);
    CHECK(value == NULL);
    STATUS(streamcache_cache_get_chunk(cache, &key, 0, &value), STREAMCACHE_MISS); /* nothing happened */
    said.error = &error;
    STATUS(streamcache_cache_put_chunk(cache, &key, "12345678901234567890123456789012", 32, 0, &said, NULL), STREAMCACHE_INVALID_ARGUMENT);
    ERROR(error, STREAMCACHE_INVALID_ARGUMENT, "");
}

static void a_description_that_does_not_fit_its_payload(void) {
    static const int64_t two[] = {2}, negative[] = {-2}, overflow[] = {INT64_MAX, INT64_MAX}, wrapping[] = {INT64_MAX, 4};
    /* the first one's size says how far apart they are: it can't be shorter, misaligned, or beyond reason */
    static const size_t first[] = {0, 1, sizeof(size_t), sizeof(streamcache_tensor_view) - 1, sizeof(streamcache_tensor_view) + 1, 4104, SIZE_MAX};
    static streamcache_tensor_view many[1025];
    static unsigned char large[65537];
    streamcache_put_options options = put_options();
    streamcache_tensor_view views[2], good = floats_at(24, 1, two);
    streamcache_digest key = digest_of(2);
    size_t i;
    options.tensors = views;
    options.tensor_count = 2;
    views[0] = views[1] = good;
    OK(streamcache_cache_put_chunk(cache, &key, "12345678901234567890123456789012", 32, 0, &options, NULL));
#define BAD_VIEW(change)             \
    do {                             \
        views[1] = good;             \
        change;                      \
        bad_description(&options);   \
    } while (0)
    BAD_VIEW(views[1].struct_size = 0);
    BAD_VIEW(views[1].struct_size = sizeof views[1] - 1);
    BAD_VIEW(views[1].struct_size = SIZE_MAX);
    BAD_VIEW(views[1].struct_size = sizeof views[1] + 8); /* another than the first one's */
    BAD_VIEW(views[1].offset = 25); /* one byte beyond the payload */
    BAD_VIEW(views[1].offset = 32);
    BAD_VIEW(views[1].offset = SIZE_MAX);
    BAD_VIEW(views[1].offset = SIZE_MAX - 7); /* offset + length wraps to 0 */
    BAD_VIEW(views[1].length = 7);
    BAD_VIEW(views[1].length = 9);
    BAD_VIEW(views[1].length = 0);
    BAD_VIEW(views[1].length = SIZE_MAX);
    BAD_VIEW((views[1].length = SIZE_MAX, views[1].offset = 1));
    BAD_VIEW(views[1].dims = negative);
    BAD_VIEW(views[1].dims = NULL);
    BAD_VIEW((views[1].dims = overflow, views[1].rank = 2));
    BAD_VIEW((views[1].dims = wrapping, views[1].rank = 2));
    BAD_VIEW(views[1].rank = 65);
    BAD_VIEW(views[1].rank = UINT32_MAX);
    BAD_VIEW(views[1].dtype_code = 18);
    BAD_VIEW(views[1].dtype_code = -1);
    BAD_VIEW(views[1].dtype_bits = 0);
    BAD_VIEW(views[1].dtype_bits = 256);
    BAD_VIEW(views[1].dtype_lanes = 0);
    BAD_VIEW(views[1].dtype_lanes = 65536);
#undef BAD_VIEW
    for (i = 0; i < sizeof first / sizeof *first; i++) {
        views[0].struct_size = first[i];
        bad_description(&options);
    }
    options.tensors = NULL;
    bad_description(&options);
    for (i = 0; i < 1025; i++) many[i] = floats_at(0, 0, NULL);
    options.tensors = many;
    options.tensor_count = 1025;
    bad_description(&options);
    options.tensor_count = SIZE_MAX;
    bad_description(&options);
    options.tensor_count = SIZE_MAX / sizeof *many + 2; /* the size of the list wraps */
    bad_description(&options);
    options = put_options();
    options.blob = large;
    options.blob_len = sizeof large;
    bad_description(&options);
    options.blob_len = SIZE_MAX;
    bad_description(&options);
    options.blob = NULL;
    options.blob_len = 1;
    bad_description(&options);
    still_usable();
}

/* A count that was never set is refused before that many tensors, or the bytes of a blob, are looked at. */
static void a_count_beyond_all_reason_reads_nothing(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    streamcache_put_options options = put_options();
    streamcache_tensor_view *last;
    REQUIRE(pages != MAP_FAILED && mprotect(pages + page, page, PROT_NONE) == 0);
    last = (streamcache_tensor_view *)(void *)(pages + page) - 1;
    *last = floats_at(0, 0, NULL);
    options.tensors = last;
    options.tensor_count = 1025;
    bad_description(&options);
    options.tensors = NULL;
    options.tensor_count = 0;
    options.blob = pages + page;
    options.blob_len = 65537;
    bad_description(&options);
    munmap(pages, 2 * page);
    still_usable();
}

static void external_memory_that_is_none(void) {
    streamcache_digest key = digest_of(9);
    streamcache_value *value;
    streamcache_external external;
    int destroyed = 0;
#define BAD_EXTERNAL(change)                                                                                                      \
    do {                                                                                                                          \
        external = external_of("v", 1, 1, &destroyed);                                                                            \
        destroyed = 0;                                                                                                            \
        change;                                                                                                                   \
        value = (streamcache_value *)(void *)&key;                                                                                \
        STATUS(streamcache_cache_put_chunk_external(cache, &key, &external, 0, NULL, &value), STREAMCACHE_INVALID_ARGUMENT);      \
        CHECK(value == NULL && destroyed == 1);                                                                                   \
    } while (0)
    BAD_EXTERNAL(external.data = NULL);
    BAD_EXTERNAL((external.data = NULL, external.flags = STREAMCACHE_EXTERNAL_DEVICE));
    BAD_EXTERNAL(external.len = SIZE_MAX);
    BAD_EXTERNAL(external.len = SIZE_MAX / 2 + 1);
    BAD_EXTERNAL((external.len = SIZE_MAX, external.flags = STREAMCACHE_EXTERNAL_DEVICE));
    BAD_EXTERNAL(external.flags = 2);
    BAD_EXTERNAL(external.flags = UINT32_MAX);
#undef BAD_EXTERNAL
    still_usable();
}

static void a_buffer_that_is_not_there(void) {
    streamcache_filter *filter = open_filter(cache, "into", "small");
    streamcache_digest old = digest_of(1);
    size_t len = 77;
    char byte = '?';
    STATUS(streamcache_cache_get_chunk_into(cache, &old, 0, NULL, 1, &len), STREAMCACHE_INVALID_ARGUMENT);
    STATUS(streamcache_cache_get_chunk_into(cache, &old, 0, NULL, SIZE_MAX, &len), STREAMCACHE_INVALID_ARGUMENT);
    STATUS(streamcache_cache_get_chunk_into(cache, &old, 0, &byte, 1, &len), STREAMCACHE_BUFFER_TOO_SMALL);
    CHECK(len == 3 && byte == '?');
    STATUS(streamcache_filter_get_into(filter, &old, 0, NULL, 1, &len, NULL), STREAMCACHE_INVALID_ARGUMENT);
    streamcache_filter_release(filter);
    still_usable();
}

/* Limits changed to what a cache could not be opened with are refused, and the old limit stays. */
static void limits_that_are_none(void) {
    static const uint64_t small[] = {1, 64, 4095};
    uint64_t max_bytes = stats_of(cache).max_bytes;
    size_t i;
    for (i = 0; i < 3; i++) {
        STATUS(streamcache_cache_set_max_bytes(cache, small[i]), STREAMCACHE_INVALID_ARGUMENT);
        CHECK(stats_of(cache).max_bytes == max_bytes);
    }
    OK(streamcache_cache_set_max_bytes(cache, STREAMCACHE_UNLIMITED));
    OK(streamcache_cache_set_max_bytes(cache, max_bytes));
    OK(streamcache_cache_set_max_chunks(cache, STREAMCACHE_UNLIMITED));
    still_usable();
}

static void times_to_live_beyond_all_reason(void) {
    static const uint64_t long_ones[] = {UINT64_MAX, UINT64_MAX - 1, UINT64_MAX / 2, INT64_MAX};
    streamcache_digest fresh = digest_of(2);
    streamcache_options *options = NULL;
    streamcache_value *value = NULL;
    size_t i;
    for (i = 0; i < 4; i++) { /* not one that is over at once because a sum has wrapped */
        streamcache_put_options put = put_options();
        streamcache_cache *other = NULL;
        put.ttl_ms = long_ones[i];
        OK(streamcache_cache_put_chunk(cache, &fresh, "v", 1, 0, &put, NULL));
        OK(streamcache_cache_get_chunk(cache, &fresh, 0, &value));
        streamcache_value_release(value);
        OK(streamcache_options_new(&options));
        OK(streamcache_options_set_ttl_ms(options, long_ones[i]));
        OK(streamcache_cache_open(options, &other, NULL));
        OK(streamcache_cache_put_chunk(other, &fresh, "v", 1, 0, &put, NULL));
        OK(streamcache_cache_get_chunk(other, &fresh, 0, &value));
        streamcache_value_release(value);
        streamcache_cache_release(other);
        streamcache_options_free(options);
    }
    bad_options("{\"ttl_ms\":-1}", "ttl_ms");
    bad_options("{\"ttl_ms\":\"soon\"}", "ttl_ms");
    bad_options("{\"tll_ms\":5}", "ttl_ms");
    still_usable();
}

static void a_text_that_does_not_fit(void) {
    streamcache_options *options = NULL;
    char buffer[4096];
    size_t len = 0, need, i;
    static const streamcache_format unknown[] = {0, 4, -1, INT32_MAX, INT32_MIN};
    OK(streamcache_options_new(&options));
    STATUS(streamcache_options_to_json(options, NULL, 0, &need), STREAMCACHE_BUFFER_TOO_SMALL);
    memset(buffer, '?', sizeof buffer);
    STATUS(streamcache_options_to_json(options, buffer, need, &len), STREAMCACHE_BUFFER_TOO_SMALL); /* no room for the NUL */
    CHECK(len == need && buffer[0] == '?' && buffer[need] == '?');
    OK(streamcache_options_to_json(options, buffer, need + 1, &len));
    CHECK(len == need && strlen(buffer) == need && buffer[need + 1] == '?');
    for (i = 0; i < 5; i++) STATUS(streamcache_cache_write_stats(cache, unknown[i], buffer, sizeof buffer, &len), STREAMCACHE_INVALID_ARGUMENT);
    STATUS(streamcache_options_set_name(options, "\xff", 1), STREAMCACHE_INVALID_ARGUMENT);
    streamcache_options_free(options);
    still_usable();
}

static void a_chain_that_has_no_key(void) {
    streamcache_cache *another = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    streamcache_filter *filter = open_filter(cache, "first", ""), *foreign = open_filter(another, "second", "");
    streamcache_filter *empty = open_filter(cache, "third", NULL), *random = NULL;
    const streamcache_filter *chain[2];
    streamcache_digest chunk = digest_of(9), key, untouched;
    memset(&key, 0x5a, sizeof key);
    untouched = key;
    chain[0] = filter;
    chain[1] = foreign;
    STATUS(streamcache_pipeline_key(chain, 2, &chunk, &key), STREAMCACHE_INVALID_ARGUMENT);
    chain[1] = empty;
    STATUS(streamcache_pipeline_key(chain, 2, &chunk, &key), STREAMCACHE_NO_STATE);
    STATUS(streamcache_filter_key(empty, &chunk, &key), STREAMCACHE_NO_STATE);
    OK(streamcache_filter_open(cache, "random", 6, &chunk, STREAMCACHE_FILTER_NONDETERMINISTIC, &random, NULL));
    OK(streamcache_filter_load_state(random, "", 0, NULL));
    chain[1] = random;
    STATUS(streamcache_pipeline_key(chain, 2, &chunk, &key), STREAMCACHE_INVALID_ARGUMENT);
    OK(streamcache_cache_close(another, 0, NULL));
    STATUS(streamcache_pipeline_key(chain + 1, 0, &chunk, &key), STREAMCACHE_INVALID_ARGUMENT);
    chain[1] = foreign;
    STATUS(streamcache_pipeline_key(chain + 1, 1, &chunk, &key), STREAMCACHE_CLOSED);
    STATUS(streamcache_filter_key(foreign, &chunk, &key), STREAMCACHE_CLOSED);
    CHECK(same_digest(&key, &untouched));
    streamcache_filter_release(filter);
    streamcache_filter_release(foreign);
    streamcache_filter_release(empty);
    streamcache_filter_release(random);
    streamcache_cache_release(another);
    still_usable();
}

/* A flag from a later version is refused here, not ignored. */
static void flags_nobody_knows(void) {
    static const uint32_t unknown = 0x80000000u;
    streamcache_filter *filter = open_filter(cache, "flags", "small"), *second = (streamcache_filter *)(void *)&unknown;
    streamcache_snapshot *snapshot = NULL;
    streamcache_digest key = digest_of(9);
    streamcache_value *value = NULL;
    size_t len;
    int destroyed = 0;
    streamcache_external external = external_of("v", 1, 0, &destroyed);
    streamcache_ticket *ticket = NULL;
    streamcache_batch *batch = NULL;
    streamcache_stream *stream = NULL;
    int i;
    OK(streamcache_filter_snapshot(filter, &snapshot));
    OK(streamcache_stream_open(filter, "s", 1, &stream, NULL));
#define REFUSED(call)                                \
    do {                                             \
        value = (streamcache_value *)(void *)&value; \
        STATUS(call, STREAMCACHE_INVALID_ARGUMENT);  \
        CHECK(value == NULL);                        \
    } while (0)
    REFUSED(streamcache_cache_get_chunk(cache, &key, unknown, &value));
    REFUSED(streamcache_cache_put_chunk(cache, &key, "v", 1, unknown, NULL, &value));
    REFUSED(streamcache_filter_get(filter, &key, unknown, &value, NULL));
    REFUSED(streamcache_filter_get_bytes(filter, "c", 1, unknown, &value, NULL, NULL));
    REFUSED(streamcache_filter_put(filter, &key, NULL, "v", 1, unknown, NULL, &value));
    REFUSED(streamcache_filter_put_bytes(filter, "c", 1, NULL, "v", 1, unknown, NULL, &value));
    REFUSED(streamcache_snapshot_get(snapshot, &key, unknown, &value, NULL));
    REFUSED(streamcache_snapshot_put(snapshot, &key, "v", 1, unknown, NULL, &value));
    REFUSED(streamcache_cache_put_chunk_external(cache, &key, &external, unknown, NULL, &value));
    REFUSED(streamcache_filter_put_external(filter, &key, NULL, &external, unknown, NULL, &value));
    REFUSED(streamcache_snapshot_put_external(snapshot, &key, &external, unknown, NULL, &value));
    CHECK(destroyed == 3);
    /* To look without counting is nothing that a put could do. */
    REFUSED(streamcache_cache_put_chunk(cache, &key, "v", 1, STREAMCACHE_PEEK, NULL, &value));
    REFUSED(streamcache_filter_put(filter, &key, NULL, "v", 1, STREAMCACHE_PEEK, NULL, &value));
    REFUSED(streamcache_filter_put(filter, &key, NULL, "v", 1, STREAMCACHE_NO_WAIT, NULL, &value)); /* nor to wait */
#define NO_TICKET(call)                                 \
    do {                                                \
        ticket = (streamcache_ticket *)(void *)&ticket; \
        REFUSED(call);                                  \
        CHECK(ticket == NULL);                          \
    } while (0)
    /* Whoever begins means to compute: that is no peek. */
    for (i = 0; i < 2; i++) {
        uint32_t bad = i == 0 ? unknown : STREAMCACHE_PEEK;
        NO_TICKET(streamcache_filter_begin(filter, &key, 0, bad, &value, &ticket));
        NO_TICKET(streamcache_filter_begin_bytes(filter, "c", 1, 0, bad, &value, &ticket, NULL));
        NO_TICKET(streamcache_snapshot_begin(snapshot, &key, 0, bad, &value, &ticket));
        NO_TICKET(streamcache_cache_begin(cache, &key, 0, bad, &value, &ticket));
        NO_TICKET(streamcache_stream_begin(stream, &key, 0, bad, &value, &ticket));
        STATUS(streamcache_filter_begin_batch(filter, &key, 1, bad, &batch), STREAMCACHE_INVALID_ARGUMENT);
        STATUS(streamcache_filter_begin_batch_bytes(filter, NULL, 0, bad, &batch), STREAMCACHE_INVALID_ARGUMENT);
        CHECK(batch == NULL);
    }
#undef NO_TICKET
#undef REFUSED
    streamcache_stream_release(stream);
    STATUS(streamcache_cache_get_chunk_into(cache, &key, unknown, NULL, 0, &len), STREAMCACHE_INVALID_ARGUMENT);
    STATUS(streamcache_filter_get_into(filter, &key, unknown, NULL, 0, &len, NULL), STREAMCACHE_INVALID_ARGUMENT);
    STATUS(streamcache_filter_open(cache, "g", 1, &key, unknown, &second, NULL), STREAMCACHE_INVALID_ARGUMENT);
    CHECK(second == NULL);
    STATUS(streamcache_cache_purge(cache, unknown), STREAMCACHE_INVALID_ARGUMENT);
    streamcache_snapshot_release(snapshot);
    streamcache_filter_release(filter);
    still_usable();
}

int main(void) {
    streamcache_digest old = digest_of(1), fresh = digest_of(2);
    cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    OK(streamcache_cache_put_chunk(cache, &old, "old", 3, 0, NULL, NULL));
    OK(streamcache_cache_put_chunk(cache, &fresh, "fresh", 5, 0, NULL, NULL));
    quiet = stats_of(cache);
    configs_that_are_not_json();
    duplicate_keys_in_a_config();
    integers_a_double_cannot_hold();
    an_unknown_option_is_answered_with_the_nearest_known_one();
    options_of_the_wrong_type();
    a_secret_that_could_be_guessed_or_is_none();
    a_policy_nobody_knows();
    a_budget_of_nothing_stores_nothing();
    a_budget_too_small_for_anything_is_refused();
    a_file_that_vanished_or_is_none();
    ids_that_are_not_utf8();
    hex_that_is_none();
    a_buffer_too_small_is_left_alone();
    a_role_nobody_knows();
    a_tensor_that_contradicts_itself();
    structs_without_their_size();
    structs_that_are_cut_short();
    stats_of_any_size();
    a_description_that_does_not_fit_its_payload();
    a_count_beyond_all_reason_reads_nothing();
    external_memory_that_is_none();
    a_buffer_that_is_not_there();
    limits_that_are_none();
    times_to_live_beyond_all_reason();
    a_text_that_does_not_fit();
    a_chain_that_has_no_key();
    flags_nobody_knows();
    a_state_larger_than_the_budget_leaves_the_old_one(); /* the last: it stores more */
    streamcache_cache_release(cache);
    return check_report();
}
