#include "data.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "magika/walk.hpp"

namespace data {

namespace {

constexpr std::size_t files = 100, calls = 25;

} // namespace

Places places(int argc, char **argv) {
    if (argc != 7) {
        std::fprintf(stderr, "usage: %s FILES MAGIKA SILERO SOUNDS CALLS SCRATCH\n", argv[0]);
        std::exit(2);
    }
    return {argv[1], argv[2], argv[3], argv[4], argv[5], argv[6]};
}

std::vector<magika::Input> magika_inputs(const Places &places) {
    std::vector<std::filesystem::path> closed;
    auto found = magika::files_under(places.files, closed);
    std::mt19937_64 random(1);
    std::shuffle(found.begin(), found.end(), random);
    std::vector<magika::Input> inputs;
    for (const auto &path : found) {
        const magika::Reading reading = magika::read_file(path);
        if (const auto *input = std::get_if<magika::Input>(&reading)) inputs.push_back(*input);
        if (inputs.size() == files) break;
    }
    const std::vector<magika::Input> once = inputs;
    inputs.insert(inputs.end(), once.begin(), once.end());
    return inputs;
}

silero::Load silero_calls(const Places &places) { return silero::telephone_calls(places.calls, places.sounds, calls); }

} // namespace data
