// ONNX Runtime behind the cache, with small models: computed once, the same bits, on leases; what fails is not
// remembered.
#include "common.hpp"

#include <streamcache/onnxruntime.hpp>

#include <optional>

#include "counted.hpp"
#include "onnx.hpp"

namespace {

using namespace std::literals;
namespace ad = sc::onnxruntime;

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

void one_computes_and_the_others_find_it() {
    auto cache = sc::Cache::open();
    auto filter = plain_filter(cache);
    Ort::Session session = session_of(onnx::counted());
    const ad::Model model(session);
    counted::calls = 0;
    for (int round = 0; round < 3; round++) {
        const auto outputs = ad::cached_run(model, filter, inputs(numbers({1, 2, 3})));
        CHECK(outputs.computed() == (round == 0));
        CHECK((outputs.compute_time() > 0ns) == (round == 0));
        CHECK(outputs.size() == 1 && same(outputs[0], numbers({2, 3, 4})));
    }
    CHECK(counted::calls == 1);
    CHECK(filter.stats().misses == 1 && filter.stats().hits == 2);
    auto snapshot = filter.snapshot();
    CHECK(!ad::cached_run(session, filter, inputs(numbers({1, 2, 3}))).computed());
    CHECK(!ad::cached_run(model, snapshot, inputs(numbers({1, 2, 3}))).computed());
    CHECK(ad::cached_run(model, snapshot, inputs(numbers({1, 2}))).computed());
    CHECK(counted::calls == 2);
    const Values two = inputs(numbers({1, 2}));
    CHECK(ad::cached_run(model, filter, two, sc::PutOptions().flags(sc::bypass)).computed());
    CHECK(ad::cached_run(model, filter, two, sc::PutOptions().flags(sc::refresh)).computed());
    CHECK(counted::calls == 4);
    // And without the engine.
    session = Ort::Session{nullptr};
    CHECK(same(ad::cached_run(model, filter, two)[0], numbers({2, 3})));
}

void threads_share_a_computation() {
    auto cache = sc::Cache::open();
    auto filter = plain_filter(cache);
    Ort::Session session = session_of(onnx::counted());
    const ad::Model model(session);
    counted::calls = 0;
    counted::held = true;
    std::atomic<int> computed{0}, right{0};
    std::vector<std::thread> threads;
    for (int n = 0; n < 4; n++)
        threads.emplace_back([&] {
            const auto outputs = ad::cached_run(model, filter, inputs(numbers({counted::slow, 1})));
            computed += outputs.computed();
            right += same(outputs[0], numbers({counted::slow + 1, 2}));
        });
    std::this_thread::sleep_for(20ms); // for all of them to come while the first computes
    counted::held = false;
    for (auto &thread : threads) thread.join();
    CHECK(counted::calls == 1 && computed == 1 && right == 4);
    threads.clear();
    for (int n = 0; n < 4; n++)
        threads.emplace_back([&, n] {
            for (int i = 0; i < 50; i++) {
                const float first = float(10 + (n + i) % 20), second = float(i);
                const auto outputs = ad::cached_run(model, filter, inputs(numbers({first, second})));
                right += same(outputs[0], numbers({first + 1, second + 1}));
            }
        });
    for (auto &thread : threads) thread.join();
    CHECK(right == 204);
}

void who_does_not_wait_computes_too() {
    auto cache = sc::Cache::open();
    auto filter = plain_filter(cache);
    Ort::Session session = session_of(onnx::counted());
    const ad::Model model(session);
    counted::calls = 0;
    counted::held = true;
    std::thread first([&] { ad::cached_run(model, filter, inputs(numbers({counted::slow, 7}))); });
    while (counted::calls == 0) std::this_thread::yield();
    const auto compute = [&] {
        counted::held = false;
        return inputs(numbers({counted::slow + 1, 8}));
    };
    const auto outputs = ad::cached_compute(filter, model.chunk(inputs(numbers({counted::slow, 7}))), compute, {}, 0ms);
    CHECK(outputs.computed() && same(outputs[0], numbers({counted::slow + 1, 8})));
    first.join();
    CHECK(counted::calls == 1);
    CHECK(!ad::cached_run(model, filter, inputs(numbers({counted::slow, 7}))).computed());
    // And where answers differ from run to run nothing is kept.
    auto random = plain_filter(cache, sc::nondeterministic);
    for (int round = 0; round < 2; round++) CHECK(ad::cached_run(model, random, inputs(numbers({1, 2}))).computed());
    CHECK(counted::calls == 3 && cache.stats().entries == 1);
}

void what_fails_is_not_remembered() {
    auto cache = sc::Cache::open();
    auto filter = plain_filter(cache);
    Ort::Session session = session_of(onnx::counted());
    const ad::Model model(session);
    counted::calls = 0;
    for (int round = 1; round <= 3; round++) {
        CHECK(has(message_of([&] { ad::cached_run(model, filter, inputs(numbers({counted::poison}))); }), "poison"));
        CHECK(counted::calls == round);
    }
    CHECK(cache.stats().open_tickets == 0 && cache.stats().entries == 0);
    CHECK(same(ad::cached_run(model, filter, inputs(numbers({1})))[0], numbers({2})));

    const std::int32_t one = 1;
    const auto whole = [&] { return tensor(ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32, {1}, &one, sizeof one); };
    const auto thrown_by_the_engine = [&](const Values &values) {
        try {
            ad::cached_run(model, filter, values);
        } catch (const Ort::Exception &) { return true; }
        return false;
    };
    CHECK(thrown_by_the_engine(inputs(whole())));
    CHECK(thrown_by_the_engine(inputs(numbers({1, 2}, {1, 2}))));
    CHECK(status_of([&] { ad::cached_run(model, filter, Values()); }) == STREAMCACHE_INVALID_ARGUMENT);
    CHECK(status_of([&] { ad::cached_run(model, filter, inputs(whole(), whole())); }) == STREAMCACHE_INVALID_ARGUMENT);
    CHECK(status_of([&] { ad::cached_run(model, filter, inputs(Ort::Value{nullptr})); }) == STREAMCACHE_NOT_SUPPORTED);
    CHECK(cache.stats().open_tickets == 0 && cache.stats().entries == 1);

    // No filter, and a cache that is closed: an error, though the engine could answer.
    sc::Filter none;
    CHECK(status_of([&] { ad::cached_run(model, none, inputs(numbers({1}))); }) == STREAMCACHE_INVALID_ARGUMENT);
    cache.close();
    CHECK(status_of([&] { ad::cached_run(model, filter, inputs(numbers({1}))); }) == STREAMCACHE_CLOSED);
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
    cache.purge();
    CHECK(cache.stats().entries == 0 && cache.stats().leased_bytes > 0);
    cache.reset();
    session = Ort::Session{nullptr};
    const ad::Outputs moved = *std::move(kept);
    CHECK(same(moved[0], numbers({2, 3}))); // longer than the entry, the filter, the cache and the session
}

void a_hit_saves_what_the_engine_took() {
    auto cache = sc::Cache::open();
    auto filter = plain_filter(cache);
    sc::PutOptions options;
    const auto load_and_compute = [&] {
        std::this_thread::sleep_for(2ms); // that is not what a hit saves
        options.compute_time(70us);
        return inputs(numbers({1}));
    };
    for (int round = 0; round < 2; round++) {
        const auto outputs = ad::cached_compute(filter, sc::Digest::chunk("x"sv), load_and_compute, options);
        CHECK(outputs.compute_time() == (round == 0 ? 70us : 0us));
    }
    CHECK(cache.stats().time_saved_ns == 70'000);
}

void what_is_not_stored_is_answered() {
    auto cache = sc::Cache::open(sc::Options().max_bytes(0));
    auto filter = plain_filter(cache);
    Ort::Session session = session_of(onnx::counted());
    for (int round = 0; round < 2; round++) {
        const auto outputs = ad::cached_run(session, filter, inputs(numbers({1, 2})));
        CHECK(outputs.computed() && same(outputs[0], numbers({2, 3})));
    }
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

void shapes_may_change_and_be_empty() {
    auto cache = sc::Cache::open();
    auto filter = plain_filter(cache);
    Ort::Session session = session_of(onnx::difference());
    const ad::Model model(session);
    CHECK(model.inputs()[0].text() == "a f32[?,3]");
    for (int round = 0; round < 2; round++)
        for (std::int64_t rows = 0; rows < 5; rows++) {
            const auto filled = [&](float with) {
                return numbers(std::vector<float>(std::size_t(rows) * 3, with), {rows, 3});
            };
            const auto outputs = ad::cached_run(model, filter, inputs(filled(5), filled(3)));
            CHECK(outputs.computed() == (round == 0));
            CHECK(same(outputs[0], filled(2)));
            CHECK(same(ad::cached_run(model, filter, inputs(filled(3), filled(5)))[0], filled(-2)));
        }
    CHECK(filter.stats().misses == 9); // without rows both are the same
}

} // namespace

int main() {
    return run_tests({
        TEST(one_computes_and_the_others_find_it),
        TEST(threads_share_a_computation),
        TEST(who_does_not_wait_computes_too),
        TEST(what_fails_is_not_remembered),
        TEST(strings_are_refused),
        TEST(outputs_lie_in_the_cache),
        TEST(a_hit_saves_what_the_engine_took),
        TEST(what_is_not_stored_is_answered),
        TEST(every_type_comes_through),
        TEST(shapes_may_change_and_be_empty),
    });
}
