#include "features.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace magika {
namespace {

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    int get() const { return fd_; }

private:
    int fd_;
};

// All of `length` bytes at `offset`, or false with errno; a file that ends too early is EIO.
bool read_at(const Descriptor& file, char* bytes, std::size_t length, off_t offset) {
    for (std::size_t done = 0; done < length;) {
        const ssize_t n = ::pread(file.get(), bytes + done, length - done, offset + static_cast<off_t>(done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            if (n == 0) errno = EIO;
            return false;
        }
        done += static_cast<std::size_t>(n);
    }
    return true;
}

// What bytes.strip() strips in Python, whatever the locale.
constexpr std::string_view kSpace = "\t\n\v\f\r ";

std::string_view strip_left(std::string_view bytes) {
    bytes.remove_prefix(std::min(bytes.find_first_not_of(kSpace), bytes.size()));
    return bytes;
}

std::string_view strip_right(std::string_view bytes) {
    return bytes.substr(0, bytes.find_last_not_of(kSpace) + 1);  // npos + 1 is 0: nothing but space
}

// Strict, as Python decodes: no overlong form, no surrogate, nothing above U+10FFFF, nothing cut off.
bool is_utf8(std::string_view bytes) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    for (std::size_t i = 0; i < bytes.size();) {
        const unsigned lead = at(i);
        if (lead < 0x80) {
            ++i;
            continue;
        }
        const std::size_t length = lead >= 0xC2 && lead <= 0xDF   ? 2
                                   : lead >= 0xE0 && lead <= 0xEF ? 3
                                   : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                                  : 0;
        if (length == 0 || bytes.size() - i < length) return false;
        const unsigned lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
        const unsigned highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        if (at(i + 1) < lowest || at(i + 1) > highest) return false;
        for (std::size_t k = 2; k < length; ++k) {
            if ((at(i + k) & 0xC0) != 0x80) return false;
        }
        i += length;
    }
    return true;
}

Ruled rule_for_few_bytes(std::string_view bytes) { return {is_utf8(bytes) ? "txt" : "unknown"}; }

void copy_tokens(std::string_view bytes, std::int32_t* tokens) {
    std::transform(bytes.begin(), bytes.end(), tokens, [](char c) { return static_cast<unsigned char>(c); });
}

// Beginning: padded on the right. End: padded on the left.
Input to_input(std::string_view begin, std::string_view end) {
    begin = begin.substr(0, kBegin);
    end.remove_prefix(end.size() - std::min(end.size(), kEnd));

    Input input;
    input.fill(kPadding);
    copy_tokens(begin, input.data());
    copy_tokens(end, input.data() + input.size() - end.size());
    return input;
}

Unreadable failure() { return {std::strerror(errno)}; }

}  // namespace

Reading read_file(const std::filesystem::path& path) {
    // Non-blocking, so that a pipe someone put in the file's place can't hold us.
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    struct stat status{};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return failure();
    if (S_ISDIR(status.st_mode)) return Ruled{"directory"};
    if (!S_ISREG(status.st_mode)) return Ruled{"unknown"};
    if (status.st_size == 0) return Ruled{"empty"};

    const auto size = static_cast<std::size_t>(status.st_size);
    const std::size_t length = std::min(size, kBlock);

    std::array<char, kBlock> first;
    if (!read_at(file, first.data(), length, 0)) return failure();
    const std::string_view head{first.data(), length};
    if (size < kMinimum) return rule_for_few_bytes(head);

    std::array<char, kBlock> last;
    std::string_view tail = head;
    if (size > kBlock) {
        if (!read_at(file, last.data(), length, status.st_size - static_cast<off_t>(length))) return failure();
        tail = {last.data(), length};
    }

    const Input input = to_input(strip_left(head), strip_right(tail));
    if (input[kMinimum - 1] == kPadding) return rule_for_few_bytes(head);
    return input;
}

}  // namespace magika
