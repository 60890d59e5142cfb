// Magika and Silero on ONNX Runtime over the demos' data: through the cache, what the engine alone gives in every bit.
#include "common.hpp"

#include <streamcache/onnxruntime.hpp>

#include <array>

#include "answers.hpp"
#include "data.hpp"

namespace {

namespace ad = sc::onnxruntime;

using Values = std::vector<Ort::Value>;

const ad::Settings settings{"CPUExecutionProvider", "f32", 1};

Ort::Session session_of(const std::string &file) {
    static Ort::Env env(ORT_LOGGING_LEVEL_ERROR, "test");
    Ort::SessionOptions options;
    options.SetIntraOpNumThreads(1);
    return {env, file.c_str(), options};
}

template <class T> Ort::Value tensor(const T *data, std::size_t count, const std::vector<std::int64_t> &shape) {
    static const auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
    return Ort::Value::CreateTensor<T>(memory, const_cast<T *>(data), count, shape.data(), shape.size());
}

std::string floats_of(const Ort::Value &value) {
    return bytes_of(value.GetTensorData<float>(), value.GetTensorTypeAndShapeInfo().GetElementCount());
}

void run_magika(const data::Places &places) {
    const std::string file = places.magika / "models/standard_v3_3/model.onnx";
    Ort::Session session = session_of(file);
    const ad::Model model(session);
    auto cache = sc::Cache::open();
    auto filter = ad::make_filter(cache, "magika", model, {file}, settings);
    const char *const in = "bytes", *const out = "target_label";
    Answers answers;
    for (const magika::Input &input : data::magika_inputs(places)) {
        Values values;
        values.push_back(tensor(input.data(), input.size(), {1, std::int64_t(input.size())}));
        const std::string &right = answers.expected(bytes_of(input.data(), input.size()), [&] {
            return floats_of(session.Run(Ort::RunOptions{nullptr}, &in, values.data(), 1, &out, 1)[0]);
        });
        const auto outputs = ad::cached_run(model, filter, values);
        CHECK(outputs[0].GetTensorTypeAndShapeInfo().GetShape() == (std::vector<std::int64_t>{1, 214}));
        answers.compare(outputs.computed(), floats_of(outputs[0]), right);
    }
    answers.report("Magika on ONNX Runtime");
}

// The recurrent state is an input and an output as others, and the sample rate an input without a dimension.
void run_silero(const data::Places &places) {
    const std::string file = places.silero / "data/silero_vad.onnx";
    Ort::Session session = session_of(file);
    const ad::Model model(session);
    auto cache = sc::Cache::open();
    auto filter = ad::make_filter(cache, "silero", model, {file}, settings);
    const char *const in[] = {"input", "state", "sr"}, *const out[] = {"output", "stateN"};
    const std::int64_t rate = silero::kSampleRate;
    const auto load = data::silero_calls(places);
    Answers answers;
    for (const std::size_t call : load.calls) {
        std::array<float, 256> state{};
        for (const silero::Chunk &chunk : load.scripts[call]) {
            Values values;
            values.push_back(tensor(chunk.data(), chunk.size(), {1, std::int64_t(chunk.size())}));
            values.push_back(tensor(state.data(), state.size(), {2, 1, 128}));
            values.push_back(tensor(&rate, 1, {}));
            const std::string inputs = bytes_of(chunk.data(), chunk.size()) + bytes_of(state.data(), state.size());
            const std::string &right = answers.expected(inputs, [&] {
                const Values alone = session.Run(Ort::RunOptions{nullptr}, in, values.data(), 3, out, 2);
                return floats_of(alone[0]) + floats_of(alone[1]);
            });
            const auto outputs = ad::cached_run(model, filter, values);
            answers.compare(outputs.computed(), floats_of(outputs[0]) + floats_of(outputs[1]), right);
            std::memcpy(state.data(), outputs[1].GetTensorData<float>(), sizeof state);
        }
    }
    answers.report("Silero on ONNX Runtime");
}

} // namespace

int main(int argc, char **argv) {
    const data::Places places = data::places(argc, argv);
    return run_tests({
        TEST_WITH(run_magika, places),
        TEST_WITH(run_silero, places),
    });
}
