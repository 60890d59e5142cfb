#include "ledger.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace magika {
namespace {

// A saved entry, as it lies in the file: of this machine, for this machine.
struct Record {
    char16_t tokens[std::tuple_size_v<Input>];
    std::int64_t cost;
    Output output;
};

constexpr std::int64_t kUnknown = -1;

std::string head(const std::string& config) { return "magika's ledger, 1: " + config + '\n'; }

Input input_of(const std::u16string& tokens) {
    Input input;
    std::copy(tokens.begin(), tokens.end(), input.begin());
    return input;
}

}  // namespace

bool Ledger::Entry::confirms(const float* scores) const {
    return known && std::memcmp(scores, output.data(), sizeof output) == 0;
}

Ledger::Entry& Ledger::entry(const Input& input) {
    Entry& entry = entries_[std::u16string(input.begin(), input.end())];
    if (!std::exchange(entry.seen, true)) ++seen_;
    return entry;
}

std::size_t Ledger::recompute(Identifier& identifier, std::size_t count) const {
    std::size_t different = 0;
    for (const auto& [tokens, entry] : entries_) {
        if (count == 0) break;
        if (!entry.seen) continue;
        --count;
        if (!entry.confirms(identifier.compute(input_of(tokens)).data())) ++different;
    }
    return different;
}

std::size_t Ledger::settle(Identifier& identifier, std::vector<Nanoseconds>& times) {
    std::size_t different = 0;
    for (auto& [tokens, entry] : entries_) {
        if (entry.computed || !entry.known) continue;
        const auto start = std::chrono::steady_clock::now();
        const Output output = identifier.compute(input_of(tokens));
        times.push_back(std::chrono::steady_clock::now() - start);
        if (!entry.confirms(output.data())) ++different;
        entry.output = output;
        entry.computed = true;
    }
    return different;
}

std::size_t Ledger::earlier() const {
    return static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), [](const auto& entry) {
        return entry.second.seen && entry.second.earlier;
    }));
}

std::vector<Nanoseconds> Ledger::earlier_times() const {
    std::vector<Nanoseconds> times;
    for (const auto& [tokens, entry] : entries_)
        if (entry.seen && entry.earlier && entry.cost) times.push_back(*entry.cost);
    return times;
}

void Ledger::load(const std::filesystem::path& path, const std::string& config) {
    std::ifstream file(path, std::ios::binary);
    std::string line;
    if (!std::getline(file, line) || line + '\n' != head(config)) return;
    for (Record record; file.read(reinterpret_cast<char*>(&record), sizeof record);) {
        Entry entry;
        entry.known = entry.computed = entry.earlier = true;
        entry.output = record.output;
        if (record.cost != kUnknown) entry.cost = Nanoseconds(record.cost);
        entries_[std::u16string(std::begin(record.tokens), std::end(record.tokens))] = entry;
    }
}

void Ledger::save(const std::filesystem::path& path, const std::string& config) const {
    const std::filesystem::path beside = path.native() + ".new";
    std::ofstream file(beside, std::ios::binary | std::ios::trunc);
    file << head(config);
    for (const auto& [tokens, entry] : entries_) {
        if (!entry.computed) continue;
        Record record{};
        std::copy(tokens.begin(), tokens.end(), std::begin(record.tokens));
        record.cost = entry.cost ? entry.cost->count() : kUnknown;
        record.output = entry.output;
        file.write(reinterpret_cast<const char*>(&record), sizeof record);
    }
    file.close();
    if (!file) throw std::runtime_error("the ledger could not be written to " + beside.string());
    std::filesystem::rename(beside, path);
}

}  // namespace magika
