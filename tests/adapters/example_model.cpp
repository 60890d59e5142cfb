// Writes the model that the headers' examples are run with: four numbers, and what is above zero of them.
#include <fstream>

#include "onnx.hpp"

int main(int, char **arguments) {
    const onnx::Node relu{"Relu", {"x"}, {"y"}, {}};
    std::ofstream file(arguments[1], std::ios::binary);
    file << onnx::model({relu}, {{"x", onnx::f32, {1, 4}}}, {{"y", onnx::f32, {1, 4}}});
    return file.flush() ? 0 : 1;
}
