#include "common/openvino.hpp"

#include <cstring>
#include <streamcache/openvino.hpp>

#include "engines.hpp"

namespace silero {
namespace {

using common::require;

const ov::Shape kChunkShape{1, std::tuple_size_v<Chunk>};
const ov::Shape kStateShape{2, 1, 128};
const ov::Shape kOutputShape{1, 1};

bool is(const ov::Output<const ov::Node>& port, const ov::Shape& shape) {
    return port.get_element_type() == ov::element::f32 && port.get_partial_shape() == ov::PartialShape(shape);
}

class OpenVino final : public Model {
public:
    explicit OpenVino(std::filesystem::path file) : file_(std::move(file)) {
        ov::Core core;
        const auto model = core.read_model(file_.string());
        model->reshape({{"input", ov::PartialShape(kChunkShape)}, {"state", ov::PartialShape(kStateShape)}});

        // Left to itself OpenVINO computes in bf16 where the processor can, and the answers change.
        compiled_ = core.compile_model(model, "CPU", ov::hint::inference_precision(ov::element::f32),
                                       ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY),
                                       ov::inference_num_threads(1));

        require(compiled_.get_property(ov::hint::inference_precision) == ov::element::f32, "the precision is not f32");
        require(compiled_.get_property(ov::inference_num_threads) == 1, "more than one thread");
        require(compiled_.inputs().size() == 2 && compiled_.outputs().size() == 2, "not two inputs and two outputs");
        require(is(compiled_.input("input"), kChunkShape), "the input is not float32[1,576]");
        require(is(compiled_.input("state"), kStateShape), "the state is not float32[2,1,128]");
        require(is(compiled_.output("output"), kOutputShape), "the output is not float32[1,1]");
        require(is(compiled_.output("stateN"), kStateShape), "the next state is not float32[2,1,128]");

        config_ = streamcache::openvino::config_json(core, compiled_,
                                                     R"({"model":"silero_vad_openvino_16k","sample_rate":16000})");
        request_ = compiled_.create_infer_request();
        chunk_ = request_.get_tensor("input");
        state_ = request_.get_tensor("state");
        output_ = request_.get_tensor("output");
        next_ = request_.get_tensor("stateN");
    }

    Step infer(const Chunk& chunk, const State& state) override {
        std::memcpy(chunk_.data<float>(), chunk.data(), sizeof chunk);
        std::memcpy(state_.data<float>(), state.data(), sizeof state);
        request_.infer();
        Step step;
        step.probability = *output_.data<float>();
        std::memcpy(step.next.data(), next_.data<float>(), sizeof step.next);
        return step;
    }

    std::filesystem::path file() const override { return file_; }
    std::string engine() const override { return common::openvino_name(); }

    std::string config() const override { return config_; }

private:
    std::filesystem::path file_;
    std::string config_;
    ov::CompiledModel compiled_;
    ov::InferRequest request_;
    ov::Tensor chunk_, state_, output_, next_;
};

}  // namespace

std::unique_ptr<Model> load_openvino(const std::filesystem::path& data) {
    return std::make_unique<OpenVino>(data / "silero_vad_openvino_16k.onnx");
}

}  // namespace silero
