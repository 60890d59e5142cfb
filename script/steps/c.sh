# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# The C and C++ tests against the installed library. memory.sh runs the same programs under the memory checkers.

c_tests=(null bad_input basic keys swap capacity values tickets flights batch streams tier tiers transfer threads log exit fork)
c_flags=(-g -O1 "${strict[@]}" -pthread)

steps_c() {
    local test
    for test in "${c_tests[@]}"; do step "c-$test" c_test "$test"; done
    step c-alloc-failure c_test alloc_failure
    for standard in c++11 c++17 c++20; do step "cpp-basic-$standard" cpp_test "$standard"; done
}

# compile_c NAME OUTPUT FLAG...: a test of tests/c. C11, with POSIX for files and threads.
compile_c() {
    local name=$1 output=$2
    shift 2
    mkdir -p "$(dirname "$output")"
    cc -std=c11 -D_POSIX_C_SOURCE=200809L "${c_flags[@]}" -I"$prefix/include" "tests/c/$name.c" -o "$output" "$@"
}

# compile_cpp STANDARD OUTPUT FLAG...
compile_cpp() {
    local standard=$1 output=$2
    shift 2
    mkdir -p "$(dirname "$output")"
    c++ -std="$standard" "${c_flags[@]}" -I"$prefix/include" tests/cpp/basic.cpp tests/cpp/second.cpp -o "$output" "$@"
}

# c_arguments NAME [checked]: what a test takes on its command line, and less of it under a memory checker.
c_arguments() {
    case $1${2:+ checked} in
        null*) echo abi/symbols.txt include/streamcache.h ;;
        threads*) echo 2 ;;
        'tier checked') echo 1 2000 slow ;;
        'tiers checked') echo no_fork ;; # its child would leave the parent's memory
        'flights') echo 2 ;;
        'flights checked') echo 1 4 slow ;;
        'batch checked') echo 1000 ;;
        exit*) echo abi/symbols.txt ;;
        fork*) echo abi/symbols.txt "${forks:-50}" ;;
    esac
}

# run_counted COMMAND...: runs a test program and shows the checks it counted.
run_counted() {
    local status=0
    timeout "${limit:-300}" "$@" | tee "$work/checks$lane" || status=$?
    tell "$(paste -sd ';' "$work/checks$lane" | sed 's/;/; /g')"
    return "$status"
}

with_library=(-L"$prefix/lib" -lstreamcache "-Wl,-rpath,$prefix/lib")

c_test() {
    installed
    compile_c "$1" "$work/bin/$1" "${with_library[@]}"
    # shellcheck disable=SC2046  # a list of arguments
    run_counted "$work/bin/$1" $(c_arguments "$1")
}

cpp_test() {
    installed
    compile_cpp "$1" "$work/bin/basic_cpp" "${with_library[@]}"
    run_counted "$work/bin/basic_cpp"
}
