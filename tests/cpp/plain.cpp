// Every verb of streamcache.hpp in the form that throws nothing, in a program without exceptions and without RTTI.
#include "../c/check.h"

#include <streamcache.hpp>

#include <array>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <stdlib.h>
#include <unistd.h>

#if defined(STREAMCACHE_EXCEPTIONS) || defined(__cpp_rtti)
#error "this is compiled with -fno-exceptions -fno-rtti"
#endif

namespace {

using namespace std::literals;
namespace sc = streamcache;

void digests() {
    const auto chunk = sc::Digest::try_chunk("abc"sv);
    CHECK(chunk && chunk.status() == STREAMCACHE_OK && !chunk.failed());
    CHECK(*sc::Digest::try_from_hex(chunk->hex()) == *chunk);
    CHECK(*sc::Digest::try_raw(sc::Role::chunk, *sc::Digest::try_chunk("abc"sv) == *chunk ? "x"sv : "y"sv) != *chunk);
    const auto config = sc::Digest::try_config_json(R"({"b": 1.0, "a": 2})"),
               same = sc::Digest::try_config_json(R"({"a":2,"b":1})");
    CHECK(config && *config == *same && *config != *sc::Digest::try_config_bytes("c"sv));
    const auto state = sc::Digest::try_state("s"sv);
    CHECK(state && *state != *sc::Digest::try_chunk("s"sv));
    CHECK(sc::Digest::try_key_state(*config, *chunk) && sc::Digest::try_key_chunk(*config, *state, *chunk));
    const std::array<sc::Digest, 2> both = {*chunk, *state};
    CHECK(sc::Digest::try_inputs(both) && *sc::Digest::try_inputs(both) != *sc::Digest::try_inputs({*state, *chunk}));

    const std::vector<float> data = {1, 2, 3, 4, 5, 6};
    const auto wide = sc::Digest::try_tensor(sc::dtype::of<float>(), {2, 3}, data),
               tall = sc::Digest::try_tensor(sc::dtype::of<float>(), {3, 2}, data);
    CHECK(wide && tall && *wide != *tall);
    const auto wrong = sc::Digest::try_tensor(sc::dtype::of<float>(), {2, 2}, data);
    CHECK(!wrong && wrong.status() == STREAMCACHE_INVALID_ARGUMENT && std::strlen(wrong.message()) > 10);
    CHECK(sc::Digest::try_chunk_file("/nowhere").status() == STREAMCACHE_IO);
    CHECK(sc::Digest::try_state_file("/nowhere").status() == STREAMCACHE_IO);

    auto hasher = sc::Hasher::try_make();
    CHECK(hasher && hasher->try_update("lost"sv) && hasher->try_restart() && hasher->try_update("a"sv) &&
          hasher->try_update("bc"sv));
    CHECK(*hasher->try_finish() == *chunk);
    CHECK(!sc::Hasher::try_make(static_cast<sc::Role>(99)));
    auto barrier = sc::Barrier::try_make();
    CHECK(barrier && barrier->try_update(*state) && barrier->try_restart() && barrier->try_update(*chunk) &&
          barrier->try_finish());
}

void options() {
    sc::Options options;
    options.name("n")
        .max_bytes(1 << 20)
        .max_chunks(sc::unlimited)
        .policy(sc::Policy::lru)
        .ttl(1h)
        .ticket_max_age(2h)
        .hash_threads(2)
        .name_space("ns")
        .secret("0123456789abcdef"sv)
        .disk_directory("/d")
        .disk_max_bytes(1 << 20)
        .disk_allow_network(true)
        .add_remote_url("redis://one:6379")
        .add_remote_url("redis://two:6379")
        .remote_prefix("p:")
        .remote_ttl(3h)
        .remote_max_value_bytes(12345)
        .remote_timeout(77ms)
        .remote_ca_file("/ca.pem")
        .write_behind_max_bytes(54321);
    CHECK(options.refused().status() == STREAMCACHE_OK);
    const auto json = options.try_to_json();
    CHECK(json && json->find("\"lru\"") != std::string::npos && json->find("3600000") != std::string::npos &&
          json->find("7200000") != std::string::npos);
    CHECK(json->find("\"ns\"") != std::string::npos && json->find("hidden") != std::string::npos);
    for (const char *said :
         {R"("disk_directory":"/d")", R"("disk_max_bytes":1048576)", R"("disk_allow_network":true)",
          R"("remote_urls":["redis://one:6379","redis://two:6379"])", R"("remote_prefix":"p:")",
          R"("remote_ttl_ms":10800000)", R"("remote_max_value_bytes":12345)", R"("remote_timeout_ms":77)",
          R"("remote_ca_file":"/ca.pem")", R"("write_behind_max_bytes":54321)"})
        CHECK(json->find(said) != std::string::npos);
    CHECK(sc::Options().remote_ttl(0ms).refused().status() == STREAMCACHE_INVALID_ARGUMENT);
    CHECK(sc::Options().add_remote_url("").refused().status() == STREAMCACHE_INVALID_ARGUMENT);
    CHECK(sc::Options::try_from_json(R"({"max_chunks": 3})"));
    const auto wrong = sc::Options::try_from_json(R"({"max_bites": 3})");
    CHECK(!wrong && std::string(wrong.message()).find("max_bytes") != std::string::npos);
    options.secret("short"sv).name("fine");
    const auto refused = sc::Cache::try_open(options);
    CHECK(!refused && refused.status() == STREAMCACHE_INVALID_ARGUMENT);
    CHECK(std::string(refused.message()).find("secret") != std::string::npos);
    CHECK(!sc::Cache::try_open(sc::Options().max_bytes(7)));
}

void cache() {
    auto opened = sc::Cache::try_open(sc::Options().max_bytes(1 << 20));
    REQUIRE(bool(opened));
    sc::Cache &cache = *opened;
    const sc::Digest key = *sc::Digest::try_chunk("key"sv);
    sc::Value lease;
    const std::vector<int> result = {1, 2, 3};

    auto miss = cache.try_get_chunk(key);
    CHECK(!miss && !miss.failed() && miss.status() == STREAMCACHE_MISS && miss.key() == key);
    CHECK(cache.try_put_chunk(key, result, sc::PutOptions().ttl(1h).compute_time(5ms).blob("blob"sv).lease(lease)));
    CHECK(lease && lease.size() == 3 * sizeof(int) && lease.blob().text() == "blob");
    auto hit = cache.try_get_chunk(key, sc::peek);
    CHECK(hit && hit->get() == lease.get() && (*hit->try_as<int>())[2] == 3);
    std::array<int, 3> copy{};
    const sc::Copied copied = cache.try_get_chunk_into(key, {reinterpret_cast<std::byte *>(copy.data()), sizeof copy});
    CHECK(copied && copied.size() == sizeof copy && copy[1] == 2);
    CHECK(cache.try_get_chunk_into(key, {}).status() == STREAMCACHE_BUFFER_TOO_SMALL);
    CHECK(cache.try_put_chunk_external(key, std::vector<int>{7}));
    CHECK(cache.try_remove_chunk(key));
    CHECK(cache.try_remove_chunk(key).status() == STREAMCACHE_MISS);
    const auto not_stored = cache.try_put_chunk(key, result, sc::PutOptions().flags(sc::bypass));
    CHECK(!not_stored && not_stored.status() == STREAMCACHE_NOT_STORED && !not_stored.failed());

    CHECK(cache.try_load_state("id", key, "state"sv));
    auto state = cache.try_get_state("id");
    CHECK(state && state->bytes().text() == "state" && state.key() == key);
    CHECK(cache.try_unload_state("id"));
    CHECK(!cache.try_unload_state("id") && !cache.try_get_state("id"));

    CHECK(cache.hits() == 1 && cache.misses() == 1 && cache.hit_rate() == 0.5);
    CHECK(cache.try_stats()->puts == 2);
    CHECK(cache.try_write_stats()->find("\"puts\":2") != std::string::npos);
    CHECK(cache.try_write_stats(sc::Format::prometheus)->find("streamcache_puts_total") != std::string::npos);
    CHECK(cache.try_set_max_bytes(1 << 16) && cache.try_set_max_chunks(10) && !cache.try_set_max_bytes(7));
    CHECK(cache.try_share() && cache.try_purge());
    CHECK(*cache.try_close(1s) == 0);
    const auto closed = cache.try_get_chunk(key);
    CHECK(!closed && closed.failed() && closed.status() == STREAMCACHE_CLOSED && std::strlen(closed.message()) > 5);
}

/** A directory of its own, gone at the end. */
struct Directory {
    std::filesystem::path path;
    Directory() {
        std::string name = (std::filesystem::temp_directory_path() / "streamcache-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~Directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
};

void tiers() {
    const Directory directory;
    const sc::Digest key = *sc::Digest::try_chunk("key"sv), other = *sc::Digest::try_chunk("other"sv);
    sc::Options options;
    options.disk_directory(directory.path.string());
    {
        auto cache = sc::Cache::try_open(options);
        REQUIRE(bool(cache));
        sc::Value lease;
        CHECK(cache->try_put_chunk(key, "kept"sv, sc::PutOptions().lease(lease)));
        CHECK(lease.tier() == sc::Tier::memory && sc::Value().tier() == sc::Tier::memory);
        CHECK(cache->try_put_chunk(other, "here"sv, sc::PutOptions().flags(sc::memory_only | sc::no_remote)));
        CHECK(cache->try_flush());
        CHECK(cache->try_tier_stats(sc::Tier::disk)->written == 1);
        CHECK(cache->try_tier_stats(sc::Tier::remote).status() == STREAMCACHE_MISS);
        CHECK(cache->try_tier_stats(sc::Tier::memory).status() == STREAMCACHE_INVALID_ARGUMENT);
        CHECK(*cache->try_close() == 0 && cache->try_flush().status() == STREAMCACHE_CLOSED);
    }
    auto cache = sc::Cache::try_open(options);
    REQUIRE(bool(cache));
    CHECK(!cache->try_get_chunk(other) && !cache->try_get_chunk(key, sc::memory_only));
    const auto hit = cache->try_get_chunk(key);
    CHECK(hit && hit->bytes().text() == "kept" && hit->tier() == sc::Tier::disk);
    CHECK(cache->try_purge(sc::purge_memory) && cache->try_get_chunk(key));
    CHECK(cache->try_purge(sc::purge_disk) && !cache->try_get_chunk(key));
}

void filter() {
    auto cache = sc::Cache::try_open();
    auto config = sc::Digest::try_config_json("{}");
    REQUIRE(cache && config);
    auto opened = sc::Filter::try_open(*cache, "f", *config);
    REQUIRE(bool(opened));
    sc::Filter &filter = *opened;
    const std::vector<float> chunk = {1, 2}, other = {3};
    CHECK(filter.try_lookup_bytes(chunk).status() == STREAMCACHE_NO_STATE);
    CHECK(filter.try_load_state("one"sv));
    CHECK(filter.try_get_state()->bytes().text() == "one");

    const auto miss = filter.try_lookup_bytes(chunk);
    CHECK(!miss && !miss.failed() && miss.chunk() == *sc::Digest::try_chunk(chunk) &&
          miss.key() == *filter.try_key(miss.chunk()));
    CHECK(filter.try_load_state("two"sv)); // between the lookup and the put
    CHECK(filter.try_put(miss, "by one"sv));
    CHECK(!filter.try_lookup(miss.chunk()));
    CHECK(filter.try_load_state("one"sv));
    CHECK(filter.try_lookup(miss.chunk())->bytes().text() == "by one");
    CHECK(filter.try_put(miss.chunk(), "x"sv).status() == STREAMCACHE_INVALID_ARGUMENT); // which state's?
    CHECK(filter.try_put(miss.chunk(), "by one"sv, sc::PutOptions().key(miss.key())));
    CHECK(filter.try_put_bytes(other, "o"sv, sc::PutOptions().key(filter.try_lookup_bytes(other).key())));
    std::array<std::byte, 6> copy{};
    CHECK(filter.try_lookup_into(miss.chunk(), copy) && copy[0] == std::byte{'b'});
    CHECK(filter.try_put_external(miss, "long enough to be in memory of its own"s));
    CHECK(filter.try_put_external(miss.chunk(), "s"s, sc::PutOptions().key(miss.key())));

    auto snapshot = filter.try_snapshot();
    CHECK(snapshot && snapshot->try_get_state()->bytes().text() == "one" && snapshot->try_share());
    CHECK(filter.try_load_state(*sc::Digest::try_state("three"sv)));
    CHECK(filter.try_get_state().status() == STREAMCACHE_MISS);
    const auto old = snapshot->try_lookup(miss.chunk());
    CHECK(old && old->bytes().text() == "s" && *snapshot->try_key(miss.chunk()) == old.key());
    CHECK(snapshot->try_put(miss.chunk(), "again"sv) && snapshot->try_put_external(miss.chunk(), "external"s));
    CHECK(sc::try_pipeline_key(miss.chunk(), filter, filter) && sc::try_pipeline_key(miss.chunk(), *snapshot));
    CHECK(*sc::try_pipeline_key(miss.chunk(), filter) != *sc::try_pipeline_key(miss.chunk(), filter, filter));

    CHECK(filter.try_put(filter.try_lookup(miss.chunk()), "three's"sv) && filter.try_remove(miss.chunk()) &&
          !filter.try_remove(miss.chunk()));
    CHECK(*filter.try_purge() == 0 && *filter.try_retire() == 2);
    CHECK(filter.try_stats()->puts == 8 && filter.try_share());
}

void values() {
    auto cache = sc::Cache::try_open();
    const sc::Digest key = *sc::Digest::try_chunk("key"sv);
    const std::array<float, 6> payload = {1, 2, 3, 4, 5, 6};
    const std::array<std::int64_t, 2> dims = {2, 2};
    const std::int64_t scalar_dims[] = {2};
    const std::array<streamcache_tensor_view, 2> tensors = {
        sc::tensor_at(0, sc::dtype::of<float>(), dims, 16),
        sc::tensor_at(16, sc::dtype::of<std::uint32_t>(), scalar_dims, 8)};
    sc::Value value;
    REQUIRE(bool(cache->try_put_chunk(key, payload, sc::PutOptions().tensors(tensors).lease(value))));
    CHECK(value.tensor_count() == 2 && !value.try_tensor(2) && value.try_content());
    const auto first = value.try_tensor(0), second = value.try_tensor(1);
    CHECK(first->dims().size() == 2 && first->dims()[1] == 2 && first->dtype() == sc::dtype::of<float>());
    CHECK((*first->try_as<float>())[3] == 4 && first->try_as<float>()->size() == 4);
    CHECK(first->try_as<int>().status() == STREAMCACHE_INVALID_ARGUMENT);
    CHECK(second->bytes().size() == 8 && second->bytes().data() == value.bytes().begin() + 16);

    CHECK(value.try_as<float>()->size() == 6 && value.try_as<double>()->size() == 3);
    const auto odd = value.try_as<std::array<char, 5>>();
    CHECK(!odd && odd.status() == STREAMCACHE_INVALID_ARGUMENT &&
          std::string(odd.message()).find("multiple") != std::string::npos);
    sc::Value lease;
    std::vector<char> room(1 + sizeof(double));
    const auto misaligned = (reinterpret_cast<std::uintptr_t>(room.data()) % 2) ? 0u : 1u;
    CHECK(cache->try_put_chunk_external(key, sc::External::forever({room.data() + misaligned, sizeof(double)}),
                                        sc::PutOptions().lease(lease)));
    CHECK(lease.try_as<double>().status() == STREAMCACHE_INVALID_ARGUMENT && lease.try_as<char>());
    CHECK(cache->try_remove_chunk(key));
    int device = 0, owner = 0;
    CHECK(cache->try_put_chunk_external(key,
                                        sc::External::device({&device, sizeof device}, std::move(owner)).charge(4096),
                                        sc::PutOptions().lease(lease)));
    CHECK(lease.device_pointer() == &device && lease.size() == sizeof device && lease.bytes().data() == nullptr);
    CHECK(lease.try_as<int>().status() == STREAMCACHE_NOT_SUPPORTED &&
          lease.try_content().status() == STREAMCACHE_NOT_SUPPORTED);
    CHECK(cache->try_put_chunk(key, sc::bytes(), sc::PutOptions().lease(lease)) && lease.try_as<double>() &&
          lease.try_as<double>()->empty());
    CHECK(sc::ValueRef(lease.get()).try_share()->get() == lease.get() && !sc::ValueRef(nullptr).try_share());
}

void tickets() {
    auto cache = sc::Cache::try_open();
    REQUIRE(bool(cache));
    auto opened = sc::Filter::try_open(*cache, "f", *sc::Digest::try_config_json("{}"));
    REQUIRE(opened && opened->try_load_state("state"sv));
    sc::Filter &filter = *opened;
    const sc::Digest a = *sc::Digest::try_chunk("a"sv), b = *sc::Digest::try_chunk("b"sv);

    auto begun = filter.try_begin_bytes("a"sv);
    CHECK(!begun && !begun.failed() && begun.status() == STREAMCACHE_FILL && begun.chunk() == a);
    CHECK(filter.try_begin(a, 0ms).status() == STREAMCACHE_BUSY);
    sc::Ticket ticket = std::move(begun.ticket());
    CHECK(*ticket.try_key() == *filter.try_key(a) && ticket.try_get_state()->bytes().text() == "state");
    CHECK(*ticket.try_phase() == sc::Phase::open && ticket.try_share());
    const auto room = ticket.try_buffer<float>(3);
    CHECK(room && room->size() == 3);
    (*room)[0] = 7;
    CHECK(ticket.try_buffer<double>(SIZE_MAX).status() == STREAMCACHE_NO_SPACE);
    const auto value = ticket.try_commit(sizeof(float));
    CHECK(value && (*value->try_as<float>())[0] == 7 && value->try_rejection().status() == STREAMCACHE_MISS);
    CHECK(ticket.try_abort().status() == STREAMCACHE_ENDED);
    CHECK(filter.try_begin(b).ticket().try_commit_copy("copy"sv)->bytes().text() == "copy");
    CHECK(cache->try_begin(a).ticket().try_commit_external("external"s)->bytes().text() == "external");
    CHECK(cache->try_begin(b).ticket().try_commit_rejection(3));
    CHECK(filter.try_snapshot()->try_begin(a)->size() == sizeof(float));

    const auto answer = filter.try_lookup_or_compute_bytes("c"sv, [] { return std::vector<int>{1, 2}; });
    CHECK(answer && answer.computed() && answer->try_as<int>()->size() == 2);
    const auto in_place = filter.try_lookup_or_compute(*sc::Digest::try_chunk("d"sv), [](sc::Output &out) {
        CHECK(out.try_get_state()->bytes().text() == "state");
        (*out.try_buffer<int>(2))[0] = 7;
        out.shrink(sizeof(int));
    });
    CHECK(in_place && in_place->size() == sizeof(int));
    const auto rejected = cache->try_lookup_or_compute(b, [] { return "never called"s; });
    CHECK(!rejected && !rejected.failed() && rejected.status() == STREAMCACHE_REJECTED && rejected.rejection() == 3);
    CHECK(filter.try_snapshot()->try_lookup_or_compute(b, [] { return "never called"s; })->bytes().text() == "copy");
}

void batches_and_streams() {
    auto cache = sc::Cache::try_open();
    REQUIRE(bool(cache));
    auto filter = sc::Filter::try_open(*cache, "f", *sc::Digest::try_config_json("{}"));
    REQUIRE(filter && filter->try_load_state("state"sv));
    const sc::Digest a = *sc::Digest::try_chunk("a"sv), b = *sc::Digest::try_chunk("b"sv);

    auto batch = filter->try_begin_batch({a, b, a});
    REQUIRE(bool(batch));
    const sc::bytes letter[] = {"a"sv};
    sc::Digest digest[1];
    CHECK(sc::Digest::try_chunks(letter, digest) && digest[0] == *sc::Digest::try_chunk("a"sv));
    CHECK(batch->try_commit_rows({1}, "B"sv, 1, 1) && (*batch)[1].value().bytes().text() == "B");
    CHECK(batch->try_commit("A"sv).stored() == 1 && batch->try_refresh() && batch->count(STREAMCACHE_OK) == 3);
    CHECK(batch->try_wait() && (*batch)[2].value().try_share());
    auto other = filter->try_begin_batch_bytes(std::vector<sc::bytes>{"c"sv});
    CHECK((*other)[0].ticket().try_share() && (*other)[0].ticket().try_commit_rejection(3) && other->try_refresh());
    CHECK((*other)[0].rejection() == 3);

    auto stream = sc::Stream::try_open(*filter, "0"sv);
    REQUIRE(stream && stream->try_share());
    auto step = stream->try_begin(a);
    CHECK(step.ticket().try_get_step_state()->bytes().text() == "0");
    CHECK(!step && step.status() == STREAMCACHE_FILL && step.ticket().try_commit_step("A"sv, "1"sv));
    CHECK(*stream->try_position() == 1 && stream->try_get_state()->bytes().text() == "1");
    auto fork = stream->try_fork();
    CHECK(fork && *fork->try_digest() == *stream->try_digest());
    CHECK(fork->try_begin(a).ticket().try_commit_step("A"sv, sc::unknown_state));
    CHECK(fork->try_digest().status() == STREAMCACHE_NO_STATE);
    CHECK(stream->try_reset_state() && stream->try_begin(a)->bytes().text() == "A" && stream->try_forget());
    CHECK(stream->try_begin(a).status() == STREAMCACHE_BYPASSED && stream->try_reset_state("other"sv));
}

void transfers() {
    auto from = sc::Cache::try_open(), to = sc::Cache::try_open();
    REQUIRE(from && to);
    const sc::Digest key = *sc::Digest::try_chunk("key"sv);
    CHECK(from->try_put_chunk(key, "carried"sv));
    char name[] = "/tmp/streamcache-plain-XXXXXX";
    const int made = mkstemp(name);
    REQUIRE(made >= 0);
    close(made);
    auto out = sc::Transfer::try_export_to(*from, name);
    CHECK(out && out->try_wait() && out->try_progress()->entries == 1 && out->try_cancel());
    auto in = sc::Transfer::try_import_from(*to, name);
    CHECK(in && in->try_wait() && in->try_progress()->total_bytes > 0);
    CHECK(to->try_get_chunk(key)->bytes().text() == "carried");
    unlink(name);
    const auto none = sc::Transfer::try_import_from(*to, name);
    CHECK(!none && none.status() == STREAMCACHE_IO && none.message()[0] != 0);
    auto filter = sc::Filter::try_open(*from, "f", key);
    REQUIRE(filter && filter->try_load_state("state"sv));
    CHECK(filter->try_save_state().status() == STREAMCACHE_NOT_SUPPORTED);
    CHECK(filter->try_restore_state(key).status() == STREAMCACHE_MISS);
}

void log() {
    static unsigned heard = 0;
    static auto handler = [](sc::LogLevel, std::string_view target, std::string_view message) {
        heard += !target.empty() && !message.empty();
    };
    CHECK(sc::try_log_to(handler));
    CHECK(bool(sc::Cache::try_open()));
    const unsigned before = heard;
    CHECK(before > 0);
    sc::log_off();
    CHECK(bool(sc::Cache::try_open()));
    CHECK(heard == before);
    CHECK(!sc::try_log_to(handler, static_cast<sc::LogLevel>(99)));
}

void empty_handles() {
    sc::Cache cache;
    sc::Filter filter;
    sc::Value value;
    CHECK(!cache && !filter && !value && value.size() == 0 && value.bytes().empty());
    CHECK(cache.try_purge().status() == STREAMCACHE_INVALID_ARGUMENT &&
          cache.try_share().status() == STREAMCACHE_INVALID_ARGUMENT);
    CHECK(filter.try_lookup(sc::Digest()).status() == STREAMCACHE_INVALID_ARGUMENT && value.try_share().failed());
    CHECK(sc::Filter::try_open(cache, "f", sc::Digest()).status() == STREAMCACHE_INVALID_ARGUMENT);
    CHECK(sc::version() == std::string(STREAMCACHE_VERSION_STRING) &&
          sc::version_number() == STREAMCACHE_VERSION_NUMBER);
}

} // namespace

int main() {
    digests();
    options();
    cache();
    tiers();
    filter();
    values();
    tickets();
    batches_and_streams();
    transfers();
    log();
    empty_handles();
    return check_report();
}
