#include "print.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace common {

void line(const std::string& text) { std::printf("%s\n", text.c_str()); }

std::string coloured(const char* code, const std::string& text) {
    static const bool terminal = ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
    return terminal ? std::string("\x1b[") + code + "m" + text + "\x1b[0m" : text;
}

void Promises::print(bool holds, bool binding, const std::string& text) {
    kept_ = kept_ && (holds || !binding);
    const auto broken = binding ? coloured("31", "FAIL ") : coloured("33", "SHORT");
    line("  " + (holds ? coloured("32", "PASS ") : broken) + "  " + text);
}

}  // namespace common
