# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# The engine adapters, streamcache/openvino.hpp and streamcache/onnxruntime.hpp, against the installed library and the
# real engines: small models for every edge, then the demos' models over the demos' data.

adapters=$work/adapters

steps_adapters() {
    local engine
    for engine in openvino onnxruntime; do
        step "adapters-$engine" adapter_test "$engine"
        step "adapters-$engine-keys" adapter_test "${engine}_keys"
        step "adapters-$engine-models" adapter_test "${engine}_models"
        step "adapters-$engine-example" adapter_example "$engine"
    done
}

# Everything into one build folder, where only what has changed is compiled again.
build_adapters() {
    local packages library prefixes engine
    packages=$("$python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
    library=$(echo "$packages"/onnxruntime/capi/libonnxruntime.so.1.*)
    mkdir -p "$adapters/onnxruntime/lib" "$adapters/examples"
    # The wheel's library under the names that linkers look for, beside Debian's headers.
    ln -sfn "$library" "$adapters/onnxruntime/lib/libonnxruntime.so"
    ln -sfn "$library" "$adapters/onnxruntime/lib/libonnxruntime.so.1"
    ln -sfn "$target/debian/libonnxruntime-dev/usr/include" "$adapters/onnxruntime/include"
    for engine in openvino onnxruntime; do
        sed '/\*\//q' "include/streamcache/$engine.hpp" >"$adapters/top"
        blocks "$adapters/top" "$adapters/blocks"
        cmp -s "$adapters/blocks/01.cpp" "$adapters/examples/$engine.cpp" ||
            cp "$adapters/blocks/01.cpp" "$adapters/examples/$engine.cpp"
    done
    prefixes="$prefix;$adapters/onnxruntime"
    "$cmake" -S tests/adapters -B "$adapters/build" -DCMAKE_PREFIX_PATH="$prefixes" \
        -DOpenVINO_DIR="$packages/openvino/cmake" -Dexamples_folder="$adapters/examples"
    "$cmake" --build "$adapters/build"
}

engines() {
    script/bootstrap demo onnxruntime || skip "an engine or a model could not be installed"
    installed
    once build_adapters
}

# adapter_test NAME: a program of tests/adapters, which ends with how many tests passed and failed.
adapter_test() {
    local packages scratch=$adapters/scratch status=0
    engines
    packages=$("$python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
    rm -rf "$scratch"
    mkdir -p "$scratch"
    timeout 120 "$adapters/build/$1" /usr/include "$packages/magika" "$packages/silero_vad" \
        "$target/debian/asterisk-core-sounds-en-wav/usr/share/asterisk/sounds/en_US_f_Allison" \
        examples/cpp/silero/calls.txt "$scratch" | tee "$work/adapters.out" || status=$?
    count "$(sed -n 's/^\([0-9]*\) tests passed, \([0-9]*\) failed$/\1 \2/p' "$work/adapters.out") 0"
    tell "$(grep -E 'answers compared|checks passed' "$work/adapters.out" | paste -sd ';' | sed 's/;/; /g')"
    return "$status"
}

# The example at the top of a header: it compiles, and prints that the second run was not computed.
adapter_example() {
    engines
    "$adapters/build/example_model" "$adapters/example.onnx"
    "$adapters/build/example_$1" "$adapters/example.onnx" | tee "$work/adapters.out"
    diff -u - "$work/adapters.out" <<END
computed: 1
hit: 1
END
    tell "$(wc -l <"$adapters/examples/$1.cpp") lines"
}
