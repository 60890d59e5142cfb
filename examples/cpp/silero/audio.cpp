#include "audio.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace silero {
namespace {

// Half of a symmetric low-pass filter: a sinc under a Kaiser window (beta 6), in 1/32768. It finds the sample between
// two others. Whole numbers, so that every compiler and processor gives the same samples.
constexpr std::array<std::int32_t, 8> kBetween{20646, -6313, 3175, -1722, 907, -435, 176, -50};

std::uint32_t little_endian(const char* bytes, std::size_t count) {
    std::uint32_t number = 0;
    for (std::size_t i = count; i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[i]);
    return number;
}

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
    throw std::runtime_error(path.string() + ": " + why);
}

std::vector<std::int16_t> read_8khz(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    if (!file) refuse(path, "can't be read");
    if (bytes.size() < 12 || bytes.compare(0, 4, "RIFF") != 0 || bytes.compare(8, 4, "WAVE") != 0)
        refuse(path, "not a WAV file");

    bool right_format = false;
    for (std::size_t at = 12; at + 8 <= bytes.size();) {
        const std::string name = bytes.substr(at, 4);
        const std::size_t length = little_endian(&bytes[at + 4], 4);
        const char* body = bytes.data() + at + 8;
        if (length > bytes.size() - at - 8) refuse(path, "cut short");
        if (name == "fmt " && length >= 16) {
            right_format = little_endian(body, 2) == 1 && little_endian(body + 2, 2) == 1 &&
                           little_endian(body + 4, 4) == kSampleRate / 2 && little_endian(body + 14, 2) == 16;
        } else if (name == "data") {
            if (!right_format) refuse(path, "not 16 bits, one channel, 8 kHz");
            std::vector<std::int16_t> samples(length / 2);
            for (std::size_t i = 0; i < samples.size(); ++i)
                samples[i] = static_cast<std::int16_t>(little_endian(body + 2 * i, 2));
            return samples;
        }
        at += 8 + length + length % 2;
    }
    refuse(path, "no samples");
}

}  // namespace

Samples read_wav(const std::filesystem::path& path) {
    const std::vector<std::int16_t> in = read_8khz(path);
    const auto count = static_cast<std::ptrdiff_t>(in.size());
    const auto at = [&](std::ptrdiff_t i) -> std::int32_t {
        return i < 0 || i >= count ? 0 : in[static_cast<std::size_t>(i)];
    };

    Samples out;
    out.reserve(2 * in.size());
    for (std::ptrdiff_t i = 0; i < count; ++i) {
        std::int64_t sum = 0;
        for (std::size_t tap = 0; tap < kBetween.size(); ++tap) {
            const auto distance = static_cast<std::ptrdiff_t>(tap);
            sum += std::int64_t{kBetween[tap]} * (at(i - distance) + at(i + 1 + distance));
        }
        out.push_back(static_cast<float>(at(i)) / 32768);
        out.push_back(std::clamp(static_cast<float>(sum) / 32768 / 32768, -1.0F, 1.0F));
    }
    return out;
}

std::vector<Chunk> chunks_of(const Samples& samples) {
    std::vector<Chunk> chunks((samples.size() + kWindow - 1) / kWindow);
    for (std::size_t i = 0; i < chunks.size(); ++i) {
        const std::size_t begin = i * kWindow, end = std::min(begin + kWindow, samples.size());
        chunks[i].fill(0);
        if (i > 0) std::copy_n(chunks[i - 1].end() - kContext, kContext, chunks[i].begin());
        std::copy(&samples[begin], &samples[0] + end, chunks[i].begin() + kContext);
    }
    return chunks;
}

}  // namespace silero
