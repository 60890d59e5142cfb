#include "compile.hpp"

#include <utility>

#include "common/openvino.hpp"
#include "features.hpp"
#include "labels.hpp"

namespace magika {

using common::require;

Compiled compile(const std::filesystem::path& file, std::size_t rows, ov::AnyMap properties) {
    const ov::Shape input{rows, std::tuple_size_v<Input>}, output{rows, kLabels};
    const std::string in = "int32[" + std::to_string(input[0]) + "," + std::to_string(input[1]) + "]";
    const std::string out = "float32[" + std::to_string(output[0]) + "," + std::to_string(output[1]) + "]";

    ov::Core core;
    const auto model = core.read_model(file.string());
    model->reshape(ov::PartialShape(input));

    // Left to itself OpenVINO computes in bf16 where the processor can, and a label in ten changes.
    properties.insert(ov::hint::inference_precision(ov::element::f32));
    auto compiled = core.compile_model(model, "CPU", properties);

    require(compiled.get_property(ov::hint::inference_precision) == ov::element::f32, "the precision is not f32");
    require(compiled.inputs().size() == 1 && compiled.outputs().size() == 1, "not one input and one output");
    require(compiled.input().get_element_type() == ov::element::i32, "the input is not int32");
    require(compiled.input().get_partial_shape() == ov::PartialShape(input), "the input's shape is not static " + in);
    require(compiled.output().get_element_type() == ov::element::f32, "the output is not float32");
    require(compiled.output().get_partial_shape() == ov::PartialShape(output),
            "the output's shape is not static " + out);

    const std::string engine = common::openvino_description(core, compiled);
    return {std::move(compiled),
            engine + R"(,"precision":"f32","input":")" + in + R"(","output":"target_label )" + out + '"'};
}

std::string config_json(const std::string& model_name, const std::string& model_version,
                        const std::string& description) {
    return R"({"model":"magika )" + model_name + R"(","model_version":")" + model_version + "\"," + description + "}";
}

}  // namespace magika
