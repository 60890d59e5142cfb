/* What is behind memory, through the C header: a disk that outlives the cache, a remote store that does not answer, and
 * what is bad input. tests/tiers.rs and tests/remote have what can go wrong within a store.
 *
 *     tiers [no_fork]
 *     tiers third DIRECTORY    what one of the tests runs as a process of its own
 */
#include "common.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char directory[256];

static void make_directory(void) {
    const char *above = getenv("TMPDIR");
    snprintf(directory, sizeof directory, "%s/streamcache-XXXXXX", above != NULL ? above : "/tmp");
    REQUIRE(mkdtemp(directory) != NULL);
}

static void remove_directory(void) {
    DIR *files = opendir(directory);
    struct dirent *file;
    char path[1024];
    REQUIRE(files != NULL);
    while ((file = readdir(files)) != NULL) {
        if (file->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", directory, file->d_name);
        CHECK(unlink(path) == 0);
    }
    closedir(files);
    CHECK(rmdir(directory) == 0);
}

static streamcache_options *new_options(void) {
    streamcache_options *options = NULL;
    OK(streamcache_options_new(&options));
    REQUIRE(options != NULL);
    return options;
}

/* A cache with these options, which are freed. */
static streamcache_cache *open_with(streamcache_options *options) {
    streamcache_cache *cache = NULL;
    streamcache_error *error = NULL;
    OK(streamcache_cache_open(options, &cache, &error));
    if (error != NULL) fprintf(stderr, "    %s\n", streamcache_error_get_message(error));
    streamcache_error_free(error);
    streamcache_options_free(options);
    REQUIRE(cache != NULL);
    return cache;
}

static streamcache_options *on_disk(void) {
    streamcache_options *options = new_options();
    OK(streamcache_options_set_disk_directory(options, directory, strlen(directory)));
    return options;
}

/* Such options, which are freed, open no cache, and the error says why. */
static void refused(streamcache_options *options, streamcache_status status, const char *mentions) {
    streamcache_cache *cache = (void *)&status;
    streamcache_error *error = NULL;
    STATUS(streamcache_cache_open(options, &cache, &error), status);
    CHECK(cache == NULL);
    ERROR(error, status, mentions);
    streamcache_options_free(options);
}

static void written_and_closed(streamcache_cache *cache) {
    uint64_t dropped = 7;
    OK(streamcache_cache_flush(cache, STREAMCACHE_TIMEOUT_DEFAULT));
    OK(streamcache_cache_close(cache, STREAMCACHE_TIMEOUT_DEFAULT, &dropped));
    CHECK(dropped == 0);
    STATUS(streamcache_cache_flush(cache, 0), STREAMCACHE_CLOSED);
    streamcache_cache_release(cache);
}

static streamcache_tier_stats tier_stats_of(streamcache_cache *cache, streamcache_tier tier) {
    streamcache_tier_stats stats;
    memset(&stats, 0, sizeof stats);
    stats.struct_size = sizeof stats;
    OK(streamcache_cache_get_tier_stats(cache, tier, &stats));
    CHECK(stats.struct_size == sizeof stats);
    return stats;
}

static void put(streamcache_cache *cache, uint64_t number, uint32_t flags) {
    streamcache_digest key = digest_of(number);
    OK(streamcache_cache_put_chunk(cache, &key, &number, sizeof number, flags, NULL, NULL));
}

static streamcache_status get(streamcache_cache *cache, uint64_t number, uint32_t flags, streamcache_tier tier) {
    streamcache_digest key = digest_of(number);
    streamcache_value *value = NULL;
    streamcache_status status = streamcache_cache_get_chunk(cache, &key, flags, &value);
    CHECK((status == STREAMCACHE_OK) == (value != NULL));
    if (value != NULL) {
        CHECK(holds(value, &number, sizeof number));
        CHECK(streamcache_value_get_tier(value) == tier);
    }
    streamcache_value_release(value);
    return status;
}

static void a_while(void) {
    const struct timespec millisecond = {0, 1000000};
    nanosleep(&millisecond, NULL);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

enum { patience = 60 }; /* seconds, for what comes within milliseconds */

/* A cache finds what an older one computed, and memory has it from then on. */
static void results_outlive_the_cache(void) {
    streamcache_cache *cache = open_with(on_disk());
    streamcache_filter *filter = open_filter(cache, "f", "state");
    streamcache_tensor_view tensor, view;
    streamcache_put_options options = put_options();
    streamcache_value *value = NULL;
    streamcache_tier_stats stats;
    streamcache_digest chunk = digest_of(1), key;
    const int64_t dims[] = {2};
    const float floats[] = {1.5f, -2.5f};
    size_t len = 0;
    tensor = floats_at(0, 1, dims);
    options.tensors = &tensor;
    options.tensor_count = 1;
    options.blob = "blob";
    options.blob_len = 4;
    OK(streamcache_filter_key(filter, &chunk, &key));
    OK(streamcache_filter_put(filter, &chunk, &key, floats, sizeof floats, 0, &options, &value));
    CHECK(streamcache_value_get_tier(value) == STREAMCACHE_TIER_MEMORY);
    streamcache_value_release(value);
    put(cache, 100, 0);
    put(cache, 101, STREAMCACHE_MEMORY_ONLY);
    put(cache, 102, STREAMCACHE_NO_REMOTE);
    OK(streamcache_cache_flush(cache, STREAMCACHE_TIMEOUT_DEFAULT));
    stats = tier_stats_of(cache, STREAMCACHE_TIER_DISK);
    CHECK(stats.written == 3 && stats.entries == 3 && stats.pending == 0 && stats.pending_bytes == 0 && stats.dropped == 0);
    CHECK(stats.bytes > 0 && stats.max_bytes == (uint64_t)1 << 30 && stats.faults == 0 && stats.is_resting == 0);
    streamcache_filter_release(filter);
    written_and_closed(cache);

    cache = open_with(on_disk());
    filter = open_filter(cache, "f", "state");
    OK(streamcache_filter_get(filter, &chunk, 0, &value, NULL));
    CHECK(holds(value, floats, sizeof floats) && streamcache_value_get_tier(value) == STREAMCACHE_TIER_DISK);
    view.struct_size = sizeof view;
    OK(streamcache_value_get_tensor(value, 0, &view));
    CHECK(view.rank == 1 && view.dims[0] == 2 && view.length == sizeof floats);
    CHECK(memcmp(streamcache_value_blob(value, &len), "blob", 4) == 0 && len == 4);
    streamcache_value_release(value);
    OK(get(cache, 100, 0, STREAMCACHE_TIER_DISK));
    OK(get(cache, 100, STREAMCACHE_MEMORY_ONLY, STREAMCACHE_TIER_DISK)); /* promoted */
    STATUS(get(cache, 101, 0, STREAMCACHE_TIER_DISK), STREAMCACHE_MISS);
    OK(get(cache, 102, STREAMCACHE_NO_REMOTE, STREAMCACHE_TIER_DISK));
    stats = tier_stats_of(cache, STREAMCACHE_TIER_DISK);
    CHECK(stats.hits == 3 && stats.misses == 1 && stats.refused == 0);
    CHECK(stats_of(cache).hits == 4 && stats_of(cache).misses == 1);
    LOOKUPS_ADD_UP(stats_of(cache));
    streamcache_filter_release(filter);
    written_and_closed(cache);
}

static void stats_are_filled_as_far_as_they_go(void) {
    streamcache_cache *cache = open_with(on_disk());
    streamcache_tier_stats stats;
    memset(&stats, 0xaa, sizeof stats);
    stats.struct_size = offsetof(streamcache_tier_stats, misses);
    OK(streamcache_cache_get_tier_stats(cache, STREAMCACHE_TIER_DISK, &stats));
    CHECK(stats.struct_size == offsetof(streamcache_tier_stats, misses) && stats.hits == 0);
    CHECK(stats.misses == 0xaaaaaaaaaaaaaaaau);
    stats.struct_size = sizeof(size_t) - 1;
    STATUS(streamcache_cache_get_tier_stats(cache, STREAMCACHE_TIER_DISK, &stats), STREAMCACHE_INVALID_ARGUMENT);
    stats.struct_size = sizeof stats;
    STATUS(streamcache_cache_get_tier_stats(cache, STREAMCACHE_TIER_REMOTE, &stats), STREAMCACHE_MISS);
    STATUS(streamcache_cache_get_tier_stats(cache, STREAMCACHE_TIER_MEMORY, &stats), STREAMCACHE_INVALID_ARGUMENT);
    STATUS(streamcache_cache_get_tier_stats(cache, 3, &stats), STREAMCACHE_INVALID_ARGUMENT);
    STATUS(streamcache_cache_get_tier_stats(cache, -1, &stats), STREAMCACHE_INVALID_ARGUMENT);
    OK(streamcache_cache_close(cache, 0, NULL));
    OK(streamcache_cache_get_tier_stats(cache, STREAMCACHE_TIER_DISK, &stats)); /* readable after a close */
    streamcache_cache_release(cache);
}

/* Whoever does not wait is told to come again, and then there is a result, or none. */
static void nobody_waits_who_says_so(void) {
    streamcache_cache *cache = open_with(on_disk());
    streamcache_digest key;
    streamcache_status status;
    streamcache_value *value = NULL;
    streamcache_ticket *ticket = NULL;
    uint64_t number = 0;
    size_t len = 0;
    double until = seconds() + patience;
    int i;
    for (i = 200; i < 205; i++) put(cache, (uint64_t)i, 0);
    OK(streamcache_cache_flush(cache, STREAMCACHE_TIMEOUT_DEFAULT));
    OK(streamcache_cache_purge(cache, STREAMCACHE_PURGE_MEMORY));

    STATUS(get(cache, 200, STREAMCACHE_NO_WAIT, STREAMCACHE_TIER_DISK), STREAMCACHE_BUSY);
    while ((status = get(cache, 200, STREAMCACHE_NO_WAIT, STREAMCACHE_TIER_DISK)) == STREAMCACHE_BUSY && seconds() < until) a_while();
    OK(status);
    STATUS(get(cache, 299, STREAMCACHE_NO_WAIT, STREAMCACHE_TIER_DISK), STREAMCACHE_BUSY);
    while ((status = get(cache, 299, STREAMCACHE_NO_WAIT, STREAMCACHE_TIER_DISK)) == STREAMCACHE_BUSY && seconds() < until) a_while();
    STATUS(status, STREAMCACHE_MISS);

    key = digest_of(201);
    STATUS(streamcache_cache_get_chunk_into(cache, &key, STREAMCACHE_NO_WAIT, &number, sizeof number, &len), STREAMCACHE_BUSY);
    CHECK(len == 0);
    do {
        a_while();
        status = streamcache_cache_get_chunk_into(cache, &key, STREAMCACHE_NO_WAIT, &number, sizeof number, &len);
    } while (status == STREAMCACHE_BUSY && seconds() < until);
    OK(status);
    CHECK(number == 201 && len == sizeof number);

    key = digest_of(202);
    STATUS(streamcache_cache_begin(cache, &key, 1000, STREAMCACHE_NO_WAIT, &value, &ticket), STREAMCACHE_BUSY);
    CHECK(value == NULL && ticket == NULL);
    OK(streamcache_cache_begin(cache, &key, 1000, 0, &value, &ticket));
    CHECK(ticket == NULL && streamcache_value_get_tier(value) == STREAMCACHE_TIER_DISK);
    streamcache_value_release(value);
    key = digest_of(203);
    STATUS(streamcache_cache_begin(cache, &key, 0, STREAMCACHE_MEMORY_ONLY, &value, &ticket), STREAMCACHE_FILL);
    streamcache_ticket_release(ticket);
    LOOKUPS_ADD_UP(stats_of(cache));
    written_and_closed(cache);
}

/* A batch reads the disk all at once, unless it may not wait. */
static void a_batch_is_read_together(void) {
    streamcache_cache *cache = open_with(on_disk());
    streamcache_filter *filter = open_filter(cache, "f", "state");
    streamcache_digest chunks[4];
    streamcache_batch_item items[4];
    streamcache_batch *batch = NULL;
    uint64_t n;
    for (n = 0; n < 4; n++) {
        chunks[n] = digest_of(300 + n);
        if (n < 3) OK(streamcache_filter_put(filter, &chunks[n], NULL, &n, sizeof n, 0, NULL, NULL));
    }
    OK(streamcache_cache_flush(cache, STREAMCACHE_TIMEOUT_DEFAULT));
    OK(streamcache_cache_purge(cache, 0));
    OK(streamcache_filter_begin_batch(filter, chunks, 4, STREAMCACHE_NO_WAIT, &batch));
    OK(streamcache_batch_get_items(batch, items, sizeof *items, 4, NULL));
    for (n = 0; n < 4; n++) STATUS(items[n].status, STREAMCACHE_FILL);
    streamcache_batch_free(batch);
    OK(streamcache_filter_begin_batch(filter, chunks, 4, 0, &batch));
    OK(streamcache_batch_get_items(batch, items, sizeof *items, 4, NULL));
    for (n = 0; n < 3; n++) {
        STATUS(items[n].status, STREAMCACHE_OK);
        CHECK(holds(items[n].value, &n, sizeof n) && streamcache_value_get_tier(items[n].value) == STREAMCACHE_TIER_DISK);
    }
    STATUS(items[3].status, STREAMCACHE_FILL);
    streamcache_batch_free(batch);
    streamcache_filter_release(filter);
    written_and_closed(cache);
}

/* What was removed or purged is gone from the disk too, also for the next cache. */
static void the_forgotten_stays_forgotten(void) {
    streamcache_cache *cache = open_with(on_disk());
    streamcache_filter *filter = open_filter(cache, "f", "state");
    streamcache_digest key = digest_of(400), chunk = digest_of(401);
    streamcache_value *value = NULL;
    uint64_t removed = 9;
    put(cache, 400, 0);
    put(cache, 402, 0);
    OK(streamcache_filter_put(filter, &chunk, NULL, "mine", 4, 0, NULL, NULL));
    OK(streamcache_cache_flush(cache, STREAMCACHE_TIMEOUT_DEFAULT));
    OK(streamcache_cache_remove_chunk(cache, &key));
    STATUS(get(cache, 400, 0, STREAMCACHE_TIER_DISK), STREAMCACHE_MISS);
    OK(streamcache_cache_purge(cache, STREAMCACHE_PURGE_MEMORY));
    STATUS(streamcache_filter_remove(filter, &chunk), STREAMCACHE_MISS); /* memory had none, and the disk has none now */
    STATUS(streamcache_filter_get(filter, &chunk, 0, &value, NULL), STREAMCACHE_MISS);
    OK(streamcache_filter_put(filter, &chunk, NULL, "mine", 4, 0, NULL, NULL));
    OK(streamcache_cache_flush(cache, STREAMCACHE_TIMEOUT_DEFAULT));
    OK(streamcache_filter_purge(filter, &removed));
    CHECK(removed == 1);
    STATUS(streamcache_filter_get(filter, &chunk, 0, &value, NULL), STREAMCACHE_MISS);
    streamcache_filter_release(filter);
    written_and_closed(cache);

    cache = open_with(on_disk());
    STATUS(get(cache, 400, 0, STREAMCACHE_TIER_DISK), STREAMCACHE_MISS);
    OK(get(cache, 402, 0, STREAMCACHE_TIER_DISK));
    OK(streamcache_cache_purge(cache, STREAMCACHE_PURGE_DISK));
    STATUS(get(cache, 402, 0, STREAMCACHE_TIER_DISK), STREAMCACHE_MISS);
    CHECK(tier_stats_of(cache, STREAMCACHE_TIER_DISK).entries == 0);
    STATUS(streamcache_cache_purge(cache, 4), STREAMCACHE_INVALID_ARGUMENT);
    written_and_closed(cache);
}

/* A close in no time says how much it dropped, and finds itself out of time only then. */
static void a_close_counts_what_it_drops(void) {
    streamcache_cache *cache = open_with(on_disk());
    uint64_t dropped = 0, found = 0, n;
    streamcache_status status;
    for (n = 0; n < 1000; n++) put(cache, 1000 + n, 0);
    status = streamcache_cache_flush(cache, 0);
    CHECK(status == STREAMCACHE_OK || status == STREAMCACHE_TIMEOUT);
    status = streamcache_cache_close(cache, 0, &dropped);
    STATUS(status, dropped > 0 ? STREAMCACHE_TIMEOUT : STREAMCACHE_OK);
    CHECK(tier_stats_of(cache, STREAMCACHE_TIER_DISK).dropped <= dropped); /* and those that were under way */
    streamcache_cache_release(cache);
    cache = open_with(on_disk());
    for (n = 0; n < 1000; n++) found += get(cache, 1000 + n, 0, STREAMCACHE_TIER_DISK) == STREAMCACHE_OK;
    CHECK(found + dropped >= 1000);
    written_and_closed(cache);
}

static void bad_input_is_refused(void) {
    streamcache_options *options = new_options();
    char path[300];
    FILE *file;
#define BAD(call) STATUS(call, STREAMCACHE_INVALID_ARGUMENT)
    BAD(streamcache_options_set_disk_directory(options, "\xff", 1));
    BAD(streamcache_options_set_disk_allow_network(options, 2));
    BAD(streamcache_options_set_disk_allow_network(options, -1));
    BAD(streamcache_options_add_remote_url(options, "", 0));
    BAD(streamcache_options_add_remote_url(options, "redis://\xff", 9));
    BAD(streamcache_options_set_remote_prefix(options, "\xff", 1));
    BAD(streamcache_options_set_remote_ttl_ms(options, 0));
    BAD(streamcache_options_set_remote_max_value_bytes(options, 0));
    BAD(streamcache_options_set_remote_timeout_ms(options, 0));
    BAD(streamcache_options_set_remote_ca_file(options, "\xff", 1));
    /* None of these changed anything, and none of those that say the default. */
    OK(streamcache_options_set_disk_directory(options, directory, strlen(directory)));
    OK(streamcache_options_set_disk_directory(options, NULL, 0));
    OK(streamcache_options_set_disk_max_bytes(options, 0));
    OK(streamcache_options_set_disk_allow_network(options, 0));
    OK(streamcache_options_set_remote_ca_file(options, NULL, 0));
    {
        char text[2048], defaults[2048];
        size_t len;
        OK(streamcache_options_to_json(options, text, sizeof text, &len));
        OK(streamcache_options_to_json(NULL, defaults, sizeof defaults, &len));
        CHECK(strcmp(text, defaults) == 0);
    }
    streamcache_options_free(options);

    options = on_disk();
    OK(streamcache_options_set_disk_max_bytes(options, 1000));
    refused(options, STREAMCACHE_INVALID_ARGUMENT, "disk_max_bytes");
    options = new_options();
    OK(streamcache_options_add_remote_url(options, "http://127.0.0.1", 16));
    refused(options, STREAMCACHE_INVALID_ARGUMENT, "redis://");
    options = new_options();
    OK(streamcache_options_set_remote_timeout_ms(options, 60001));
    refused(options, STREAMCACHE_INVALID_ARGUMENT, "remote_timeout_ms");
    options = new_options();
    OK(streamcache_options_add_remote_url(options, "rediss://127.0.0.1", 18));
    OK(streamcache_options_set_remote_ca_file(options, "/nowhere", 8));
    refused(options, STREAMCACHE_INVALID_ARGUMENT, "/nowhere");

    /* A directory that is a file. */
    snprintf(path, sizeof path, "%s/file", directory);
    file = fopen(path, "w");
    REQUIRE(file != NULL);
    fclose(file);
    options = new_options();
    OK(streamcache_options_set_disk_directory(options, path, strlen(path)));
    refused(options, STREAMCACHE_IO, path);
    CHECK(unlink(path) == 0);
}

/* A port of this host that nobody listens on, and nobody else can have while the socket is open. */
static int closed_port(int *port) {
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    int its = socket(AF_INET, SOCK_STREAM, 0);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(its >= 0 && bind(its, (struct sockaddr *)&address, sizeof address) == 0);
    REQUIRE(getsockname(its, (struct sockaddr *)&address, &len) == 0);
    *port = ntohs(address.sin_port);
    return its;
}

/* It opens, misses within the deadline, and says that it rests. */
static void a_remote_that_does_not_answer_is_a_miss(void) {
    streamcache_options *options = new_options();
    streamcache_cache *cache;
    streamcache_tier_stats stats;
    streamcache_digest key = digest_of(2000);
    char url[64], text[16384];
    size_t len = 0;
    int port, its = closed_port(&port);
    uint64_t n;
    double begun, until = seconds() + patience;
    snprintf(url, sizeof url, "redis://127.0.0.1:%d", port);
    OK(streamcache_options_add_remote_url(options, url, strlen(url)));
    OK(streamcache_options_set_remote_timeout_ms(options, 100));
    OK(streamcache_options_set_remote_prefix(options, "p", 1));
    OK(streamcache_options_set_remote_ttl_ms(options, 1000));
    OK(streamcache_options_set_remote_max_value_bytes(options, 1000));
    OK(streamcache_options_set_write_behind_max_bytes(options, 1 << 20));
    cache = open_with(options);
    begun = seconds();
    STATUS(get(cache, 2000, 0, STREAMCACHE_TIER_REMOTE), STREAMCACHE_MISS);
    CHECK(seconds() - begun < 10); /* the deadline is 0.1 s; a loaded machine and a checker may add some */
    STATUS(get(cache, 2000, STREAMCACHE_NO_REMOTE, STREAMCACHE_TIER_REMOTE), STREAMCACHE_MISS);
    CHECK(tier_stats_of(cache, STREAMCACHE_TIER_REMOTE).misses == 1);
    put(cache, 2000, 0);
    OK(get(cache, 2000, 0, STREAMCACHE_TIER_MEMORY));
    for (n = 2001; !(stats = tier_stats_of(cache, STREAMCACHE_TIER_REMOTE)).is_resting && seconds() < until; n++) {
        STATUS(get(cache, n, 0, STREAMCACHE_TIER_REMOTE), STREAMCACHE_MISS);
        a_while();
    }
    CHECK(stats.is_resting == 1 && stats.faults > 0 && stats.hits == 0 && stats.written == 0);
    OK(streamcache_cache_write_stats(cache, STREAMCACHE_FORMAT_JSON, text, sizeof text, &len));
    CHECK(strstr(text, "\"is_resting\":1") != NULL && strstr(text, "\"last_fault\":\"") != NULL);
    STATUS(streamcache_cache_remove_chunk(cache, &key), STREAMCACHE_IO); /* it may have it still */
    STATUS(get(cache, 2000, 0, STREAMCACHE_TIER_REMOTE), STREAMCACHE_MISS);
    OK(streamcache_cache_purge(cache, STREAMCACHE_PURGE_DISK)); /* of which there is none */
    (void)streamcache_cache_close(cache, 0, NULL);
    streamcache_cache_release(cache);
    close(its);
}

/* In a child the parent's cache refuses, tiers and all, and the child ends as if it had none; the parent goes on. */
static void a_fork_leaves_the_tiers_to_the_parent(void) {
    static streamcache_cache *cache;
    static streamcache_value *value;
    streamcache_digest key = digest_of(3000);
    streamcache_tier_stats stats;
    uint64_t dropped = 5;
    int status = 0;
    pid_t child;
    cache = open_with(on_disk());
    put(cache, 3000, 0);
    OK(streamcache_cache_flush(cache, STREAMCACHE_TIMEOUT_DEFAULT));
    OK(streamcache_cache_purge(cache, 0));
    OK(streamcache_cache_get_chunk(cache, &key, 0, &value));
    fflush(NULL);
    child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        streamcache_value *other = NULL;
        streamcache_cache *own;
        alarm(patience); /* a lock of a thread that is not here would hold it for ever */
        check_passed = check_failed = 0;
        stats.struct_size = sizeof stats;
        STATUS(streamcache_cache_get_tier_stats(cache, STREAMCACHE_TIER_DISK, &stats), STREAMCACHE_FORKED);
        STATUS(streamcache_cache_flush(cache, STREAMCACHE_TIMEOUT_DEFAULT), STREAMCACHE_FORKED);
        STATUS(streamcache_cache_close(cache, STREAMCACHE_TIMEOUT_DEFAULT, &dropped), STREAMCACHE_FORKED);
        STATUS(streamcache_cache_purge(cache, STREAMCACHE_PURGE_DISK), STREAMCACHE_FORKED);
        STATUS(streamcache_cache_remove_chunk(cache, &key), STREAMCACHE_FORKED);
        STATUS(streamcache_cache_get_chunk(cache, &key, STREAMCACHE_NO_WAIT, &other), STREAMCACHE_FORKED);
        CHECK(streamcache_value_get_tier(value) == STREAMCACHE_TIER_DISK);
        streamcache_cache_release(cache);
        own = open_with(on_disk()); /* one of its own, on the same store */
        OK(get(own, 3000, 0, STREAMCACHE_TIER_DISK));
        put(own, 3001, 0);
        written_and_closed(own);
        exit(check_failed != 0);
    }
    while (waitpid(child, &status, 0) < 0) REQUIRE(errno == EINTR);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    if (WIFSIGNALED(status)) fprintf(stderr, "the child ended with signal %d\n", WTERMSIG(status));
    OK(get(cache, 3000, STREAMCACHE_MEMORY_ONLY, STREAMCACHE_TIER_DISK));
    OK(get(cache, 3001, 0, STREAMCACHE_TIER_DISK)); /* the child's */
    put(cache, 3002, 0);
    streamcache_value_release(value);
    written_and_closed(cache);
}

/* Whether the store's log is there: who closes a store and takes itself for the last deletes it. */
static int has_log(void) {
    char path[1024];
    snprintf(path, sizeof path, "%s/streamcache.db-wal", directory);
    return access(path, F_OK) == 0;
}

/* A server that opens its store, forks its workers and goes: each worker has a store of its own then, with locks of its
 * own, whoever else comes and goes. */
static void a_forked_child_keeps_its_own_store(const char *program) {
    static streamcache_cache *cache;
    int to_child[2], to_parent[2], status = 0;
    char byte = 0;
    pid_t child, third;
    cache = open_with(on_disk());
    put(cache, 4000, 0);
    OK(streamcache_cache_flush(cache, STREAMCACHE_TIMEOUT_DEFAULT));
    REQUIRE(pipe(to_child) == 0 && pipe(to_parent) == 0);
    fflush(NULL);
    child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        streamcache_digest key = digest_of(4000);
        streamcache_cache *own;
        alarm(patience);
        check_passed = check_failed = 0;
        close(to_child[1]);
        own = open_with(on_disk());
        put(own, 4001, 0);
        OK(streamcache_cache_flush(own, STREAMCACHE_TIMEOUT_DEFAULT));
        REQUIRE(write(to_parent[1], "", 1) == 1 && read(to_child[0], &byte, 1) == 1);
        CHECK(has_log());
        OK(get(own, 4002, 0, STREAMCACHE_TIER_DISK)); /* the third process's */
        STATUS(streamcache_cache_remove_chunk(own, &key), STREAMCACHE_MISS); /* in memory; on disk it is gone now */
        put(own, 4003, 0);
        written_and_closed(own);
        exit(check_failed != 0);
    }
    close(to_parent[1]);
    REQUIRE(read(to_parent[0], &byte, 1) == 1);
    written_and_closed(cache);
    CHECK(has_log()); /* the child has it open */
    fflush(NULL);
    third = fork();
    REQUIRE(third >= 0);
    if (third == 0) {
        execl(program, program, "third", directory, (char *)NULL);
        _exit(127);
    }
    while (waitpid(third, &status, 0) < 0) REQUIRE(errno == EINTR);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    REQUIRE(write(to_child[1], "", 1) == 1);
    while (waitpid(child, &status, 0) < 0) REQUIRE(errno == EINTR);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(!has_log()); /* the last has closed it */
    cache = open_with(on_disk());
    STATUS(get(cache, 4000, 0, STREAMCACHE_TIER_DISK), STREAMCACHE_MISS); /* the child removed it */
    OK(get(cache, 4001, 0, STREAMCACHE_TIER_DISK));
    OK(get(cache, 4002, 0, STREAMCACHE_TIER_DISK));
    OK(get(cache, 4003, 0, STREAMCACHE_TIER_DISK));
    written_and_closed(cache);
    close(to_child[0]);
    close(to_child[1]);
    close(to_parent[0]);
}

/* A process that nobody forked with a store open. */
static int third_process(const char *its_directory) {
    streamcache_cache *cache;
    snprintf(directory, sizeof directory, "%s", its_directory);
    cache = open_with(on_disk());
    OK(get(cache, 4000, 0, STREAMCACHE_TIER_DISK));
    OK(get(cache, 4001, 0, STREAMCACHE_TIER_DISK)); /* the child's */
    put(cache, 4002, 0);
    written_and_closed(cache);
    return check_failed != 0;
}

static streamcache_cache *busy_cache;
static int busy_ends[2];

/* Writes, looks up, opens and closes, so that a fork meets SQLite at work. */
static void *keep_busy(void *unused) {
    streamcache_digest key;
    streamcache_value *value = NULL;
    uint64_t n;
    char byte;
    for (n = 0; read(busy_ends[0], &byte, 1) != 0; n++) {
        if (n % 8 == 7) {
            streamcache_cache *other = open_with(on_disk());
            (void)streamcache_cache_close(other, 0, NULL);
            streamcache_cache_release(other);
        }
        put(busy_cache, 5000 + n % 100, 0);
        (void)streamcache_cache_purge(busy_cache, 0);
        key = digest_of(5050 + n % 100);
        (void)streamcache_cache_get_chunk(busy_cache, &key, 0, &value);
        streamcache_value_release(value);
    }
    return unused;
}

/* Children forked from the midst of it, two more generations of them. */
static void forks_from_a_busy_process_find_sqlite_in_order(void) {
    pthread_t threads[3];
    int n, status = 0;
    pid_t child;
    busy_cache = open_with(on_disk());
    put(busy_cache, 4999, 0);
    OK(streamcache_cache_flush(busy_cache, STREAMCACHE_TIMEOUT_DEFAULT));
    REQUIRE(pipe(busy_ends) == 0);
    REQUIRE(fcntl(busy_ends[0], F_SETFL, O_NONBLOCK) == 0);
    for (n = 0; n < 3; n++) REQUIRE(pthread_create(&threads[n], NULL, keep_busy, NULL) == 0);
    for (n = 0; n < 60; n++) {
        fflush(NULL);
        child = fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            streamcache_cache *own;
            alarm(patience);
            check_passed = check_failed = 0;
            own = open_with(on_disk());
            OK(get(own, 4999, 0, STREAMCACHE_TIER_DISK));
            put(own, 6000 + (uint64_t)n, 0);
            OK(streamcache_cache_flush(own, STREAMCACHE_TIMEOUT_DEFAULT));
            if (n % 10 == 9) {
                pid_t grandchild = fork();
                REQUIRE(grandchild >= 0);
                if (grandchild == 0) {
                    streamcache_cache *its = open_with(on_disk());
                    alarm(patience);
                    OK(get(its, 6000 + (uint64_t)n, 0, STREAMCACHE_TIER_DISK));
                    written_and_closed(its);
                    exit(check_failed != 0);
                }
                while (waitpid(grandchild, &status, 0) < 0) REQUIRE(errno == EINTR);
                CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
            }
            written_and_closed(own);
            exit(check_failed != 0);
        }
        while (waitpid(child, &status, 0) < 0) REQUIRE(errno == EINTR);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        if (WIFSIGNALED(status)) fprintf(stderr, "the child ended with signal %d\n", WTERMSIG(status));
    }
    close(busy_ends[1]);
    for (n = 0; n < 3; n++) REQUIRE(pthread_join(threads[n], NULL) == 0);
    close(busy_ends[0]);
    for (n = 0; n < 60; n++) OK(get(busy_cache, 6000 + (uint64_t)n, 0, STREAMCACHE_TIER_DISK));
    written_and_closed(busy_cache);
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "third") == 0) return third_process(argv[2]);
    make_directory();
    results_outlive_the_cache();
    stats_are_filled_as_far_as_they_go();
    nobody_waits_who_says_so();
    a_batch_is_read_together();
    the_forgotten_stays_forgotten();
    a_close_counts_what_it_drops();
    bad_input_is_refused();
    a_remote_that_does_not_answer_is_a_miss();
    if (argc < 2 || strcmp(argv[1], "no_fork") != 0) {
        a_fork_leaves_the_tiers_to_the_parent();
        a_forked_child_keeps_its_own_store(argv[0]);
        forks_from_a_busy_process_find_sqlite_in_order();
    }
    remove_directory();
    return check_report();
}
