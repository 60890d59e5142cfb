// What is played to the model: telephone calls, or one endless stream.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "audio.hpp"

namespace silero {

// Calls play one of a few scripts, each from the beginning and from a reset.
struct Load {
    std::vector<std::vector<Chunk>> scripts;
    std::vector<std::size_t> calls;  // which script each of them plays

    std::size_t chunks() const;
    std::size_t silent_chunks() const;  // all zeros, the 64 samples before them, too
};

// The calls of calls.txt, at most `count` of them; `sounds` is the folder with the prompts.
Load telephone_calls(const std::filesystem::path& list, const std::filesystem::path& sounds, std::size_t count);

// The prompts of the folder, at most `count` of them, in the same order every time.
std::vector<std::filesystem::path> prompts_in(const std::filesystem::path& sounds, std::size_t count);

// Each prompt once, padded to whole chunks, with a pause of digital silence after it: a single call, never reset.
Load endless_stream(const std::vector<std::filesystem::path>& prompts);

}  // namespace silero
