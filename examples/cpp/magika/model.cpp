#include "model.hpp"

#include <algorithm>
#include <cstring>
#include <thread>

#include "common/openvino.hpp"

namespace magika {
namespace {

// Two threads and one give the same bits, so the number of threads isn't part of the description.
ov::AnyMap properties() {
    const int threads = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 2);
    return {ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY), ov::inference_num_threads(threads)};
}

}  // namespace

Model::Model(const std::filesystem::path& file)
    : compiled_(compile(file, 1, properties())), request_(compiled_.model.create_infer_request()) {}

ov::TensorVector Model::run(const Input& input) {
    std::memcpy(request_.get_input_tensor().data<std::int32_t>(), input.data(), sizeof input);
    request_.infer();
    return {request_.get_output_tensor()};
}

Output Model::infer(const Input& input) {
    Output output;
    std::memcpy(output.data(), run(input)[0].data<float>(), sizeof output);
    return output;
}

std::string Model::engine() { return common::openvino_name(); }

}  // namespace magika
