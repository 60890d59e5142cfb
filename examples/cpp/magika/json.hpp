// A reader for the two small JSON files that come with the model.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace magika {

class Json {
public:
    using Array = std::vector<Json>;
    using Object = std::map<std::string, Json>;

    // Throws std::runtime_error, saying which file and where in it.
    static Json read(const std::filesystem::path& path);

    Json() = default;
    Json(bool value) : value_(value) {}
    Json(double value) : value_(value) {}
    Json(std::string value) : value_(std::move(value)) {}
    Json(Array value) : value_(std::move(value)) {}
    Json(Object value) : value_(std::move(value)) {}

    bool boolean() const { return std::get<bool>(value_); }
    double number() const { return std::get<double>(value_); }
    const std::string& string() const { return std::get<std::string>(value_); }
    const Array& array() const { return std::get<Array>(value_); }
    const Object& object() const { return std::get<Object>(value_); }
    const Json& operator[](const std::string& name) const { return object().at(name); }

private:
    std::variant<std::nullptr_t, bool, double, std::string, Array, Object> value_ = nullptr;
};

}  // namespace magika
