#include "labels.hpp"

#include <algorithm>
#include <stdexcept>

#include "features.hpp"
#include "json.hpp"

namespace magika {
namespace {

// features.cpp is written for one preparation of the input; a model that wants another would be answered wrongly.
void require(const Json& config, const std::string& name, double expected) {
    if (config[name].number() != expected)
        throw std::runtime_error("this model's config has another " + name + " than this program is written for");
}

}  // namespace

Labels::Labels(const std::filesystem::path& package, const std::filesystem::path& model) {
    const Json config = Json::read(model / "config.min.json");
    const Json types = Json::read(package / "config" / "content_types_kb.min.json");

    require(config, "beg_size", kBegin);
    require(config, "mid_size", 0);
    require(config, "end_size", kEnd);
    require(config, "block_size", kBlock);
    require(config, "min_file_size_for_dl", kMinimum);
    require(config, "padding_token", kPadding);
    require(config, "version_major", 3);
    version_ = "3";

    const auto& thresholds = config["thresholds"].object();
    const auto& renamed = config["overwrite_map"].object();
    for (const Json& item : config["target_labels_space"].array()) {
        const std::string& raw = item.string();
        const auto name = renamed.find(raw);
        const std::string& label = name == renamed.end() ? raw : name->second.string();
        const auto own = thresholds.find(raw);  // by the raw label, even when it is renamed
        const double threshold =
            (own == thresholds.end() ? config["medium_confidence_threshold"] : own->second).number();
        entries_.push_back({raw, label, types[label]["is_text"].boolean() ? "txt" : "unknown", threshold});
    }
    if (entries_.size() != kLabels)
        throw std::runtime_error("this model has another number of labels than this program is written for");
}

Decision Labels::decide(const float* scores) const {
    const float* best = std::max_element(scores, scores + kLabels);  // of equals the first, as in the package
    const Entry& entry = entries_[static_cast<std::size_t>(best - scores)];
    const double score = *best;
    return {entry.raw, score >= entry.threshold ? entry.label : entry.fallback, score};
}

}  // namespace magika
