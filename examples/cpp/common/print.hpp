// What a demo prints: lines, in colour on a terminal, and the promises at its end.
#pragma once

#include <string>

namespace common {

void line(const std::string& text = {});

// `code` is an ANSI one, such as "1" for bold. Plain where nobody sees colours or NO_COLOR is set.
std::string coloured(const char* code, const std::string& text);

class Promises {
public:
    // Broken promises about time count only when `strict`.
    explicit Promises(bool strict) : strict_(strict) {}

    void must(bool holds, const std::string& text) { print(holds, true, text); }
    void should(bool holds, const std::string& text) { print(holds, strict_, text); }

    bool kept() const { return kept_; }

private:
    void print(bool holds, bool binding, const std::string& text);

    bool strict_;
    bool kept_ = true;
};

}  // namespace common
