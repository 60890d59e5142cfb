#include "server.hpp"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace magika {
namespace {

constexpr std::chrono::seconds kPatience{10};

}  // namespace

// The path of a socket has to be short, so it isn't in the build folder.
Server::Server() {
    std::string name = (std::filesystem::temp_directory_path() / "streamcache-fleet-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::generic_category(), name);
    folder_ = name;
}

Server::~Server() {
    process_.kill();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

void Server::start() {
    const std::string log = folder_ / "log";
    process_ = Process::run({"redis-server", "--port", "0", "--unixsocket", socket(), "--unixsocketperm", "700",
                             "--save", "", "--appendonly", "no", "--dir", folder_, "--maxmemory", "512mb"},
                            log);
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!answers()) {
        if (!process_.runs() || std::chrono::steady_clock::now() > until)
            throw std::runtime_error("redis-server did not start");
        pause_briefly();
    }
}

bool Server::answers() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = socket();
    if (path.size() >= sizeof address.sun_path) throw std::runtime_error(path + " is too long for a socket");
    std::memcpy(address.sun_path, path.c_str(), path.size());
    const int connection = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection < 0) throw std::system_error(errno, std::generic_category(), "socket");

    constexpr std::string_view ping = "PING\r\n", pong = "+PONG\r\n";
    char reply[pong.size()];
    const bool answered =
        ::connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        ::send(connection, ping.data(), ping.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(ping.size()) &&
        ::recv(connection, reply, sizeof reply, MSG_WAITALL) == static_cast<ssize_t>(sizeof reply) &&
        std::string_view(reply, sizeof reply) == pong;
    ::close(connection);
    return answered;
}

std::string Server::version() {
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen("redis-server --version", "r"), ::pclose);
    char line[256] = "";
    if (!pipe || std::fgets(line, sizeof line, pipe.get()) == nullptr) return "Redis";
    const std::string text = line;  // Redis server v=7.0.15 sha=…
    const auto start = text.find("v=");
    return start == std::string::npos ? "Redis" : "Redis " + text.substr(start + 2, text.find(' ', start) - start - 2);
}

}  // namespace magika
