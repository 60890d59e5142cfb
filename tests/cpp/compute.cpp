// lookup_or_compute() and tickets: computed once, in place or elsewhere; what an exception, a rejection and a busy
// owner do.
#include "../c/check.h"

#include <streamcache.hpp>

#include <array>
#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::literals;
namespace sc = streamcache;

struct Setup {
    sc::Cache cache;
    sc::Filter filter;
    explicit Setup(const sc::Options &options = {}) : cache(sc::Cache::open(options)), filter(opened(cache)) {}
    static sc::Filter opened(sc::Cache &cache) {
        sc::Filter filter = sc::Filter::open(cache, "f", sc::Digest::config_json("{}"));
        filter.load_state("state"sv);
        return filter;
    }
};

const sc::Digest chunk = sc::Digest::chunk("chunk"sv);

template <class Call> streamcache_status status_of(Call call) {
    try {
        call();
    } catch (const sc::error &error) { return error.status(); }
    return STREAMCACHE_OK;
}

void every_kind_of_function_computes_once() {
    Setup here;
    int calls = 0;
    const auto once = [&](const sc::Digest &key, auto fn) {
        for (int round = 0; round < 2; round++) {
            const sc::Answer answer = here.filter.lookup_or_compute(key, fn);
            CHECK(answer && answer.computed() == (round == 0) && answer.status() == STREAMCACHE_OK);
            CHECK(answer->as<float>().size() == 2 && answer->as<float>()[1] == 2);
        }
    };
    once(sc::Digest::chunk("vector"sv), [&] { return calls++, std::vector<float>{1, 2}; });
    once(sc::Digest::chunk("array"sv), [&] { return calls++, std::array<float, 2>{1, 2}; });
    once(sc::Digest::chunk("external"sv), [&] { return calls++, sc::External(std::vector<float>{1, 2}); });
    const float kept[] = {1, 2};
    once(sc::Digest::chunk("bytes"sv), [&] { return calls++, sc::bytes(kept); });
    once(sc::Digest::chunk("in place"sv), [&](sc::Output &out) {
        calls++;
        CHECK(out.get_state()->bytes().text() == "state");
        const sc::writable<float> result = out.buffer<float>(7);
        CHECK(reinterpret_cast<std::uintptr_t>(result.data()) % 64 == 0 && result.size() == 7);
        result[0] = 1;
        result[1] = 2;
        out.shrink(2 * sizeof(float));
    });
    once(sc::Digest::chunk("with its output"sv), [&](sc::Output &) { return calls++, std::vector<float>{1, 2}; });
    CHECK(calls == 6);
    CHECK(here.filter.lookup_or_compute_bytes("vector"sv, [] { return "never called"s; })->size() == 8);
    CHECK(here.filter.snapshot().lookup_or_compute(sc::Digest::chunk("array"sv), [] { return ""s; })->size() == 8);
    CHECK(here.cache.lookup_or_compute(here.filter.key(sc::Digest::chunk("bytes"sv)), [] { return ""s; })->size() == 8);
    CHECK(here.cache.stats().time_saved_ns > 0);
}

void an_exception_leaves_nothing_behind() {
    Setup here;
    const auto throws = [](sc::Output &out) {
        out.buffer<float>(2)[0] = 1;
        throw std::logic_error("the model failed");
    };
    bool thrown = false;
    try {
        here.filter.lookup_or_compute(chunk, throws);
    } catch (const std::logic_error &error) { thrown = error.what() == "the model failed"s; }
    CHECK(thrown && !here.filter.lookup(chunk));
    try {
        (void)here.filter.try_lookup_or_compute(chunk, throws); // this form lets it through as well
    } catch (const std::logic_error &) { thrown = false; }
    CHECK(!thrown);
    // The right is free again, at once.
    const sc::Answer answer = here.filter.lookup_or_compute(chunk, [] { return "x"s; }, {}, 0ms);
    CHECK(answer.computed() && answer.status() == STREAMCACHE_OK);
}

void a_waiter_takes_over_from_an_exception() {
    Setup here;
    sc::Begun begun = here.filter.begin(chunk);
    STATUS(begun.status(), STREAMCACHE_FILL);
    std::atomic<int> computed{0};
    std::thread waiter(
        [&] { computed += here.filter.lookup_or_compute(chunk, [] { return "the waiter's"s; }).computed(); });
    std::this_thread::sleep_for(20ms);
    try {
        const sc::Ticket mine = std::move(begun.ticket());
        throw std::logic_error("the model failed");
    } catch (const std::logic_error &) {}
    waiter.join();
    CHECK(computed == 1 && here.filter.lookup(chunk)->bytes().text() == "the waiter's");
}

void many_threads_compute_once() {
    Setup here;
    std::atomic<int> calls{0}, right{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++)
        threads.emplace_back([&] {
            const sc::Answer answer = here.filter.lookup_or_compute_bytes("chunk"sv, [&] {
                calls++;
                std::this_thread::sleep_for(20ms);
                return "result"s;
            });
            right += answer->bytes().text() == "result";
        });
    for (std::thread &thread : threads) thread.join();
    CHECK(calls == 1 && right == 4);
}

void a_busy_owner_is_not_waited_for_for_ever() {
    Setup here;
    for (const bool in_place : {true, false}) {
        sc::Begun owner = here.filter.begin(chunk);
        STATUS(owner.status(), STREAMCACHE_FILL);
        sc::Value lease;
        sc::Answer answer;
        if (in_place) {
            answer = here.filter.lookup_or_compute(
                chunk,
                [](sc::Output &out) {
                    CHECK(out.get_state()->bytes().text() == "state");
                    out.buffer<char>(3)[0] = 'x';
                    out.shrink(1);
                },
                sc::PutOptions().lease(lease), 1ms);
        } else {
            answer = here.filter.lookup_or_compute(
                chunk, [] { return "x"s; }, sc::PutOptions().lease(lease).flags(sc::no_wait));
        }
        CHECK(answer && answer.computed() && answer->bytes().text() == "x" && lease.get() == answer->get());
        // It was put, and so what the owner commits is not stored any more; but the owner has its own.
        CHECK(here.filter.lookup(chunk)->bytes().text() == "x" && owner.ticket().phase() == sc::Phase::fenced);
        const auto late = owner.ticket().try_commit_copy("late"sv);
        CHECK(late && late.status() == STREAMCACHE_NOT_STORED && late->bytes().text() == "late");
        CHECK(here.filter.remove(chunk));
    }
    sc::Begun owner = here.cache.begin(chunk);
    CHECK(here.cache.lookup_or_compute(chunk, [] { return "mine"s; }, {}, 0ms)->bytes().text() == "mine");
    sc::Snapshot snapshot = here.filter.snapshot();
    sc::Begun other = snapshot.begin(chunk);
    CHECK(snapshot.lookup_or_compute(chunk, [] { return sc::External("mine"s); }, {}, 0ms)->bytes().text() == "mine");
    CHECK(!owner && !other && owner.ticket() && other.ticket());
}

void a_rejection_is_remembered() {
    Setup here;
    const auto reject = [](sc::Output &out) { out.reject(-42, 1h); };
    for (int round = 0; round < 2; round++) {
        bool thrown = false;
        try {
            here.filter.lookup_or_compute(chunk, reject);
        } catch (const sc::rejected &rejected) {
            thrown = rejected.code() == -42 && rejected.status() == STREAMCACHE_REJECTED;
        }
        CHECK(thrown);
        const sc::Answer answer = here.filter.try_lookup_or_compute(chunk, reject);
        CHECK(!answer && !answer.failed() && answer.rejection() == -42 && !answer.computed());
    }
    const sc::Lookup lookup = here.filter.lookup(chunk);
    CHECK(!lookup && lookup.status() == STREAMCACHE_REJECTED && lookup.rejection() == -42);
    const sc::Begun begun = here.filter.begin(chunk);
    CHECK(!begun && begun.status() == STREAMCACHE_REJECTED && begun.rejection() == -42);
    CHECK(here.filter.lookup_into(chunk, {}).status() == STREAMCACHE_REJECTED);
}

void an_answer_is_not_lost_where_there_is_no_room() {
    Setup here(sc::Options().max_bytes(1 << 16));
    const auto large = [](sc::Output &out) { out.buffer<char>(1 << 20)[0] = 'x'; };
    const sc::Answer answer = here.filter.lookup_or_compute(chunk, large);
    CHECK(answer && answer.computed() && answer.status() == STREAMCACHE_NOT_STORED && answer->size() == 1 << 20);
    CHECK(answer->as<char>()[0] == 'x' && !here.filter.lookup(chunk));
    const sc::Answer copied = here.filter.lookup_or_compute(chunk, [] { return std::vector<char>(1 << 20, 'y'); });
    CHECK(copied && copied.status() == STREAMCACHE_NOT_STORED && copied->as<char>()[1] == 'y');
}

void a_function_without_a_result_is_an_error() {
    Setup here;
    STATUS(status_of([&] { here.filter.lookup_or_compute(chunk, [](sc::Output &) {}); }), STREAMCACHE_INVALID_ARGUMENT);
    CHECK(!here.filter.lookup(chunk) && here.filter.lookup_or_compute(chunk, [] { return ""s; }, {}, 0ms).computed());
    here.cache.close();
    STATUS(status_of([&] { here.filter.lookup_or_compute(chunk, [] { return ""s; }); }), STREAMCACHE_CLOSED);
}

void a_tickets_verbs() {
    Setup here;
    sc::Begun begun = here.filter.begin_bytes("chunk"sv);
    CHECK(!begun && begun.chunk() == chunk);
    sc::Ticket ticket = std::move(begun.ticket());
    CHECK(!begun.ticket() && ticket.key() == here.filter.key(chunk) && ticket.phase() == sc::Phase::open);
    CHECK(ticket.get_state().key() == sc::Digest::state("state"sv));
    sc::Ticket shared = ticket.share();
    ticket.reset();
    shared.buffer<int>(2)[0] = 7;
    sc::Value lease;
    const sc::Value value = shared.commit(sizeof(int), sc::PutOptions().blob("b"sv).lease(lease));
    CHECK(value.as<int>()[0] == 7 && value.size() == 4 && lease.get() == value.get() && value.blob().text() == "b");
    STATUS(status_of([&] { shared.commit_copy("again"sv); }), STREAMCACHE_ENDED);
    CHECK(shared.phase() == sc::Phase::committed);
    sc::Ticket gone = std::move(here.filter.begin(chunk, 0ms, sc::refresh).ticket());
    gone.abort();
    CHECK(gone.phase() == sc::Phase::aborted);
    sc::Ticket rejecting = std::move(here.cache.begin(chunk).ticket());
    CHECK(rejecting.commit_rejection(3, 1h));
    CHECK(here.cache.get_chunk(chunk).rejection() == 3);
    CHECK(value.try_rejection().status() == STREAMCACHE_MISS);
    STATUS(status_of([&] { (void)value.rejection(); }), STREAMCACHE_MISS);
    // External memory that is given to a ticket that has ended is freed once.
    const std::shared_ptr<int[]> memory(new int[4]());
    CHECK(!gone.try_commit_external({memory, 4}) && memory.use_count() == 1);
    STATUS(status_of([&] { gone.commit_external({memory, 4}); }), STREAMCACHE_ENDED);
    CHECK(memory.use_count() == 1 && sc::TicketRef(gone.get()).share().get() == gone.get());
}

} // namespace

int main() {
    every_kind_of_function_computes_once();
    an_exception_leaves_nothing_behind();
    a_waiter_takes_over_from_an_exception();
    many_threads_compute_once();
    a_busy_owner_is_not_waited_for_for_ever();
    a_rejection_is_remembered();
    an_answer_is_not_lost_where_there_is_no_room();
    a_function_without_a_result_is_an_error();
    a_tickets_verbs();
    return check_report();
}
