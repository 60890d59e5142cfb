#include "model.hpp"

#include <algorithm>
#include <cstring>
#include <thread>

#include "common/openvino.hpp"

namespace magika {

using common::require;

namespace {

const ov::Shape kInputShape{1, std::tuple_size_v<Input>};
const ov::Shape kOutputShape{1, kLabels};

}  // namespace

Model::Model(const std::filesystem::path& file) {
    ov::Core core;
    const auto model = core.read_model(file.string());
    model->reshape(ov::PartialShape(kInputShape));

    // Left to itself OpenVINO computes in bf16 where the processor can, and a label in ten changes. Two threads and one
    // give the same bits, so the number of threads isn't part of the description.
    const int threads = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 2);
    compiled_ = core.compile_model(model, "CPU", ov::hint::inference_precision(ov::element::f32),
                                   ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY),
                                   ov::inference_num_threads(threads));

    require(compiled_.get_property(ov::hint::inference_precision) == ov::element::f32, "the precision is not f32");
    require(compiled_.inputs().size() == 1 && compiled_.outputs().size() == 1, "not one input and one output");
    require(compiled_.input().get_element_type() == ov::element::i32, "the input is not int32");
    require(compiled_.input().get_partial_shape() == ov::PartialShape(kInputShape),
            "the input's shape is not static [1,2048]");
    require(compiled_.output().get_element_type() == ov::element::f32, "the output is not float32");
    require(compiled_.output().get_partial_shape() == ov::PartialShape(kOutputShape),
            "the output's shape is not static [1,214]");

    engine_ = common::openvino_description(core, compiled_);
    request_ = compiled_.create_infer_request();
}

Output Model::infer(const Input& input) {
    std::memcpy(request_.get_input_tensor().data<std::int32_t>(), input.data(), sizeof input);
    request_.infer();
    Output output;
    std::memcpy(output.data(), request_.get_output_tensor().data<float>(), sizeof output);
    return output;
}

std::string Model::engine() { return common::openvino_name(); }

std::string Model::description() const {
    return engine_ + R"(,"precision":"f32","input":"int32[1,2048]","output":"target_label float32[1,214]")";
}

}  // namespace magika
