// Batches and streams of streamcache.hpp.
#include "../c/check.h"

#include <streamcache.hpp>

#include <atomic>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

// The allocator of what the header allocates: it refuses while this says so.
static bool no_memory = false;

void *operator new[](std::size_t size, const std::nothrow_t &) noexcept {
    if (no_memory) return nullptr;
    try {
        return ::operator new[](size);
    } catch (const std::bad_alloc &) { return nullptr; }
}

namespace {

using namespace std::literals;
namespace sc = streamcache;

sc::Filter opened(sc::Cache &cache) {
    sc::Filter filter = sc::Filter::open(cache, "f", sc::Digest::config_json("{}"));
    filter.load_state("state"sv);
    return filter;
}

template <class Call> streamcache_status status_of(Call call) {
    try {
        call();
    } catch (const sc::error &error) { return error.status(); }
    return STREAMCACHE_OK;
}

void a_batch_is_walked_over_and_committed_by_rows() {
    sc::Cache cache = sc::Cache::open();
    sc::Filter filter = opened(cache);
    filter.put_bytes("b"sv, "B"sv);
    const std::vector<sc::bytes> chunks = {"a"sv, "b"sv, "c"sv, "a"sv};
    sc::Batch batch = filter.begin_batch_bytes(chunks);
    const streamcache_status expected[] = {STREAMCACHE_FILL, STREAMCACHE_OK, STREAMCACHE_FILL, STREAMCACHE_DUPLICATE};
    std::size_t seen = 0;
    for (auto &item : batch) {
        CHECK(item.index() == seen && item.status() == expected[seen] && bool(item) == (seen == 1));
        CHECK(item.same_as() == (seen == 3 ? 0 : seen) && bool(item.ticket()) == (item.status() == STREAMCACHE_FILL));
        CHECK(bool(item.value()) == (seen == 1));
        seen++;
    }
    CHECK(seen == 4 && batch.size() == 4 && batch.count(STREAMCACHE_FILL) == 2);
    CHECK(batch[1].value().bytes().text() == "B");

    STATUS(status_of([&] { batch.commit(std::vector<char>(3)); }), STREAMCACHE_INVALID_ARGUMENT); // 3 bytes in 2 rows?
    STATUS(status_of([&] { batch.commit_rows({0, 2}, std::vector<char>(5), 4, 2); }), STREAMCACHE_INVALID_ARGUMENT);
    const std::vector<float> rows = {1, 2, 3, 4};
    CHECK(batch.commit(rows) == 2 && batch.count(STREAMCACHE_OK) == 4);
    CHECK(batch[0].value().as<float>()[1] == 2 && batch[2].value().as<float>()[0] == 3 &&
          batch[3].value().as<float>()[1] == 2);
    const sc::Value kept = batch[3].value().share();
    CHECK(batch.commit(sc::bytes()) == 0); // there is nothing left
    CHECK(batch.wait(0ms) == STREAMCACHE_OK);

    sc::Batch moved = std::move(batch);
    CHECK(!batch && batch.size() == 0 && batch.begin() == batch.end() && moved.size() == 4);
    STATUS(status_of([&] { batch.refresh(); }), STREAMCACHE_INVALID_ARGUMENT);
    moved.reset();
    CHECK(kept.as<float>()[1] == 2);
    const std::vector<sc::bytes> letters = {"a"sv, "b"sv};
    std::vector<sc::Digest> digests(2), again(2), short_of_one(1);
    sc::Digest::chunks(letters, digests);
    CHECK(digests[0] == sc::Digest::chunk("a"sv) && digests[1] == sc::Digest::chunk("b"sv));
    CHECK(sc::Digest::try_chunks(letters, again) && again == digests);
    STATUS(sc::Digest::try_chunks(letters, short_of_one).status(), STREAMCACHE_INVALID_ARGUMENT);
    CHECK(filter.begin_batch(digests).count(STREAMCACHE_OK) == 2 && filter.begin_batch({}).size() == 0);
}

void rows_of_some_items_and_an_items_own_ticket() {
    sc::Cache cache = sc::Cache::open();
    sc::Filter filter = opened(cache);
    sc::Batch batch = filter.begin_batch_bytes(std::vector<sc::bytes>{"a"sv, "b"sv, "c"sv, "d"sv});
    const char rows[] = {'B', '-', 'A'}; // a stride of two, and nothing behind the last row
    CHECK(batch.commit_rows({1, 0}, {rows, sizeof rows}, 2, 1) == 2);
    CHECK(batch[0].value().bytes().text() == "A" && batch[1].value().bytes().text() == "B");
    batch[2].ticket().commit_rejection(5);
    sc::Ticket own = batch[3].ticket().share();
    own.commit_copy("D"sv);
    CHECK(batch[3].status() == STREAMCACHE_FILL); // as it was looked at
    batch.refresh();
    CHECK(batch[2].status() == STREAMCACHE_REJECTED && batch[2].rejection() == 5 && !batch[2] && !batch[2].value());
    CHECK(batch[3].value().bytes().text() == "D");
}

void a_batch_waits_for_others_and_takes_over() {
    sc::Cache cache = sc::Cache::open();
    sc::Filter filter = opened(cache);
    sc::Begun a = filter.begin_bytes("a"sv), b = filter.begin_bytes("b"sv);
    sc::Batch batch = filter.begin_batch_bytes(std::vector<sc::bytes>{"a"sv, "b"sv});
    CHECK(batch.count(STREAMCACHE_PENDING) == 2 && batch.wait(1ms) == STREAMCACHE_BUSY);
    std::thread other([&] { a.ticket().commit_copy("A"sv); });
    other.join();
    b.ticket().abort();
    CHECK(batch.wait() == STREAMCACHE_FILL && batch[1].status() == STREAMCACHE_FILL);
    CHECK(batch.commit("B"sv) == 1 && batch.wait() == STREAMCACHE_OK);
    CHECK(batch[0].value().bytes().text() == "A" && batch[1].value().bytes().text() == "B");
    { const sc::Batch dropped = filter.begin_batch_bytes(std::vector<sc::bytes>{"c"sv}); }
    CHECK(filter.begin_bytes("c"sv, 0ms).status() == STREAMCACHE_FILL); // its right was given up
}

void a_temporary_batch_lives_as_long_as_its_loop() {
    static_assert(std::is_same_v<decltype(*std::declval<sc::result<sc::Batch>>()), sc::Batch>);
    static_assert(std::is_same_v<decltype(std::declval<sc::result<sc::Batch>>().value()), sc::Batch>);
    sc::Cache cache = sc::Cache::open();
    sc::Filter filter = opened(cache);
    const std::vector<sc::bytes> chunks = {"a"sv, "b"sv};
    std::size_t seen = 0;
    for (auto &item : *filter.try_begin_batch_bytes(chunks)) seen += item.status() == STREAMCACHE_FILL;
    for (auto &item : filter.try_begin_batch_bytes(chunks).value()) seen += item.status() == STREAMCACHE_FILL;
    CHECK(seen == 4);
}

void a_wait_answers_what_it_gained_where_memory_is_short() {
    sc::Cache cache = sc::Cache::open();
    sc::Filter filter = opened(cache);
    const sc::Digest chunk = sc::Digest::chunk("a"sv);
    sc::Begun a = filter.begin(chunk);
    sc::Batch batch = filter.begin_batch({chunk});
    streamcache_batch *raw = nullptr;
    OK(streamcache_filter_begin_batch(filter.get(), &chunk, 1, 0, &raw));
    sc::Batch bare(raw);
    no_memory = true;
    a.ticket().abort();
    CHECK(batch.try_wait(1000ms).status() == STREAMCACHE_FILL && batch.count(STREAMCACHE_FILL) == 1);
    CHECK(batch.try_commit("A"sv).stored() == 1 && batch.count(STREAMCACHE_OK) == 1);
    CHECK(bare.try_wait(1000ms).status() == STREAMCACHE_OK && bare.size() == 0);
    STATUS(bare.try_refresh().status(), STREAMCACHE_NO_MEMORY);
    no_memory = false;
    CHECK(bare.try_refresh() && bare.count(STREAMCACHE_OK) == 1);
}

// The row that makes an older result leave, whose destructor gives up the next row's ticket.
void a_commit_that_fails_says_how_far_it_came() {
    sc::Options options;
    sc::Cache cache = sc::Cache::open(options.max_chunks(1));
    sc::Filter filter = opened(cache);
    sc::Ticket last;
    struct Abort {
        sc::Ticket *ticket;
        void operator()(const char *text) const {
            if (*ticket) ticket->abort();
            delete[] text;
        }
    };
    std::unique_ptr<const char[], Abort> old(new char[1]{'x'}, Abort{&last});
    CHECK(cache.put_chunk_external(sc::Digest(), sc::External(std::move(old), 1)));
    sc::Batch batch = filter.begin_batch_bytes(std::vector<sc::bytes>{"a"sv, "b"sv});
    last = batch[1].ticket().share();
    const sc::Committed committed = batch.try_commit("AB"sv);
    STATUS(committed.status(), STREAMCACHE_ENDED);
    CHECK(!committed && committed.failed() && committed.stored() == 1);
    CHECK(batch[0].status() == STREAMCACHE_OK && batch[1].status() == STREAMCACHE_ENDED);
}

// A recurrent model: its state counts, its output is the count and the chunk.
struct Model {
    char count;
    std::string step(std::string_view chunk) { return std::string(1, ++count) + std::string(chunk); }
};

std::string advance(sc::Stream &stream, std::string_view chunk, int &computed) {
    sc::Begun step = stream.begin(sc::Digest::chunk(chunk));
    if (step) return std::string(step->bytes().text());
    CHECK(step.ticket().try_get_step_state()->bytes().text() == stream.get_state()->bytes().text());
    Model model{step.ticket().get_step_state()->as<char>()[0]};
    const std::string output = model.step(chunk);
    computed++;
    return std::string(step.ticket().commit_step(output, sc::bytes(&model.count, 1)).bytes().text());
}

void a_stream_replays_what_was_computed() {
    sc::Cache cache = sc::Cache::open();
    sc::Filter filter = opened(cache);
    sc::Stream stream = sc::Stream::open(filter, "0"sv);
    int computed = 0;
    for (int round = 0; round < 2; round++) {
        CHECK(advance(stream, "a", computed) == "1a" && advance(stream, "a", computed) == "2a");
        CHECK(computed == 2 && stream.position() == 2 && stream.get_state()->bytes().text() == "2");
        stream.reset_state();
        CHECK(stream.position() == 0 && stream.get_state()->bytes().text() == "0");
    }
    sc::Stream other = sc::Stream::open(filter, "0"sv), shared = stream.share();
    CHECK(other.digest() == stream.digest());
    CHECK(advance(other, "a", computed) == "1a" && computed == 2 && other.digest() != stream.digest());
    sc::Stream fork = other.fork();
    CHECK(fork.digest() == other.digest() && advance(fork, "b", computed) == "2b" && computed == 3);
    CHECK(shared.position() == 0 && fork.position() == 2 && other.position() == 1);
    filter.reset();
    cache.reset();
    CHECK(advance(other, "a", computed) == "2a" && computed == 3); // it keeps what it needs
}

void an_empty_state_is_a_state_and_an_unknown_one_is_not() {
    sc::Cache cache = sc::Cache::open();
    sc::Filter filter = opened(cache);
    const std::vector<float> empty;
    sc::Stream stream = sc::Stream::open(filter, empty);
    const sc::Digest a = sc::Digest::chunk("a"sv);
    sc::Begun step = stream.begin(a);
    CHECK(stream.begin(a, 0ms).status() == STREAMCACHE_BUSY); // its last ticket is open
    step.ticket().commit_step("1"sv, empty);
    CHECK(stream.get_state()->size() == 0 && stream.position() == 1);

    stream.reset_state(); // the initial one
    step = stream.begin(a, sc::default_timeout, sc::refresh);
    CHECK(step.ticket().commit_step("1"sv, sc::unknown_state).bytes().text() == "1");
    STATUS(status_of([&] { (void)stream.get_state(); }), STREAMCACHE_NO_STATE);
    step = stream.begin(a);
    STATUS(step.status(), STREAMCACHE_BYPASSED);
    step.ticket().commit_step("2"sv, "now known"sv);
    CHECK(stream.get_state()->bytes().text() == "now known");
    stream.forget();
    STATUS(status_of([&] { (void)stream.digest(); }), STREAMCACHE_NO_STATE);
    stream.reset_state("another"sv);
    CHECK(stream.get_state()->bytes().text() == "another");
    stream.reset_state(empty);
    CHECK(stream.get_state()->size() == 0);
}

} // namespace

int main() {
    a_batch_is_walked_over_and_committed_by_rows();
    rows_of_some_items_and_an_items_own_ticket();
    a_batch_waits_for_others_and_takes_over();
    a_temporary_batch_lives_as_long_as_its_loop();
    a_wait_answers_what_it_gained_where_memory_is_short();
    a_commit_that_fails_says_how_far_it_came();
    a_stream_replays_what_was_computed();
    an_empty_state_is_a_state_and_an_unknown_one_is_not();
    return check_report();
}
