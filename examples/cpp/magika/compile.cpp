#include "compile.hpp"

#include <streamcache/openvino.hpp>
#include <utility>

#include "common/openvino.hpp"
#include "features.hpp"
#include "labels.hpp"

namespace magika {

using common::require;

namespace {

std::string text_of(const char* type, const ov::Shape& shape) {
    return type + ("[" + std::to_string(shape[0]) + "," + std::to_string(shape[1]) + "]");
}

ov::Shape input_shape(std::size_t rows) { return {rows, std::tuple_size_v<Input>}; }
ov::Shape output_shape(std::size_t rows) { return {rows, kLabels}; }

}  // namespace

Compiled compile(const std::filesystem::path& file, std::size_t rows, ov::AnyMap properties) {
    const ov::Shape input = input_shape(rows), output = output_shape(rows);

    ov::Core core;
    const auto model = core.read_model(file.string());
    model->reshape(ov::PartialShape(input));

    // Left to itself OpenVINO computes in bf16 where the processor can, and a label in ten changes.
    properties.insert(ov::hint::inference_precision(ov::element::f32));
    auto compiled = core.compile_model(model, "CPU", properties);

    require(compiled.get_property(ov::hint::inference_precision) == ov::element::f32, "the precision is not f32");
    require(compiled.inputs().size() == 1 && compiled.outputs().size() == 1, "not one input and one output");
    require(compiled.input().get_element_type() == ov::element::i32, "the input is not int32");
    require(compiled.input().get_partial_shape() == ov::PartialShape(input),
            "the input's shape is not static " + text_of("int32", input));
    require(compiled.output().get_element_type() == ov::element::f32, "the output is not float32");
    require(compiled.output().get_partial_shape() == ov::PartialShape(output),
            "the output's shape is not static " + text_of("float32", output));

    const std::string engine = streamcache::openvino::engine_json(core, compiled);
    return {std::move(compiled), R"("engine":)" + engine + "," + asked(rows)};
}

std::string asked(std::size_t rows) {
    return R"("precision":"f32","input":")" + text_of("int32", input_shape(rows)) + R"(","output":"target_label )" +
           text_of("float32", output_shape(rows)) + '"';
}

std::string config_json(const std::string& model_name, const std::string& model_version,
                        const std::string& description) {
    return R"({"model":"magika )" + model_name + R"(","model_version":")" + model_version + "\"," + description + "}";
}

}  // namespace magika
