// The C header used from C++ the way a C++ program would: handles owned by unique_ptr, values shared between threads. C++11.
#include "../c/check.h"
#include "second.hpp"

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

namespace {

template <class T, void (*release)(T *)> struct Release {
    void operator()(T *handle) const { release(handle); }
};
template <class T, void (*release)(T *)> using Handle = std::unique_ptr<T, Release<T, release>>;

using Options = Handle<streamcache_options, streamcache_options_free>;
using Cache = Handle<streamcache_cache, streamcache_cache_release>;
using Filter = Handle<streamcache_filter, streamcache_filter_release>;
using Value = Handle<const streamcache_value, streamcache_value_release>;
using Error = Handle<streamcache_error, streamcache_error_free>;

// Hands the address of a raw pointer to a C call and the pointer to its owner afterwards.
template <class H, class Raw = typename std::remove_const<typename H::element_type>::type> class Out {
public:
    explicit Out(H &owner) : owner_(owner) {}
    ~Out() { owner_.reset(raw_); }
    operator Raw **() { return &raw_; }

private:
    H &owner_;
    Raw *raw_ = nullptr;
};
template <class H> Out<H> out(H &owner) { return Out<H>(owner); }

Cache open(const std::string &json) {
    Options options;
    Cache cache;
    OK(streamcache_options_from_json(json.data(), json.size(), out(options), nullptr));
    OK(streamcache_cache_open(options.get(), out(cache), nullptr));
    REQUIRE(cache != nullptr);
    return cache;
}

Filter open_filter(const Cache &cache, const std::string &config, const std::string &state) {
    streamcache_digest digest{};
    Filter filter;
    OK(streamcache_digest_config_json(config.data(), config.size(), &digest, nullptr));
    OK(streamcache_filter_open(cache.get(), "f", 1, &digest, 0, out(filter), nullptr));
    REQUIRE(filter != nullptr);
    OK(streamcache_filter_load_state(filter.get(), state.data(), state.size(), nullptr));
    return filter;
}

bool holds(const Value &value, const std::string &text) {
    return value && streamcache_value_size(value.get()) == text.size() &&
           std::memcmp(streamcache_value_data(value.get()), text.data(), text.size()) == 0;
}

void a_value_outlives_everything_it_came_from() {
    Value value;
    {
        Cache cache = open("{\"max_bytes\":1048576}");
        Filter filter = open_filter(cache, "{\"model\":\"m\"}", "state");
        OK(streamcache_filter_put_bytes(filter.get(), "chunk", 5, nullptr, "result", 6, 0, nullptr, nullptr));
        OK(streamcache_filter_get_bytes(filter.get(), "chunk", 5, 0, out(value), nullptr, nullptr));
    }
    CHECK(holds(value, "result"));
}

void an_error_is_an_object_of_its_own() {
    Options options;
    Error error;
    const std::string json = "{\"max_bites\":1}";
    STATUS(streamcache_options_from_json(json.data(), json.size(), out(options), out(error)), STREAMCACHE_INVALID_ARGUMENT);
    CHECK(options == nullptr);
    REQUIRE(error != nullptr);
    CHECK(streamcache_error_get_status(error.get()) == STREAMCACHE_INVALID_ARGUMENT);
    CHECK(std::string(streamcache_error_get_message(error.get())).find("max_bytes") != std::string::npos);
}

void both_translation_units_mean_the_same() {
    streamcache_digest here{}, there = digest_in_the_second_unit("chunk", 5);
    OK(streamcache_digest_chunk("chunk", 5, &here));
    CHECK(std::memcmp(&here, &there, sizeof here) == 0);
}

void one_lease_serves_many_threads() {
    Cache cache = open("{\"max_bytes\":1048576,\"max_chunks\":\"unlimited\",\"policy\":\"lru\"}");
    Filter filter = open_filter(cache, "{}", "state");
    std::vector<std::thread> threads;
    std::vector<int> right(4, 0);
    Value first;
    OK(streamcache_filter_put_bytes(filter.get(), "chunk", 5, nullptr, "result", 6, 0, nullptr, out(first)));
    for (std::size_t i = 0; i < right.size(); i++) {
        OK(streamcache_value_retain(first.get()));
        Value lease(first.get());
        threads.emplace_back([&right, i](Value mine) { right[i] = holds(mine, "result"); }, std::move(lease));
    }
    first.reset();
    filter.reset();
    cache.reset();
    for (auto &thread : threads) thread.join();
    for (int each : right) CHECK(each);
}

} // namespace

int main() {
    a_value_outlives_everything_it_came_from();
    an_error_is_an_object_of_its_own();
    both_translation_units_mean_the_same();
    one_lease_serves_many_threads();
    return check_report();
}
