#include "json.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace magika {
namespace {

class Parser {
public:
    explicit Parser(const std::string& text) : text_(text) {}

    Json document() {
        Json value = any();
        skip_space();
        if (at_ != text_.size()) fail("something after the end");
        return value;
    }

private:
    Json any() {
        skip_space();
        switch (peek()) {
            case '{': return object();
            case '[': return array();
            case '"': return string();
            case 't': return word("true", true);
            case 'f': return word("false", false);
            case 'n': return word("null", {});
            default: return number();
        }
    }

    Json object() {
        Json::Object members;
        for (expect('{'); !ends('}', members.empty());) {
            skip_space();
            std::string name = string();
            expect(':');
            members.insert_or_assign(std::move(name), any());
        }
        return members;
    }

    Json array() {
        Json::Array items;
        for (expect('['); !ends(']', items.empty());) items.push_back(any());
        return items;
    }

    // At a closing bracket, or past the comma before the next item?
    bool ends(char bracket, bool is_first) {
        skip_space();
        if (peek() == bracket) {
            ++at_;
            return true;
        }
        if (!is_first) expect(',');
        return false;
    }

    std::string string() {
        std::string out;
        expect('"');
        while (peek() != '"') {
            const char c = text_[at_++];
            if (c == '\\') {
                append_escape(out);
            } else {
                out += c;
            }
        }
        ++at_;
        return out;
    }

    void append_escape(std::string& out) {
        const char c = peek();
        ++at_;
        switch (c) {
            case 'b': out += '\b'; break;
            case 'f': out += '\f'; break;
            case 'n': out += '\n'; break;
            case 'r': out += '\r'; break;
            case 't': out += '\t'; break;
            case 'u': append_utf8(out, code_point()); break;
            default: out += c;
        }
    }

    unsigned long code_point() {
        unsigned long code = hex4();
        if (code >= 0xD800 && code < 0xDC00) {  // the first half of a surrogate pair
            expect('\\');
            expect('u');
            code = 0x10000 + ((code - 0xD800) << 10) + hex4() - 0xDC00;
        }
        return code;
    }

    unsigned long hex4() {
        const std::string digits = text_.substr(at_, 4);
        if (digits.size() < 4) fail("a cut escape");
        at_ += 4;
        return std::stoul(digits, nullptr, 16);
    }

    static void append_utf8(std::string& out, unsigned long code) {
        const auto add = [&](unsigned long byte) { out += static_cast<char>(byte); };
        if (code < 0x80) {
            add(code);
        } else if (code < 0x800) {
            add(0xC0 | code >> 6);
            add(0x80 | (code & 0x3F));
        } else if (code < 0x10000) {
            add(0xE0 | code >> 12);
            add(0x80 | (code >> 6 & 0x3F));
            add(0x80 | (code & 0x3F));
        } else {
            add(0xF0 | code >> 18);
            add(0x80 | (code >> 12 & 0x3F));
            add(0x80 | (code >> 6 & 0x3F));
            add(0x80 | (code & 0x3F));
        }
    }

    Json number() {
        const char* begin = text_.c_str() + at_;
        char* end = nullptr;
        const double value = std::strtod(begin, &end);
        if (end == begin) fail("not a value");
        at_ += static_cast<std::size_t>(end - begin);
        return value;
    }

    Json word(const std::string& word, Json value) {
        if (text_.compare(at_, word.size(), word) != 0) fail("not a value");
        at_ += word.size();
        return value;
    }

    void skip_space() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

    char peek() const {
        if (at_ == text_.size()) fail("cut short");
        return text_[at_];
    }

    void expect(char c) {
        skip_space();
        if (peek() != c) fail(std::string("expected '") + c + "'");
        ++at_;
    }

    [[noreturn]] void fail(const std::string& what) const {
        throw std::runtime_error(what + " at byte " + std::to_string(at_));
    }

    const std::string& text_;
    std::size_t at_ = 0;
};

}  // namespace

Json Json::read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (!file) throw std::runtime_error(path.string() + " can't be read");
    try {
        return Parser(text).document();
    } catch (const std::exception& error) {
        throw std::runtime_error(path.string() + " isn't the JSON it should be: " + error.what());
    }
}

}  // namespace magika
