// Telephone recordings as the model wants them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "model.hpp"

namespace silero {

using Samples = std::vector<float>;  // at 16 kHz, from -1 to 1

// Reads a WAV file of 16 bits, one channel, 8 kHz, and doubles its rate.
Samples read_wav(const std::filesystem::path& path);

// As the model sees them: windows of 512 samples, each after the last 64 of the window before (zeros before the first).
// What is left of the last window is filled with zeros.
std::vector<Chunk> chunks_of(const Samples& samples);

}  // namespace silero
