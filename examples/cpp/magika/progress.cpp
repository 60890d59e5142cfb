#include "progress.hpp"

#include <unistd.h>

#include <cstdio>

#include "text.hpp"

namespace magika {

Progress::Progress(std::string title, std::size_t total)
    : title_(std::move(title)), total_(total), visible_(::isatty(STDERR_FILENO) == 1) {}

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
        title_ + "  " + grouped(done_) + " of " + grouped(total_) + " files, " + duration(left) + " left";
    std::fprintf(stderr, "\r%s\x1b[K", line.c_str());
    std::fflush(stderr);
}

}  // namespace magika
