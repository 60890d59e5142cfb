# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# The same C programs under AddressSanitizer (the Rust code instrumented too, LeakSanitizer on) and under valgrind.
# First each checker must find what tests/c/planted.c does wrong.

steps_memory() {
    local test
    step asan-is-on asan_is_on
    # AddressSanitizer's own allocator has locks that a fork may leave held in a child for ever: seen about once in some
    # hundred children, so `fork` runs under it only where a hang costs no one a landing (full.sh), and here under valgrind.
    for test in "${c_tests[@]}"; do [[ $test == fork ]] || step "asan-$test" asan_test "$test"; done
    step asan-cpp asan_cpp
    for test in "${hpp_tests[@]}"; do step "asan-hpp-$test" asan_hpp "$test"; done
    step valgrind-is-on valgrind_is_on
    for test in "${c_tests[@]}"; do step "valgrind-$test" valgrind_test "$test"; done
}

# AddressSanitizer

asan_lib=$work/asan
asan_flags=("-fsanitize=address,undefined" -fno-sanitize-recover=undefined -fno-omit-frame-pointer
    -L"$asan_lib" -lstreamcache "-Wl,-rpath,$asan_lib")
export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:exitcode=86

build_asan() {
    variant_source asan
    build_variant asan "$asan_lib" --locked
}

# found FAULT TEXT COMMAND...: the checker ends the program with its own exit code and names the fault.
found() {
    local fault=$1 text=$2 status=0 log=$work/planted.log
    shift 2
    echo "--- planted: $fault"
    "$@" >"$log" 2>&1 || status=$?
    head -n 12 "$log"
    if [[ $status != 86 ]] || ! grep -qE "$text" "$log"; then
        echo "not found: $fault (exit code $status, want 86 and: $text)"
        exit 1
    fi
}

asan_is_on() {
    local program=$work/asan/planted
    installed
    once build_asan
    # Rust's loads and stores are checked, not only calls such as memcpy.
    nm -D --undefined-only "$asan_lib/libstreamcache.so" | grep -F __asan_report_load
    compile_c planted "$program" "${asan_flags[@]}"
    "$program" nothing
    found overflow_in_c 'heap-buffer-overflow' "$program" overflow_in_c
    found overflow_in_copy 'heap-buffer-overflow' "$program" overflow_in_copy
    found overflow_in_hex 'heap-buffer-overflow' "$program" overflow_in_hex
    found use_after_release 'heap-use-after-free' "$program" use_after_release
    found a_leaked_value 'LeakSanitizer: detected memory leaks' "$program" a_leaked_value
    tell "5 planted faults found"
}

asan_test() {
    local forks='20 gated'
    installed
    once build_asan
    compile_c "$1" "$work/asan/$1" "${asan_flags[@]}"
    # shellcheck disable=SC2046  # a list of arguments
    run_counted "$work/asan/$1" $(c_arguments "$1" checked)
}

asan_cpp() {
    installed
    once build_asan
    compile_cpp c++17 "$work/asan/basic_cpp" "${asan_flags[@]}"
    run_counted "$work/asan/basic_cpp"
}

asan_hpp() {
    installed
    once build_asan
    compile_hpp "$1" c++17 "$work/asan/hpp_$1" "${asan_flags[@]}"
    run_counted "$work/asan/hpp_$1"
}

# valgrind

memcheck=(valgrind --quiet --error-exitcode=86 --leak-check=full "--show-leak-kinds=definite,possible"
    "--errors-for-leak-kinds=definite,possible" --fair-sched=yes --suppressions=tests/c/memcheck.supp)

valgrind_is_on() {
    local program=$work/bin/planted
    have valgrind || skip "valgrind is not here, and could not be installed"
    installed
    compile_c planted "$program" "${with_library[@]}"
    "${memcheck[@]}" "$program" nothing
    found overflow_in_c 'Invalid write' "${memcheck[@]}" "$program" overflow_in_c
    found overflow_in_copy 'Invalid read' "${memcheck[@]}" "$program" overflow_in_copy
    found overflow_in_hex 'Invalid read' "${memcheck[@]}" "$program" overflow_in_hex
    found overflow_in_hash 'Invalid read' "${memcheck[@]}" "$program" overflow_in_hash
    found use_after_release 'Invalid read' "${memcheck[@]}" "$program" use_after_release
    found a_leaked_value 'definitely lost' "${memcheck[@]}" "$program" a_leaked_value
    tell "6 planted faults found"
}

valgrind_test() {
    local forks=5 leaks=() # each child runs under it too, and slowly; and each leaves its parent's handles on purpose
    [[ $1 != fork ]] || leaks=(--leak-check=no)
    have valgrind || skip "valgrind is not here, and could not be installed"
    installed
    [[ -x $work/bin/$1 ]] || compile_c "$1" "$work/bin/$1" "${with_library[@]}"
    # shellcheck disable=SC2046  # a list of arguments
    limit=600 run_counted "${memcheck[@]}" "${leaks[@]}" "$work/bin/$1" $(c_arguments "$1" checked)
}
