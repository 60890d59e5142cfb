// One engine of the fleet, a process of its own: it walks the tree in an order of its own and shares what it computes
// through the server alone.
#pragma once

#include <filesystem>
#include <string>

#include "board.hpp"
#include "magika-batch/corpus.hpp"
#include "magika/opening.hpp"

namespace magika {

// Returns the exit status. `number` is the engine's, and its order's seed.
int run_engine(std::size_t number, const std::filesystem::path& package, const std::string& model, const Room& room,
               const Corpus& corpus, Board& board);

}  // namespace magika
