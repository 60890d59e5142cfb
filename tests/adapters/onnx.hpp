// Small ONNX models, written byte by byte: the few messages of onnx.proto that they need.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace onnx {

// Protocol buffers: a field is its number and wire type, then a number or a length and so many bytes.
inline std::string number(std::uint64_t value) {
    std::string out;
    for (; value > 0x7f; value >>= 7) out += static_cast<char>(0x80 | (value & 0x7f));
    return out + static_cast<char>(value);
}
inline std::string field(unsigned tag, std::uint64_t value) { return number(tag << 3) + number(value); }
inline std::string field(unsigned tag, const std::string &message) {
    return number(tag << 3 | 2) + number(message.size()) + message;
}

// TensorProto.DataType
enum Type {
    f32 = 1, u8, i8, u16, i16, i32, i64, string, boolean, f16, f64, u32, u64, c64, c128, bf16, f8e4m3fn, f8e4m3fnuz,
    f8e5m2, f8e5m2fnuz
};

constexpr std::int64_t any = -1; // a dimension that may change

struct Port {
    std::string name;
    Type type;
    std::vector<std::int64_t> dims;

    std::string message() const { // ValueInfoProto
        std::string shape;
        for (const std::int64_t dim : dims)
            shape += field(1, dim < 0 ? field(2, std::string("n")) : field(1, static_cast<std::uint64_t>(dim)));
        return field(1, name) + field(2, field(1, field(1, static_cast<std::uint64_t>(type)) + field(2, shape)));
    }
};

struct Node {
    std::string op;
    std::vector<std::string> inputs, outputs;
    std::string domain;

    std::string message() const { // NodeProto
        std::string out;
        for (const auto &input : inputs) out += field(1, input);
        for (const auto &output : outputs) out += field(2, output);
        out += field(4, op);
        return domain.empty() ? out : out + field(7, domain);
    }
};

// The bytes of a ModelProto. `more` are further fields of its graph.
inline std::string model(const std::vector<Node> &nodes, const std::vector<Port> &inputs,
                         const std::vector<Port> &outputs, const std::string &more = {}) {
    std::string graph = more, sets = field(8, field(2, 19));
    for (const Node &node : nodes) {
        graph += field(1, node.message());
        if (!node.domain.empty()) sets += field(8, field(1, node.domain) + field(2, 1));
    }
    graph += field(2, std::string("test"));
    for (const Port &port : inputs) graph += field(11, port.message());
    for (const Port &port : outputs) graph += field(12, port.message());
    return field(1, 9) + field(7, graph) + sets;
}

// An input and an output of each of these types, which are the same.
inline std::string copies(const std::vector<Type> &types, const std::vector<std::int64_t> &dims) {
    std::vector<Node> nodes;
    std::vector<Port> inputs, outputs;
    for (const Type type : types) {
        const std::string number = std::to_string(type);
        nodes.push_back({"Identity", {"in" + number}, {"out" + number}, {}});
        inputs.push_back({"in" + number, type, dims});
        outputs.push_back({"out" + number, type, dims});
    }
    return model(nodes, inputs, outputs);
}

// a - b, of any number of rows of three.
inline std::string difference() {
    return model({{"Sub", {"a", "b"}, {"difference"}, {}}}, {{"a", f32, {any, 3}}, {"b", f32, {any, 3}}},
                 {{"difference", f32, {any, 3}}});
}

// Three numbers, a TensorProto, whose bytes are in a file beside the model.
inline std::string outside(const std::string &name, const std::string &file) {
    const auto entry = [](const std::string &key, const std::string &value) {
        return field(13, field(1, key) + field(2, value));
    };
    return field(1, std::uint64_t(3)) + field(2, std::uint64_t(f32)) + field(8, name) + entry("location", file) +
           entry("length", "12") + field(14, std::uint64_t(1));
}

// x + w, whose w is in that file.
inline std::string sum_with(const std::string &file) {
    return model({{"Add", {"x", "w"}, {"y"}, {}}}, {{"x", f32, {3}}}, {{"y", f32, {3}}}, field(5, outside("w", file)));
}

// x + w, whose w is the value of a node in a branch that is taken: two graphs deep, and an attribute.
inline std::string branch_with(const std::string &file) {
    const auto attribute = [](const std::string &name, unsigned tag, const std::string &message, std::uint64_t type) {
        return field(5, field(1, name) + field(tag, message) + field(20, type));
    };
    const std::string constant =
        field(2, std::string("w")) + field(4, std::string("Constant")) + attribute("value", 5, outside("w", file), 4);
    const std::string branch = field(1, constant) + field(2, std::string("branch")) +
                               field(12, Port{"w", f32, {3}}.message());
    const std::string either = field(1, std::string("c")) + field(2, std::string("v")) + field(4, std::string("If")) +
                               attribute("then_branch", 6, branch, 5) + attribute("else_branch", 6, branch, 5);
    return model({{"Add", {"x", "v"}, {"y"}, {}}}, {{"x", f32, {3}}, {"c", boolean, {}}}, {{"y", f32, {3}}},
                 field(1, either));
}

// One operator, from x to y: of a standard one's name, or of the test's own.
inline std::string one(const std::string &op, const std::string &domain = {}) {
    return model({{op, {"x"}, {"y"}, domain}}, {{"x", f32, {any}}}, {{"y", f32, {any}}});
}
inline std::string counted() { return one("Counted", "test"); }

} // namespace onnx
