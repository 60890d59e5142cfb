// Measured times, and what to say about many of them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace common {

using Clock = std::chrono::steady_clock;
using Nanoseconds = std::chrono::nanoseconds;

inline Nanoseconds median(std::vector<Nanoseconds> times) {
    if (times.empty()) return {};
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    return *middle;
}

inline double ratio(Nanoseconds slow, Nanoseconds fast) {
    return fast.count() == 0 ? 0 : static_cast<double>(slow.count()) / static_cast<double>(fast.count());
}

}  // namespace common
