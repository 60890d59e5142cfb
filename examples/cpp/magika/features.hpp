// What Magika's model looks at in a file, made byte for byte as Magika's own Python package makes it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>

namespace magika {

inline constexpr std::size_t kBegin = 1024;    // tokens from the beginning of the file
inline constexpr std::size_t kEnd = 1024;      // tokens from its end
inline constexpr std::size_t kBlock = 4096;    // bytes read at either end, before white space is stripped
inline constexpr std::size_t kMinimum = 8;     // with fewer bytes the model isn't asked
inline constexpr std::int32_t kPadding = 256;  // the token that means "no byte here"

// The model's input: a byte is its own token.
using Input = std::array<std::int32_t, kBegin + kEnd>;

struct Ruled {  // answered by a rule, without the model
    std::string label;
};

struct Unreadable {  // vanished, forbidden, cut short while it was read
    std::string reason;
};

using Reading = std::variant<Input, Ruled, Unreadable>;

Reading read_file(const std::filesystem::path& path);

}  // namespace magika
