/* What the tests of tickets, batches and streams do in the same way. Define _POSIX_C_SOURCE first. */
#ifndef BEGIN_H
#define BEGIN_H

#include "common.h"

#include <time.h>

static inline double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline void pause_ms(long ms) {
    struct timespec pause;
    pause.tv_sec = ms / 1000;
    pause.tv_nsec = ms % 1000 * 1000000;
    nanosleep(&pause, NULL);
}

/* A begin gives what its status says, and nothing else. */
static inline streamcache_status begun(streamcache_status status, streamcache_value *const *value, streamcache_ticket *const *ticket) {
    CHECK((*value != NULL) == (status == STREAMCACHE_OK || status == STREAMCACHE_REJECTED));
    CHECK((*ticket != NULL) == (status == STREAMCACHE_FILL || status == STREAMCACHE_BYPASSED));
    return status;
}

/* The ticket for a chunk that is missing. */
static inline streamcache_ticket *fill(streamcache_filter *filter, uint64_t number) {
    streamcache_digest chunk = digest_of(number);
    streamcache_value *value = NULL;
    streamcache_ticket *ticket = NULL;
    STATUS(begun(streamcache_filter_begin(filter, &chunk, 0, 0, &value, &ticket), &value, &ticket), STREAMCACHE_FILL);
    REQUIRE(ticket != NULL);
    return ticket;
}

/* Begins without waiting, and gives up at once what comes of it. */
static inline streamcache_status tried(streamcache_filter *filter, uint64_t number, uint32_t flags) {
    streamcache_digest chunk = digest_of(number);
    streamcache_value *value = NULL;
    streamcache_ticket *ticket = NULL;
    streamcache_status status = begun(streamcache_filter_begin(filter, &chunk, 0, flags, &value, &ticket), &value, &ticket);
    streamcache_value_release(value);
    streamcache_ticket_release(ticket);
    return status;
}

/* The chunk's result is `text`. */
static inline void finds(streamcache_filter *filter, uint64_t number, const char *text) {
    streamcache_digest chunk = digest_of(number);
    streamcache_value *value = NULL;
    OK(streamcache_filter_get(filter, &chunk, 0, &value, NULL));
    CHECK(holds_text(value, text));
    streamcache_value_release(value);
}

static inline streamcache_status looked(streamcache_filter *filter, uint64_t number) {
    streamcache_digest chunk = digest_of(number);
    streamcache_value *value = NULL;
    streamcache_status status = streamcache_filter_get(filter, &chunk, 0, &value, NULL);
    streamcache_value_release(value);
    return status;
}

static inline streamcache_phase phase_of(const streamcache_ticket *ticket) {
    streamcache_phase phase = -1;
    OK(streamcache_ticket_get_phase(ticket, &phase));
    return phase;
}

static inline streamcache_status commit_text(streamcache_ticket *ticket, const char *text) {
    return streamcache_ticket_commit_copy(ticket, text, strlen(text), NULL, NULL);
}

/* Commits what is not stored any more: the lease has it all the same. */
static inline void commits_in_vain(streamcache_ticket *ticket, const char *text, streamcache_phase phase) {
    streamcache_value *value = NULL;
    STATUS(streamcache_ticket_commit_copy(ticket, text, strlen(text), NULL, &value), STREAMCACHE_NOT_STORED);
    CHECK(holds_text(value, text) && phase_of(ticket) == phase);
    streamcache_value_release(value);
}

static inline int32_t code_of(const streamcache_value *value) {
    int32_t code = -1;
    OK(streamcache_value_get_rejection(value, &code));
    return code;
}

/* No ticket is open, and nothing is left of what was computed. */
static inline void check_nothing_open(const streamcache_cache *cache) {
    streamcache_cache_stats stats = stats_of(cache);
    CHECK(stats.open_tickets == 0 && stats.oldest_ticket_ms == 0 && stats.detached_bytes == 0);
    LOOKUPS_ADD_UP(stats);
}

#endif
