# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# The demo and the quickstart, so that they can't rot.

steps_demo() {
    step quickstart script/demo --quickstart
    step demo demo
    step demo-check demo_check
    step demo-batch demo_batch
    step demo-fleet demo_fleet
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

# run_demo NAME ARGUMENT...: over the tree, with a store of the test's own; what it prints goes to $work/NAME.out.
run_demo() {
    local name=$1
    shift
    script/demo --store "$work/store" "$@" "$work/tree" | tee "$work/$name.out"
}

# Three processes: the first computes, the second finds all on disk and never loads the model, the third finds all but
# one file, computes that, and then compares some of what it found.
demo() {
    make_tree "$work/tree"
    run_demo demo --fresh
    ! grep -q 'quickstart runs instead' "$logs/demo.log" || skip "the model's packages could not be installed; the quickstart ran"
    grep -Eq 'first pass: [0-9,]+ inferences for' "$work/demo.out"

    run_demo again
    grep -q 'PASS .* the model was never loaded' "$work/again.out"
    grep -Eq 'first pass: 0 inferences and [0-9,]+ answers from disk' "$work/again.out"

    echo 'int main(void) { return 6; }' >"$work/tree/new.c"
    run_demo more
    grep -Eq 'first pass: 1 inferences and [0-9,]+ answers from disk' "$work/more.out"
    grep -Eq 'inputs given to the engine once more: 0 differ' "$work/more.out"

    # An answer whose computation nobody witnessed is computed for comparison.
    rm "$work/store/ledger"
    run_demo witness
    grep -Eq 'answers on disk that no ledger had, computed for comparison: 0 differ' "$work/witness.out"
    tell "$(find "$work/tree" -type f | wc -l) files; $(grep -o '0 inferences and .* from disk' "$work/again.out"), the model never loaded"
}

demo_fleet() {
    script/demo fleet --quick 2>&1 | tee "$work/fleet.out"
    ! grep -q 'quickstart runs instead' "$work/fleet.out" || skip "the model's packages or redis-server could not be installed; the quickstart ran"
    tell "$(grep -o '[0-9,]* inferences instead of [0-9,]*' "$work/fleet.out")"
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
