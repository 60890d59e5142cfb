// One file, one answer: from a rule, from the cache, or from the model.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <streamcache/openvino.hpp>
#include <string>

#include "cache.hpp"
#include "features.hpp"
#include "labels.hpp"
#include "model.hpp"

namespace magika {

using Nanoseconds = std::chrono::nanoseconds;

struct Answer {
    enum class From { rule, cache, model, nowhere };

    From from = From::nowhere;
    Decision decision;                                      // empty when the file could not be read
    Reading reading;                                        // what was read: the model's input, or why there is none
    std::optional<streamcache::openvino::Outputs> outputs;  // through the cache: keeps the scores alive
    Output output;                                          // without one: the scores
    Nanoseconds inference_time{};                           // of the model
    Nanoseconds lookup_time{};                              // of hashing the input and looking it up

    const Input& input() const { return std::get<Input>(reading); }
    const float* scores() const { return outputs ? (*outputs)[0].data<float>() : output.data(); }

    // Where the scores came from when they entered this process's memory.
    streamcache::Tier tier() const { return outputs ? outputs->value().tier() : streamcache::Tier::memory; }
};

class Identifier {
public:
    // `package` is the folder of the Python package magika. Without room there is no cache.
    Identifier(const std::filesystem::path& package, const std::string& model_name, const std::optional<Room>& room);

    Answer identify(const std::filesystem::path& path);

    // The engine alone, whatever the cache knows.
    Output compute(const Input& input) { return model().infer(input); }

    Cache* cache() const { return cache_.get(); }

    // What decides the bits of an answer, the weights included.
    const std::string& config() const { return config_; }

    // How long it took to load the model; none while nobody has needed it.
    std::optional<Nanoseconds> load_time() const { return load_time_; }

private:
    // The model's answer, through the cache.
    void ask(Answer& answer);

    // Loads the model when it is needed first.
    Model& model();

    std::filesystem::path file_;
    Labels labels_;
    std::optional<Model> model_;
    std::optional<Nanoseconds> load_time_;
    std::string description_;
    std::string config_;
    std::unique_ptr<Cache> cache_;
    streamcache::Filter filter_;  // its, or none
};

}  // namespace magika
