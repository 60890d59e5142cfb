// The files under a folder, in the same order every time.
#pragma once

#include <filesystem>
#include <vector>

namespace magika {

// Every regular file, and links to files as well; links to folders aren't followed, so there are no loops. Pipes,
// sockets and devices are left out; a link that leads nowhere is in, and can't be read later. A folder that can't be
// opened lands in `closed`.
std::vector<std::filesystem::path> files_under(const std::filesystem::path& root,
                                               std::vector<std::filesystem::path>& closed);

}  // namespace magika
