// The files that reach the model, and which of them are the same to it: compared by the whole input, without a digest
// and without the cache.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

#include "magika/features.hpp"
#include "magika/labels.hpp"
#include "magika/model.hpp"

namespace magika {

class Corpus {
public:
    explicit Corpus(const std::vector<std::filesystem::path>& files);

    std::size_t files() const { return files_.size(); }
    std::size_t distinct() const { return inputs_.size(); }
    std::size_t by_rule() const { return by_rule_; }
    std::size_t unreadable() const { return unreadable_; }

    const std::filesystem::path& path(std::size_t file) const { return files_[file].path; }

    // The number of its input: files that are the same to the model have the same one, below distinct().
    std::size_t input_of(std::size_t file) const { return files_[file].input; }

    // Is this still what the file had in it?
    bool is_input_of(std::size_t file, const Input& input) const;

    // What the model answers to each distinct input when it gets it alone: a batch of 1.
    std::vector<Output> answers(Model& model) const;

private:
    // Tokens go up to 256, so 16 bits hold an input in half the memory.
    using Tokens = std::u16string;
    struct File {
        std::filesystem::path path;
        std::size_t input;
    };

    std::vector<File> files_;
    std::unordered_map<Tokens, std::size_t> numbers_;
    std::vector<const Tokens*> inputs_;  // by their number
    std::size_t by_rule_ = 0;
    std::size_t unreadable_ = 0;
};

}  // namespace magika
