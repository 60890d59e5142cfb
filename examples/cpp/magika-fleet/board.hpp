// Memory that the conductor and its engines share: what the engines did, and how far they may go.
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <new>
#include <system_error>

#include "magika/labels.hpp"

namespace magika {

inline constexpr std::size_t kEngines = 3;

// One answer.
struct Record {
    enum class From : std::uint8_t { memory, remote, model };

    std::uint32_t file = 0;
    From from = From::memory;
    bool changed = false;     // the file had other bytes than at first: the answer is to something else
    bool rested = false;      // the server was not asked as the lookup began: its breaker was open
    std::int64_t began = 0;   // when, in nanoseconds of the steady clock, which all processes read
    std::int64_t lookup = 0;  // nanoseconds of hashing the input and looking it up
    Output output;
};

enum class Pace : int { full, slow };  // slow: five files a second

struct EngineState {
    std::atomic<bool> ready{false};
    std::atomic<std::uint32_t> done{0};  // of its records, the first so many are there
    std::atomic<bool> resting{false};    // its breaker is open
    std::atomic<std::uint64_t> written{0}, faults{0};  // the remote tier's own counters
};

class Board {
public:
    explicit Board(std::size_t files) : files_(files) {
        void* memory = ::mmap(nullptr, size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
        shared_ = new (memory) Shared;
    }
    ~Board() { ::munmap(shared_, size()); }
    Board(const Board&) = delete;
    Board& operator=(const Board&) = delete;

    std::size_t files() const { return files_; }
    std::atomic<bool>& started() { return shared_->started; }
    std::atomic<Pace>& pace() { return shared_->pace; }
    EngineState& engine(std::size_t n) { return shared_->engines[n]; }
    Record* records(std::size_t n) { return reinterpret_cast<Record*>(shared_ + 1) + n * files_; }

private:
    struct alignas(64) Shared {
        std::atomic<bool> started{false};
        std::atomic<Pace> pace{Pace::full};
        EngineState engines[kEngines];
    };
    static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "another process must see it");

    std::size_t size() const { return sizeof(Shared) + kEngines * files_ * sizeof(Record); }

    std::size_t files_;
    Shared* shared_;
};

}  // namespace magika
