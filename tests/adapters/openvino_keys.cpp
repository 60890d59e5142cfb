// What the keys of OpenVINO's adapter are made of: the published formulas, and a config that nothing is forgotten in.
#include "common.hpp"

#include <streamcache/openvino.hpp>

#include <openvino/core/preprocess/pre_post_process.hpp>
#include <openvino/op/constant.hpp>
#include <openvino/pass/serialize.hpp>

#include <filesystem>
#include <set>

#include "data.hpp"
#include "onnx.hpp"

namespace {

using namespace std::literals;
namespace ad = sc::openvino;

ov::Core &core() {
    static ov::Core core;
    return core;
}

ov::CompiledModel compile(const std::string &onnx, ov::AnyMap properties = {}) {
    return core().compile_model(core().read_model(onnx, ov::Tensor()), "CPU", properties);
}

ov::Tensor numbers(std::vector<float> values, const ov::Shape &shape) {
    ov::Tensor tensor(ov::element::f32, shape);
    std::copy(values.begin(), values.end(), tensor.data<float>());
    return tensor;
}

void inputs_are_keyed_as_published() {
    const ad::Model model(compile(onnx::difference()));
    const std::vector<float> one{1, 2, 3}, two{4, 5, 6};
    const ov::Tensor a = numbers(one, {1, 3}), b = numbers(two, {1, 3});
    const sc::dtype f32 = sc::dtype::of<float>();
    const sc::Digest of_a = sc::Digest::tensor(f32, {1, 3}, one, "a"), of_b = sc::Digest::tensor(f32, {1, 3}, two, "b");
    CHECK(ad::digest(a, "a") == of_a);
    CHECK(model.chunk({a, b}) == sc::Digest::inputs({of_a, of_b}));
    CHECK(model.chunk({b, a}) != model.chunk({a, b}));
    const ad::Model alone(compile(onnx::one("Relu")));
    CHECK(alone.chunk({numbers(one, {3})}) == sc::Digest::tensor(f32, {3}, one, "x"));

    // So a put of one's own is found, and where it is no such result that is said.
    auto cache = sc::Cache::open();
    auto filter = plain_filter(cache);
    CHECK(filter.put(model.chunk({a, b}), sc::bytes(one)));
    CHECK(status_of([&] { ad::cached_run(model, filter, {a, b}); }) == STREAMCACHE_INVALID_ARGUMENT);
    const std::vector<std::int64_t> dims{1, 3};
    const auto described = sc::tensor_at(0, f32, dims, 12);
    CHECK(filter.put(model.chunk({b, a}), sc::bytes(two), sc::PutOptions().tensors({&described, 1})));
    const auto outputs = ad::cached_run(model, filter, {b, a});
    CHECK(!outputs.computed() && outputs[0].data<float>()[2] == 6);
    CHECK(ad::Outputs(filter.lookup(model.chunk({b, a})).value())[0].data<float>()[0] == 4);
    const auto odd = sc::tensor_at(0, {STREAMCACHE_DTYPE_FLOAT, 96}, {}, 12);
    CHECK(filter.put(model.chunk({b, b}), sc::bytes(two), sc::PutOptions().tensors({&odd, 1})));
    CHECK(status_of([&] { ad::cached_run(model, filter, {b, b}); }) == STREAMCACHE_INVALID_ARGUMENT);
}

// Name, type, shape, bytes: with any of them another, it is another chunk.
void whatever_differs_is_another_key() {
    std::set<sc::Digest> digests;
    std::size_t count = 0;
    for (const auto type : {ov::element::f32, ov::element::i32, ov::element::u32})
        for (const ov::Shape &shape : {ov::Shape{6}, ov::Shape{2, 3}, ov::Shape{3, 2}, ov::Shape{1, 6}})
            for (const std::string_view name : {""sv, "a"sv, "b"sv, "a\0b"sv})
                for (const int value : {0, 1}) {
                    ov::Tensor tensor(type, shape);
                    std::memset(tensor.data(), value, tensor.get_byte_size());
                    digests.insert(ad::digest(tensor, name));
                    count++;
                }
    CHECK(digests.size() == count && count == 96);
}

void a_filter_names_what_decides_the_bits(const data::Places &places) {
    const std::string file = places.scratch / "model.onnx", other = places.scratch / "other.onnx";
    write_file(file, onnx::difference());
    write_file(other, onnx::one("Abs"));
    const auto config = [&](ov::AnyMap properties, std::string_view settings = "{}") {
        return ad::config_json(core(), core().compile_model(file, "CPU", properties), settings);
    };
    const std::string plain = config({});
    std::printf("%s\n", plain.c_str());
    for (const char *part : {"{\"engine\":{\"name\":\"openvino\",\"version\":\"", "INFERENCE_PRECISION_HINT",
                             "INFERENCE_NUM_THREADS", "\"devices\":[\"CPU ", "a f32[?,3]", "difference f32[?,3]"})
        CHECK(has(plain, part));
    CHECK(has(plain, ov::get_openvino_version().buildNumber));
    CHECK(config({}) == plain); // the same from one compilation to the next
    const auto digest = [](const std::string &text) { return sc::Digest::config_json(text); };
    const std::set<sc::Digest> all{digest(plain),
                                   digest(config({ov::hint::inference_precision(ov::element::f16)})),
                                   digest(config({ov::hint::inference_precision(ov::element::dynamic)})),
                                   digest(config({ov::inference_num_threads(1)})),
                                   digest(config({ov::hint::execution_mode(ov::hint::ExecutionMode::ACCURACY)})),
                                   digest(config({}, R"({"sample_rate": 16000})")),
                                   digest(config({}, R"({"sample_rate": 8000})"))};
    CHECK(all.size() >= 6); // some precision is what this processor takes anyway
    auto fixed = core().read_model(file);
    fixed->reshape({{"a", ov::PartialShape{1, 3}}, {"b", ov::PartialShape{1, 3}}});
    CHECK(digest(ad::config_json(core(), core().compile_model(fixed, "CPU"))) != digest(plain));

    auto cache = sc::Cache::open();
    const auto compiled = core().compile_model(file, "CPU");
    auto filter = ad::make_filter(cache, "test", core(), compiled, {file});
    CHECK(filter.get_state().key() == sc::Digest::state_file(file));
    CHECK(filter.key(sc::Digest()) == sc::Digest::key_chunk(digest(plain), sc::Digest::state_file(file), sc::Digest()));
    auto both = ad::make_filter(cache, "test", core(), compiled, {file, other});
    const sc::Digest of_both = sc::Digest::inputs({sc::Digest::state_file(file), sc::Digest::state_file(other)});
    CHECK(both.get_state().key() == sc::Digest::raw(sc::Role::state, of_both.bytes));
    const auto refused = [&](sc::view<std::string_view> files, std::string_view settings) {
        return status_of([&] { ad::make_filter(cache, "test", core(), compiled, files, settings); });
    };
    CHECK(refused({file}, "{}") == STREAMCACHE_OK);
    CHECK(refused({file}, "not JSON") == STREAMCACHE_INVALID_ARGUMENT);
    CHECK(refused({"nowhere.onnx"}, "{}") == STREAMCACHE_IO);
    CHECK(refused({}, "{}") == STREAMCACHE_INVALID_ARGUMENT);
}

// OpenVINO's own format: the topology in one file, the weights in the other.
void weights_beside_an_xml_count(const data::Places &places) {
    const std::string xml = places.scratch / "model.xml", bin = places.scratch / "model.bin";
    ov::pass::Serialize(xml, bin).run_on_model(core().read_model(onnx::difference(), ov::Tensor()));
    auto cache = sc::Cache::open();
    const auto compiled = core().compile_model(xml, "CPU");
    const auto key = [&](sc::view<std::string_view> files) {
        return ad::make_filter(cache, "test", core(), compiled, files).key(sc::Digest());
    };
    const sc::Digest before = key({xml});
    CHECK(before == key({xml, bin}));
    write_file(bin, "other weights");
    CHECK(key({xml}) != before);
    const std::string moved = places.scratch / "moved.bin";
    std::filesystem::rename(bin, moved);
    CHECK(status_of([&] { key({xml}); }) == STREAMCACHE_IO);
    CHECK(has(message_of([&] { key({xml}); }), bin));
    CHECK(status_of([&] { key({xml, xml}); }) == STREAMCACHE_IO);
    const sc::Digest elsewhere = key({xml, moved});
    write_file(moved, "the next weights");
    CHECK(key({xml, moved}) != elsewhere);
}

// An ONNX model brings the files its tensors are in.
void external_data_counts(const data::Places &places) {
    const std::string file = places.scratch / "outside.onnx", weights = places.scratch / "outside.weights";
    write_file(weights, three(1, 2, 3));
    write_file(file, onnx::sum_with("outside.weights"));
    auto cache = sc::Cache::open();
    const auto compiled = core().compile_model(file, "CPU");
    const auto key = [&](sc::view<std::string_view> files) {
        return ad::make_filter(cache, "test", core(), compiled, files).key(sc::Digest());
    };
    const sc::Digest before = key({file});
    CHECK(before == key({file, weights}));
    write_file(weights, three(1, 2, 4));
    CHECK(key({file}) != before);
    std::filesystem::remove(weights);
    CHECK(status_of([&] { key({file}); }) == STREAMCACHE_IO);
}

std::shared_ptr<ov::Model> scaled(const std::string &file, float mean, const ov::Shape &shape = {1, 3}) {
    auto model = core().read_model(file);
    model->reshape({{"a", shape}, {"b", shape}});
    ov::preprocess::PrePostProcessor steps(model);
    steps.input("a").preprocess().mean(mean).scale(2);
    return steps.build();
}

// What was done to a model after it was read: one file, and as many models.
void a_model_in_memory_is_what_counts(const data::Places &places) {
    const std::string file = places.scratch / "model.onnx";
    write_file(file, onnx::difference());
    auto cache = sc::Cache::open();
    const auto key = [&](const std::shared_ptr<const ov::Model> &model) {
        const auto compiled = core().compile_model(model, "CPU");
        return ad::make_filter(cache, "test", core(), compiled, model).key(sc::Digest());
    };
    const sc::Digest one = key(scaled(file, 127));
    CHECK(key(scaled(file, 127)) == one); // also when the engine's own names have counted on
    auto plain = core().read_model(file);
    plain->reshape({{"a", ov::PartialShape{1, 3}}, {"b", ov::PartialShape{1, 3}}});
    auto constant = scaled(file, 127);
    for (const auto &node : constant->get_ordered_ops())
        if (auto numbers = std::dynamic_pointer_cast<ov::op::v0::Constant>(node);
            numbers && numbers->get_element_type() == ov::element::f32) {
            node->output(0).replace(ov::op::v0::Constant::create(ov::element::f32, numbers->get_shape(), {7}));
            break;
        }
    const std::set<sc::Digest> all{one, key(scaled(file, 128)), key(scaled(file, 127, {2, 3})), key(plain),
                                   key(constant)};
    CHECK(all.size() == 5);
    CHECK(status_of([&] { ad::make_filter(cache, "test", core(), core().compile_model(file, "CPU"), nullptr); }) ==
          STREAMCACHE_INVALID_ARGUMENT);

    // Dynamic shapes, too, and the same model from another place.
    const std::string other = places.scratch / "other place.onnx";
    write_file(other, onnx::difference());
    CHECK(key(core().read_model(file)) == key(core().read_model(other)));
    const std::string xml = places.scratch / "here.xml", there = places.scratch / "there.xml";
    ov::pass::Serialize(xml, places.scratch / "here.bin").run_on_model(core().read_model(file));
    for (const char *end : {"xml", "bin"})
        std::filesystem::copy_file(places.scratch / ("here."s + end), places.scratch / ("there."s + end));
    CHECK(key(core().read_model(xml)) == key(core().read_model(there)));
}

// Two models of one shape behind one cache: what the one computed the other never gives.
void a_model_and_its_filter_are_one(const data::Places &places) {
    const std::string file = places.scratch / "model.onnx";
    write_file(file, onnx::difference());
    auto cache = sc::Cache::open();
    ad::CachedModel one(cache, "one", core(), scaled(file, 10), "CPU");
    ad::CachedModel two(cache, "two", core(), scaled(file, 20), "CPU");
    ad::CachedModel from_file(cache, "file", core(), file, "CPU", {ov::inference_num_threads(1)});
    const ov::Tensor a = numbers({30, 30, 30}, {1, 3}), b = numbers({0, 0, 0}, {1, 3});
    for (int round = 0; round < 2; round++) {
        const auto of_one = one.run({a, b}), of_two = two.run({a, b}), of_file = from_file.run({a, b});
        CHECK(of_one.computed() == (round == 0) && of_one[0].data<float>()[0] == 10);
        CHECK(of_two.computed() == (round == 0) && of_two[0].data<float>()[0] == 5);
        CHECK(of_file.computed() == (round == 0) && of_file[0].data<float>()[0] == 30);
    }
    ad::CachedModel again(cache, "again", core(), scaled(file, 10), "CPU"), moved(std::move(again));
    CHECK(!moved.run({a, b}).computed());
    CHECK(moved.filter().key(one.model().chunk({a, b})) == one.filter().key(moved.model().chunk({a, b})));
    CHECK(from_file.filter().get_state().key() == sc::Digest::state_file(file));
}

// AUTO may still run on another device than the one it decides on.
void a_device_is_decided_on() {
    CHECK(ad::detail::settled("CPU") == "CPU");
    CHECK(status_of([] { ad::detail::settled("(CPU)"); }) == STREAMCACHE_NOT_SUPPORTED);
    CHECK(status_of([] { ad::detail::settled(""); }) == STREAMCACHE_NOT_SUPPORTED);
}

// What one process computed another finds on disk.
void results_outlive_the_process(const data::Places &places) {
    const std::string file = places.scratch / "model.onnx", store = places.scratch / "store";
    const auto compiled = core().compile_model(file, "CPU");
    const ov::Tensor a = numbers({5, 5, 5, 1, 1, 1}, {2, 3}), b = numbers({3, 3, 3, 2, 2, 2}, {2, 3});
    for (int process = 0; process < 2; process++) {
        auto cache = sc::Cache::open(sc::Options().disk_directory(store));
        auto filter = ad::make_filter(cache, "test", core(), compiled, {file});
        const auto outputs = ad::cached_run(compiled, filter, {a, b});
        CHECK(outputs.computed() == (process == 0));
        CHECK(outputs.value().tier() == (process == 0 ? sc::Tier::memory : sc::Tier::disk));
        CHECK(outputs[0].get_shape() == (ov::Shape{2, 3}));
        CHECK(outputs[0].data<float>()[0] == 2 && outputs[0].data<float>()[5] == -1);
        cache.close();
    }
}

} // namespace

int main(int argc, char **argv) {
    const data::Places places = data::places(argc, argv);
    return run_tests({
        TEST(inputs_are_keyed_as_published),
        TEST(whatever_differs_is_another_key),
        TEST_WITH(a_filter_names_what_decides_the_bits, places),
        TEST_WITH(weights_beside_an_xml_count, places),
        TEST_WITH(external_data_counts, places),
        TEST_WITH(a_model_in_memory_is_what_counts, places),
        TEST_WITH(a_model_and_its_filter_are_one, places),
        TEST(a_device_is_decided_on),
        TEST_WITH(results_outlive_the_process, places),
    });
}
