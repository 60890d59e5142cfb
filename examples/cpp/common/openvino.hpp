// What every program with a model on OpenVINO has to know about it.
#pragma once

#include <openvino/openvino.hpp>
#include <string>

namespace common {

// "OpenVINO 2026.4.1"
std::string openvino_name();

// Throws unless OpenVINO made what was asked for.
void require(bool holds, const std::string& what);

}  // namespace common
