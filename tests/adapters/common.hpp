// What the tests of both engines use.
#pragma once

#include "../c/check.h"

#include <streamcache.hpp>

#include <cstring>
#include <exception>
#include <fstream>
#include <string>

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

// A filter of a test's own making.
inline sc::Filter plain_filter(sc::Cache &cache, const std::string &config = "{}") {
    sc::Filter filter = sc::Filter::open(cache, "test", sc::Digest::config_json(config));
    filter.load_state(sc::Digest::state(std::string_view("weights")));
    return filter;
}
