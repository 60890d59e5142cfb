// Numbers as a person reads them.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace common {

std::string grouped(std::size_t number);              // 9,119
std::string duration(std::chrono::nanoseconds time);  // 2.13 µs, 3.31 ms, 23.4 s, 12 min 5 s
std::string percent(std::size_t part,
                    std::size_t whole);  // 22.6%; never 100.0% when something is missing; - of nothing
std::string decimal(double number);      // three digits that matter: 1.25, 47.1, 624
std::string left(const std::string& text, std::size_t width);   // filled with blanks on the right
std::string right(const std::string& text, std::size_t width);  // filled with blanks on the left
std::string json_string(const std::string& text);               // as a JSON string, of text without control characters

}  // namespace common
