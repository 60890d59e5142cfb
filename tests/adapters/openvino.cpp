// OpenVINO behind the cache, with small models: computed once, the same bits, on leases; what fails is not remembered.
#include <streamcache/openvino.hpp>

#include <openvino/opsets/opset6.hpp>

namespace ad = streamcache::openvino;

#include "both.hpp"
#include "onnx.hpp"

namespace {

using namespace std::literals;

ov::Core &core() {
    static ov::Core core;
    return core;
}

ov::CompiledModel compile(const std::shared_ptr<ov::Model> &model) { return core().compile_model(model, "CPU"); }
ov::CompiledModel compile_onnx(const std::string &bytes) { return compile(core().read_model(bytes, ov::Tensor())); }

// counted::compute() as an operator of OpenVINO's.
class Counted : public ov::op::Op {
public:
    OPENVINO_OP("Counted", "test")
    explicit Counted(const ov::Output<ov::Node> &x) : Op({x}) { constructor_validate_and_infer_types(); }
    void validate_and_infer_types() override {
        set_output_type(0, get_input_element_type(0), get_input_partial_shape(0));
    }
    std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector &inputs) const override {
        return std::make_shared<Counted>(inputs.at(0));
    }
    bool visit_attributes(ov::AttributeVisitor &) override { return true; }
    bool has_evaluate() const override { return true; }
    bool evaluate(ov::TensorVector &outputs, const ov::TensorVector &inputs) const override {
        outputs[0].set_shape(inputs[0].get_shape());
        counted::compute(std::as_const(inputs[0]).data<float>(), inputs[0].get_size(), outputs[0].data<float>());
        return true;
    }
};

ov::CompiledModel compile_counted() {
    const auto x = std::make_shared<ov::opset6::Parameter>(ov::element::f32, ov::PartialShape{ov::Dimension()});
    return compile(std::make_shared<ov::Model>(ov::OutputVector{std::make_shared<Counted>(x)}, ov::ParameterVector{x}));
}

ov::Tensor numbers(const std::vector<float> &values, std::vector<std::int64_t> shape = {}) {
    if (shape.empty()) shape = {std::int64_t(values.size())};
    ov::Tensor tensor(ov::element::f32, ov::Shape(shape.begin(), shape.end()));
    if (!values.empty()) std::memcpy(tensor.data(), values.data(), values.size() * sizeof(float));
    return tensor;
}

bool same(const ov::Tensor &a, const ov::Tensor &b) {
    return a.get_element_type() == b.get_element_type() && a.get_shape() == b.get_shape() &&
           std::memcmp(a.data(), b.data(), a.get_byte_size()) == 0;
}

struct Engine {
    struct Counted {
        ad::Model its{compile_counted()};
        const ad::Model &model() const { return its; }
        const ov::CompiledModel &raw() const { return its.compiled(); }
    };
    struct Difference {
        ad::Model its{compile_onnx(onnx::difference())};
        const ad::Model &model() const { return its; }
    };
    static ov::Tensor numbers(const std::vector<float> &values, const std::vector<std::int64_t> &shape) {
        return ::numbers(values, shape);
    }
    template <class... Tensors> static ov::TensorVector list(Tensors... tensors) { return {tensors...}; }
    static bool same(const ov::Tensor &a, const ov::Tensor &b) { return ::same(a, b); }
};
using both = Both<Engine>;

// Another element type or rank than the model's, no tensor, and one with gaps.
void the_engine_refuses() {
    auto cache = sc::Cache::open();
    auto filter = plain_filter(cache);
    const ad::Model model(compile_counted());
    ov::Tensor whole(ov::element::i32, {1});
    whole.data<std::int32_t>()[0] = 1;
    const auto thrown_by_the_engine = [&](const ov::Tensor &input) {
        try {
            ad::cached_run(model, filter, {input});
        } catch (const ov::Exception &) { return true; }
        return false;
    };
    CHECK(thrown_by_the_engine(whole));
    CHECK(thrown_by_the_engine(numbers({1, 2}, {1, 2})));
    CHECK(status_of([&] { ad::cached_run(model, filter, {ov::Tensor()}); }) == STREAMCACHE_INVALID_ARGUMENT);
    const ov::Tensor square = numbers({1, 2, 3, 4}, {2, 2});
    const ov::Tensor column(square, ov::Coordinate{0, 0}, ov::Coordinate{2, 1});
    CHECK(has(message_of([&] { ad::digest(column, "x"); }), "strided"));
    CHECK(cache.stats().open_tickets == 0 && cache.stats().entries == 0);
}

void strings_and_states_are_refused() {
    const ov::Tensor text(ov::element::string, {1});
    CHECK(status_of([&] { ad::digest(text, "words"); }) == STREAMCACHE_NOT_SUPPORTED);
    const std::string told = message_of([&] { ad::digest(text, "words"); });
    CHECK(has(told, "words") && has(told, "string"));
    CHECK(status_of([&] { ad::digest(ov::Tensor(ov::element::nf4, {2})); }) == STREAMCACHE_NOT_SUPPORTED);

    auto cache = sc::Cache::open();
    auto filter = plain_filter(cache);
    const auto give_text = [&] { return ov::TensorVector{text}; };
    CHECK(status_of([&] { ad::cached_compute(filter, sc::Digest::chunk("x"sv), give_text); }) ==
          STREAMCACHE_NOT_SUPPORTED);

    const auto words = std::make_shared<ov::opset6::Parameter>(ov::element::string, ov::Shape{1});
    words->output(0).set_names({"words"});
    const auto copies = compile(std::make_shared<ov::Model>(ov::OutputVector{words}, ov::ParameterVector{words}));
    CHECK(status_of([&] { ad::Model model(copies); }) == STREAMCACHE_NOT_SUPPORTED);
    CHECK(has(message_of([&] { ad::Model model(copies); }), "words"));

    const auto x = std::make_shared<ov::opset6::Parameter>(ov::element::f32, ov::Shape{1});
    const auto variable = std::make_shared<ov::op::util::Variable>(
        ov::op::util::VariableInfo{ov::PartialShape{1}, ov::element::f32, "sum"});
    const auto zero = ov::opset6::Constant::create(ov::element::f32, {1}, {0.0f});
    const auto before = std::make_shared<ov::opset6::ReadValue>(zero, variable);
    const auto sum = std::make_shared<ov::opset6::Add>(x, before);
    const auto after = std::make_shared<ov::opset6::Assign>(sum, variable);
    const ad::Model stateful(compile(
        std::make_shared<ov::Model>(ov::OutputVector{sum}, ov::SinkVector{after}, ov::ParameterVector{x})));
    CHECK(status_of([&] { ad::cached_run(stateful, filter, {numbers({1})}); }) == STREAMCACHE_NOT_SUPPORTED);
    CHECK(cache.stats().entries == 0 && cache.stats().open_tickets == 0);
}

void outputs_lie_in_the_cache() {
    auto cache = sc::Cache::open();
    const ad::Model model(compile_counted());
    ov::Tensor kept;
    {
        auto filter = plain_filter(cache);
        ad::cached_run(model, filter, {numbers({1, 2})});
        const auto outputs = ad::cached_run(model, filter, {numbers({1, 2})});
        const sc::bytes payload = outputs.value().bytes();
        CHECK(outputs[0].data() == payload.data() && payload.size() == 8);
        CHECK(reinterpret_cast<std::uintptr_t>(payload.data()) % 64 == 0);
        // The engine's next run, on the same request, writes elsewhere.
        ad::cached_run(model, filter, {numbers({5, 6})});
        CHECK(same(outputs[0], numbers({2, 3})));
        // Nobody writes to it by mistake.
        ov::Tensor writable = outputs[0];
        CHECK(!has(message_of([&] { writable.data<float>()[0] = 7; }), "nothing"));
        // They are inputs as any, of this model too.
        CHECK(same(ad::cached_run(model, filter, {outputs[0]})[0], numbers({3, 4})));
        kept = outputs[0];
    }
    cache.purge();
    CHECK(cache.stats().entries == 0 && cache.stats().leased_bytes > 0);
    cache.reset();
    CHECK(same(kept, numbers({2, 3}))); // longer than the outputs it was in, the entry, the filter and the cache
}

// Every type at once: what the engine alone gives, with an infer request of our own.
void every_type_comes_through() {
    using namespace onnx;
    const std::vector<onnx::Type> types{f32, f64, f16, bf16, i8, i16, i32, i64, u8, u16, u32, u64, boolean};
    const std::string bytes = copies(types, {2, 3});
    auto cache = sc::Cache::open();
    auto filter = plain_filter(cache);
    const ad::Model model(compile_onnx(bytes));
    CHECK(model.compiled().inputs().size() == types.size());
    ov::TensorVector inputs;
    ov::InferRequest alone = compile_onnx(bytes).create_infer_request();
    for (std::size_t i = 0; i < types.size(); i++) {
        inputs.emplace_back(model.compiled().input(i).get_element_type(), ov::Shape{2, 3});
        auto *data = static_cast<unsigned char *>(inputs[i].data());
        for (std::size_t at = 0; at < inputs[i].get_byte_size(); at++) data[at] = static_cast<unsigned char>(at % 2);
        alone.set_input_tensor(i, inputs[i]);
    }
    alone.infer();
    leave_dirt(filter, types.size() * 64);
    for (int round = 0; round < 2; round++) {
        const auto outputs = ad::cached_run(model, filter, inputs);
        CHECK(outputs.computed() == (round == 0) && outputs.size() == types.size());
        CHECK(zero_between(outputs.value()));
        for (std::size_t i = 0; i < outputs.size(); i++) CHECK(same(outputs[i], alone.get_output_tensor(i)));
    }
    // Those that no model here computes in: they are keyed and kept all the same.
    for (const auto type : {ov::element::i4, ov::element::u4, ov::element::u2, ov::element::u1, ov::element::f8e4m3,
                            ov::element::f8e5m2, ov::element::f8e8m0, ov::element::f4e2m1}) {
        ov::Tensor tensor(type, {3, 3});
        std::memset(tensor.data(), 0x5a, tensor.get_byte_size());
        const sc::Digest chunk = ad::digest(tensor);
        const auto give = [&] { return ov::TensorVector{tensor, numbers({1}), tensor}; };
        CHECK(ad::cached_compute(filter, chunk, give).computed());
        const auto outputs = ad::cached_compute(filter, chunk, give);
        CHECK(!outputs.computed() && outputs.size() == 3 && same(outputs[0], tensor) && same(outputs[2], tensor));
    }
}

} // namespace

int main() {
    return run_tests({
        TEST(both::one_computes_and_the_others_find_it),
        TEST(both::threads_share_a_computation),
        TEST(both::who_does_not_wait_computes_too),
        TEST(both::what_fails_is_not_remembered),
        TEST(the_engine_refuses),
        TEST(strings_and_states_are_refused),
        TEST(outputs_lie_in_the_cache),
        TEST(both::a_hit_saves_what_the_engine_took),
        TEST(both::what_is_not_stored_is_answered),
        TEST(every_type_comes_through),
        TEST(both::shapes_may_change_and_be_empty),
    });
}
