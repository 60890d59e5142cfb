// The demos' data: files for Magika, telephone calls for Silero.
#pragma once

#include <filesystem>
#include <vector>

#include "magika/features.hpp"
#include "silero/load.hpp"

namespace data {

struct Places {
    std::filesystem::path files, magika, silero, sounds, calls; // as the demos take them
    std::filesystem::path scratch;                               // an empty folder of the test's own
};

// From the command line, in this order; ends the program where one is missing.
Places places(int argc, char **argv);

// What reaches Magika's model of some of the files, picked as magika-batch picks them; each twice.
std::vector<magika::Input> magika_inputs(const Places &places);

// The first calls of silero's list.
silero::Load silero_calls(const Places &places);

} // namespace data
