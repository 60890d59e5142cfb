#include "walk.hpp"

#include <algorithm>
#include <system_error>

namespace magika {
namespace {

namespace fs = std::filesystem;

bool is_candidate(const fs::path& path) {
    std::error_code error;
    switch (fs::status(path, error).type()) {
        case fs::file_type::regular:
        case fs::file_type::not_found:
        case fs::file_type::none:  // a link in a circle, or one into a folder we may not enter
            return true;
        default: return false;
    }
}

void walk(const fs::path& folder, std::vector<fs::path>& files, std::vector<fs::path>& closed) {
    std::vector<fs::directory_entry> entries;
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
        entries.push_back(*it);
    if (error) closed.push_back(folder);
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return a.path().native() < b.path().native(); });

    for (const auto& entry : entries) {
        if (entry.symlink_status(error).type() == fs::file_type::directory) {
            walk(entry.path(), files, closed);
        } else if (is_candidate(entry.path())) {
            files.push_back(entry.path());
        }
    }
}

}  // namespace

std::vector<fs::path> files_under(const fs::path& root, std::vector<fs::path>& closed) {
    std::vector<fs::path> files;
    if (fs::is_directory(root)) {
        walk(root, files, closed);
    } else if (fs::exists(root)) {
        files.push_back(root);
    } else {
        throw fs::filesystem_error("nothing to look at", root,
                                   std::make_error_code(std::errc::no_such_file_or_directory));
    }
    return files;
}

}  // namespace magika
