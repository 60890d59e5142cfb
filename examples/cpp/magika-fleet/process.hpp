// A process of ours: it ends with us, whatever ends us.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace magika {

class Process {
public:
    // Goes on in `work` alone; its return value is the exit status.
    static Process fork(const std::function<int()>& work);

    // Another program, found as a shell finds it, that prints to the file `log`.
    static Process run(const std::vector<std::string>& command, const std::string& log);

    Process() = default;
    ~Process() { kill(); }
    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;

    // Whether it is still there. Throws if it ended in any other way than with status 0.
    bool runs();

    // Kills it at once, if it is there, and waits for its end.
    void kill();

private:
    explicit Process(pid_t pid) : pid_(pid) {}

    pid_t pid_ = 0;  // 0: none
};

// As long as it lives, Ctrl-C and requests to terminate end pause_briefly() by an exception, so that nothing is left
// behind.
class Interruptible {
public:
    Interruptible();
    ~Interruptible();
    Interruptible(const Interruptible&) = delete;
    Interruptible& operator=(const Interruptible&) = delete;
};

// Sleeps a moment. Throws once someone has interrupted us.
void pause_briefly();

}  // namespace magika
