/* A warm cache in a file: exported, imported, cancelled, damaged; and a state that outlives its cache. */
#include "common.h"

#include <sys/stat.h>
#include <unistd.h>

enum { RESULTS = 3000 };

static char folder[] = "/tmp/streamcache-transfer-XXXXXX";
static char file[sizeof folder + 16], damaged[sizeof folder + 16], disk[sizeof folder + 16];

static void fill(streamcache_cache *cache) {
    int i;
    for (i = 0; i < RESULTS; i++) {
        streamcache_digest key = digest_of((unsigned)i);
        OK(streamcache_cache_put_chunk(cache, &key, &i, sizeof i, 0, NULL, NULL));
    }
}

static int there(streamcache_cache *cache) {
    int i, count = 0;
    for (i = 0; i < RESULTS; i++) {
        streamcache_digest key = digest_of((unsigned)i);
        int read = -1;
        size_t len;
        if (streamcache_cache_get_chunk_into(cache, &key, 0, &read, sizeof read, &len) != STREAMCACHE_OK) continue;
        CHECK(len == sizeof read && read == i);
        count++;
    }
    return count;
}

static streamcache_transfer_progress progress_of(const streamcache_transfer *transfer) {
    streamcache_transfer_progress progress;
    memset(&progress, 0xff, sizeof progress);
    progress.struct_size = sizeof progress;
    OK(streamcache_transfer_get_progress(transfer, &progress));
    CHECK(progress.struct_size == sizeof progress);
    return progress;
}

static void round_trip(void) {
    streamcache_cache *from = open_cache(PLENTY, STREAMCACHE_UNLIMITED), *to = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    streamcache_transfer *transfer = NULL;
    streamcache_transfer_progress progress;
    struct stat stat_of;
    fill(from);
    OK(streamcache_cache_export(from, file, strlen(file), &transfer, NULL));
    OK(streamcache_transfer_wait(transfer, STREAMCACHE_TIMEOUT_DEFAULT, NULL));
    OK(streamcache_transfer_wait(transfer, 0, NULL)); /* once more */
    OK(streamcache_transfer_cancel(transfer));
    OK(streamcache_transfer_wait(transfer, 0, NULL));
    progress = progress_of(transfer);
    CHECK(progress.entries == RESULTS && progress.total_bytes == 0 && progress.left_out == 0 && progress.refused == 0);
    CHECK(stat(file, &stat_of) == 0 && (stat_of.st_mode & 0777) == 0600);
    streamcache_transfer_release(transfer);
    streamcache_cache_release(from);

    OK(streamcache_cache_import(to, file, strlen(file), &transfer, NULL));
    OK(streamcache_transfer_wait(transfer, STREAMCACHE_TIMEOUT_DEFAULT, NULL));
    progress = progress_of(transfer);
    CHECK(progress.entries == RESULTS && progress.bytes == (uint64_t)stat_of.st_size);
    CHECK(progress.total_bytes == progress.bytes && progress.not_stored == 0);
    streamcache_cache_release(to); /* the transfer has its own reference */
    CHECK(progress_of(transfer).entries == RESULTS);
    streamcache_transfer_release(transfer);
}

static void damage(void) {
    streamcache_cache *cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    streamcache_transfer *transfer = NULL;
    streamcache_error *error = NULL;
    struct stat stat_of;
    char text[4096];
    size_t left, n;
    FILE *from = fopen(file, "rb"), *to = fopen(damaged, "wb");
    REQUIRE(from != NULL && to != NULL && stat(file, &stat_of) == 0);
    for (left = (size_t)stat_of.st_size / 2; left > 0; left -= n) {
        n = fread(text, 1, left < sizeof text ? left : sizeof text, from);
        REQUIRE(n > 0 && fwrite(text, 1, n, to) == n);
    }
    fclose(from);
    fclose(to);
    OK(streamcache_cache_import(cache, damaged, strlen(damaged), &transfer, NULL));
    STATUS(streamcache_transfer_wait(transfer, STREAMCACHE_TIMEOUT_DEFAULT, &error), STREAMCACHE_IO);
    ERROR(error, STREAMCACHE_IO, "cut off");
    CHECK(progress_of(transfer).entries > 0 && progress_of(transfer).entries < RESULTS);
    CHECK(there(cache) == (int)progress_of(transfer).entries);
    streamcache_transfer_release(transfer);
    streamcache_cache_release(cache);
}

static void cancelled(void) {
    streamcache_cache *cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    streamcache_transfer *transfer = NULL;
    streamcache_status status;
    fill(cache);
    CHECK(unlink(file) == 0);
    OK(streamcache_cache_export(cache, file, strlen(file), &transfer, NULL));
    OK(streamcache_transfer_cancel(transfer));
    status = streamcache_transfer_wait(transfer, STREAMCACHE_TIMEOUT_DEFAULT, NULL);
    CHECK(status == STREAMCACHE_CANCELLED || status == STREAMCACHE_OK);
    CHECK((access(file, F_OK) == 0) == (status == STREAMCACHE_OK));
    streamcache_transfer_release(transfer);
    (void)unlink(file);
    OK(streamcache_cache_export(cache, file, strlen(file), &transfer, NULL));
    streamcache_transfer_release(transfer); /* under way, most likely: it is cancelled */
    OK(streamcache_cache_close(cache, 0, NULL));
    STATUS(streamcache_cache_export(cache, file, strlen(file), &transfer, NULL), STREAMCACHE_CLOSED);
    STATUS(streamcache_cache_import(cache, file, strlen(file), &transfer, NULL), STREAMCACHE_CLOSED);
    streamcache_cache_release(cache);
}

static streamcache_cache *open_disk(void) {
    streamcache_options *options = NULL;
    streamcache_cache *cache = NULL;
    OK(streamcache_options_new(&options));
    OK(streamcache_options_set_disk_directory(options, disk, strlen(disk)));
    OK(streamcache_cache_open(options, &cache, NULL));
    streamcache_options_free(options);
    REQUIRE(cache != NULL);
    return cache;
}

static void saved_states(void) {
    streamcache_cache *cache = open_disk();
    streamcache_filter *filter = open_filter(cache, "f", "the trained state");
    streamcache_digest state, none = digest_of(9);
    streamcache_value *value = NULL;
    uint64_t dropped = 9;
    OK(streamcache_digest_state("the trained state", 17, &state));
    OK(streamcache_filter_save_state(filter));
    OK(streamcache_cache_close(cache, 60000, &dropped));
    CHECK(dropped == 0);
    STATUS(streamcache_filter_save_state(filter), STREAMCACHE_CLOSED);
    STATUS(streamcache_filter_restore_state(filter, &state), STREAMCACHE_CLOSED);
    streamcache_filter_release(filter);
    streamcache_cache_release(cache);

    cache = open_disk();
    filter = open_filter(cache, "f", "another");
    STATUS(streamcache_filter_restore_state(filter, &none), STREAMCACHE_MISS);
    OK(streamcache_filter_restore_state(filter, &state));
    OK(streamcache_filter_get_state(filter, &value, &none));
    CHECK(holds_text(value, "the trained state") && memcmp(&none, &state, sizeof state) == 0);
    streamcache_value_release(value);
    OK(streamcache_filter_load_state_digest(filter, &state, NULL)); /* the same, whose bytes are known */
    OK(streamcache_filter_save_state(filter));
    none = digest_of(9);
    OK(streamcache_filter_load_state_digest(filter, &none, NULL));
    STATUS(streamcache_filter_save_state(filter), STREAMCACHE_MISS);
    streamcache_filter_release(filter);
    OK(streamcache_cache_close(cache, 60000, NULL));
    streamcache_cache_release(cache);
}

static void remove_all(void) {
    static const char *const names[] = {"streamcache.db", "streamcache.db-wal", "streamcache.db-shm"};
    char name[sizeof disk + 32];
    size_t i;
    for (i = 0; i < sizeof names / sizeof *names; i++) {
        sprintf(name, "%s/%s", disk, names[i]);
        (void)unlink(name);
    }
    (void)rmdir(disk);
    (void)unlink(damaged);
    (void)unlink(file);
    CHECK(rmdir(folder) == 0); /* nothing else was left in it */
}

int main(void) {
    REQUIRE(mkdtemp(folder) != NULL);
    sprintf(file, "%s/results", folder);
    sprintf(damaged, "%s/damaged", folder);
    sprintf(disk, "%s/disk", folder);
    round_trip();
    damage();
    cancelled();
    saved_states();
    remove_all();
    return check_report();
}
