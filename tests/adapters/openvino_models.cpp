// Magika and Silero on OpenVINO over the demos' data: through the cache, what the engine alone gives in every bit.
#include "common.hpp"

#include <streamcache/openvino.hpp>

#include "answers.hpp"
#include "data.hpp"

namespace {

namespace ad = sc::openvino;

ov::CompiledModel compile(ov::Core &core, const std::string &file,
                          const std::map<std::string, ov::PartialShape> &shapes) {
    const auto model = core.read_model(file);
    model->reshape(shapes);
    return core.compile_model(model, "CPU", ov::hint::inference_precision(ov::element::f32),
                              ov::inference_num_threads(1));
}

std::string bytes_of(const ov::Tensor &tensor) {
    return {static_cast<const char *>(tensor.data()), tensor.get_byte_size()};
}

void run_magika(ov::Core &core, const data::Places &places) {
    const std::string file = places.magika / "models/standard_v3_3/model.onnx";
    auto compiled = compile(core, file, {{"bytes", ov::PartialShape{1, 2048}}});
    ov::InferRequest alone = compiled.create_infer_request();
    const ad::Model model(compiled);
    auto cache = sc::Cache::open();
    auto filter = ad::make_filter(cache, "magika", core, compiled, {file});
    Answers answers;
    for (const magika::Input &input : data::magika_inputs(places)) {
        ov::Tensor tensor(ov::element::i32, {1, input.size()});
        std::memcpy(tensor.data(), input.data(), sizeof input);
        const std::string &right = answers.expected(bytes_of(tensor), [&] {
            alone.set_input_tensor(tensor);
            alone.infer();
            return bytes_of(alone.get_output_tensor());
        });
        const auto outputs = ad::cached_run(model, filter, {tensor});
        CHECK(outputs[0].get_element_type() == ov::element::f32 && outputs[0].get_shape() == (ov::Shape{1, 214}));
        answers.compare(outputs.computed(), bytes_of(outputs[0]), right);
    }
    answers.report("Magika on OpenVINO");
}

// The recurrent state is an input and an output as others.
void run_silero(ov::Core &core, const data::Places &places) {
    const std::string file = places.silero / "data/silero_vad_openvino_16k.onnx";
    const ov::Shape chunk_shape{1, std::tuple_size_v<silero::Chunk>}, state_shape{2, 1, 128};
    auto compiled = compile(
        core, file, {{"input", ov::PartialShape(chunk_shape)}, {"state", ov::PartialShape(state_shape)}});
    ov::InferRequest alone = compiled.create_infer_request();
    const ad::Model model(compiled);
    auto cache = sc::Cache::open();
    auto filter = ad::make_filter(cache, "silero", core, compiled, {file});
    const auto load = data::silero_calls(places);
    Answers answers;
    for (const std::size_t call : load.calls) {
        ov::Tensor state(ov::element::f32, state_shape);
        std::memset(state.data(), 0, state.get_byte_size());
        for (const silero::Chunk &chunk : load.scripts[call]) {
            const ov::Tensor samples(ov::element::f32, chunk_shape, static_cast<const void *>(chunk.data()));
            const std::string &right = answers.expected(bytes_of(samples) + bytes_of(state), [&] {
                alone.set_tensor("input", samples);
                alone.set_tensor("state", state);
                alone.infer();
                return bytes_of(alone.get_tensor("output")) + bytes_of(alone.get_tensor("stateN"));
            });
            const auto outputs = ad::cached_run(model, filter, {samples, state});
            answers.compare(outputs.computed(), bytes_of(outputs[0]) + bytes_of(outputs[1]), right);
            state = outputs[1];
        }
    }
    answers.report("Silero on OpenVINO");
}

} // namespace

int main(int argc, char **argv) {
    const data::Places places = data::places(argc, argv);
    ov::Core core;
    return run_tests({
        {"run_magika", [&] { run_magika(core, places); }},
        {"run_silero", [&] { run_silero(core, places); }},
    });
}
