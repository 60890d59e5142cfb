// What came through the cache, against what the engine alone gave: counted, and compared in every bit.
#pragma once

#include "../c/check.h"

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <string>
#include <unordered_map>

struct Answers {
    std::size_t computed = 0, found = 0, different = 0;
    std::unordered_map<std::string, std::string> right; // by all bytes of the inputs: no digest and no cache

    // Is this input new? Then `alone()` says what the engine alone gives.
    template <class Alone> const std::string &expected(const std::string &inputs, Alone alone) {
        const auto [at, is_new] = right.try_emplace(inputs);
        if (is_new) at->second = alone();
        return at->second;
    }
    void compare(bool was_computed, const std::string &got, const std::string &wanted) {
        ++(was_computed ? computed : found);
        if (got != wanted) ++different;
    }
    // The checks, and a line for people.
    void report(const char *model) const {
        CHECK(different == 0);
        CHECK(computed == right.size() && found > 0);
        std::printf("%s: %zu answers compared, %zu computed, %zu from the cache, %zu differ\n", model, computed + found,
                    computed, found, different);
    }
};

template <class T> std::string bytes_of(const T *data, std::size_t count) {
    return {reinterpret_cast<const char *>(data), count * sizeof(T)};
}
