// What an adapter does alike with any engine: computed once, shared, never remembered where it failed. `ad` is the
// adapter's namespace, which a test names before it includes this. `Engine` is what the test of one says it is:
//
//     Counted, Difference           models that are ready, of counted::compute() and of a - b: model() is the
//                                   adapter's, raw() of a Counted the engine's own
//     numbers(values, shape)        a tensor of floats, by default of one dimension
//     list(tensor...)               tensors as inputs and outputs are
//     same(a, b)                    equal in type, shape and every bit?
#pragma once

#include "common.hpp"

#include <chrono>
#include <thread>
#include <vector>

#include "counted.hpp"

template <class Engine> struct Both {
    using Floats = std::vector<float>;
    using ms = std::chrono::milliseconds;
    using us = std::chrono::microseconds;

    static auto numbers(const Floats &values) { return Engine::numbers(values, {}); }
    static auto input(const Floats &values) { return Engine::list(numbers(values)); }
    template <class Model, class Stage>
    static auto run(const Model &model, Stage &stage, const Floats &values, const sc::PutOptions &options = {}) {
        return ad::cached_run(model, stage, input(values), options);
    }

    static void one_computes_and_the_others_find_it() {
        auto cache = sc::Cache::open();
        auto filter = plain_filter(cache);
        typename Engine::Counted counted;
        counted::calls = 0;
        for (int round = 0; round < 3; round++) {
            const auto outputs = run(counted.model(), filter, {1, 2, 3});
            CHECK(outputs.computed() == (round == 0));
            CHECK((outputs.compute_time() > ms(0)) == (round == 0));
            CHECK(outputs.size() == 1 && Engine::same(outputs[0], numbers({2, 3, 4})));
        }
        CHECK(counted::calls == 1);
        CHECK(filter.stats().misses == 1 && filter.stats().hits == 2);
        // Straight from the engine's own object, and through a snapshot: the same entry.
        auto snapshot = filter.snapshot();
        CHECK(!ad::cached_run(counted.raw(), filter, input({1, 2, 3})).computed());
        CHECK(!run(counted.model(), snapshot, {1, 2, 3}).computed());
        CHECK(run(counted.model(), snapshot, {1, 2}).computed());
        CHECK(counted::calls == 2);
        // Asked to, it computes anew, and stores or does not.
        CHECK(run(counted.model(), filter, {1, 2}, sc::PutOptions().flags(sc::bypass)).computed());
        CHECK(run(counted.model(), filter, {1, 2}, sc::PutOptions().flags(sc::refresh)).computed());
        CHECK(counted::calls == 4);
    }

    static void threads_share_a_computation() {
        auto cache = sc::Cache::open();
        auto filter = plain_filter(cache);
        const typename Engine::Counted counted;
        counted::calls = 0;
        counted::held = true;
        std::atomic<int> computed{0}, right{0};
        std::vector<std::thread> threads;
        for (int n = 0; n < 4; n++)
            threads.emplace_back([&] {
                const auto outputs = run(counted.model(), filter, {counted::slow, 1});
                computed += outputs.computed();
                right += Engine::same(outputs[0], numbers({counted::slow + 1, 2}));
            });
        std::this_thread::sleep_for(ms(20)); // for all of them to come while the first computes
        counted::held = false;
        for (auto &thread : threads) thread.join();
        CHECK(counted::calls == 1 && computed == 1 && right == 4);
        // Different inputs at once.
        threads.clear();
        for (int n = 0; n < 4; n++)
            threads.emplace_back([&, n] {
                for (int i = 0; i < 50; i++) {
                    const float first = float(10 + (n + i) % 20), second = float(i);
                    const auto outputs = run(counted.model(), filter, {first, second});
                    right += Engine::same(outputs[0], numbers({first + 1, second + 1}));
                }
            });
        for (auto &thread : threads) thread.join();
        CHECK(right == 204);
    }

    static void who_does_not_wait_computes_too() {
        auto cache = sc::Cache::open();
        auto filter = plain_filter(cache);
        const typename Engine::Counted counted;
        counted::calls = 0;
        counted::held = true;
        std::thread first([&] { run(counted.model(), filter, {counted::slow, 7}); });
        while (counted::calls == 0) std::this_thread::yield();
        const auto compute = [&] {
            counted::held = false;
            return input({counted::slow + 1, 8});
        };
        const sc::Digest chunk = counted.model().chunk(input({counted::slow, 7}));
        const auto outputs = ad::cached_compute(filter, chunk, compute, sc::PutOptions(), ms(0));
        CHECK(outputs.computed() && Engine::same(outputs[0], numbers({counted::slow + 1, 8})));
        first.join();
        CHECK(counted::calls == 1);
        CHECK(!run(counted.model(), filter, {counted::slow, 7}).computed());
        // And where answers differ from run to run nothing is kept.
        auto random = plain_filter(cache, sc::nondeterministic);
        for (int round = 0; round < 2; round++) CHECK(run(counted.model(), random, {1, 2}).computed());
        CHECK(counted::calls == 3 && cache.stats().entries == 1);
    }

    static void what_fails_is_not_remembered() {
        auto cache = sc::Cache::open();
        auto filter = plain_filter(cache);
        const typename Engine::Counted counted;
        const auto &model = counted.model();
        counted::calls = 0;
        for (int round = 1; round <= 3; round++) {
            CHECK(has(message_of([&] { run(model, filter, {counted::poison}); }), "poison"));
            CHECK(counted::calls == round);
        }
        CHECK(cache.stats().open_tickets == 0 && cache.stats().entries == 0);
        CHECK(Engine::same(run(model, filter, {1})[0], numbers({2})));

        // Another number of inputs than the model's.
        const auto status_with = [&](auto inputs) {
            return status_of([&] { ad::cached_run(model, filter, inputs); });
        };
        CHECK(status_with(decltype(input({}))()) == STREAMCACHE_INVALID_ARGUMENT);
        CHECK(status_of([&] {
                  ad::cached_run(model, filter, Engine::list(numbers({1}), numbers({1})));
              }) == STREAMCACHE_INVALID_ARGUMENT);

        // No filter, and a cache that is closed: an error, though the engine could answer.
        sc::Filter none;
        CHECK(status_of([&] { run(model, none, {1}); }) == STREAMCACHE_INVALID_ARGUMENT);
        cache.close();
        CHECK(status_of([&] { run(model, filter, {1}); }) == STREAMCACHE_CLOSED);
    }

    static void a_hit_saves_what_the_engine_took() {
        auto cache = sc::Cache::open();
        auto filter = plain_filter(cache);
        sc::PutOptions options;
        const auto load_and_compute = [&] {
            std::this_thread::sleep_for(ms(2)); // that is not what a hit saves
            options.compute_time(us(70));
            return input({1});
        };
        const sc::Digest chunk = sc::Digest::chunk(std::string_view("x"));
        for (int round = 0; round < 2; round++) {
            const auto outputs = ad::cached_compute(filter, chunk, load_and_compute, options);
            CHECK(outputs.compute_time() == us(round == 0 ? 70 : 0));
        }
        CHECK(cache.stats().time_saved_ns == 70'000);
    }

    static void what_is_not_stored_is_answered() {
        auto cache = sc::Cache::open(sc::Options().max_bytes(0));
        auto filter = plain_filter(cache);
        const typename Engine::Counted counted;
        for (int round = 0; round < 2; round++) {
            const auto outputs = run(counted.model(), filter, {1, 2});
            CHECK(outputs.computed() && Engine::same(outputs[0], numbers({2, 3})));
        }
    }

    static void shapes_may_change_and_be_empty() {
        auto cache = sc::Cache::open();
        auto filter = plain_filter(cache);
        const typename Engine::Difference difference;
        for (int round = 0; round < 2; round++)
            for (std::int64_t rows = 0; rows < 5; rows++) {
                const auto filled = [&](float with) {
                    return Engine::numbers(Floats(std::size_t(rows) * 3, with), {rows, 3});
                };
                const auto of = [&](float a, float b) {
                    return ad::cached_run(difference.model(), filter, Engine::list(filled(a), filled(b)));
                };
                const auto outputs = of(5, 3);
                CHECK(outputs.computed() == (round == 0));
                CHECK(Engine::same(outputs[0], filled(2)));
                CHECK(Engine::same(of(3, 5)[0], filled(-2)));
            }
        CHECK(filter.stats().misses == 9); // without rows both inputs are the same
    }
};
