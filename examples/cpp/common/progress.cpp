#include "progress.hpp"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "text.hpp"

namespace common {

Progress::Progress(std::string title, std::size_t total, std::string unit)
    : title_(std::move(title)), unit_(std::move(unit)), total_(total), visible_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
    if (visible_) std::fputs("\r\x1b[K", stderr);
}

void Progress::step() {
    ++done_;
    if (!visible_) return;
    const auto now = Clock::now();
    if (now - shown_ < std::chrono::milliseconds(100)) return;
    shown_ = now;

    const auto left = (now - start_) / done_ * (total_ - done_);
    const std::string line =
        title_ + "  " + grouped(done_) + " of " + grouped(total_) + " " + unit_ + ", " + duration(left) + " left";
    std::fprintf(stderr, "\r%s\x1b[K", line.c_str());
    std::fflush(stderr);
}

}  // namespace common
