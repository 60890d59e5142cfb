// Magika's model on OpenVINO, in a form whose answers are worth remembering: same input, same bits.
#pragma once

#include <filesystem>
#include <openvino/openvino.hpp>
#include <string>

#include "features.hpp"
#include "labels.hpp"

namespace magika {

class Model {
public:
    // Compiles for the CPU in f32 with a static shape, and throws if OpenVINO made anything else of it.
    explicit Model(const std::filesystem::path& file);

    Output infer(const Input& input);

    // Everything but the weights that decides what the bits of an answer are, as JSON members: the engine and its
    // version, the processor, the kernels that run on it, precision, shape and output.
    std::string description() const;

    static std::string engine();

private:
    ov::CompiledModel compiled_;
    ov::InferRequest request_;
    std::string engine_;
};

}  // namespace magika
