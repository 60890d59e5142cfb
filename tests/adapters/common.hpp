// What the tests of both engines use.
#pragma once

#include "../c/check.h"

#include <streamcache.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <exception>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <string>
#include <utility>

namespace sc = streamcache;

// The status of what is thrown; STREAMCACHE_OK where nothing is.
template <class Call> streamcache_status status_of(Call call) {
    try {
        call();
    } catch (const sc::error &error) { return error.status(); }
    return STREAMCACHE_OK;
}

// What is said about it.
template <class Call> std::string message_of(Call call) {
    try {
        call();
    } catch (const std::exception &error) { return error.what(); }
    return "nothing was thrown";
}

inline bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

inline void write_file(const std::string &path, const std::string &bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

// Three numbers as a file has them.
inline std::string three(float a, float b, float c) {
    const float numbers[] = {a, b, c};
    return {reinterpret_cast<const char *>(numbers), sizeof numbers};
}

// A filter of a test's own making.
inline sc::Filter plain_filter(sc::Cache &cache, std::uint32_t flags = 0) {
    sc::Filter filter = sc::Filter::open(cache, "test", sc::Digest::config_json("{}"), flags);
    filter.load_state(sc::Digest::state(std::string_view("weights")));
    return filter;
}

// Is every byte of a result that belongs to no tensor zero?
inline bool zero_between(const sc::Value &value) {
    std::string rest(value.bytes().text());
    for (std::size_t i = 0; i < value.tensor_count(); i++) {
        const auto raw = value.tensor(i).raw();
        std::fill_n(rest.begin() + static_cast<std::ptrdiff_t>(raw.offset), raw.length, '\0');
    }
    return rest.find_first_not_of('\0') == std::string::npos;
}

// Leaves memory of that size behind which is not zero.
inline void leave_dirt(sc::Filter &filter, std::size_t size) {
    const sc::Digest chunk = sc::Digest::chunk(std::string_view("dirt"));
    for (int times = 0; times < 8; times++) {
        CHECK(filter.put(chunk, sc::bytes(std::string(size, '\xff'))));
        CHECK(filter.remove(chunk));
    }
}

// Runs each test, and says how it went; main() ends with it. A test fails by a check, or by what it throws.
inline int run_tests(std::initializer_list<std::pair<const char *, std::function<void()>>> tests) {
    int passed = 0, failed = 0;
    for (const auto &[name, test] : tests) {
        const unsigned long before = check_failed;
        try {
            test();
        } catch (const std::exception &error) {
            std::fprintf(stderr, "%s: %s\n", name, error.what());
            check_failed++;
        }
        const bool failed_now = check_failed != before;
        ++(failed_now ? failed : passed);
        std::printf("%s: %s\n", name, failed_now ? "FAILED" : "ok");
    }
    const int status = check_report();
    std::printf("%d tests passed, %d failed\n", passed, failed);
    return status;
}
#define TEST(test) {#test, test}
#define TEST_WITH(test, argument) {#test, [&] { test(argument); }}
