// One function an engine, each in its own file, built where its packages are there.
#pragma once

#include <filesystem>
#include <memory>

#include "model.hpp"

namespace silero {

// `data` is the folder with the model files.
std::unique_ptr<Model> load_openvino(const std::filesystem::path& data);
std::unique_ptr<Model> load_onnxruntime(const std::filesystem::path& data);

}  // namespace silero
