// From the model's 214 scores to the label Magika gives.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace magika {

inline constexpr std::size_t kLabels = 214;

// The model's raw output: a score for each label.
using Output = std::array<float, kLabels>;

struct Decision {
    std::string raw;    // the best label of the model
    std::string label;  // what Magika answers: the raw one, or something more general when the score is low
    double score;
};

class Labels {
public:
    // `package` is the folder of the Python package magika, `model` that of one of its models.
    Labels(const std::filesystem::path& package, const std::filesystem::path& model);

    Decision decide(const float* scores) const;

    // The model's version, as its own config gives it.
    const std::string& version() const { return version_; }

private:
    struct Entry {
        std::string raw, label, fallback;
        double threshold;
    };
    std::vector<Entry> entries_;
    std::string version_;
};

}  // namespace magika
