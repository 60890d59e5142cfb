// What the keys of ONNX Runtime's adapter are made of: published formulas, and a config that nothing is forgotten in.
#include "common.hpp"

#include <streamcache/onnxruntime.hpp>

#include <filesystem>
#include <set>

#include "data.hpp"
#include "onnx.hpp"

namespace {

namespace ad = sc::onnxruntime;

using Values = std::vector<Ort::Value>;

const ad::Settings settings{"CPUExecutionProvider", "f32", 1};

const Ort::Env &environment() {
    static const Ort::Env env(ORT_LOGGING_LEVEL_FATAL, "test");
    return env;
}

Ort::SessionOptions options() {
    Ort::SessionOptions options;
    options.SetIntraOpNumThreads(1);
    return options;
}

Ort::Session session_of(const std::string &model) { return {environment(), model.data(), model.size(), options()}; }

Values numbers(const std::vector<std::vector<float>> &inputs, const std::vector<std::int64_t> &shape) {
    const Ort::AllocatorWithDefaultOptions allocator;
    Values values;
    for (const auto &input : inputs) {
        values.push_back(Ort::Value::CreateTensor<float>(allocator, shape.data(), shape.size()));
        std::copy(input.begin(), input.end(), values.back().GetTensorMutableData<float>());
    }
    return values;
}

void inputs_are_keyed_as_published() {
    Ort::Session session = session_of(onnx::difference());
    const ad::Model model(session);
    const std::vector<float> one{1, 2, 3}, two{4, 5, 6};
    const sc::dtype f32 = sc::dtype::of<float>();
    const sc::Digest of_a = sc::Digest::tensor(f32, {1, 3}, one, "a"), of_b = sc::Digest::tensor(f32, {1, 3}, two, "b");
    const Values values = numbers({one, two}, {1, 3}), swapped = numbers({two, one}, {1, 3});
    const Values twice = numbers({two, two}, {1, 3});
    CHECK(ad::digest(values[0], "a") == of_a);
    CHECK(model.chunk(values) == sc::Digest::inputs({of_a, of_b}));
    CHECK(model.chunk(values) != model.chunk(swapped));
    Ort::Session other = session_of(onnx::one("Relu"));
    CHECK(ad::Model(other).chunk(numbers({one}, {3})) == sc::Digest::tensor(f32, {3}, one, "x"));

    auto cache = sc::Cache::open();
    auto filter = plain_filter(cache);
    CHECK(filter.put(model.chunk(values), sc::bytes(one)));
    CHECK(status_of([&] { ad::cached_run(model, filter, values); }) == STREAMCACHE_INVALID_ARGUMENT);
    const std::vector<std::int64_t> dims{1, 3};
    const auto described = sc::tensor_at(0, f32, dims, 12);
    CHECK(filter.put(model.chunk(swapped), sc::bytes(two), sc::PutOptions().tensors({&described, 1})));
    const auto outputs = ad::cached_run(model, filter, swapped);
    CHECK(!outputs.computed() && outputs[0].GetTensorData<float>()[2] == 6);
    CHECK(ad::Outputs(filter.lookup(model.chunk(swapped)).value())[0].GetTensorData<float>()[0] == 4);
    const auto odd = sc::tensor_at(0, {STREAMCACHE_DTYPE_FLOAT, 96}, {}, 12);
    CHECK(filter.put(model.chunk(twice), sc::bytes(two), sc::PutOptions().tensors({&odd, 1})));
    CHECK(status_of([&] { ad::cached_run(model, filter, twice); }) == STREAMCACHE_INVALID_ARGUMENT);
}

// Some of the outputs, in an order of the caller's: each choice is a key of its own.
void wanted_outputs_are_part_of_the_key() {
    Ort::Session session = session_of(
        onnx::model({{"Relu", {"x"}, {"up"}, {}}, {"Neg", {"x"}, {"down"}, {}}}, {{"x", onnx::f32, {onnx::any}}},
                    {{"up", onnx::f32, {onnx::any}}, {"down", onnx::f32, {onnx::any}}}));
    const Values x = numbers({{1, 2}}, {2});
    auto cache = sc::Cache::open();
    auto filter = plain_filter(cache);
    std::set<sc::Digest> keys, configs;
    const std::vector<std::vector<std::string>> choices{{}, {"up"}, {"down"}, {"up", "down"}, {"down", "up"}};
    for (const auto &wanted : choices) {
        const ad::Model model(session, wanted);
        keys.insert(model.chunk(x));
        configs.insert(sc::Digest::config_json(ad::config_json(model, settings)));
        for (int round = 0; round < 2; round++) {
            const auto outputs = ad::cached_run(model, filter, x);
            CHECK(outputs.computed() == (round == 0));
            CHECK(outputs.size() == (wanted.empty() ? 2 : wanted.size()));
            const bool down = !wanted.empty() && wanted[0] == "down";
            CHECK(outputs[0].GetTensorData<float>()[1] == (down ? -2 : 2));
        }
    }
    CHECK(keys.size() == choices.size());
    CHECK(configs.size() == choices.size() - 1); // all is all in the model's order
    CHECK(has(message_of([&] { ad::Model(session, {"sideways"}); }), "sideways"));
}

void a_filter_names_what_decides_the_bits(const data::Places &places) {
    const std::string file = places.scratch / "model.onnx", other = places.scratch / "other.onnx";
    write_file(file, onnx::difference());
    write_file(other, onnx::one("Abs"));
    Ort::Session session = session_of(onnx::difference()), another = session_of(onnx::one("Abs"));
    const ad::Model model(session);
    const std::string plain = ad::config_json(model, settings);
    std::printf("%s\n", plain.c_str());
    for (const char *part :
         {"{\"engine\":{\"name\":\"onnxruntime\",\"version\":\"", "\"instruction_sets\":[\"", "\"precision\":\"f32\"",
          "\"providers\":\"CPUExecutionProvider\"", "\"threads\":\"1\"", "a f32[?,3]", "difference f32[?,3]"})
        CHECK(has(plain, part));
    CHECK(has(plain, Ort::GetVersionString()));
    std::set<sc::Digest> configs{sc::Digest::config_json(plain)};
    for (const ad::Settings &different :
         {ad::Settings{"CUDAExecutionProvider", "f32", 1}, ad::Settings{"CPUExecutionProvider", "f16", 1},
          ad::Settings{"CPUExecutionProvider", "f32", 2}, ad::Settings{"CPUExecutionProvider", "f32", 0},
          ad::Settings{"CPUExecutionProvider", "f32", 1, "basic"},
          ad::Settings{"CPUExecutionProvider", "f32", 1, "all", R"({"sample_rate": 8000})"}})
        configs.insert(sc::Digest::config_json(ad::config_json(model, different)));
    configs.insert(sc::Digest::config_json(ad::config_json(another, settings)));
    CHECK(configs.size() == 8);

    auto cache = sc::Cache::open();
    auto filter = ad::make_filter(cache, "test", model, {file}, settings);
    const sc::Digest state = sc::Digest::state_file(file);
    CHECK(filter.get_state().key() == state);
    CHECK(filter.key(sc::Digest()) == sc::Digest::key_chunk(sc::Digest::config_json(plain), state, sc::Digest()));
    auto both = ad::make_filter(cache, "test", model, {file, other}, settings);
    const sc::Digest of_both = sc::Digest::inputs({state, sc::Digest::state_file(other)});
    CHECK(both.get_state().key() == sc::Digest::raw(sc::Role::state, of_both.bytes));
    const auto refused = [&](const ad::Settings &with, sc::view<std::string_view> files) {
        return status_of([&] { ad::make_filter(cache, "test", model, files, with); });
    };
    CHECK(refused({"", "f32", 1}, {file}) == STREAMCACHE_INVALID_ARGUMENT);
    CHECK(refused({"CPUExecutionProvider", "", 1}, {file}) == STREAMCACHE_INVALID_ARGUMENT);
    CHECK(refused({"CPUExecutionProvider", "f32", 1, "all", "not JSON"}, {file}) == STREAMCACHE_INVALID_ARGUMENT);
    CHECK(refused(settings, {"nowhere.onnx"}) == STREAMCACHE_IO);
    CHECK(refused(settings, {}) == STREAMCACHE_INVALID_ARGUMENT);
}

// A model brings the files its tensors are in, wherever in it they are named.
void external_data_counts(const data::Places &places) {
    const std::string file = places.scratch / "outside.onnx", weights = places.scratch / "outside.weights";
    auto cache = sc::Cache::open();
    for (const std::string &model : {onnx::sum_with("outside.weights"), onnx::branch_with("outside.weights")}) {
        write_file(weights, three(1, 2, 3));
        write_file(file, model);
        Ort::Session session(environment(), file.c_str(), options());
        const auto key = [&](sc::view<std::string_view> files) {
            return ad::make_filter(cache, "test", session, files, settings).key(sc::Digest());
        };
        const sc::Digest before = key({file});
        CHECK(before == key({file, weights}));
        CHECK(before == key({file, std::string(places.scratch / "." / "outside.weights")})); // the same by another name
        write_file(weights, three(1, 2, 4));
        CHECK(key({file}) != before);
        std::filesystem::remove(weights);
        CHECK(status_of([&] { key({file}); }) == STREAMCACHE_IO);
        CHECK(has(message_of([&] { key({file}); }), weights));
    }
    // Cut short anywhere, or no model at all.
    const std::string whole = onnx::branch_with("outside.weights");
    Ort::Session session = session_of(onnx::difference());
    const auto refused = [&](const std::string &text) {
        write_file(file, text);
        return status_of([&] { ad::make_filter(cache, "test", session, {file}, settings); });
    };
    CHECK(refused(whole.substr(0, whole.size() / 2)) == STREAMCACHE_INVALID_ARGUMENT);
    CHECK(refused("\xff\xff\xff") == STREAMCACHE_INVALID_ARGUMENT);
    CHECK(refused(std::string(100, '\x0f')) == STREAMCACHE_INVALID_ARGUMENT);
    std::string deep;
    for (int i = 0; i < 300; i++) // a graph in an attribute of a node of a graph, and so on
        deep = i % 3 == 0 ? onnx::field(1, deep) : i % 3 == 1 ? onnx::field(6, deep) : onnx::field(5, deep);
    CHECK(refused(onnx::field(7, onnx::field(1, onnx::field(5, deep)))) != STREAMCACHE_IO); // an answer, and no crash
}

// A file that is replaced while an engine reads it: nobody knows which of the two the engine has.
void a_file_that_changes_meanwhile_is_refused(const data::Places &places) {
    const std::string file = places.scratch / "changing.onnx";
    write_file(file, onnx::difference());
    const sc::detail::files_to_load files({file});
    CHECK(files.state() == sc::Digest::state_file(file));
    write_file(file, onnx::one("Abs"));
    CHECK(status_of([&] { files.state(); }) == STREAMCACHE_IO);
    std::filesystem::remove(file);
    CHECK(status_of([&] { files.state(); }) == STREAMCACHE_IO);
}

// Two models of one shape behind one cache: what the one computed the other never gives.
void a_model_and_its_filter_are_one(const data::Places &places) {
    const std::string weights = places.scratch / "pair.weights";
    const std::string sum = places.scratch / "sum.onnx", less = places.scratch / "less.onnx";
    write_file(weights, three(1, 2, 3));
    write_file(sum, onnx::sum_with("pair.weights"));
    write_file(less, onnx::model({{"Neg", {"x"}, {"y"}, {}}}, {{"x", onnx::f32, {3}}}, {{"y", onnx::f32, {3}}}));
    auto cache = sc::Cache::open();
    ad::CachedModel one(cache, "one", environment(), sum, options(), settings);
    ad::CachedModel two(cache, "two", environment(), less, options(), settings);
    std::filesystem::remove(weights); // not written into: the engine has it mapped, and would answer otherwise
    write_file(weights, three(5, 6, 7));
    ad::CachedModel again(cache, "again", environment(), sum, options(), settings), moved(std::move(again));
    const Values x = numbers({{1, 1, 1}}, {3});
    for (int round = 0; round < 2; round++) {
        const auto of_one = one.run(x), of_two = two.run(x), of_moved = moved.run(x);
        CHECK(of_one.computed() == (round == 0) && of_one[0].GetTensorData<float>()[0] == 2);
        CHECK(of_two.computed() == (round == 0) && of_two[0].GetTensorData<float>()[0] == -1);
        CHECK(of_moved.computed() == (round == 0) && of_moved[0].GetTensorData<float>()[0] == 6);
    }
    const auto none = [&] { ad::CachedModel(cache, "none", environment(), "nowhere.onnx", options(), settings); };
    CHECK(status_of(none) == STREAMCACHE_IO);
}

// What one process computed another finds on disk.
void results_outlive_the_process(const data::Places &places) {
    const std::string file = places.scratch / "model.onnx", store = places.scratch / "store";
    Ort::Session session = session_of(onnx::difference());
    const Values values = numbers({{5, 5, 5, 1, 1, 1}, {3, 3, 3, 2, 2, 2}}, {2, 3});
    for (int process = 0; process < 2; process++) {
        auto cache = sc::Cache::open(sc::Options().disk_directory(store));
        auto filter = ad::make_filter(cache, "test", session, {file}, settings);
        const auto outputs = ad::cached_run(session, filter, values);
        CHECK(outputs.computed() == (process == 0));
        CHECK(outputs.value().tier() == (process == 0 ? sc::Tier::memory : sc::Tier::disk));
        CHECK(outputs[0].GetTensorData<float>()[0] == 2 && outputs[0].GetTensorData<float>()[5] == -1);
        CHECK(outputs[0].GetTensorTypeAndShapeInfo().GetShape() == (std::vector<std::int64_t>{2, 3}));
        cache.close();
    }
}

} // namespace

int main(int argc, char **argv) {
    const data::Places places = data::places(argc, argv);
    return run_tests({
        TEST(inputs_are_keyed_as_published),
        TEST(wanted_outputs_are_part_of_the_key),
        TEST_WITH(a_filter_names_what_decides_the_bits, places),
        TEST_WITH(external_data_counts, places),
        TEST_WITH(a_file_that_changes_meanwhile_is_refused, places),
        TEST_WITH(a_model_and_its_filter_are_one, places),
        TEST_WITH(results_outlive_the_process, places),
    });
}
