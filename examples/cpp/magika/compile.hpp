// Magika's model compiled by OpenVINO in a form whose answers are worth remembering: same input, same bits.
#pragma once

#include <cstddef>
#include <filesystem>
#include <openvino/openvino.hpp>
#include <string>

namespace magika {

struct Compiled {
    ov::CompiledModel model;

    // Everything but the weights that decides what the bits of an answer are, as JSON members: the engine and its
    // version, the processor, the kernels that run on it, precision, shape and output.
    std::string description;
};

// For the CPU, in f32 and with a static shape of `rows` inputs at once; throws if OpenVINO made anything else of it.
Compiled compile(const std::filesystem::path& file, std::size_t rows, ov::AnyMap properties);

// What compile() asks of the engine, as JSON members: a part of the description.
std::string asked(std::size_t rows);

// The filter's config: JSON that names everything an answer depends on but the weights.
std::string config_json(const std::string& model_name, const std::string& model_version,
                        const std::string& description);

}  // namespace magika
