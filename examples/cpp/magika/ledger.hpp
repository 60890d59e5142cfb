// What the engine really computed, kept apart from the cache and found by the whole input, not by a digest: the witness
// that no remembered answer belongs to another input.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

#include "identify.hpp"

namespace magika {

class Ledger {
public:
    struct Entry {
        bool computed = false;  // is what follows known?
        Output output;
        Nanoseconds cost{};

        bool confirms(const float* scores) const;  // the same in every bit?
    };

    // The entry of an input; a new one if this is the first sight of it.
    Entry& entry(const Input& input);

    // Has the engine compute up to `count` of the inputs again; returns how many came out different.
    std::size_t recompute(Identifier& identifier, std::size_t count) const;

    // Distinct inputs seen so far.
    std::size_t size() const { return entries_.size(); }

private:
    // Tokens go up to 256, so 16 bits hold the whole input in half the memory.
    std::unordered_map<std::u16string, Entry> entries_;
};

}  // namespace magika
