/* Runs one kind of call a number of times, to be counted from outside: valgrind counts instructions, which a busy machine
 * doesn't change. Twice with different numbers, and the difference is the calls' alone. */
#include "common.h"

enum { ENTRIES = 2000, VALUE = 256 };

static unsigned char value_bytes[VALUE];

static streamcache_digest chunk_of(uint64_t number) {
    streamcache_digest chunk;
    memset(&chunk, 0, sizeof chunk);
    memcpy(&chunk, &number, sizeof number);
    return chunk;
}

int main(int argc, char **argv) {
    streamcache_cache *cache = open_cache((uint64_t)256 << 20, ENTRIES);
    streamcache_filter *filter = open_filter(cache, "counted", "state");
    const char *kind = argc > 2 ? argv[1] : "";
    long times = argc > 2 ? atol(argv[2]) : 0, n;
    uint64_t number;
    char bytes[64] = {0};

    /* Full, and gone round several times, so that memory is as it is in use. */
    for (number = 0; number < 4 * ENTRIES; number++) {
        streamcache_digest chunk = chunk_of(number);
        OK(streamcache_filter_put(filter, &chunk, NULL, value_bytes, VALUE, 0, NULL, NULL));
    }
    OK(streamcache_filter_put_bytes(filter, bytes, sizeof bytes, NULL, value_bytes, VALUE, 0, NULL, NULL));
    REQUIRE(times > 0);
    for (n = 0; n < times; n++) {
        streamcache_value *value = NULL;
        streamcache_ticket *ticket = NULL;
        streamcache_digest chunk = chunk_of((uint64_t)(1000000 + n)), key;
        streamcache_status status;
        void *data;
        if (strcmp(kind, "hit") == 0) {
            status = streamcache_filter_get_bytes(filter, bytes, sizeof bytes, 0, &value, &key, NULL);
            REQUIRE(status == STREAMCACHE_OK);
            streamcache_value_release(value);
        } else if (strcmp(kind, "begin") == 0) {
            status = streamcache_filter_begin_bytes(filter, bytes, sizeof bytes, 0, 0, &value, &ticket, NULL);
            REQUIRE(status == STREAMCACHE_OK);
            streamcache_value_release(value);
        } else if (strcmp(kind, "miss") == 0) {
            REQUIRE(streamcache_filter_get(filter, &chunk, 0, &value, &key) == STREAMCACHE_MISS);
        } else if (strcmp(kind, "put") == 0) {
            REQUIRE(streamcache_filter_put(filter, &chunk, NULL, value_bytes, VALUE, 0, NULL, NULL) == STREAMCACHE_OK);
        } else if (strcmp(kind, "compute") == 0) {
            REQUIRE(streamcache_filter_begin(filter, &chunk, 0, 0, &value, &ticket) == STREAMCACHE_FILL);
            REQUIRE(streamcache_ticket_buffer(ticket, VALUE, &data) == STREAMCACHE_OK);
            memcpy(data, value_bytes, VALUE);
            REQUIRE(streamcache_ticket_commit(ticket, VALUE, NULL, NULL) == STREAMCACHE_OK);
            streamcache_ticket_release(ticket);
        } else {
            REQUIRE(strcmp(kind, "nothing") == 0);
        }
    }
    streamcache_filter_release(filter);
    streamcache_cache_release(cache);
    return 0;
}
