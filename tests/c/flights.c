/* Tickets between threads: one computes, the others wait, and get what comes of it: the value, the right to compute, or
 * an end of their patience.
 *
 *     flights [SECONDS [THREADS [slow]]]    how long threads meet at random; slow: under a checker
 */
#include "begin.h"

#include <pthread.h>

static streamcache_cache *cache;
static streamcache_filter *filter;

/* A thread that begins, and what it got and when. */
struct waiter {
    pthread_t thread;
    uint64_t number;
    uint32_t timeout_ms, flags;
    streamcache_status status;
    streamcache_value *value;
    streamcache_ticket *ticket;
    double at;
    int done;
};

static void *wait_for_it(void *argument) {
    struct waiter *w = argument;
    streamcache_digest chunk = digest_of(w->number);
    w->status = streamcache_filter_begin(filter, &chunk, w->timeout_ms, w->flags, &w->value, &w->ticket);
    w->at = now();
    flag_set(&w->done, 1);
    return NULL;
}

static void send(struct waiter *w, uint64_t number, uint32_t timeout_ms) {
    memset(w, 0, sizeof *w);
    w->number = number;
    w->timeout_ms = timeout_ms;
    REQUIRE(pthread_create(&w->thread, NULL, wait_for_it, w) == 0);
}

static void meet(struct waiter *w, streamcache_status want) {
    REQUIRE(pthread_join(w->thread, NULL) == 0);
    STATUS(begun(w->status, &w->value, &w->ticket), want);
}

static void drop(struct waiter *w) {
    streamcache_value_release(w->value);
    streamcache_ticket_release(w->ticket);
}

enum { long_enough = 100 }; /* milliseconds until a thread that was sent waits, on any machine; if not, less is tested */
enum { patience = 60000 };

/* One key, many threads */

enum { crowd = 32 };
static int computations;

static void *need_it(void *argument) {
    struct waiter *w = argument;
    streamcache_digest chunk = digest_of(w->number);
    w->status = streamcache_filter_begin(filter, &chunk, patience, 0, &w->value, &w->ticket);
    if (w->status == STREAMCACHE_FILL) {
        __atomic_add_fetch(&computations, 1, __ATOMIC_SEQ_CST);
        pause_ms(50);
        OK(streamcache_ticket_commit_copy(w->ticket, "costly", 6, NULL, &w->value));
    } else {
        OK(w->status);
    }
    CHECK(holds_text(w->value, "costly"));
    w->at = now();
    return NULL;
}

static void a_crowd_computes_once(double limit) {
    static struct waiter waiters[crowd];
    streamcache_cache_stats before = stats_of(cache), after;
    double begin = now(), last = 0;
    int i;
    for (i = 0; i < crowd; i++) {
        waiters[i].number = 1;
        REQUIRE(pthread_create(&waiters[i].thread, NULL, need_it, &waiters[i]) == 0);
    }
    for (i = 0; i < crowd; i++) {
        REQUIRE(pthread_join(waiters[i].thread, NULL) == 0);
        if (waiters[i].at > last) last = waiters[i].at;
        drop(&waiters[i]);
    }
    after = stats_of(cache);
    CHECK(computations == 1);
    CHECK(after.lookups == before.lookups + crowd && after.misses == before.misses + 1 && after.puts == before.puts + 1);
    CHECK(after.hits + after.coalesced == before.hits + before.coalesced + crowd - 1);
    CHECK(last - begin < limit); /* the bench is stricter */
    printf("%d threads missed a key that costs 50 ms: the last had it after %.1f ms\n", crowd, 1e3 * (last - begin));
    check_nothing_open(cache);
}

/* What waiters get */

static void the_right_goes_to_one_who_waits(void) {
    int way;
    for (way = 0; way < 2; way++) {
        uint64_t number = 10 + (uint64_t)way;
        streamcache_ticket *ticket = fill(filter, number);
        struct waiter waiters[3], *heir = NULL;
        int i, rest = 0;
        for (i = 0; i < 3; i++) send(&waiters[i], number, patience);
        pause_ms(long_enough);
        CHECK(stats_of(cache).open_tickets == 1);
        if (way == 0) OK(streamcache_ticket_abort(ticket));
        streamcache_ticket_release(ticket);
        for (i = 0; heir == NULL && i < 1000; i++) { /* one of them has it; the others wait on */
            int n;
            pause_ms(1);
            CHECK(stats_of(cache).open_tickets == 1);
            for (n = 0; n < 3; n++)
                if (flag_is_set(&waiters[n].done)) heir = &waiters[n];
        }
        REQUIRE(heir != NULL);
        meet(heir, STREAMCACHE_FILL);
        OK(commit_text(heir->ticket, "the heir's"));
        for (i = 0; i < 3; i++) {
            if (&waiters[i] == heir) continue;
            meet(&waiters[i], STREAMCACHE_OK);
            CHECK(holds_text(waiters[i].value, "the heir's"));
            rest++;
        }
        CHECK(rest == 2);
        for (i = 0; i < 3; i++) drop(&waiters[i]);
    }
    check_nothing_open(cache);
}

static void a_value_comes_to_those_who_wait_stored_or_not(void) {
    enum { put_instead, purged, removed, rejected, ways };
    int way;
    for (way = 0; way < ways; way++) {
        uint64_t number = 20 + (uint64_t)way;
        streamcache_digest chunk = digest_of(number);
        streamcache_ticket *ticket = fill(filter, number), *fresh = NULL;
        struct waiter waiter;
        send(&waiter, number, patience);
        pause_ms(long_enough);
        switch (way) {
            case put_instead:
                OK(streamcache_filter_put(filter, &chunk, NULL, "put", 3, 0, NULL, NULL));
                meet(&waiter, STREAMCACHE_OK);
                CHECK(holds_text(waiter.value, "put") && phase_of(ticket) == STREAMCACHE_PHASE_FENCED);
                break;
            case purged:
            case removed:
                if (way == purged) OK(streamcache_cache_purge(cache, 0));
                else STATUS(streamcache_filter_remove(filter, &chunk), STREAMCACHE_MISS);
                fresh = fill(filter, number); /* who comes later begins anew */
                commits_in_vain(ticket, "old", STREAMCACHE_PHASE_FENCED);
                meet(&waiter, STREAMCACHE_OK);
                CHECK(holds_text(waiter.value, "old"));
                OK(commit_text(fresh, "new"));
                finds(filter, number, "new");
                break;
            default:
                OK(streamcache_ticket_commit_rejection(ticket, 5, 0));
                meet(&waiter, STREAMCACHE_REJECTED);
                CHECK(code_of(waiter.value) == 5);
                break;
        }
        streamcache_ticket_release(ticket);
        streamcache_ticket_release(fresh);
        drop(&waiter);
    }
    check_nothing_open(cache);
}

/* A fenced ticket that is given up: whoever waited begins anew. */
static void who_waits_for_a_fenced_one_in_vain_begins_anew(void) {
    streamcache_ticket *ticket = fill(filter, 30);
    struct waiter waiter;
    send(&waiter, 30, patience);
    pause_ms(long_enough);
    OK(streamcache_cache_purge(cache, 0));
    OK(streamcache_ticket_abort(ticket));
    streamcache_ticket_release(ticket);
    meet(&waiter, STREAMCACHE_FILL);
    OK(commit_text(waiter.ticket, "anew"));
    drop(&waiter);
    finds(filter, 30, "anew");
    check_nothing_open(cache);
}

static void a_value_too_large_for_the_budget_is_shared_all_the_same(void) {
    static unsigned char large[1 << 17];
    streamcache_cache *small = open_cache(1 << 16, STREAMCACHE_UNLIMITED);
    streamcache_filter *its_filter = open_filter(small, "small", "s"), *before = filter;
    streamcache_ticket *ticket;
    struct waiter waiter;
    filter = its_filter;
    ticket = fill(filter, 1);
    send(&waiter, 1, patience);
    pause_ms(long_enough);
    STATUS(streamcache_ticket_commit_copy(ticket, large, sizeof large, NULL, NULL), STREAMCACHE_NOT_STORED);
    meet(&waiter, STREAMCACHE_OK);
    CHECK(holds(waiter.value, large, sizeof large));
    drop(&waiter);
    streamcache_ticket_release(ticket);
    check_nothing_open(small);
    filter = before;
    streamcache_filter_release(its_filter);
    streamcache_cache_release(small);
}

static void patience_has_its_end(void) {
    streamcache_ticket *ticket = fill(filter, 40);
    uint64_t busy = stats_of(cache).busy, lookups = stats_of(cache).lookups;
    struct waiter waiter;
    double begin = now();
    send(&waiter, 40, 50);
    meet(&waiter, STREAMCACHE_BUSY);
    CHECK(waiter.at - begin >= 0.05 && waiter.at - begin < 30);
    CHECK(stats_of(cache).busy == busy + 1 && stats_of(cache).lookups == lookups);
    streamcache_ticket_release(ticket);
    check_nothing_open(cache);
}

static void a_close_ends_every_wait(void) {
    streamcache_cache *closed = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    streamcache_filter *its_filter = open_filter(closed, "closed", "s"), *before = filter;
    streamcache_ticket *ticket;
    streamcache_batch *batch = NULL;
    streamcache_digest chunk = digest_of(1);
    struct waiter waiters[4];
    int i;
    filter = its_filter;
    ticket = fill(filter, 1);
    OK(streamcache_filter_begin_batch(filter, &chunk, 1, 0, &batch));
    for (i = 0; i < 4; i++) send(&waiters[i], 1, patience);
    pause_ms(long_enough);
    OK(streamcache_cache_close(closed, 0, NULL));
    for (i = 0; i < 4; i++) meet(&waiters[i], STREAMCACHE_CLOSED);
    STATUS(streamcache_batch_wait(batch, patience), STREAMCACHE_CLOSED);
    STATUS(commit_text(ticket, "late"), STREAMCACHE_CLOSED);
    streamcache_batch_free(batch);
    streamcache_ticket_release(ticket);
    CHECK(stats_of(closed).open_tickets == 0);
    filter = before;
    streamcache_filter_release(its_filter);
    streamcache_cache_release(closed);
}

/* An owner that is too old */

static void past_its_age_a_ticket_is_a_waiters(void) {
    streamcache_options *options = NULL;
    streamcache_cache *aging = NULL;
    streamcache_filter *before = filter;
    streamcache_ticket *old;
    streamcache_digest chunk = digest_of(1);
    streamcache_value *value = NULL;
    struct waiter first, second;
    double begin;
    OK(streamcache_options_new(&options));
    OK(streamcache_options_set_ticket_max_age_ms(options, 100));
    OK(streamcache_cache_open(options, &aging, NULL));
    streamcache_options_free(options);
    filter = open_filter(aging, "aging", "s");
    begin = now();
    old = fill(filter, 1);
    send(&first, 1, patience);
    meet(&first, STREAMCACHE_FILL); /* it took over */
    CHECK(first.at - begin >= 0.1 && first.at - begin < 30);
    CHECK(phase_of(old) == STREAMCACHE_PHASE_FENCED && phase_of(first.ticket) == STREAMCACHE_PHASE_OPEN);
    commits_in_vain(old, "the old one's", STREAMCACHE_PHASE_FENCED);
    streamcache_ticket_release(old);
    STATUS(looked(filter, 1), STREAMCACHE_MISS);
    CHECK(phase_of(first.ticket) == STREAMCACHE_PHASE_OPEN && stats_of(aging).open_tickets == 1);
    pause_ms(120);
    second.ticket = fill(filter, 1); /* and so does one who does not wait */
    CHECK(phase_of(first.ticket) == STREAMCACHE_PHASE_FENCED);
    drop(&first); /* not the right of the second */
    OK(commit_text(second.ticket, "the second's"));
    streamcache_ticket_release(second.ticket);
    OK(streamcache_filter_get(filter, &chunk, 0, &value, NULL));
    CHECK(holds_text(value, "the second's"));
    streamcache_value_release(value);
    old = fill(filter, 2); /* where nobody waits, no age is too old */
    pause_ms(120);
    OK(commit_text(old, "in time"));
    streamcache_ticket_release(old);
    finds(filter, 2, "in time");
    check_nothing_open(aging);
    streamcache_filter_release(filter);
    streamcache_cache_release(aging);
    filter = before;
}

/* At random: every value is right for its key, whatever becomes of its ticket. */

enum { keys = 12 };
static int stop;

struct player {
    pthread_t thread;
    uint64_t random, lookups, fills, waits, busy;
};

static uint64_t next(struct player *p) {
    p->random = p->random * 6364136223846793005ULL + 1442695040888963407ULL;
    return p->random >> 33;
}

/* What a caller computes for a key; every one begins with the key. */
static size_t compute(struct player *p, uint64_t number, unsigned char *result) {
    size_t len = (size_t)(next(p) % 3000) + 1, i;
    for (i = 0; i < len; i++) result[i] = (unsigned char)number;
    return len;
}

static void check_right(const streamcache_value *value, uint64_t number) {
    const unsigned char *data = streamcache_value_data(value);
    size_t len = streamcache_value_size(value), i;
    int right = len > 0;
    for (i = 0; i < len; i++) right &= data[i] == (unsigned char)number;
    CHECK(right);
}

static void compute_it(struct player *p, streamcache_ticket *ticket, uint64_t number) {
    unsigned char result[3000];
    size_t len = compute(p, number, result);
    streamcache_status status = STREAMCACHE_OK;
    streamcache_value *value = NULL;
    void *data = NULL;
    switch (next(p) % 8) {
        case 0: break; /* given up by its release */
        case 1: OK(streamcache_ticket_abort(ticket)); break;
        case 2: status = streamcache_ticket_commit_rejection(ticket, (int32_t)number, 1); break;
        case 3:
        case 4:
            OK(streamcache_ticket_buffer(ticket, sizeof result, &data));
            memcpy(data, result, len);
            status = streamcache_ticket_commit(ticket, len, NULL, &value);
            break;
        default: status = streamcache_ticket_commit_copy(ticket, result, len, NULL, &value); break;
    }
    CHECK(status == STREAMCACHE_OK || status == STREAMCACHE_NOT_STORED);
    if (value != NULL) check_right(value, number);
    streamcache_value_release(value);
}

static void *play(void *argument) {
    struct player *p = argument;
    while (!flag_is_set(&stop)) {
        uint64_t number = next(p) % keys;
        streamcache_digest chunk = digest_of(number);
        streamcache_value *value = NULL;
        streamcache_ticket *ticket = NULL;
        uint64_t dice = next(p) % 100;
        uint32_t flags = dice < 4 ? STREAMCACHE_REFRESH : dice < 8 ? STREAMCACHE_READ_ONLY : dice < 12 ? STREAMCACHE_BYPASS : 0;
        if (dice > 97) OK(streamcache_filter_purge(filter, NULL));
        if (dice == 97) (void)streamcache_filter_remove(filter, &chunk);
        if (dice == 96) {
            unsigned char result[3000];
            size_t len = compute(p, number, result);
            OK(streamcache_filter_put(filter, &chunk, NULL, result, len, 0, NULL, NULL));
        }
        switch (begun(streamcache_filter_begin(filter, &chunk, (uint32_t)(next(p) % 3), flags, &value, &ticket), &value, &ticket)) {
            case STREAMCACHE_OK: check_right(value, number), p->lookups++; break;
            case STREAMCACHE_FILL: compute_it(p, ticket, number), p->lookups++, p->fills++; break;
            case STREAMCACHE_REJECTED: CHECK(code_of(value) == (int32_t)number), p->lookups++; break;
            case STREAMCACHE_BUSY: p->busy++; break;
            default: CHECK(!"another status");
        }
        streamcache_value_release(value);
        streamcache_ticket_release(ticket);
    }
    return NULL;
}

static void threads_meet_at_random(double seconds, int count) {
    struct player *players = calloc((size_t)count, sizeof *players);
    streamcache_cache_stats stats;
    uint64_t lookups, fills = 0, busy;
    double end = now() + seconds;
    int i;
    REQUIRE(players != NULL);
    OK(streamcache_cache_purge(cache, 0));
    stats = stats_of(cache);
    lookups = stats.lookups, busy = stats.busy;
    for (i = 0; i < count; i++) {
        players[i].random = (uint64_t)i + 1;
        REQUIRE(pthread_create(&players[i].thread, NULL, play, &players[i]) == 0);
    }
    while (now() < end) {
        stats = stats_of(cache);
        LOOKUPS_ADD_UP(stats);
        CHECK(stats.open_tickets <= (uint64_t)count && stats.entries <= keys);
        pause_ms(1);
    }
    flag_set(&stop, 1);
    for (i = 0; i < count; i++) {
        REQUIRE(pthread_join(players[i].thread, NULL) == 0);
        lookups += players[i].lookups, busy += players[i].busy, fills += players[i].fills;
    }
    stats = stats_of(cache);
    CHECK(stats.lookups == lookups && stats.busy == busy && fills > 0);
    CHECK(filter_stats_of(filter).lookups == stats.lookups);
    OK(streamcache_cache_purge(cache, 0));
    check_nothing_open(cache);
    CHECK(stats_of(cache).bytes == stats_of(cache).state_bytes);
    printf("%d threads at random: %llu lookups, %llu coalesced, %llu tickets, %llu busy\n", count, (unsigned long long)stats.lookups,
        (unsigned long long)stats.coalesced, (unsigned long long)fills, (unsigned long long)stats.busy);
    free(players);
}

int main(int argc, char **argv) {
    double seconds = argc > 1 ? atof(argv[1]) : 2;
    int count = argc > 2 ? atoi(argv[2]) : 8;
    cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    filter = open_filter(cache, "flights", "s1");
    a_crowd_computes_once(argc > 3 ? 60 : 1);
    the_right_goes_to_one_who_waits();
    a_value_comes_to_those_who_wait_stored_or_not();
    who_waits_for_a_fenced_one_in_vain_begins_anew();
    a_value_too_large_for_the_budget_is_shared_all_the_same();
    patience_has_its_end();
    a_close_ends_every_wait();
    past_its_age_a_ticket_is_a_waiters();
    threads_meet_at_random(seconds, count);
    streamcache_filter_release(filter);
    streamcache_cache_release(cache);
    return check_report();
}
