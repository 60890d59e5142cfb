// The tables a person reads, and the promises behind them.
#pragma once

#include <string>

#include "conductor.hpp"
#include "figures.hpp"

namespace magika {

struct Report {
    std::string title, folder, server;
    std::size_t found = 0, taken = 0;  // files of the folder, and how many of them were picked
    std::size_t files = 0;             // that reach the model
    std::size_t distinct = 0;          // inputs
    std::size_t unreadable = 0, closed_folders = 0;
    Course course;
    Figures figures;
};

void print_table(const Report& report);

// Prints a line for each promise. False if one is broken; those about time count only when `strict`.
bool print_promises(const Report& report, bool strict);

}  // namespace magika
