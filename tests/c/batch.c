/* Batches: many chunks at once; what is missing shrinks to one ticket a key, what others compute is waited for last.
 *
 *     batch [MANY]    chunks of the largest one
 */
#include "begin.h"

#include <pthread.h>

static streamcache_cache *cache;
static streamcache_filter *filter;

enum { most = 64, patience = 60000 };

static streamcache_batch *batch_of(const uint64_t *numbers, size_t count, uint32_t flags) {
    streamcache_digest chunks[most];
    streamcache_batch *batch = NULL;
    size_t i;
    for (i = 0; i < count; i++) chunks[i] = digest_of(numbers[i]);
    OK(streamcache_filter_begin_batch(filter, chunks, count, flags, &batch));
    REQUIRE(batch != NULL && streamcache_batch_get_count(batch) == count);
    return batch;
}

static void put_text(uint64_t number, const char *text) {
    streamcache_digest chunk = digest_of(number);
    OK(streamcache_filter_put(filter, &chunk, NULL, text, strlen(text), 0, NULL, NULL));
}

/* The n-th item as it stands; value and ticket are there exactly when they should be. */
static streamcache_batch_item item_of(const streamcache_batch *batch, size_t n) {
    streamcache_batch_item items[most];
    size_t count = 0;
    OK(streamcache_batch_get_items(batch, items, sizeof(streamcache_batch_item), most, &count));
    REQUIRE(n < count && count == streamcache_batch_get_count(batch));
    CHECK((items[n].value != NULL) == (items[n].status == STREAMCACHE_OK || items[n].status == STREAMCACHE_REJECTED));
    CHECK((items[n].ticket != NULL) == (items[n].status == STREAMCACHE_FILL));
    CHECK((items[n].same_as != n) == (items[n].status == STREAMCACHE_DUPLICATE));
    return items[n];
}

#define ITEM(batch, n, want) STATUS(item_of(batch, n).status, want)

static void item_holds(const streamcache_batch *batch, size_t n, const char *text) {
    streamcache_batch_item item = item_of(batch, n);
    STATUS(item.status, STREAMCACHE_OK);
    CHECK(holds_text(item.value, text));
}

/* Rows of 4 bytes, 8 apart: "r0..", "r1..", ... */
static const char rows[] = "r0..????r1..????r2..????r3..????r4..";
enum { stride = 8, row_len = 4 };

static streamcache_status commit_rows(streamcache_batch *batch, const uint32_t *items, size_t count, size_t *stored) {
    return streamcache_batch_commit(batch, items, count, rows, stride, row_len, NULL, stored);
}

static void hits_misses_and_duplicates(void) {
    static const uint64_t numbers[] = {1, 2, 3, 2, 1, 3, 4, 2};
    streamcache_cache_stats before, after;
    streamcache_batch *batch, *again;
    streamcache_batch_item items[8];
    streamcache_ticket *ticket;
    size_t count = 0, stored = 99;
    put_text(1, "one");
    ticket = fill(filter, 4);
    OK(streamcache_ticket_commit_rejection(ticket, 44, 0));
    streamcache_ticket_release(ticket);
    before = stats_of(cache);
    batch = batch_of(numbers, 8, 0);
    item_holds(batch, 0, "one");
    ITEM(batch, 1, STREAMCACHE_FILL);
    ITEM(batch, 2, STREAMCACHE_FILL);
    ITEM(batch, 3, STREAMCACHE_DUPLICATE);
    CHECK(item_of(batch, 3).same_as == 1 && item_of(batch, 5).same_as == 2 && item_of(batch, 7).same_as == 1);
    item_holds(batch, 4, "one"); /* a hit twice */
    ITEM(batch, 6, STREAMCACHE_REJECTED);
    CHECK(code_of(item_of(batch, 6).value) == 44);
    after = stats_of(cache);
    CHECK(after.lookups == before.lookups + 8 && after.hits == before.hits + 2 && after.misses == before.misses + 2);
    CHECK(after.coalesced == before.coalesced + 3 && after.rejected == before.rejected + 1 && after.open_tickets == 2);
    LOOKUPS_ADD_UP(after);
    /* As many as fit. */
    memset(items, 0, sizeof items);
    STATUS(streamcache_batch_get_items(batch, items, sizeof(streamcache_batch_item), 2, &count), STREAMCACHE_BUFFER_TOO_SMALL);
    CHECK(count == 8 && items[1].status == STREAMCACHE_FILL && items[2].ticket == NULL);
    OK(streamcache_batch_wait(batch, 0)); /* nothing is pending */
    OK(commit_rows(batch, NULL, 2, &stored));
    CHECK(stored == 2);
    item_holds(batch, 1, "r0..");
    item_holds(batch, 2, "r1..");
    item_holds(batch, 3, "r0.."); /* and so have those of the same keys */
    item_holds(batch, 5, "r1..");
    item_holds(batch, 7, "r0..");
    item_holds(batch, 0, "one");
    STATUS(commit_rows(batch, NULL, 2, &stored), STREAMCACHE_INVALID_ARGUMENT); /* nothing is left to compute */
    OK(commit_rows(batch, NULL, 0, &stored));
    CHECK(stored == 0);
    finds(filter, 2, "r0..");
    OK(streamcache_cache_purge(cache, 0)); /* what the batch has it keeps */
    item_holds(batch, 7, "r0..");
    again = batch_of(numbers, 2, 0);
    ITEM(again, 0, STREAMCACHE_FILL);
    streamcache_batch_free(again);
    streamcache_batch_free(batch);
    check_nothing_open(cache);
}

/* The items of a newer header are longer, and those of this one fit at its stride; what is unknown is 0. */
static void items_of_a_newer_header(void) {
    static const uint64_t numbers[] = {5, 6};
    struct { streamcache_batch_item known; uint64_t unknown; } newer[3];
    streamcache_batch *batch;
    streamcache_batch_item item;
    size_t count = 0, known = sizeof item;
    put_text(6, "six");
    batch = batch_of(numbers, 2, 0);
    memset(newer, 0xff, sizeof newer);
    OK(streamcache_batch_get_items(batch, &newer[0].known, sizeof newer[0], 2, &count));
    CHECK(count == 2 && newer[0].known.status == STREAMCACHE_FILL && newer[0].unknown == 0);
    STATUS(newer[1].known.status, STREAMCACHE_OK);
    CHECK(newer[1].known.same_as == 1 && newer[1].known.ticket == NULL && newer[1].unknown == 0);
    CHECK(holds_text(newer[1].known.value, "six") && newer[2].unknown == UINT64_MAX);
    STATUS(streamcache_batch_get_items(batch, &item, 0, 1, NULL), STREAMCACHE_INVALID_ARGUMENT);
    STATUS(streamcache_batch_get_items(batch, &item, known - 8, 1, NULL), STREAMCACHE_INVALID_ARGUMENT);
    STATUS(streamcache_batch_get_items(batch, &item, known + 1, 1, NULL), STREAMCACHE_INVALID_ARGUMENT);
    STATUS(streamcache_batch_get_items(batch, &item, SIZE_MAX, 1, NULL), STREAMCACHE_INVALID_ARGUMENT);
    streamcache_batch_free(batch);
    check_nothing_open(cache);
}

static void by_bytes_and_of_nothing(void) {
    streamcache_buffer chunks[3];
    uint64_t number = 10;
    streamcache_batch *batch = NULL;
    size_t count = 9, stored = 9;
    put_text(10, "ten");
    chunks[0].data = &number, chunks[0].len = sizeof number;
    chunks[1].data = NULL, chunks[1].len = 0;
    chunks[2].data = "", chunks[2].len = 0;
    OK(streamcache_filter_begin_batch_bytes(filter, chunks, 3, 0, &batch));
    item_holds(batch, 0, "ten");
    ITEM(batch, 1, STREAMCACHE_FILL);
    ITEM(batch, 2, STREAMCACHE_DUPLICATE);
    streamcache_batch_free(batch);
    OK(streamcache_filter_begin_batch(filter, NULL, 0, 0, &batch));
    CHECK(streamcache_batch_get_count(batch) == 0);
    OK(streamcache_batch_get_items(batch, NULL, sizeof(streamcache_batch_item), 0, &count));
    OK(streamcache_batch_wait(batch, 0));
    OK(streamcache_batch_commit(batch, NULL, 0, NULL, 0, 0, NULL, &stored));
    CHECK(count == 0 && stored == 0);
    streamcache_batch_free(batch);
    check_nothing_open(cache);
}

/* A commit that can't be right commits nothing. */
static void a_wrong_commit_commits_nothing(void) {
    static const uint64_t numbers[] = {20, 21, 22, 21};
    static const uint32_t twice[] = {0, 1, 0}, duplicate[] = {0, 3}, hit[] = {0, 2}, beyond[] = {0, 4}, good[] = {1, 0};
    streamcache_put_options options = put_options();
    streamcache_error *error = NULL;
    streamcache_batch *batch;
    uint64_t puts;
    size_t stored = 9;
    put_text(22, "hit");
    puts = stats_of(cache).puts;
    batch = batch_of(numbers, 4, 0);
    options.error = &error;
#define REFUSED(call)                                     \
    do {                                                  \
        stored = 9;                                       \
        STATUS(call, STREAMCACHE_INVALID_ARGUMENT);       \
        CHECK(stored == 0 && stats_of(cache).puts == puts); \
        ITEM(batch, 0, STREAMCACHE_FILL);                 \
        ITEM(batch, 1, STREAMCACHE_FILL);                 \
    } while (0)
    REFUSED(commit_rows(batch, NULL, 1, &stored));
    REFUSED(commit_rows(batch, NULL, 3, &stored));
    REFUSED(commit_rows(batch, twice, 3, &stored));
    REFUSED(commit_rows(batch, duplicate, 2, &stored));
    REFUSED(commit_rows(batch, hit, 2, &stored));
    REFUSED(commit_rows(batch, beyond, 2, &stored));
    REFUSED(streamcache_batch_commit(batch, good, 2, rows, 3, 4, NULL, &stored)); /* rows that overlap */
    REFUSED(streamcache_batch_commit(batch, good, 2, rows, 0, 4, NULL, &stored));
    REFUSED(streamcache_batch_commit(batch, good, 2, NULL, 4, 4, NULL, &stored));
    options.blob_len = 70000;
    options.blob = rows;
    REFUSED(streamcache_batch_commit(batch, good, 2, rows, stride, row_len, &options, &stored));
    ERROR(error, STREAMCACHE_INVALID_ARGUMENT, "");
    error = NULL;
    options = put_options();
    options.error = &error;
    REFUSED(streamcache_batch_commit(batch, beyond, 2, rows, stride, row_len, &options, &stored));
    ERROR(error, STREAMCACHE_INVALID_ARGUMENT, "item 4");
#undef REFUSED
    OK(commit_rows(batch, good, 2, &stored)); /* row 0 is item 1's */
    CHECK(stored == 2);
    item_holds(batch, 0, "r1..");
    item_holds(batch, 1, "r0..");
    item_holds(batch, 3, "r0..");
    streamcache_batch_free(batch);
    check_nothing_open(cache);
}

static void one_by_one_and_by_their_tickets(void) {
    static const uint64_t numbers[] = {30, 31, 32, 33, 30, 32};
    static const uint32_t second[] = {1};
    streamcache_batch *batch = batch_of(numbers, 6, 0);
    streamcache_ticket *kept;
    streamcache_put_options options = put_options();
    size_t stored;
    uint64_t saved;
    OK(commit_rows(batch, second, 1, &stored));
    item_holds(batch, 1, "r0..");
    ITEM(batch, 0, STREAMCACHE_FILL);
    OK(commit_text(item_of(batch, 0).ticket, "by its ticket"));
    item_holds(batch, 0, "by its ticket");
    item_holds(batch, 4, "by its ticket");
    OK(streamcache_ticket_abort(item_of(batch, 2).ticket));
    ITEM(batch, 2, STREAMCACHE_ENDED);
    ITEM(batch, 5, STREAMCACHE_ENDED); /* and so did what would have had its result */
    kept = item_of(batch, 3).ticket;
    OK(streamcache_ticket_retain(kept));
    options.compute_ns = 1000;
    OK(streamcache_batch_commit(batch, NULL, 1, rows, stride, row_len, &options, &stored));
    CHECK(stored == 1);
    streamcache_batch_free(batch);
    CHECK(phase_of(kept) == STREAMCACHE_PHASE_COMMITTED); /* it lives longer than its batch */
    streamcache_ticket_release(kept);
    saved = stats_of(cache).time_saved_ns;
    finds(filter, 33, "r0..");
    CHECK(stats_of(cache).time_saved_ns == saved + 1000);
    check_nothing_open(cache);
}

static void the_time_is_shared_by_the_rows(void) {
    static const uint64_t numbers[] = {35, 36, 37, 38};
    streamcache_batch *batch = batch_of(numbers, 4, 0);
    uint64_t saved = stats_of(cache).time_saved_ns;
    pause_ms(40);
    OK(commit_rows(batch, NULL, 4, NULL));
    streamcache_batch_free(batch);
    finds(filter, 35, "r0..");
    saved = stats_of(cache).time_saved_ns - saved;
    CHECK(saved >= 10000000);
    finds(filter, 36, "r1..");
    CHECK(stats_of(cache).time_saved_ns >= 2 * saved); /* all the same */
}

/* Rows of a later commit were computed after those of an earlier one: together they claim no more than it took. */
static void the_time_is_claimed_once(void) {
    static const uint64_t numbers[] = {85, 86, 87, 88};
    static const uint32_t first[] = {0}, others[] = {1, 2, 3};
    double begin = now();
    streamcache_batch *batch = batch_of(numbers, 4, 0);
    uint64_t saved = stats_of(cache).time_saved_ns;
    size_t i;
    pause_ms(40);
    OK(commit_rows(batch, first, 1, NULL));
    pause_ms(5);
    OK(commit_rows(batch, others, 3, NULL));
    streamcache_batch_free(batch);
    begin = now() - begin;
    for (i = 0; i < 4; i++) STATUS(looked(filter, numbers[i]), STREAMCACHE_OK);
    saved = stats_of(cache).time_saved_ns - saved;
    CHECK(saved >= 45000000 - 3 && 1e-9 * (double)saved <= begin);
}

static void fenced_rows_are_had_and_not_stored(void) {
    static const uint64_t numbers[] = {40, 41, 40};
    streamcache_batch *batch = batch_of(numbers, 3, 0);
    streamcache_digest chunk = digest_of(40);
    size_t stored;
    STATUS(streamcache_filter_remove(filter, &chunk), STREAMCACHE_MISS);
    OK(commit_rows(batch, NULL, 2, &stored));
    CHECK(stored == 1);
    item_holds(batch, 0, "r0..");
    item_holds(batch, 2, "r0..");
    STATUS(looked(filter, 40), STREAMCACHE_MISS);
    finds(filter, 41, "r1..");
    streamcache_batch_free(batch);
    check_nothing_open(cache);
}

static void flags_are_every_items(void) {
    static const uint64_t numbers[] = {45, 46, 45};
    streamcache_batch *batch;
    streamcache_cache_stats before, after;
    streamcache_digest chunk = digest_of(45);
    size_t stored;
    put_text(45, "old");
    batch = batch_of(numbers, 3, STREAMCACHE_READ_ONLY);
    item_holds(batch, 0, "old");
    OK(commit_rows(batch, NULL, 1, &stored));
    CHECK(stored == 0);
    item_holds(batch, 1, "r0..");
    streamcache_batch_free(batch);
    STATUS(looked(filter, 46), STREAMCACHE_MISS);
    batch = batch_of(numbers, 3, STREAMCACHE_REFRESH);
    ITEM(batch, 0, STREAMCACHE_FILL);
    ITEM(batch, 2, STREAMCACHE_DUPLICATE);
    OK(commit_rows(batch, NULL, 2, &stored));
    CHECK(stored == 2);
    streamcache_batch_free(batch);
    finds(filter, 45, "r0..");
    before = stats_of(cache);
    batch = batch_of(numbers, 3, STREAMCACHE_BYPASS);
    ITEM(batch, 0, STREAMCACHE_FILL);
    ITEM(batch, 2, STREAMCACHE_FILL); /* not even the same chunk's result is shared */
    after = stats_of(cache);
    CHECK(after.bypassed == before.bypassed + 3 && after.coalesced == before.coalesced);
    LOOKUPS_ADD_UP(after);
    OK(commit_rows(batch, NULL, 3, &stored));
    CHECK(stored == 0);
    item_holds(batch, 0, "r0..");
    item_holds(batch, 2, "r2..");
    streamcache_batch_free(batch);
    batch = (streamcache_batch *)(void *)&batch;
    STATUS(streamcache_filter_begin_batch(filter, &chunk, 1, STREAMCACHE_PEEK, &batch), STREAMCACHE_INVALID_ARGUMENT);
    CHECK(batch == NULL);
    STATUS(streamcache_filter_begin_batch(filter, &chunk, 1, 0x80000000u, &batch), STREAMCACHE_INVALID_ARGUMENT);
    check_nothing_open(cache);
}

/* What others compute */

static void what_another_computes_is_pending(void) {
    static const uint64_t ours[] = {50, 51, 52}, theirs[] = {52, 53, 51, 52};
    streamcache_batch *batch = batch_of(ours, 3, 0), *other = batch_of(theirs, 4, 0);
    uint64_t busy = stats_of(cache).busy;
    size_t stored;
    double begin = now();
    ITEM(other, 0, STREAMCACHE_PENDING);
    ITEM(other, 1, STREAMCACHE_FILL);
    ITEM(other, 2, STREAMCACHE_PENDING);
    ITEM(other, 3, STREAMCACHE_DUPLICATE);
    CHECK(busy >= 2);
    STATUS(streamcache_batch_wait(other, 0), STREAMCACHE_BUSY);
    STATUS(streamcache_batch_wait(other, 30), STREAMCACHE_BUSY);
    CHECK(now() - begin >= 0.03);
    STATUS(commit_rows(other, NULL, 2, &stored), STREAMCACHE_INVALID_ARGUMENT); /* one is its own */
    OK(commit_rows(other, NULL, 1, &stored));
    OK(commit_rows(batch, NULL, 3, &stored));
    ITEM(other, 0, STREAMCACHE_PENDING); /* until it is waited for */
    OK(streamcache_batch_wait(other, 0));
    item_holds(other, 0, "r2..");
    item_holds(other, 2, "r1..");
    item_holds(other, 3, "r2..");
    OK(streamcache_batch_wait(other, patience));
    streamcache_batch_free(batch);
    streamcache_batch_free(other);
    check_nothing_open(cache);
}

static void a_batch_becomes_the_owner_of_what_is_given_up(void) {
    static const uint64_t ours[] = {55, 56, 57}, theirs[] = {55, 56, 58};
    streamcache_batch *batch = batch_of(ours, 3, 0), *other = batch_of(theirs, 3, 0);
    size_t stored;
    OK(commit_rows(other, NULL, 1, &stored));
    OK(streamcache_ticket_abort(item_of(batch, 1).ticket));
    STATUS(streamcache_batch_wait(other, patience), STREAMCACHE_FILL); /* even though the other is pending */
    ITEM(other, 0, STREAMCACHE_PENDING);
    ITEM(other, 1, STREAMCACHE_FILL);
    OK(commit_rows(other, NULL, 1, &stored));
    item_holds(other, 1, "r0..");
    STATUS(streamcache_batch_wait(other, 0), STREAMCACHE_BUSY);
    streamcache_batch_free(batch); /* aborts what it has not committed */
    STATUS(streamcache_batch_wait(other, patience), STREAMCACHE_FILL);
    OK(commit_rows(other, NULL, 1, &stored));
    OK(streamcache_batch_wait(other, patience));
    item_holds(other, 0, "r0..");
    STATUS(looked(filter, 57), STREAMCACHE_MISS); /* nobody's any more */
    streamcache_batch_free(other);
    check_nothing_open(cache);
}

static void what_is_pending_may_be_purged_or_put(void) {
    static const uint64_t numbers[] = {60, 61, 62};
    streamcache_batch *batch = batch_of(numbers, 3, 0), *other = batch_of(numbers, 3, 0);
    streamcache_ticket *ticket;
    size_t stored;
    put_text(60, "put");
    ticket = item_of(batch, 1).ticket;
    OK(streamcache_ticket_commit_rejection(ticket, 61, 0));
    STATUS(streamcache_batch_wait(other, 0), STREAMCACHE_BUSY); /* 62 */
    item_holds(other, 0, "put");
    ITEM(other, 1, STREAMCACHE_REJECTED);
    OK(streamcache_cache_purge(cache, 0));
    OK(streamcache_ticket_abort(item_of(batch, 2).ticket));
    STATUS(streamcache_batch_wait(other, patience), STREAMCACHE_FILL); /* anew */
    OK(commit_rows(other, NULL, 1, &stored));
    CHECK(stored == 1);
    finds(filter, 62, "r0..");
    streamcache_batch_free(batch);
    streamcache_batch_free(other);
    check_nothing_open(cache);
}

/* Two threads, two batches, the same chunks in the opposite order: neither waits for ever for the other. */
struct side {
    pthread_t thread;
    uint64_t first, step, seed;
    int rounds, careless;
    unsigned long busy, fills, values;
};

static void *overlap(void *argument) {
    struct side *side = argument;
    int round;
    for (round = 0; round < side->rounds; round++) {
        uint64_t numbers[16];
        streamcache_batch_item items[16];
        streamcache_batch *batch;
        streamcache_status status;
        size_t i;
        for (i = 0; i < 16; i++) numbers[i] = 1000 + (uint64_t)round * 8 + (side->first + i * side->step) % 16;
        batch = batch_of(numbers, 16, 0);
        do {
            char text[16 * 8];
            uint32_t mine[16];
            size_t count = 0;
            OK(streamcache_batch_get_items(batch, items, sizeof(streamcache_batch_item), 16, NULL));
            for (i = 0; i < 16; i++) {
                if (items[i].status != STREAMCACHE_FILL) continue;
                memcpy(text + 8 * count, &numbers[i], 8);
                mine[count++] = (uint32_t)i;
            }
            side->fills += count;
            /* The careless one waits before it has committed: its time will be up, or the other gives up first. */
            if (side->careless && round % 16 == 0) (void)streamcache_batch_wait(batch, 1);
            if (side->careless && round % 16 == 1) break; /* gives up */
            OK(streamcache_batch_get_items(batch, items, sizeof(streamcache_batch_item), 16, NULL));
            for (i = 0, count = 0; i < 16; i++) {
                if (items[i].status != STREAMCACHE_FILL) continue;
                memcpy(text + 8 * count, &numbers[i], 8);
                mine[count++] = (uint32_t)i;
            }
            OK(streamcache_batch_commit(batch, mine, count, text, 8, 8, NULL, NULL));
            status = streamcache_batch_wait(batch, patience);
            CHECK(status == STREAMCACHE_OK || status == STREAMCACHE_FILL);
            side->busy += status == STREAMCACHE_BUSY;
        } while (status == STREAMCACHE_FILL);
        OK(streamcache_batch_get_items(batch, items, sizeof(streamcache_batch_item), 16, NULL));
        for (i = 0; i < 16; i++) {
            if (items[i].status != STREAMCACHE_OK) continue;
            CHECK(holds(items[i].value, &numbers[i], 8));
            side->values++;
        }
        streamcache_batch_free(batch);
    }
    return NULL;
}

static void overlapping_batches_end(void) {
    static struct side sides[3];
    double begin = now();
    int i;
    for (i = 0; i < 3; i++) {
        sides[i].first = i == 0 ? 0 : 15;
        sides[i].step = i == 0 ? 1 : i == 1 ? 15 : 7;
        sides[i].rounds = 200;
        sides[i].careless = i == 2;
        REQUIRE(pthread_create(&sides[i].thread, NULL, overlap, &sides[i]) == 0);
    }
    for (i = 0; i < 3; i++) {
        REQUIRE(pthread_join(sides[i].thread, NULL) == 0);
        CHECK(sides[i].busy == 0);
        if (!sides[i].careless) CHECK(sides[i].values == 16ul * 200);
    }
    CHECK(now() - begin < patience / 1000);
    printf("3 overlapping batches, 200 times: %.0f ms, tickets %lu, %lu and %lu\n", 1e3 * (now() - begin), sides[0].fills,
        sides[1].fills, sides[2].fills);
    check_nothing_open(cache);
}

static void a_large_batch(size_t count) {
    streamcache_digest *chunks = malloc(count * sizeof *chunks);
    streamcache_batch_item *items = malloc(count * sizeof *items);
    uint64_t *results = malloc(count * sizeof *results), i;
    streamcache_batch *batch = NULL, *other = NULL;
    size_t stored = 0, all = 0;
    REQUIRE(chunks != NULL && items != NULL && results != NULL);
    for (i = 0; i < count; i++) chunks[i] = digest_of(100000 + i), results[i] = i;
    OK(streamcache_filter_begin_batch(filter, chunks, count, 0, &batch));
    OK(streamcache_filter_begin_batch(filter, chunks, count, 0, &other)); /* all of it is pending */
    OK(streamcache_batch_commit(batch, NULL, count, results, 8, 8, NULL, &stored));
    CHECK(stored == count);
    streamcache_batch_free(batch);
    OK(streamcache_batch_wait(other, patience));
    OK(streamcache_batch_get_items(other, items, sizeof(streamcache_batch_item), count, &all));
    for (i = 0; i < count; i++) CHECK(items[i].status == STREAMCACHE_OK && holds(items[i].value, &i, 8));
    streamcache_batch_free(other);
    OK(streamcache_filter_begin_batch(filter, chunks, count, 0, &batch));
    OK(streamcache_batch_get_items(batch, items, sizeof(streamcache_batch_item), count, &all));
    for (i = 0; i < count; i++) CHECK(items[i].status == STREAMCACHE_OK && holds(items[i].value, &i, 8));
    CHECK(all == count);
    streamcache_batch_free(batch);
    free(chunks);
    free(items);
    free(results);
}

int main(int argc, char **argv) {
    cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    filter = open_filter(cache, "batch", "s1");
    hits_misses_and_duplicates();
    items_of_a_newer_header();
    by_bytes_and_of_nothing();
    a_wrong_commit_commits_nothing();
    one_by_one_and_by_their_tickets();
    the_time_is_shared_by_the_rows();
    the_time_is_claimed_once();
    fenced_rows_are_had_and_not_stored();
    flags_are_every_items();
    what_another_computes_is_pending();
    a_batch_becomes_the_owner_of_what_is_given_up();
    what_is_pending_may_be_purged_or_put();
    overlapping_batches_end();
    a_large_batch(argc > 1 ? (size_t)atol(argv[1]) : 20000);
    check_nothing_open(cache);
    streamcache_filter_release(filter);
    streamcache_cache_release(cache);
    return check_report();
}
