#include "corpus.hpp"

#include <algorithm>

#include "common/progress.hpp"

namespace magika {

Corpus::Corpus(const std::vector<std::filesystem::path>& files) {
    for (const auto& path : files) {
        const Reading reading = read_file(path);
        if (const auto* input = std::get_if<Input>(&reading)) {
            const auto [entry, is_new] = numbers_.try_emplace(Tokens(input->begin(), input->end()), numbers_.size());
            if (is_new) inputs_.push_back(&entry->first);
            files_.push_back({path, entry->second});
        } else {
            ++(std::holds_alternative<Ruled>(reading) ? by_rule_ : unreadable_);
        }
    }
}

bool Corpus::is_input_of(std::size_t file, const Input& input) const {
    const Tokens& tokens = *inputs_[input_of(file)];
    return std::equal(input.begin(), input.end(), tokens.begin(), tokens.end());
}

std::vector<Output> Corpus::answers(Model& model) const {
    common::Progress progress("one at a time", distinct(), "inputs");
    std::vector<Output> answers;
    answers.reserve(distinct());
    for (const Tokens* tokens : inputs_) {
        Input input;
        std::copy(tokens->begin(), tokens->end(), input.begin());
        answers.push_back(model.infer(input));
        progress.step();
    }
    return answers;
}

}  // namespace magika
