# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# streamcache.hpp: under every standard it promises with exceptions and without; that it has every function of the C
# header in it; and its tests against the installed library. memory.sh runs the same programs under AddressSanitizer.

hpp_standards=(c++17 c++20 c++2b)
hpp_tests=(plain throws lifetimes compute batches mixed)
hpp_flags=(-g -O1 "${strict[@]}" -Wconversion -Wshadow -pthread)
no_exceptions=(-fno-exceptions -fno-rtti)

steps_cpp() {
    local standard test
    for standard in "${hpp_standards[@]}"; do step "hpp-$standard" hpp_alone g++ "$standard"; done
    if have clang++; then
        for standard in "${hpp_standards[@]}"; do step "clang-hpp-$standard" hpp_alone clang++ "$standard"; done
    fi
    step hpp-wraps-all hpp_wraps_all
    step hpp-calls-all hpp_calls_all
    step hpp-twins hpp_twins
    step hpp-example hpp_example
    for test in "${hpp_tests[@]}"; do step "hpp-$test" hpp_test "$test"; done
}

# What needs no engine's headers; adapters.sh has the others.
hpp_parts() { grep -LE '^#include ("openvino|"onnxruntime|<openvino|<onnxruntime)' include/streamcache.hpp include/streamcache/*.hpp; }

# hpp_alone COMPILER STANDARD: twice in one file, with exceptions and without; and each part of it alone.
hpp_alone() {
    local part room=$work/hpp-alone
    have "$1" || skip "$1 is not here"
    rm -rf "$room"
    mkdir -p "$room"
    for part in $(hpp_parts); do echo "#include <${part#include/}>"; done >"$room/all.cpp"
    cat "$room/all.cpp" "$room/all.cpp" >"$room/twice.cpp"
    parses "$@" "$room/twice.cpp"
    parses "$@" "${no_exceptions[@]}" "$room/twice.cpp"
    [[ $* == 'g++ c++17' ]] || return 0
    while read -r part; do
        echo "$part" >"$room/part.cpp"
        parses "$@" "$room/part.cpp"
    done <"$room/all.cpp"
}

# parses COMPILER STANDARD ARGUMENT...
parses() {
    local compiler=$1 standard=$2
    shift 2
    "$compiler" -std="$standard" "${hpp_flags[@]}" -Wold-style-cast -Iinclude -fsyntax-only "$@"
}

# Without its comments, every function of abi/symbols.txt is in it: there are no exceptions to that.
hpp_wraps_all() {
    local name
    names_in include >"$work/hpp-names.txt"
    unnamed "$work/hpp-names.txt"
    # And where one is missing, that is noticed.
    for name in streamcache_filter_retire streamcache_value_retain streamcache_log_set; do
        rm -rf "$work/hpp-planted"
        cp -r include "$work/hpp-planted"
        sed -i "s/\b$name\b/another_function/" "$work"/hpp-planted/streamcache{,/*}.hpp
        names_in "$work/hpp-planted" >"$work/hpp-planted.txt"
        must_fail unnamed "$work/hpp-planted.txt"
    done
    tell "$(wc -l <abi/symbols.txt) functions"
}

# names_in FOLDER
names_in() {
    cat "$1"/streamcache.hpp "$1"/streamcache/*.hpp | g++ -x c++ -fpreprocessed -dD -E -P - |
        grep -o '\bstreamcache_[a-z0-9_]*' | LC_ALL=C sort -u
}

# unnamed FILE: fails, and names what is in abi/symbols.txt and not in the file.
unnamed() {
    LC_ALL=C comm -23 abi/symbols.txt "$1" >"$work/unnamed.txt"
    sed 's/^/not in streamcache.hpp: /' "$work/unnamed.txt"
    [[ ! -s $work/unnamed.txt ]]
}

# And tests/cpp/plain.cpp calls every one of them through it.
hpp_calls_all() {
    installed
    compile_hpp_part plain c++17 "$work/bin/hpp_all.o" -O0
    nm --undefined-only "$work/bin/hpp_all.o" | awk '{ print $NF }' | LC_ALL=C sort -u >"$work/hpp-called.txt"
    unnamed "$work/hpp-called.txt"
}

# Every operation has two forms: where there is a try_verb(), there is a verb() that calls it, and a test that calls that.
hpp_twins() {
    local verb
    cat include/streamcache/*.hpp | g++ -x c++ -fpreprocessed -dD -E -P - | sed 's/= {}//g' | tr '\n' ' ' >"$work/hpp-code.txt"
    grep -o '\btry_[a-z_]*' "$work/hpp-code.txt" | sort -u >"$work/hpp-verbs.txt"
    while read -r verb; do
        grep -qE "[ &]${verb#try_}\([^{}]*\)[^{}]*\{[^{}]*\b${verb}[(<]" "$work/hpp-code.txt" ||
            { echo "$verb has no form that throws"; return 1; }
        grep -qE "(\.|->|::)${verb#try_}[(<]" tests/cpp/{throws,lifetimes,compute,batches}.cpp ||
            { echo "no test calls ${verb#try_}"; return 1; }
    done <"$work/hpp-verbs.txt"
    tell "$(wc -l <"$work/hpp-verbs.txt") verbs"
}

# The example at the top of the header: it compiles, and prints that the third chunk was not computed again.
hpp_example() {
    local block
    installed
    sed '/\*\//q' include/streamcache.hpp >"$work/hpp-top"
    blocks "$work/hpp-top" "$work/hpp-blocks"
    block=$work/hpp-blocks/01.cpp
    c++ -std=c++17 "${hpp_flags[@]}" -I"$prefix/include" "$block" -o "$block.program" "${with_library[@]}"
    "$block.program" | tee "$work/hpp-example.txt"
    diff -u - "$work/hpp-example.txt" <<END
ab: computed, 97
cd: computed, 99
ab: hit, 97
END
    tell "$(wc -l <"$block") lines"
}

# compile_hpp_part NAME STANDARD OBJECT FLAG...: plain things without exceptions, the others with.
compile_hpp_part() {
    local name=$1 standard=$2 object=$3 without=()
    shift 3
    mkdir -p "$(dirname "$object")"
    [[ $name != *plain ]] || without=("${no_exceptions[@]}")
    c++ -std="$standard" "${hpp_flags[@]}" "${without[@]}" -I"$prefix/include" -c "tests/cpp/$name.cpp" -o "$object" "$@"
}

# compile_hpp NAME STANDARD PROGRAM FLAG...
compile_hpp() {
    local name=$1 standard=$2 program=$3 parts=()
    shift 3
    if [[ $name == mixed ]]; then # the one without exceptions first: its functions are the ones a linker keeps
        compile_hpp_part mixed_plain "$standard" "$program.plain.o" -O0 "$@"
        parts=("$program.plain.o")
    fi
    compile_hpp_part "$name" "$standard" "$program.o" -O0 "$@"
    c++ -pthread "${parts[@]}" "$program.o" -o "$program" "$@"
}

hpp_test() {
    local standard
    installed
    for standard in "${hpp_standards[@]}"; do
        compile_hpp "$1" "$standard" "$work/bin/hpp_$1" "${with_library[@]}"
        run_counted "$work/bin/hpp_$1"
    done
}
