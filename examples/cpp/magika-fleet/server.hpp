// A Redis server of our own: on a socket in a folder that only we may enter, and nothing of it stays.
#pragma once

#include <filesystem>
#include <string>

#include "process.hpp"

namespace magika {

class Server {
public:
    Server();
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // Starts it, empty, and waits until it answers.
    void start();

    // As an accident would: kill -9.
    void kill() { process_.kill(); }

    std::string url() const { return "unix://" + socket().string(); }
    static std::string version();

private:
    std::filesystem::path socket() const { return folder_ / "redis.sock"; }
    bool answers() const;

    std::filesystem::path folder_;
    Process process_;
};

}  // namespace magika
