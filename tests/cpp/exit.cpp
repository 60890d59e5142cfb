// Handles owned by objects with static and thread storage: made before main, used and released by their destructors. C++11.
#include "../c/check.h"

#include <cstdio>
#include <cstring>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

// Counts what was done, and is destroyed last: it was constructed first.
struct Report {
    int ended = 0;
    ~Report() {
        CHECK(ended == 2 + 2 * 8);
        if (check_report()) {
            std::fflush(nullptr);
            _exit(1);
        }
    }
} report;

struct Owner {
    streamcache_cache *cache = nullptr;
    streamcache_filter *filter = nullptr;
    streamcache_value *value = nullptr;
    streamcache_digest chunk;

    Owner() {
        streamcache_digest config;
        OK(streamcache_cache_open(nullptr, &cache, nullptr));
        OK(streamcache_digest_config_bytes("c", 1, &config));
        OK(streamcache_digest_chunk("chunk", 5, &chunk));
        OK(streamcache_filter_open(cache, "f", 1, &config, 0, &filter, nullptr));
        OK(streamcache_filter_load_state(filter, "s", 1, nullptr));
        OK(streamcache_filter_put(filter, &chunk, nullptr, "result", 6, 0, nullptr, &value));
    }
    ~Owner() {
        streamcache_value *found = nullptr;
        OK(streamcache_filter_get(filter, &chunk, 0, &found, nullptr));
        CHECK(found == value);
        CHECK(streamcache_value_size(value) == 6 && std::memcmp(streamcache_value_data(value), "result", 6) == 0);
        OK(streamcache_filter_load_state(filter, "another", 7, nullptr));
        streamcache_cache_release(cache); // in no particular order
        streamcache_value_release(found);
        streamcache_filter_release(filter);
        streamcache_value_release(value);
        __atomic_add_fetch(&report.ended, 1, __ATOMIC_RELAXED);
    }
    void touch() const { CHECK(streamcache_value_size(value) == 6); }
};

Owner before_main;

Owner &on_first_use() {
    static Owner owner;
    return owner;
}

thread_local Owner of_the_thread;

} // namespace

int main() {
    on_first_use().touch();
    before_main.touch();
    for (int round = 0; round < 2; round++) {
        std::vector<std::thread> threads;
        for (int i = 0; i < 8; i++) threads.emplace_back([] { of_the_thread.touch(); });
        for (auto &thread : threads) thread.join();
    }
    return 0;
}
