// A line on the terminal that says how far we are; silent when nobody looks.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace common {

class Progress {
public:
    // `unit` is what is counted, in the plural: "files".
    Progress(std::string title, std::size_t total, std::string unit);
    ~Progress();  // wipes the line
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void step();

private:
    using Clock = std::chrono::steady_clock;

    std::string title_, unit_;
    std::size_t total_;
    std::size_t done_ = 0;
    bool visible_;
    Clock::time_point start_ = Clock::now();
    Clock::time_point shown_{};
};

}  // namespace common
