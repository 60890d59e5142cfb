// Who owns what in streamcache.hpp: handles move, values outlive their cache, external memory is freed exactly once.
#include "../c/check.h"

#include <streamcache.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::literals;
namespace sc = streamcache;

template <class T> T &itself(T &object) { return object; } // so that the compiler doesn't see the self-move

sc::Filter filter_of(sc::Cache &cache) {
    sc::Filter filter = sc::Filter::open(cache, "f", sc::Digest::config_json("{}"));
    filter.load_state("state"sv);
    return filter;
}

void handles_move_and_are_not_copied() {
    static_assert(!std::is_copy_constructible_v<sc::Cache> && std::is_nothrow_move_constructible_v<sc::Cache>);
    static_assert(!std::is_copy_constructible_v<sc::Value> && std::is_nothrow_move_assignable_v<sc::Value>);
    static_assert(!std::is_copy_constructible_v<sc::Lookup> && std::is_nothrow_move_constructible_v<sc::Lookup>);
    static_assert(std::is_trivially_copyable_v<sc::Digest> && sizeof(sc::Value) == sizeof(void *));
    sc::Cache first = sc::Cache::open();
    streamcache_cache *const raw = first.get();
    sc::Cache second = std::move(first);
    CHECK(second.get() == raw && !first);
    second = std::move(itself(second));
    CHECK(second.get() == raw);
    first = std::move(second);
    CHECK(first.get() == raw && !second);
    first = sc::Cache::open(); // and the old one is released
    CHECK(first.get() != raw);

    sc::Value value;
    CHECK(first.put_chunk(sc::Digest(), "x"sv, sc::PutOptions().lease(value)));
    value = std::move(itself(value));
    CHECK(value.bytes().text() == "x");
    sc::Lookup hit = first.get_chunk(sc::Digest());
    hit = std::move(itself(hit));
    CHECK(hit && hit->bytes().text() == "x");
    std::vector<sc::Value> many;
    for (int i = 0; i < 10; i++) many.push_back(value.share());
    CHECK(many.back().get() == value.get());
}

void a_c_handle_is_adopted_and_given_back() {
    streamcache_cache *raw = nullptr;
    OK(streamcache_cache_open(nullptr, &raw, nullptr));
    sc::Cache cache(raw);
    CHECK(cache.get() == raw);
    OK(streamcache_cache_put_chunk(cache.get(), std::make_unique<sc::Digest>().get(), "x", 1, 0, nullptr, nullptr));
    CHECK(cache.get_chunk(sc::Digest()));
    raw = cache.release();
    CHECK(!cache);
    streamcache_cache_release(raw);
}

void a_value_outlives_everything_it_came_from() {
    sc::Value value, shared, state;
    sc::Tensor tensor;
    {
        sc::Cache cache = sc::Cache::open();
        sc::Filter filter = filter_of(cache);
        const float data[] = {1, 2};
        const std::int64_t dims[] = {2};
        const streamcache_tensor_view description[] = {sc::tensor_at(0, sc::dtype::of<float>(), dims, 8)};
        filter.put_bytes("chunk"sv, data, sc::PutOptions().tensors(description));
        value = filter.lookup_bytes("chunk"sv).value();
        shared = value.share();
        tensor = shared.tensor(0);
        state = filter.get_state().value();
        cache.purge();
        cache.close();
    }
    value.reset();
    CHECK(!value && shared.as<float>()[1] == 2 && tensor.as<float>()[0] == 1 && tensor.dims()[0] == 2);
    CHECK(state.bytes().text() == "state");
}

void a_filter_keeps_its_cache() {
    sc::Cache cache = sc::Cache::open();
    sc::Filter filter = filter_of(cache);
    cache.reset();
    CHECK(filter.put_bytes("chunk"sv, "result"sv) && filter.lookup_bytes("chunk"sv));
    sc::Snapshot snapshot = filter.snapshot();
    filter.reset();
    CHECK(snapshot.lookup(sc::Digest::chunk("chunk"sv)));
}

void a_lease_moves_to_another_thread() {
    sc::Cache cache = sc::Cache::open();
    sc::Filter filter = filter_of(cache);
    filter.put_bytes("chunk"sv, "result"sv);
    std::vector<std::thread> threads;
    std::atomic<int> right{0};
    for (int i = 0; i < 4; i++)
        threads.emplace_back([&right, lease = filter.lookup_bytes("chunk"sv).value(), mine = filter.share()] {
            right += lease.bytes().text() == "result" && mine.lookup_bytes("chunk"sv);
        });
    filter.reset();
    cache.reset();
    for (std::thread &thread : threads) thread.join();
    CHECK(right == 4);
}

struct Count {
    std::atomic<int> *freed;
    void operator()(const float *memory) const {
        ++*freed;
        delete[] memory;
    }
};
using Counted = std::unique_ptr<float[], Count>;

Counted counted(std::atomic<int> &freed) { return Counted(new float[2]{1, 2}, Count{&freed}); }

void external_memory_is_freed_exactly_once() {
    std::atomic<int> freed{0};
    sc::Value lease;
    {
        sc::Cache cache = sc::Cache::open();
        sc::Filter filter = filter_of(cache);
        CHECK(filter.put_external(sc::Digest(), {counted(freed), 2}, sc::PutOptions().lease(lease)));
        CHECK(lease.as<float>()[1] == 2);
    }
    CHECK(freed == 0);
    lease.reset();
    CHECK(freed == 1);

    // Never given; moved about; given to a handle that is empty; refused; not stored.
    { sc::External external(counted(freed), 2); }
    CHECK(freed == 2);
    {
        sc::External external(counted(freed), 2), moved = std::move(external);
        external = sc::External(counted(freed), 2);
        external = std::move(itself(external));
        CHECK(freed == 2);
    }
    CHECK(freed == 4);
    sc::Filter none;
    CHECK(none.try_put_external(sc::Digest(), {counted(freed), 2}).status() == STREAMCACHE_INVALID_ARGUMENT &&
          freed == 5);
    sc::Cache cache = sc::Cache::open();
    bool refused = false;
    try {
        cache.put_chunk_external(sc::Digest(), {counted(freed), 2}, sc::PutOptions().flags(1u << 31));
    } catch (const sc::error &error) { refused = error.status() == STREAMCACHE_INVALID_ARGUMENT; }
    CHECK(refused && freed == 6);
    CHECK(!cache.put_chunk_external(sc::Digest(), {counted(freed), 2}, sc::PutOptions().flags(sc::bypass)) &&
          freed == 7);
    CHECK(!cache.put_chunk_external(sc::Digest(), sc::External(counted(freed), 2).charge(UINT64_MAX)) && freed == 8);
    cache.close();
    CHECK(cache.try_put_chunk_external(sc::Digest(), {counted(freed), 2}).status() == STREAMCACHE_CLOSED && freed == 9);
}

void external_memory_of_every_owner() {
    sc::Cache cache = sc::Cache::open();
    sc::Value lease;
    const sc::Digest key;
    const sc::PutOptions leased = sc::PutOptions().lease(lease);
    CHECK(cache.put_chunk_external(key, std::vector<float>{1, 2}, leased) && lease.as<float>()[1] == 2);
    CHECK(cache.put_chunk_external(key, "short"s, leased) &&
          lease.bytes().text() == "short"); // inside the string itself
    auto shared = std::make_shared<std::vector<int>>(3, 7);
    CHECK(cache.put_chunk_external(key, {sc::bytes(*shared), std::shared_ptr(shared)}, leased) &&
          lease.as<int>()[2] == 7);
    CHECK(shared.use_count() == 2);
    std::shared_ptr<int[]> ints(new int[2]{8, 9});
    CHECK(cache.put_chunk_external(key, {ints, 2}, leased) && lease.as<int>()[1] == 9 && ints.use_count() == 2);
    CHECK(shared.use_count() == 1);
    CHECK(cache.put_chunk_external(key, {std::make_unique<int[]>(5), 5}, leased) && lease.size() == 5 * sizeof(int));
    CHECK(cache.put_chunk_external(key, std::vector<int>(), leased) && lease.size() == 0);
    lease.reset();
    CHECK(ints.use_count() == 1);

    streamcache_external raw = sc::External(ints, 2).release();
    CHECK(ints.use_count() == 2);
    { sc::External adopted(raw); }
    CHECK(ints.use_count() == 1);
}

} // namespace

int main() {
    handles_move_and_are_not_copied();
    a_c_handle_is_adopted_and_given_back();
    a_value_outlives_everything_it_came_from();
    a_filter_keeps_its_cache();
    a_lease_moves_to_another_thread();
    external_memory_is_freed_exactly_once();
    external_memory_of_every_owner();
    return check_report();
}
