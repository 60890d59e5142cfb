#include "process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

namespace magika {
namespace {

constexpr int kInterruptions[] = {SIGINT, SIGTERM, SIGHUP};
volatile sig_atomic_t interrupted = 0;

void note_interruption(int) { interrupted = 1; }

// In a child: it dies with its parent, and by Ctrl-C only if the parent says so.
void belong_to(pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);  // gone before we could say so
    ::signal(SIGINT, SIG_IGN);
    ::signal(SIGTERM, SIG_DFL);
}

}  // namespace

Process Process::fork(const std::function<int()>& work) {
    std::fflush(nullptr);  // what is not printed yet is the parent's to print
    const pid_t parent = ::getpid(), child = ::fork();
    if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (child > 0) return Process(child);
    belong_to(parent);
    const int status = work();
    std::fflush(nullptr);
    ::_exit(status);
}

Process Process::run(const std::vector<std::string>& command, const std::string& log) {
    std::vector<char*> words;
    for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    return fork([&] {
        const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        if (file >= 0) {
            ::dup2(file, STDOUT_FILENO);
            ::dup2(file, STDERR_FILENO);
        }
        ::execvp(words[0], words.data());
        return 127;
    });
}

Process::Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}

Process& Process::operator=(Process&& other) noexcept {
    kill();
    pid_ = std::exchange(other.pid_, 0);
    return *this;
}

bool Process::runs() {
    if (pid_ == 0) return false;
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return true;
    const pid_t pid = std::exchange(pid_, 0);
    if (status != 0) throw std::runtime_error("process " + std::to_string(pid) + " failed");
    return false;
}

void Process::kill() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
}

Interruptible::Interruptible() {
    for (const int signal : kInterruptions) ::signal(signal, note_interruption);
}

Interruptible::~Interruptible() {
    for (const int signal : kInterruptions) ::signal(signal, SIG_DFL);
}

void pause_briefly() {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    if (interrupted != 0) throw std::runtime_error("interrupted");
}

}  // namespace magika
