#include "identify.hpp"

namespace magika {
namespace {

using Clock = std::chrono::steady_clock;

std::filesystem::path model_folder(const std::filesystem::path& package, const std::string& name) {
    return package / "models" / name;
}

}  // namespace

Identifier::Identifier(const std::filesystem::path& package, const std::string& model_name,
                       std::optional<std::uint64_t> cache_bytes)
    : labels_(package, model_folder(package, model_name)), model_(model_folder(package, model_name) / "model.onnx") {
    if (!cache_bytes) return;
    cache_ = std::make_unique<Cache>(config_json(model_name, labels_.version(), model_.description()),
                                     model_folder(package, model_name) / "model.onnx", *cache_bytes);
}

Answer Identifier::identify(const std::filesystem::path& path) {
    Answer answer;
    answer.reading = read_file(path);
    if (std::holds_alternative<Unreadable>(answer.reading)) return answer;
    if (const auto* ruled = std::get_if<Ruled>(&answer.reading)) {
        answer.from = Answer::From::rule;
        answer.decision = {"undefined", ruled->label, 1.0};
        return answer;
    }

    Lookup lookup;
    if (cache_) {
        const auto start = Clock::now();
        lookup = cache_->find(answer.input());
        answer.lookup_time = Clock::now() - start;
    }

    if (lookup) {
        answer.from = Answer::From::cache;
        answer.lease = std::move(lookup.lease);
    } else {
        const auto start = Clock::now();
        answer.output = model_.infer(answer.input());
        answer.inference_time = Clock::now() - start;
        answer.from = Answer::From::model;
        if (cache_) cache_->remember(lookup, answer.output, answer.inference_time);
    }
    answer.decision = labels_.decide(answer.scores());
    return answer;
}

}  // namespace magika
