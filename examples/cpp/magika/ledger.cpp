#include "ledger.hpp"

#include <algorithm>
#include <cstring>

namespace magika {

bool Ledger::Entry::confirms(const float* scores) const {
    return computed && std::memcmp(scores, output.data(), sizeof output) == 0;
}

Ledger::Entry& Ledger::entry(const Input& input) { return entries_[std::u16string(input.begin(), input.end())]; }

std::size_t Ledger::recompute(Identifier& identifier, std::size_t count) const {
    std::size_t different = 0;
    for (const auto& [tokens, entry] : entries_) {
        if (count == 0) break;
        --count;
        Input input;
        std::copy(tokens.begin(), tokens.end(), input.begin());
        if (!entry.confirms(identifier.compute(input).data())) ++different;
    }
    return different;
}

}  // namespace magika
