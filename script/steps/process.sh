# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# What a process does to a library: panics contained, loading and unloading, the ends of a program, Python's forks.
# (fork, exit and log in C are among the tests of c.sh.) Each also under the memory checkers, where they can see it.

steps_process() {
    local kind
    for kind in plain asan valgrind; do step "panic-$kind" panic_test "$kind"; done
    for kind in plain asan valgrind; do step "dlopen-$kind" dlopen_test "$kind"; done
    for kind in plain asan valgrind; do step "cpp-exit-$kind" cpp_exit "$kind"; done
    step python-fork python_fork
}

# watched KIND COMMAND...: plain, or built for AddressSanitizer, or under valgrind.
watched() {
    local kind=$1
    shift
    [[ $kind != valgrind ]] || set -- "${memcheck[@]}" "$@"
    limit=600 run_counted "$@"
}

needs() {
    [[ $1 != valgrind ]] || have valgrind || skip "valgrind is not here, and could not be installed"
    installed
    [[ $1 != asan ]] || once build_asan
}

# A build of the library for this test alone: the feature test-panic exports one function more.
build_panicking() {
    local folder=$work/panic/$1 name=panic features=cli,test-panic # cargo-test's, and one more
    if [[ $1 == asan ]]; then name=panic_asan features=test-panic; fi
    variant_source "$name"
    build_variant "$name" "$folder" --locked --features "$features" -- -C opt-level=0
    nm -D --defined-only "$folder/libstreamcache.so" | awk '{ print $NF }' | LC_ALL=C sort |
        diff - <(echo streamcache_test_panic_in | LC_ALL=C sort -m - abi/symbols.txt)
}

panic_test() {
    local build=plain program=$work/bin/panic-$1 flags=()
    needs "$1"
    if [[ $1 == asan ]]; then
        build=asan
        flags=("${asan_flags[@]:0:3}")
    fi
    once build_panicking "$build"
    compile_c panic "$program" "${flags[@]}" -L"$work/panic/$build" -lstreamcache -Wl,-rpath,"$work/panic/$build"
    watched "$1" "$program" abi/symbols.txt
}

dlopen_test() {
    local program=$work/bin/dlopen-$1 flags=()
    needs "$1"
    if [[ $1 == asan ]]; then flags=("${asan_flags[@]:0:3}"); fi
    compile_c dlopen "$program" "${flags[@]}"
    must_fail grep -q libstreamcache "$program"
    case $1 in # a checker's own memory grows
        plain) watched "$1" "$program" "$(library)" ;;
        asan) watched "$1" "$program" "$asan_lib/libstreamcache.so" 0 ;;
        valgrind) watched "$1" "$program" "$(library)" 0 ;;
    esac
}

# Static and thread_local objects of C++.
cpp_exit() {
    local program=$work/bin/exit_cpp-$1 flags=("${with_library[@]}")
    needs "$1"
    if [[ $1 == asan ]]; then flags=("${asan_flags[@]}"); fi
    mkdir -p "$work/bin"
    c++ -std=c++11 "${c_flags[@]}" -I"$prefix/include" tests/cpp/exit.cpp -o "$program" "${flags[@]}"
    watched "$1" "$program"
}

# Any Python 3 will do: only its standard library is used.
python_fork() {
    have python3 || skip "python3 is not here"
    installed
    run_counted python3 tests/process/fork.py "$(library)" include/streamcache.h abi/symbols.txt
}
