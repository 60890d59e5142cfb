// streamcache.hpp's verbs that throw, and what they throw.
#include "../c/check.h"

#include <streamcache.hpp>

#include <array>
#include <chrono>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include <unistd.h>

#if __cplusplus > 201703L
#include <span>
#endif

namespace {

using namespace std::literals;
namespace sc = streamcache;

template <class Call> streamcache_status status_of(Call call, const char *mentions = "") {
    try {
        call();
    } catch (const sc::error &error) {
        CHECK(std::string(error.what()).find(mentions) != std::string::npos);
        return error.status();
    }
    return STREAMCACHE_OK;
}

void an_error_carries_its_message() {
    STATUS(status_of([] { sc::Options::from_json(R"({"max_bites": 1})"); }, "max_bytes"), STREAMCACHE_INVALID_ARGUMENT);
    STATUS(status_of([] { sc::Cache::open(sc::Options().secret("short"sv)); }, "secret"), STREAMCACHE_INVALID_ARGUMENT);
    STATUS(status_of([] { sc::Digest::config_json("{"); }), STREAMCACHE_INVALID_ARGUMENT);
    STATUS(status_of([] { sc::Digest::chunk_file("/nowhere"); }, "/nowhere"), STREAMCACHE_IO);
    STATUS(status_of([] { sc::Digest::state_file("/nowhere"); }, "/nowhere"), STREAMCACHE_IO);
    sc::Cache cache = sc::Cache::open();
    const std::int64_t dims[] = {2};
    const streamcache_tensor_view tensors[] = {
        sc::tensor_at(0, sc::dtype::of<float>(), dims, 4)}; // two need eight bytes
    STATUS(status_of([&] { cache.put_chunk(sc::Digest(), "four"sv, sc::PutOptions().tensors(tensors)); }, "tensor 0"),
           STREAMCACHE_INVALID_ARGUMENT);
    cache.close();
    STATUS(status_of([&] { cache.purge(); }, streamcache_status_message(STREAMCACHE_CLOSED)), STREAMCACHE_CLOSED);
    std::string kept;
    try {
        sc::Filter::open(cache, "f", sc::Digest());
    } catch (const std::runtime_error &error) { // the message is the exception's own, and so is the copy's
        const std::runtime_error copy = error;
        kept = copy.what();
    }
    CHECK(!kept.empty());
}

void a_miss_is_no_exception_but_has_no_value() {
    sc::Cache cache = sc::Cache::open();
    const sc::Lookup miss = cache.get_chunk(sc::Digest());
    CHECK(!miss);
    STATUS(status_of([&] { (void)miss.value(); }), STREAMCACHE_MISS);
    STATUS(status_of([&] { (void)miss->size(); }), STREAMCACHE_MISS);
}

void a_typed_view_fits_or_throws() {
    sc::Cache cache = sc::Cache::open();
    sc::Value value;
    const std::vector<float> data = {1, 2, 3};
    CHECK(cache.put_chunk(sc::Digest(), data, sc::PutOptions().lease(value)));
    float sum = 0;
    for (float each : value.as<float>()) sum += each;
    CHECK(sum == 6);
    STATUS(status_of([&] { value.as<double>(); }, "multiple"), STREAMCACHE_INVALID_ARGUMENT);
    STATUS(status_of([&] { value.tensor(0); }), STREAMCACHE_MISS);
    CHECK(value.content() == sc::Digest::chunk(data));
}

void digests_are_keys_of_maps() {
    const sc::Digest a = sc::Digest::chunk("a"sv), b = sc::Digest::chunk("b"sv);
    std::map<sc::Digest, int> ordered = {{a, 1}, {b, 2}};
    std::unordered_map<sc::Digest, int> hashed = {{a, 1}, {b, 2}};
    CHECK(ordered[a] == 1 && hashed[b] == 2 && a != b && (a < b) != (b < a));
    CHECK(sc::Digest::from_hex(a.hex()) == a);
    STATUS(status_of([] { sc::Digest::from_hex("zz"); }), STREAMCACHE_INVALID_ARGUMENT);
}

void bytes_see_any_memory() {
    const float array[] = {1, 2};
    const std::vector<float> vector = {1, 2};
    const std::array<float, 2> fixed = {1, 2};
    CHECK(sc::bytes(array) == sc::bytes(vector) && sc::bytes(vector) == sc::bytes(fixed) &&
          sc::bytes(fixed).size() == 8);
    CHECK(sc::bytes("ab"sv).size() == 2 && sc::bytes("ab"s) == sc::bytes("ab"sv) &&
          sc::bytes("ab"sv) != sc::bytes("ac"sv));
    static_assert(std::is_convertible_v<std::string, sc::bytes> && std::is_convertible_v<std::vector<int>, sc::bytes>);
    static_assert(!std::is_constructible_v<sc::bytes, char (&)[3]> &&
                      !std::is_constructible_v<sc::bytes, const char (&)[3]>,
                  "a text's NUL, or data?");
    static_assert(!std::is_constructible_v<sc::bytes, std::vector<std::string>>, "not plain bytes");
    CHECK(sc::bytes().empty() && sc::bytes(std::vector<float>()).size() == 0);
#ifdef __cpp_lib_span
    std::span<const float> span(vector);
    CHECK(sc::bytes(span) == sc::bytes(array));
    sc::Cache cache = sc::Cache::open();
    sc::Value value;
    CHECK(cache.put_chunk(sc::Digest(), span, sc::PutOptions().lease(value)));
    std::span<const float> back = value.as<float>();
    CHECK(back.size() == 2 && back[1] == 2);
#endif
}

void every_verb_that_throws_does_what_the_other_does() {
    sc::Cache cache = sc::Cache::open(sc::Options::from_json(R"({"max_bytes": 1048576})"));
    const sc::Digest config = sc::Digest::config_json("{}"),
                     key = sc::Digest::key_chunk(config, sc::Digest::state("s"sv), sc::Digest::chunk("c"sv));
    const std::vector<float> data = {1, 2};
    CHECK(sc::Digest::tensor(sc::dtype::of<float>(), {2}, data) ==
          *sc::Digest::try_tensor(sc::dtype::of<float>(), {2}, data));
    const std::int64_t dims[] = {2};
    CHECK(sc::Digest::tensor({sizeof(streamcache_tensor), nullptr, 0, STREAMCACHE_DTYPE_FLOAT, 32, 1, 1, dims,
                              data.data(), 8}) == sc::Digest::tensor(sc::dtype::of<float>(), {2}, data));
    CHECK(sc::Digest::inputs({key, config}) == *sc::Digest::try_inputs({key, config}));
    CHECK(sc::Digest::config_bytes("c"sv) != sc::Digest::raw(sc::Role::config, "c"sv) &&
          sc::Digest::key_state(config, key) != key);
    sc::Hasher hasher = sc::Hasher::make(sc::Role::state);
    hasher.update("lost"sv).restart();
    CHECK(hasher.update("s"sv).finish() == sc::Digest::state("s"sv));
    sc::Barrier barrier = sc::Barrier::make();
    barrier.update(config).restart();
    CHECK(barrier.update(key).finish() != key);
    CHECK(sc::Options().to_json().find("max_bytes") != std::string::npos);

    cache.set_max_bytes(1 << 19);
    cache.set_max_chunks(100);
    cache.load_state("id", key, "state"sv);
    CHECK(cache.get_state("id")->bytes().text() == "state" && cache.unload_state("id") && !cache.unload_state("id"));
    CHECK(cache.put_chunk_external(key, std::vector<int>{1}) && cache.get_chunk(key)->as<int>()[0] == 1);
    std::array<std::byte, 4> copy{};
    CHECK(cache.get_chunk_into(key, copy).size() == 4 && cache.remove_chunk(key) && !cache.remove_chunk(key));
    CHECK(cache.share().stats().puts == 1 && cache.write_stats().find("hits") != std::string::npos);
    CHECK(cache.flush(1s) && status_of([&] { cache.tier_stats(sc::Tier::disk); }) == STREAMCACHE_MISS);

    sc::Filter filter = sc::Filter::open(cache, "f", config);
    filter.load_state("s"sv);
    CHECK(filter.key(sc::Digest::chunk("c"sv)) == key && filter.get_state()->bytes().text() == "s");
    const sc::Lookup miss = filter.lookup_bytes("c"sv);
    CHECK(!miss && miss.key() == key && filter.put(miss, data) && filter.lookup(miss.chunk())->as<float>()[1] == 2);
    CHECK(filter.put(miss.chunk(), data) && filter.put_bytes("c"sv, data) &&
          filter.lookup_into(miss.chunk(), {}).size() == 8);
    CHECK(filter.put_external(miss, "text"s) && filter.put_external(miss.chunk(), "text"s) &&
          filter.remove(miss.chunk()));
    sc::Snapshot snapshot = filter.snapshot().share();
    CHECK(snapshot.put(miss.chunk(), data) && snapshot.put_external(miss.chunk(), "text"s) &&
          snapshot.lookup(miss.chunk()));
    CHECK(snapshot.key(miss.chunk()) == key && snapshot.get_state()->bytes().text() == "s");
    const std::vector<const streamcache_filter *> chain = {filter.get(), filter.get()};
    CHECK(sc::pipeline_key(key, filter, filter) == sc::pipeline_key(key, snapshot, snapshot));
    CHECK(sc::pipeline_key(key, chain) == sc::pipeline_key(key, filter, filter));
    filter.load_state(config);
    CHECK(filter.retire() == 1 && filter.purge() == 0 && filter.share().stats().hits == 2);
    const std::string carried = "/tmp/streamcache-throws-" + std::to_string(getpid());
    CHECK(cache.put_chunk(key, data));
    sc::Transfer out = sc::Transfer::export_to(cache, carried);
    CHECK(out.wait() == STREAMCACHE_OK && out.progress().entries > 0);
    sc::Transfer in = sc::Transfer::import_from(cache, carried);
    in.cancel();
    CHECK(in.wait() != STREAMCACHE_TIMEOUT);
    unlink(carried.c_str());
    CHECK(!filter.restore_state(key) && !filter.save_state()); // only the state's digest is known
    static auto handler = [](sc::LogLevel, std::string_view, std::string_view) {};
    sc::log_to(handler, sc::LogLevel::debug);
    sc::log_off();
    cache.purge();
    CHECK(cache.close(1s) == 0);
}

} // namespace

int main() {
    an_error_carries_its_message();
    a_miss_is_no_exception_but_has_no_value();
    a_typed_view_fits_or_throws();
    digests_are_keys_of_maps();
    bytes_see_any_memory();
    every_verb_that_throws_does_what_the_other_does();
    return check_report();
}
