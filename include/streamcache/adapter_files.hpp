/** @file
 * The files a model is in, for the adapters of the inference engines: openvino.hpp and onnxruntime.hpp, which are what
 * to include.
 */
#ifndef STREAMCACHE_ADAPTER_FILES_HPP
#define STREAMCACHE_ADAPTER_FILES_HPP

#include <filesystem>

#include "adapter.hpp"

#ifdef STREAMCACHE_EXCEPTIONS

namespace streamcache {
namespace detail {

inline bool ends_with(std::string_view text, std::string_view end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

/**
 * The names of the files that an ONNX model keeps tensors in, read from it. A model is nested protocol buffers: a field
 * is its number and wire type, then a number, or a length and so many bytes. Only what leads to a tensor is read.
 */
class external_data {
public:
    /** Sorted, each once; none where the file can't be read. STREAMCACHE_INVALID_ARGUMENT where it is no ONNX model. */
    static std::vector<std::string> of(const std::string &file) {
        external_data reader(file);
        if (!reader.in_) return {}; // whoever digests it says why
        std::error_code unknown;
        const std::uint64_t size = std::filesystem::file_size(file, unknown);
        if (unknown || !reader.message(model, size, 0))
            refuse(STREAMCACHE_INVALID_ARGUMENT, '"' + file + "\" is no ONNX model, or not a whole one");
        std::sort(reader.found_.begin(), reader.found_.end());
        reader.found_.erase(std::unique(reader.found_.begin(), reader.found_.end()), reader.found_.end());
        return std::move(reader.found_);
    }

private:
    enum kind { model, graph, node, attribute, tensor, sparse, training, function, entry, other };
    struct member {
        kind of;
        unsigned number;
        kind is;
    };
    static constexpr member members[] = {
        {model, 7, graph},      {model, 20, training},   {model, 25, function},    {graph, 1, node},
        {graph, 5, tensor},     {graph, 15, sparse},     {node, 5, attribute},     {attribute, 5, tensor},
        {attribute, 6, graph},  {attribute, 10, tensor}, {attribute, 11, graph},   {attribute, 22, sparse},
        {attribute, 23, sparse}, {sparse, 1, tensor},    {sparse, 2, tensor},      {training, 1, graph},
        {training, 2, graph},   {function, 7, node},     {function, 11, attribute}, {tensor, 13, entry},
    };
    static kind inside(kind of, std::uint64_t number) {
        for (const member &m : members)
            if (m.of == of && m.number == number) return m.is;
        return other;
    }

    explicit external_data(const std::string &file) : in_(file, std::ios::binary) {}

    /** Reads a message of so many bytes; false where it can't be one. */
    bool message(kind of, std::uint64_t size, int depth) {
        constexpr int deepest = 100; // as protocol buffers have it
        if (depth > deepest) return false;
        const std::uint64_t end = at_ + size;
        std::string location;
        bool is_outside = false;
        while (at_ < end) {
            std::uint64_t tag = 0, value = 0;
            if (!number(tag) || tag >> 3 == 0) return false;
            switch (tag & 7) {
            case 0:
                if (!number(value)) return false;
                if (of == tensor && tag >> 3 == 14) is_outside = value == 1; // its data_location
                break;
            case 1: value = 8; break;
            case 2:
                if (!number(value)) return false;
                break;
            case 5: value = 4; break;
            default: return false;
            }
            if ((tag & 7) == 0) continue;
            if (at_ > end || value > end - at_) return false;
            const kind is = (tag & 7) == 2 ? inside(of, tag >> 3) : other;
            if (of == entry && (tag & 7) == 2) {
                std::string text(value, '\0');
                if (!in_.read(text.data(), std::streamsize(value))) return false;
                at_ += value;
                (tag >> 3 == 1 ? key_ : value_) = std::move(text);
            } else if (is == other) {
                skip(value);
            } else {
                if (is == entry) key_.clear(), value_.clear();
                if (!message(is, value, depth + 1)) return false;
                if (is == entry && key_ == "location") location = value_;
            }
        }
        if (is_outside) found_.push_back(location);
        return at_ == end;
    }
    bool number(std::uint64_t &value) {
        value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const int byte = in_.get();
            if (byte < 0) return false;
            at_++;
            value |= std::uint64_t(byte & 0x7f) << shift;
            if (byte < 0x80) return true;
        }
        return false;
    }
    void skip(std::uint64_t size) {
        constexpr std::uint64_t near = 4096; // a seek throws away what was read ahead
        if (size < near)
            in_.ignore(std::streamsize(size));
        else
            in_.seekg(std::streamoff(size), std::ios::cur);
        at_ += size;
    }

    std::ifstream in_;
    std::uint64_t at_ = 0;
    std::string key_, value_;
    std::vector<std::string> found_;
};

/** Adds the external data of an ONNX file that are not named among the files. */
inline void add_external_data(std::vector<std::string> &files, const std::string &file) {
    const std::filesystem::path folder = std::filesystem::path(file).parent_path();
    for (const std::string &location : external_data::of(file)) {
        const std::string path = (folder / location).string();
        const bool named = std::any_of(files.begin(), files.end(), [&](const std::string &other) {
            std::error_code neither;
            return other == path || std::filesystem::equivalent(other, path, neither);
        });
        if (!named) files.push_back(path);
    }
}

/** The trained state by the files it is in: of one file its digest, of several the one of their list, in this order. */
inline Digest state_of(const std::vector<std::string> &files) {
    if (files.size() == 1) return Digest::state_file(files[0]);
    if (files.empty()) refuse(STREAMCACHE_INVALID_ARGUMENT, "no model file is named");
    std::vector<Digest> digests;
    for (const std::string &file : files) digests.push_back(Digest::state_file(file));
    return Digest::raw(Role::state, Digest::inputs(digests).bytes);
}

/** The state in files that an engine is about to read, and whether it has read the same. */
class files_to_load {
public:
    explicit files_to_load(std::vector<std::string> files)
        : files_(std::move(files)),
          times_(times()),
          state_(state_of(files_)) {}

    /** Once the engine has read them: STREAMCACHE_IO where one was changed since, and nobody knows what was read. */
    const Digest &state() const {
        if (times() != times_)
            refuse(STREAMCACHE_IO, '"' + files_[0] + "\", or what belongs to it, was changed while it was loaded: load "
                                                    "it again");
        return state_;
    }

private:
    using time = std::pair<std::filesystem::file_time_type, std::uintmax_t>;
    std::vector<time> times() const {
        std::vector<time> all;
        for (const std::string &file : files_) {
            std::error_code none; // of a file that is not there its digest tells
            const auto written = std::filesystem::last_write_time(file, none);
            all.push_back({written, std::filesystem::file_size(file, none)});
        }
        return all;
    }

    std::vector<std::string> files_;
    std::vector<time> times_; // from before the digest, so that it is of what they were then
    Digest state_;
};

/** A filter with a config and a state. */
inline Filter filter_of(Cache &cache, std::string_view id, const std::string &config, const Digest &state) {
    Filter filter = Filter::open(cache, id, Digest::config_json(config));
    filter.load_state(state);
    return filter;
}

} // namespace detail
} // namespace streamcache

#endif
#endif
