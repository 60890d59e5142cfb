// The description of the compiled model, without the model: it is remembered like any other result, under all that it
// follows from.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "opening.hpp"

namespace magika {

// As Model::description() has it. Without a disk in `room`, or where it isn't there yet, `describe` is asked.
std::string description_of(const std::filesystem::path& model, const Room& room,
                           const std::function<std::string()>& describe);

}  // namespace magika
