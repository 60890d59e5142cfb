#include "identify.hpp"

#include <stdexcept>
#include <utility>

#include "describe.hpp"

namespace magika {
namespace {

using Clock = std::chrono::steady_clock;

std::filesystem::path model_folder(const std::filesystem::path& package, const std::string& name) {
    return package / "models" / name;
}

}  // namespace

Identifier::Identifier(const std::filesystem::path& package, const std::string& model_name,
                       const std::optional<Room>& room)
    : file_(model_folder(package, model_name) / "model.onnx"), labels_(package, model_folder(package, model_name)) {
    if (!room) {
        model();
        return;
    }
    description_ = description_of(file_, *room, [this] { return model().description(); });
    config_ = config_json(model_name, labels_.version(), description_);
    cache_ = std::make_unique<Cache>(config_, file_, *room);
    filter_ = cache_->share();
}

Model& Identifier::model() {
    if (!model_) {
        const auto start = Clock::now();
        model_.emplace(file_);
        load_time_ = Clock::now() - start;
    }
    // What is remembered under one description must not be mixed with what is computed under another.
    if (!description_.empty() && model_->description() != description_)
        throw std::runtime_error("the engine compiles the model in another way than when the answers on disk were "
                                 "computed: begin anew, with --fresh");
    return *model_;
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

    if (cache_) {
        ask(answer);
    } else {
        const auto start = Clock::now();
        answer.output = model().infer(answer.input());
        answer.inference_time = Clock::now() - start;
        answer.from = Answer::From::model;
    }
    answer.decision = labels_.decide(answer.scores());
    return answer;
}

void Identifier::ask(Answer& answer) {
    const auto start = Clock::now();
    streamcache::PutOptions options;
    const auto compute = [&] {
        answer.lookup_time = Clock::now() - start;
        Model& model = this->model();  // to load it is not what a hit saves
        const auto began = Clock::now();
        ov::TensorVector outputs = model.run(answer.input());
        options.compute_time(Clock::now() - began);
        return outputs;
    };
    auto outputs = streamcache::openvino::cached_compute(filter_, digest(answer.input()), compute, options);
    if (!outputs.computed()) answer.lookup_time = Clock::now() - start;
    if (outputs.size() != 1 || outputs[0].get_size() != kLabels) common::fail("get", "a value of the wrong size");
    answer.from = outputs.computed() ? Answer::From::model : Answer::From::cache;
    answer.inference_time = outputs.compute_time();
    answer.outputs = std::move(outputs);
}

}  // namespace magika
