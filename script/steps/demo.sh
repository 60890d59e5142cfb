# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# The demo and the quickstart, so that they can't rot.

steps_demo() {
    step quickstart script/demo --quickstart
    step demo demo
    step demo-check demo_check
    step demo-batch demo_batch
    step demo-speech demo_speech
    step demo-speech-onnxruntime demo_speech --engine onnxruntime
}

# A small tree with repeats in it, and the files a scanner stumbles over.
make_tree() {
    local tree=$1
    rm -rf "$tree"
    mkdir -p "$tree/first" "$tree/second/deep"
    cp src/*.rs tests/c/*.[ch] script/test CMakeLists.txt "$tree/first"
    cp "$tree"/first/*.rs "$tree/second"
    cp "$tree/first/lib.rs" "$tree/second/deep/the same under another name"
    : >"$tree/empty"
    printf 'tiny' >"$tree/tiny"
    printf 'caf\303\251 cut in the middle of a letter: \303' >"$tree/cut"
    head -c 5000 /dev/zero | tr '\0' ' ' >"$tree/white space"
    ln -s nowhere "$tree/dangling"
}

demo() {
    make_tree "$work/tree"
    script/demo "$work/tree" | tee "$work/demo.out"
    ! grep -q 'quickstart runs instead' "$logs/demo.log" || skip "the model's packages could not be installed; the quickstart ran"
    tell "$(find "$work/tree" -type f | wc -l) files"
}

demo_batch() {
    script/demo batch --quick 2>&1 | tee "$work/batch.out"
    ! grep -q 'quickstart runs instead' "$work/batch.out" || skip "the model's packages could not be installed; the quickstart ran"
    tell "$(grep -o '[0-9,]* rows computed for .* distinct inputs' "$work/batch.out")"
}

demo_speech() {
    script/demo speech --quick "$@" 2>&1 | tee "$work/speech.out"
    ! grep -q 'quickstart runs instead' "$work/speech.out" || skip "the model's packages could not be installed; the quickstart ran"
    tell "$(grep -o 'calls: .* hits of the .* there are' "$work/speech.out")"
}

# Against Magika's own Python package.
demo_check() {
    script/bootstrap check || skip "the packages to compare with could not be installed"
    script/demo --check
}
