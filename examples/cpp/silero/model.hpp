// Silero's voice-activity model: is someone speaking in these 32 ms? It is recurrent: an answer depends on its state,
// that is on everything it heard since it was reset.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace silero {

inline constexpr int kSampleRate = 16000;
inline constexpr std::size_t kContext = 64;  // samples of the chunk before, which the model wants to see again
inline constexpr std::size_t kWindow = 512;  // new samples: 32 ms

using Chunk = std::array<float, kContext + kWindow>;
using State = std::array<float, 2 * 1 * 128>;

struct Step {
    float probability;  // of speech
    State next;
};

class Model {
public:
    Model() = default;
    Model(const Model&) = delete;
    Model& operator=(const Model&) = delete;
    virtual ~Model() = default;

    // The state after a reset is all zeros.
    virtual Step infer(const Chunk& chunk, const State& state) = 0;

    // The file with the weights.
    virtual std::filesystem::path file() const = 0;

    // "OpenVINO 2026.4.1"
    virtual std::string engine() const = 0;

    // Everything but the weights that decides what the bits of an answer are, as JSON.
    virtual std::string config() const = 0;
};

// The engines this program was built with; the first is the default.
std::vector<std::string> engines();

// `package` is the folder of the Python package silero_vad.
std::unique_ptr<Model> load_model(const std::string& engine, const std::filesystem::path& package);

}  // namespace silero
