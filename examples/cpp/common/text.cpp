#include "text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace common {
namespace {

// Characters on the screen: UTF-8's continuation bytes take no room.
std::size_t width_of(const std::string& text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string blanks(const std::string& text, std::size_t width) {
    const std::size_t used = width_of(text);
    return std::string(used < width ? width - used : 0, ' ');
}

}  // namespace

std::string grouped(std::size_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t i = digits.size(); i > 3;) digits.insert(i -= 3, ",");
    return digits;
}

std::string decimal(double number) {
    if (number >= 99.95) return grouped(static_cast<std::size_t>(std::llround(number)));
    char text[32];
    std::snprintf(text, sizeof text, number >= 9.995 ? "%.1f" : "%.2f", number);
    return text;
}

std::string duration(std::chrono::nanoseconds time) {
    const auto ns = static_cast<double>(time.count());
    if (ns < 1e3) return std::to_string(time.count()) + " ns";
    if (ns < 1e6) return decimal(ns / 1e3) + " µs";
    if (ns < 1e9) return decimal(ns / 1e6) + " ms";
    if (ns < 120e9) return decimal(ns / 1e9) + " s";
    const auto seconds = static_cast<std::size_t>(std::llround(ns / 1e9));
    return grouped(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
}

std::string percent(std::size_t part, std::size_t whole) {
    if (whole == 0) return "-";
    const double share = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
    char text[32];
    std::snprintf(text, sizeof text, "%.1f%%", part < whole ? std::min(share, 99.9) : share);
    return text;
}

std::string left(const std::string& text, std::size_t width) { return text + blanks(text, width); }
std::string right(const std::string& text, std::size_t width) { return blanks(text, width) + text; }

std::string json_string(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

}  // namespace common
