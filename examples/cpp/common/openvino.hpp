// What every program with a model on OpenVINO has to know about it.
#pragma once

#include <openvino/openvino.hpp>
#include <string>

namespace common {

// "OpenVINO 2026.4.1"
std::string openvino_name();

// What decides the bits of an answer beside the model, as JSON members: the engine and its exact build, the processor,
// and the kernels that OpenVINO chose for it, such as "brgemm_avx512_f32", which name the instruction set that runs.
std::string openvino_description(ov::Core& core, const ov::CompiledModel& model);

// Throws unless OpenVINO made what was asked for.
void require(bool holds, const std::string& what);

}  // namespace common
