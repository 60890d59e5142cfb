#include "witness.hpp"

#include <cmath>
#include <cstring>

namespace silero {
namespace {

template <class T>
void append(std::string& bytes, const T& array) {
    bytes.append(reinterpret_cast<const char*>(array.data()), sizeof array);
}

template <class T>
bool same_bits(const T& one, const T& other) {
    return std::memcmp(&one, &other, sizeof one) == 0;
}

}  // namespace

void Witness::watch(const Moment& moment) {
    std::string bytes;
    bytes.reserve(sizeof moment.chunk + sizeof moment.before);
    append(bytes, moment.chunk);
    append(bytes, moment.before);
    seen_.insert(std::move(bytes));
    probabilities_.push_back(moment.answer.probability);
    states_.push_back(moment.after);
}

void Comparison::watch(const Moment& moment) {
    const std::size_t position = found_.compared++;
    const float given = moment.answer.probability, right = witness_.probability(position);
    const float apart = std::fabs(given - right);
    if (!same_bits(given, right)) ++found_.wrong;
    if (apart > 1e-6F) ++found_.wrong_1e6;
    if (apart > 0.1F) ++found_.wrong_01;
    if (moment.answer.is_speech() != (right >= kThreshold)) ++found_.flipped;
    if (!same_bits(moment.after, witness_.state(position))) ++found_.wrong_states;
}

}  // namespace silero
