# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# Instructions a call, counted by valgrind: a busy machine does not change them. They are compared with those that
# benches/instructions.txt records for the same toolchain; UPDATE_INSTRUCTIONS=1 script/test instructions records anew.

counted_calls=(hit begin miss put compute)
within_percent=3

steps_instructions() {
    step instructions instructions
}

# What the numbers depend on beside the source.
toolchain() {
    local simd=plain
    if grep -q avx2 /proc/cpuinfo 2>/dev/null; then simd=avx2; fi
    # The number of shards follows that of the processors.
    echo "$(rustc --version), $(cc -dumpfullversion), $(valgrind --version), $simd, $(nproc) processors"
}

# collected KIND TIMES: all instructions of a run.
collected() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$work/bin/instructions" "$@" 2>&1 |
        sed -n 's/.*Collected : //p'
}

instructions() {
    local record=benches/instructions.txt now=$work/instructions.txt kind before after wrong=''
    have valgrind || skip "valgrind is not here, and could not be installed"
    installed
    compile_c instructions "$work/bin/instructions" "${with_library[@]}"
    toolchain >"$now"
    for kind in "${counted_calls[@]}"; do
        echo "$kind $((($(collected "$kind" 3000) - $(collected "$kind" 1000)) / 2000))" >>"$now"
    done
    cat "$now"
    if [[ -n ${UPDATE_INSTRUCTIONS:-} ]]; then
        cp "$now" "$record"
    fi
    if [[ $(head -n 1 "$now") != "$(head -n 1 "$record")" ]]; then
        skip "the record is of another toolchain: $(head -n 1 "$record")"
    fi
    while read -r kind after; do
        before=$(sed -n "s/^$kind //p" "$record")
        if ((after * 100 > before * (100 + within_percent) || after * 100 < before * (100 - within_percent))); then
            wrong+=" $kind: $before before, $after now."
        fi
    done < <(tail -n +2 "$now")
    tell "$(tail -n +2 "$now" | paste -sd ' ')"
    [[ -z $wrong ]] || {
        echo "More than $within_percent% from the record:$wrong If that is meant: UPDATE_INSTRUCTIONS=1 script/test instructions"
        return 1
    }
}
