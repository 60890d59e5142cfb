// ONNX Runtime behind the cache, with small models: computed once, the same bits, on leases; what fails is not
// remembered.
#include <streamcache/onnxruntime.hpp>

#include <optional>

namespace ad = streamcache::onnxruntime;

#include "both.hpp"
#include "onnx.hpp"

namespace {

using namespace std::literals;

Ort::Env &env() {
    static Ort::Env env(ORT_LOGGING_LEVEL_FATAL, "test");
    return env;
}

// counted::compute() as an operator of ONNX Runtime's.
struct CountedKernel {
    OrtStatusPtr ComputeV2(OrtKernelContext *raw) try {
        Ort::KernelContext context(raw);
        const Ort::ConstValue x = context.GetInput(0);
        const std::vector<std::int64_t> shape = x.GetTensorTypeAndShapeInfo().GetShape();
        Ort::UnownedValue y = context.GetOutput(0, shape);
        const std::size_t count = x.GetTensorTypeAndShapeInfo().GetElementCount();
        counted::compute(x.GetTensorData<float>(), count, y.GetTensorMutableData<float>());
        return nullptr;
    } catch (const std::exception &error) { return Ort::Status(error.what(), ORT_FAIL).release(); }
};
struct CountedOp : Ort::CustomOpBase<CountedOp, CountedKernel, true> {
    OrtStatusPtr CreateKernelV2(const OrtApi &, const OrtKernelInfo *, void **kernel) const {
        *kernel = new CountedKernel;
        return nullptr;
    }
    const char *GetName() const { return "Counted"; }
    std::size_t GetInputTypeCount() const { return 1; }
    ONNXTensorElementDataType GetInputType(std::size_t) const { return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT; }
    std::size_t GetOutputTypeCount() const { return 1; }
    ONNXTensorElementDataType GetOutputType(std::size_t) const { return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT; }
};

Ort::Session session_of(const std::string &model) {
    static const CountedOp counted;
    static const Ort::CustomOpDomain domain = [] {
        Ort::CustomOpDomain domain("test");
        domain.Add(&counted);
        return domain;
    }();
    Ort::SessionOptions options;
    options.SetIntraOpNumThreads(1);
    options.Add(domain);
    return {env(), model.data(), model.size(), options};
}

using Values = std::vector<Ort::Value>;

Ort::Value tensor(ONNXTensorElementDataType type, const std::vector<std::int64_t> &shape, const void *data,
                  std::size_t size) {
    const Ort::AllocatorWithDefaultOptions allocator;
    Ort::Value value = Ort::Value::CreateTensor(allocator, shape.data(), shape.size(), type);
    if (size > 0) std::memcpy(value.GetTensorMutableRawData(), data, size);
    return value;
}
Ort::Value numbers(const std::vector<float> &values, std::vector<std::int64_t> shape = {}) {
    if (shape.empty()) shape = {std::int64_t(values.size())};
    return tensor(ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, shape, values.data(), values.size() * sizeof(float));
}
template <class... More> Values inputs(More &&...more) {
    Values values;
    (values.push_back(std::forward<More>(more)), ...);
    return values;
}

bool same(const Ort::Value &a, const Ort::Value &b) {
    const auto x = a.GetTensorTypeAndShapeInfo(), y = b.GetTensorTypeAndShapeInfo();
    if (x.GetElementType() != y.GetElementType() || x.GetShape() != y.GetShape()) return false;
    const std::size_t size = (x.GetElementCount() * ad::detail::type_of(x.GetElementType(), "").bits + 7) / 8;
    return size == 0 || std::memcmp(a.GetTensorRawData(), b.GetTensorRawData(), size) == 0;
}

struct Engine {
    struct Counted {
        Ort::Session session = session_of(onnx::counted());
        ad::Model its{session};
        const ad::Model &model() const { return its; }
        Ort::Session &raw() { return session; }
    };
    struct Difference {
        Ort::Session session = session_of(onnx::difference());
        ad::Model its{session};
        const ad::Model &model() const { return its; }
    };
    static Ort::Value numbers(const std::vector<float> &values, const std::vector<std::int64_t> &shape) {
        return ::numbers(values, shape);
    }
    template <class... Tensors> static Values list(Tensors &&...tensors) {
        return inputs(std::forward<Tensors>(tensors)...);
    }
    static bool same(const Ort::Value &a, const Ort::Value &b) { return ::same(a, b); }
};
using both = Both<Engine>;

// Another element type or rank than the model's, and no tensor.
void the_engine_refuses() {
    auto cache = sc::Cache::open();
    auto filter = plain_filter(cache);
    Ort::Session session = session_of(onnx::counted());
    const ad::Model model(session);
    const std::int32_t one = 1;
    const auto thrown_by_the_engine = [&](const Values &values) {
        try {
            ad::cached_run(model, filter, values);
        } catch (const Ort::Exception &) { return true; }
        return false;
    };
    CHECK(thrown_by_the_engine(inputs(tensor(ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32, {1}, &one, sizeof one))));
    CHECK(thrown_by_the_engine(inputs(numbers({1, 2}, {1, 2}))));
    CHECK(status_of([&] { ad::cached_run(model, filter, inputs(Ort::Value{nullptr})); }) == STREAMCACHE_NOT_SUPPORTED);
    CHECK(cache.stats().open_tickets == 0 && cache.stats().entries == 0);
}

void strings_are_refused() {
    Ort::Session session = session_of(onnx::copies({onnx::string}, {1}));
    const std::string told = message_of([&] { ad::Model model(session); });
    CHECK(status_of([&] { ad::Model model(session); }) == STREAMCACHE_NOT_SUPPORTED);
    CHECK(has(told, "in8") && has(told, "strings"));
    const Ort::AllocatorWithDefaultOptions allocator;
    const std::int64_t one = 1;
    const Ort::Value text = Ort::Value::CreateTensor(allocator, &one, 1, ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING);
    CHECK(status_of([&] { ad::digest(text, "words"); }) == STREAMCACHE_NOT_SUPPORTED);
    const Ort::Value list = Ort::Value::CreateSequence(inputs(numbers({1}), numbers({2})));
    CHECK(has(message_of([&] { ad::digest(list, "words"); }), "no tensor"));
}

void outputs_lie_in_the_cache() {
    auto cache = sc::Cache::open();
    Ort::Session session = session_of(onnx::counted());
    const ad::Model model(session);
    std::optional<ad::Outputs> kept;
    {
        auto filter = plain_filter(cache);
        ad::cached_run(model, filter, inputs(numbers({1, 2})));
        kept = ad::cached_run(model, filter, inputs(numbers({1, 2})));
        const sc::bytes payload = kept->value().bytes();
        CHECK((*kept)[0].GetTensorRawData() == payload.data() && payload.size() == 8);
        CHECK(reinterpret_cast<std::uintptr_t>(payload.data()) % 64 == 0);
        ad::cached_run(model, filter, inputs(numbers({5, 6})));
        CHECK(same((*kept)[0], numbers({2, 3})));
        CHECK(same(ad::cached_run(model, filter, *kept)[0], numbers({3, 4}))); // inputs as any
    }
    session = Ort::Session{nullptr};
    auto again = plain_filter(cache);
    CHECK(same(ad::cached_run(model, again, inputs(numbers({5, 6})))[0], numbers({6, 7}))); // without the engine
    cache.purge();
    CHECK(cache.stats().entries == 0 && cache.stats().leased_bytes > 0);
    again.reset();
    cache.reset();
    const ad::Outputs moved = *std::move(kept);
    CHECK(same(moved[0], numbers({2, 3}))); // longer than the entry, the filter, the cache and the session
}

// Every type at once; the engine alone gives what it got.
void every_type_comes_through() {
    using namespace onnx;
    const std::vector<onnx::Type> types{f32, u8, i8, u16, i16, i32, i64, boolean, f16, f64, u32, u64, bf16, f8e4m3fn,
                                        f8e4m3fnuz, f8e5m2, f8e5m2fnuz};
    auto cache = sc::Cache::open();
    auto filter = plain_filter(cache);
    Ort::Session session = session_of(copies(types, {2, 3}));
    const ad::Model model(session);
    const std::vector<unsigned char> ones(100, 1);
    Values values;
    for (const ad::Port &port : model.inputs())
        values.push_back(tensor(ad::detail::type_of(port.type), port.dims, ones.data(), 6 * port.type.bits / 8));
    const Values alone = model.run(values);
    CHECK(values.size() == types.size());
    Ort::Session difference = session_of(onnx::difference());
    CHECK(ad::Model(difference).inputs()[0].text() == "a f32[?,3]");
    leave_dirt(filter, types.size() * 64);
    for (int round = 0; round < 2; round++) {
        const auto outputs = ad::cached_run(model, filter, values);
        CHECK(outputs.computed() == (round == 0) && outputs.size() == types.size());
        CHECK(zero_between(outputs.value()));
        for (std::size_t i = 0; i < outputs.size(); i++)
            CHECK(same(outputs[i], alone[i]) && same(outputs[i], values[i]));
    }
    // Those that no model here computes in: they are keyed and kept all the same.
    for (const auto type : {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT4, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT4}) {
        const std::size_t size = 2; // three of half a byte
        const auto give = [&] { return inputs(tensor(type, {3, 1}, ones.data(), size), numbers({1})); };
        const sc::Digest chunk = ad::digest(give()[0]);
        CHECK(ad::cached_compute(filter, chunk, give).computed());
        const auto outputs = ad::cached_compute(filter, chunk, give);
        CHECK(!outputs.computed() && outputs.size() == 2);
        CHECK(same(outputs[0], give()[0]) && same(outputs[1], numbers({1})));
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
        TEST(strings_are_refused),
        TEST(outputs_lie_in_the_cache),
        TEST(both::a_hit_saves_what_the_engine_took),
        TEST(both::what_is_not_stored_is_answered),
        TEST(every_type_comes_through),
        TEST(both::shapes_may_change_and_be_empty),
    });
}
