// An operator that both engines run: y = x + 1. It counts its calls, and fails or waits where it is told to.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <thread>

namespace counted {

inline std::atomic<int> calls{0};
inline constexpr float poison = -1; // with it as the first number it fails
inline constexpr float slow = -2;   // and with this the first call waits as long as it is held
inline std::atomic<bool> held{false};

inline void compute(const float *x, std::size_t count, float *y) {
    const bool first = ++calls == 1;
    if (count > 0 && x[0] == poison) throw std::runtime_error("poison");
    if (count > 0 && x[0] == slow && first)
        while (held) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    for (std::size_t i = 0; i < count; i++) y[i] = x[i] + 1;
}

} // namespace counted
