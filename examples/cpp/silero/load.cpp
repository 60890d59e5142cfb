#include "load.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

namespace silero {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSilence = "0*";
constexpr std::size_t kPause = 8;  // chunks between two prompts of the endless stream

void append(Samples& samples, const Samples& more) { samples.insert(samples.end(), more.begin(), more.end()); }

void pad(Samples& samples) { samples.resize((samples.size() + kWindow - 1) / kWindow * kWindow, 0.0F); }

void pause(Samples& samples, std::size_t chunks) { samples.resize(samples.size() + chunks * kWindow, 0.0F); }

// "0*8 hello-world 0*12 goodbye"
Samples script(std::istream& words, const fs::path& sounds) {
    Samples samples;
    for (std::string word; words >> word;) {
        if (word.rfind(kSilence, 0) == 0) {
            pause(samples, std::stoul(word.substr(2)));
        } else {
            append(samples, read_wav(sounds / (word + ".wav")));
            pad(samples);
        }
    }
    return samples;
}

}  // namespace

std::size_t Load::chunks() const {
    std::size_t sum = 0;
    for (const std::size_t call : calls) sum += scripts[call].size();
    return sum;
}

std::size_t Load::silent_chunks() const {
    const auto silent = [](const Chunk& chunk) {
        return std::all_of(chunk.begin(), chunk.end(), [](float sample) { return sample == 0; });
    };
    std::ptrdiff_t sum = 0;
    for (const std::size_t call : calls) sum += std::count_if(scripts[call].begin(), scripts[call].end(), silent);
    return static_cast<std::size_t>(sum);
}

Load telephone_calls(const fs::path& list, const fs::path& sounds, std::size_t count) {
    std::ifstream file(list);
    Load load;
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::string kind, number;
        words >> kind;
        if (kind == "script") {
            words >> number;
            load.scripts.push_back(chunks_of(script(words, sounds)));
        } else if (kind == "calls:") {
            for (std::size_t call = 0; words >> call;) load.calls.push_back(call - 1);
        }
    }
    load.calls.resize(std::min(count, load.calls.size()));
    const auto known = [&](std::size_t call) { return call < load.scripts.size(); };
    if (load.calls.empty() || !std::all_of(load.calls.begin(), load.calls.end(), known))
        throw std::runtime_error("no calls, or one without a script, in " + list.string());
    return load;
}

std::vector<fs::path> prompts_in(const fs::path& sounds, std::size_t count) {
    std::vector<fs::path> prompts;
    for (const auto& entry : fs::recursive_directory_iterator(sounds))
        if (entry.path().extension() == ".wav") prompts.push_back(entry.path());
    std::sort(prompts.begin(), prompts.end());
    prompts.resize(std::min(count, prompts.size()));
    return prompts;
}

Load endless_stream(const std::vector<fs::path>& prompts) {
    Samples samples;
    for (const auto& prompt : prompts) {
        append(samples, read_wav(prompt));
        pad(samples);
        pause(samples, kPause);
    }
    return {{chunks_of(samples)}, {0}};
}

}  // namespace silero
