// What the engine really computed, kept apart from the cache and found by the whole input, not by a digest: the witness
// that no remembered answer belongs to another input. It may be kept in a file, for the next run.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "identify.hpp"

namespace magika {

class Ledger {
public:
    struct Entry {
        bool seen = false;      // by this run
        bool known = false;     // is `output` known?
        bool computed = false;  // by the engine; else it is what the first answer said, to be settled
        bool earlier = false;   // by the engine, in an earlier run
        Output output;
        std::optional<Nanoseconds> cost;  // of the computation that is remembered; none if only another run knew

        bool confirms(const float* scores) const;  // the same in every bit?
    };

    // The entry of an input. The first time that this run sees it counts.
    Entry& entry(const Input& input);

    // Has the engine compute up to `count` of the inputs that were seen again; returns how many came out different.
    std::size_t recompute(Identifier& identifier, std::size_t count) const;

    // Has it compute what no ledger had; returns how many came out different, and adds the times it took.
    std::size_t settle(Identifier& identifier, std::vector<Nanoseconds>& times);

    // Reads what an earlier run saved; nothing if that wasn't of the same model, engine and processor, or is no ledger.
    void load(const std::filesystem::path& file, const std::string& config);

    void save(const std::filesystem::path& file, const std::string& config) const;

    // Distinct inputs that this run saw, those of them that an earlier run had computed, and what that took.
    std::size_t size() const { return seen_; }
    std::size_t earlier() const;
    std::vector<Nanoseconds> earlier_times() const;

private:
    // Tokens go up to 256, so 16 bits hold the whole input in half the memory.
    std::unordered_map<std::u16string, Entry> entries_;
    std::size_t seen_ = 0;
};

}  // namespace magika
