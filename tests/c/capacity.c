/* Limits: hot keys survive a scan, a full cache replaces in place, 0 stores nothing, no limit is ever passed. */
#include "common.h"

/* Get a key; put it if it is not there. Was it there? */
static int touch(streamcache_cache *cache, uint64_t number) {
    streamcache_digest key = digest_of(number);
    streamcache_value *value = NULL;
    streamcache_status status = streamcache_cache_get_chunk(cache, &key, 0, &value);
    if (status == STREAMCACHE_OK) {
        CHECK(holds(value, &number, sizeof number));
        streamcache_value_release(value);
        return 1;
    }
    STATUS(status, STREAMCACHE_MISS);
    OK(streamcache_cache_put_chunk(cache, &key, &number, sizeof number, 0, NULL, NULL));
    return 0;
}

static void hot_keys_survive_a_scan(streamcache_policy policy) {
    enum { capacity = 1000, rounds = 200, hot = 100, scanned = 500 };
    streamcache_cache *cache = open_policy(PLENTY, capacity, policy);
    uint64_t fresh = 1000000, hits = 0, i;
    int round;
    for (round = 1; round <= rounds; round++) {
        for (i = 0; i < hot; i++) {
            int hit = touch(cache, i);
            if (round > 2) hits += (uint64_t)hit;
        }
        for (i = 0; i < scanned; i++) CHECK(!touch(cache, fresh++));
        CHECK(stats_of(cache).entries <= capacity);
    }
    printf("policy %d: %.2f%% of the hot lookups hit after round 2\n", (int)policy, 100.0 * (double)hits / ((rounds - 2) * hot));
    CHECK((double)hits >= 0.99 * (rounds - 2) * hot);
    CHECK(stats_of(cache).entries >= capacity * 9 / 10);
    streamcache_cache_release(cache);
}

static void a_put_of_a_present_key_evicts_nothing(streamcache_policy policy) {
    enum { capacity = 1000 };
    streamcache_cache *cache = open_policy(PLENTY, capacity, policy);
    streamcache_cache_stats full, after;
    streamcache_value *value = NULL;
    uint64_t i, resident = 0, last = 0;
    for (i = 0; i < 2 * capacity; i++) (void)touch(cache, i);
    full = stats_of(cache);
    for (i = 0; i < 2 * capacity; i++) {
        streamcache_digest key = digest_of(i);
        if (streamcache_cache_get_chunk(cache, &key, 0, &value) != STREAMCACHE_OK) continue;
        streamcache_value_release(value);
        resident++, last = i;
        OK(streamcache_cache_put_chunk(cache, &key, "again", 5, 0, NULL, NULL));
    }
    after = stats_of(cache);
    CHECK(resident == full.entries && resident <= capacity && resident >= capacity * 9 / 10);
    CHECK(after.evictions == full.evictions);
    CHECK(after.entries == full.entries);
    {
        streamcache_digest key = digest_of(last);
        OK(streamcache_cache_get_chunk(cache, &key, 0, &value));
        CHECK(holds_text(value, "again"));
        streamcache_value_release(value);
    }
    streamcache_cache_release(cache);
}

/* What was just put is there: the seed kept 1 of the last 100. */
static void the_last_puts_are_resident(streamcache_policy policy) {
    streamcache_cache *cache = open_policy(PLENTY, 1000, policy);
    uint64_t i, resident = 0;
    for (i = 0; i < 5000; i++) (void)touch(cache, i);
    for (i = 4900; i < 5000; i++) resident += (uint64_t)touch(cache, i);
    CHECK(resident >= 90);
    streamcache_cache_release(cache);
}

static void nothing_is_stored(uint64_t max_bytes, uint64_t max_chunks) {
    streamcache_cache *cache = open_cache(max_bytes, max_chunks);
    streamcache_value *value = NULL, *detached = NULL;
    uint64_t i;
    for (i = 0; i < 100; i++) {
        streamcache_digest key = digest_of(i);
        STATUS(streamcache_cache_put_chunk(cache, &key, "v", 1, 0, NULL, NULL), STREAMCACHE_NOT_STORED);
        STATUS(streamcache_cache_put_chunk(cache, &key, "v", 1, 0, NULL, &detached), STREAMCACHE_NOT_STORED);
        CHECK(holds_text(detached, "v")); /* the caller keeps it */
        CHECK(stats_of(cache).detached_bytes > 0);
        streamcache_value_release(detached);
        CHECK(stats_of(cache).detached_bytes == 0);
        STATUS(streamcache_cache_get_chunk(cache, &key, 0, &value), STREAMCACHE_MISS);
    }
    CHECK(stats_of(cache).entries == 0 && stats_of(cache).not_stored == 200 && stats_of(cache).misses == 100);
    streamcache_cache_release(cache);
}

static void bytes_are_never_passed(streamcache_policy policy) {
    enum { budget = 1 << 20 };
    static unsigned char bytes[2 * budget];
    streamcache_cache *cache = open_policy(budget, STREAMCACHE_UNLIMITED, policy);
    streamcache_value *value = NULL;
    uint64_t i, stored = 0;
    for (i = 0; i < 4000; i++) {
        streamcache_digest key = digest_of(i);
        size_t len = (size_t)(i * 7919 % 30000);
        streamcache_status status = streamcache_cache_put_chunk(cache, &key, bytes, len, 0, NULL, NULL);
        CHECK(status == STREAMCACHE_OK || status == STREAMCACHE_NOT_STORED);
        stored += status == STREAMCACHE_OK;
        CHECK(stats_of(cache).bytes <= budget);
    }
    CHECK(stored == 4000); /* each fits once something else goes */
    CHECK(stats_of(cache).evictions > 3000);
    CHECK(stats_of(cache).bytes > budget / 2);
    {
        streamcache_digest key = digest_of(5000);
        STATUS(streamcache_cache_put_chunk(cache, &key, bytes, sizeof bytes, 0, NULL, &value), STREAMCACHE_NOT_STORED);
        CHECK(holds(value, bytes, sizeof bytes));
        CHECK(stats_of(cache).bytes <= budget);
        streamcache_value_release(value);
    }
    CHECK(stats_of(cache).detached_bytes == 0);
    streamcache_cache_release(cache);
}

/* Evicting what is leased frees nothing, so the put gives up and the caller keeps its value. */
static void leases_hold_their_bytes(void) {
    enum { budget = 1 << 20, size = 60000, most = 40 };
    static unsigned char bytes[size];
    streamcache_cache *cache = open_cache(budget, STREAMCACHE_UNLIMITED);
    streamcache_value *leases[most];
    int n = 0, stored = 0, i;
    for (i = 0; i < most; i++) {
        streamcache_digest key = digest_of((uint64_t)i);
        streamcache_status status = streamcache_cache_put_chunk(cache, &key, bytes, size, 0, NULL, &leases[n]);
        CHECK(status == STREAMCACHE_OK || status == STREAMCACHE_NOT_STORED);
        stored += status == STREAMCACHE_OK;
        CHECK(holds(leases[n], bytes, size));
        CHECK(stats_of(cache).bytes <= budget);
        n++;
    }
    CHECK(stored > 10 && stored < 18);
    CHECK(stats_of(cache).detached_bytes >= (uint64_t)(most - stored) * size);
    while (n > 0) streamcache_value_release(leases[--n]);
    CHECK(stats_of(cache).detached_bytes == 0);
    {
        streamcache_digest key = digest_of(1000);
        OK(streamcache_cache_put_chunk(cache, &key, bytes, size, 0, NULL, NULL)); /* the leases gone, there is room */
    }
    OK(streamcache_cache_purge(cache, 0));
    CHECK(stats_of(cache).entries == 0);
    CHECK(stats_of(cache).bytes < size);
    streamcache_cache_release(cache);
}

/* A put passes over some leased entries and then gives up; a state makes room for itself past any number of them. */
static void a_state_makes_room_between_leases(streamcache_policy policy) {
    enum { budget = 1 << 20, size = 1000, leased = 300, total = 2000 };
    static unsigned char bytes[200000];
    streamcache_cache *cache = open_policy(budget, STREAMCACHE_UNLIMITED, policy);
    streamcache_filter *filter = open_filter(cache, "f", NULL);
    streamcache_value *leases[leased];
    streamcache_digest key = digest_of(0);
    int i;
    for (i = 0; i < total; i++) {
        streamcache_digest each = digest_of((uint64_t)i);
        streamcache_status status = streamcache_cache_put_chunk(cache, &each, bytes, size, 0, NULL, i < leased ? &leases[i] : NULL);
        CHECK(status == STREAMCACHE_OK || (status == STREAMCACHE_NOT_STORED && i >= leased));
    }
    CHECK(stats_of(cache).evictions > 0);
    OK(streamcache_filter_load_state(filter, bytes, sizeof bytes, NULL));
    OK(streamcache_cache_load_state(cache, "s", 1, &key, bytes, sizeof bytes, NULL));
    CHECK(stats_of(cache).bytes <= budget && stats_of(cache).state_bytes >= 2 * sizeof bytes);
    for (i = 0; i < leased; i++) {
        CHECK(holds(leases[i], bytes, size));
        streamcache_value_release(leases[i]);
    }
    streamcache_filter_release(filter);
    streamcache_cache_release(cache);
}

int main(void) {
    static const streamcache_policy policies[] = {STREAMCACHE_POLICY_S3FIFO, STREAMCACHE_POLICY_LRU, STREAMCACHE_POLICY_ADAPTIVE};
    size_t i;
    for (i = 0; i < 3; i++) {
        hot_keys_survive_a_scan(policies[i]);
        a_put_of_a_present_key_evicts_nothing(policies[i]);
        the_last_puts_are_resident(policies[i]);
        bytes_are_never_passed(policies[i]);
        a_state_makes_room_between_leases(policies[i]);
    }
    nothing_is_stored(PLENTY, 0);
    nothing_is_stored(0, STREAMCACHE_UNLIMITED);
    nothing_is_stored(0, 0);
    leases_hold_their_bytes();
    return check_report();
}
