// Magika's model, for one input after the other.
#pragma once

#include <filesystem>
#include <openvino/openvino.hpp>
#include <string>

#include "compile.hpp"
#include "features.hpp"
#include "labels.hpp"

namespace magika {

class Model {
public:
    explicit Model(const std::filesystem::path& file);

    Output infer(const Input& input);

    // The same where the engine leaves it, until the next run: one tensor.
    ov::TensorVector run(const Input& input);

    // As compile() has it.
    const std::string& description() const { return compiled_.description; }

    // The part of it that is asked for: asked() of one row.
    static std::string asked() { return magika::asked(1); }

    static std::string engine();

private:
    Compiled compiled_;
    ov::InferRequest request_;
};

}  // namespace magika
