# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# The tests of many threads under valgrind's helgrind, with the library built for it: helgrind understands the locks of
# POSIX threads alone, so src/lock.rs, src/flight/sync.rs and arc-swap are exchanged for such (tests/helgrind). Thus it
# sees what our code touches under which lock, and nearly nothing is left to be suppressed.

steps_races() {
    step helgrind-is-on helgrind_is_on
    step helgrind-threads helgrind_test threads 2 4
    step helgrind-values helgrind_test values
    step helgrind-flights helgrind_test flights 0.5 3 slow
    step helgrind-batch helgrind_test batch 1000
    step helgrind-streams helgrind_test streams
    step helgrind-tier helgrind_test tier 0.3 0
    step helgrind-log helgrind_test log
}

helgrind_lib=$work/helgrind
# Batches, tickets and flights come and go, and each has a lock. helgrind does not learn that one is gone (tests/helgrind/
# lock.rs says why it can't be told), and takes what lies at its address later for the same: orders of locks that never
# were. So where these churn the orders are left to loom.
no_orders=(--track-lockorders=no)
helgrind=(valgrind --tool=helgrind --quiet --error-exitcode=86 --fair-sched=yes --suppressions=tests/helgrind/suppressions)

build_helgrind() {
    local source=$work/variants/helgrind
    variant_source helgrind
    cp tests/helgrind/lock.rs "$source/src/lock.rs"
    cp tests/helgrind/sync.rs "$source/src/flight/sync.rs"
    # Not optimised, for then atomics are functions, which the suppressions name.
    build_variant helgrind "$helgrind_lib" --no-default-features --features capi,hash-many,hash-threads \
        --config 'patch.crates-io.arc-swap.path="tests/helgrind/arc-swap"' -- -C opt-level=0
    # It was really exchanged: it does not come from the registry.
    grep -A 2 -E '^name = "arc-swap"' "$source/Cargo.lock" >"$source/exchanged"
    must_fail grep source "$source/exchanged"
}

compile_for_helgrind() {
    have valgrind || skip "valgrind is not here, and could not be installed"
    installed
    once build_helgrind
    compile_c "$1" "$helgrind_lib/$1" -L"$helgrind_lib" -lstreamcache "-Wl,-rpath,$helgrind_lib"
}

helgrind_is_on() {
    compile_for_helgrind planted
    "${helgrind[@]}" "$helgrind_lib/planted" nothing
    found race_in_c 'Possible data race' "${helgrind[@]}" "$helgrind_lib/planted" race_in_c
    found race_in_rust 'streamcache_options_set_max_bytes' "${helgrind[@]}" "$helgrind_lib/planted" race_in_rust
    tell "2 planted races found"
}

helgrind_test() {
    local orders=()
    compile_for_helgrind "$1"
    case $1 in flights | batch | streams) orders=("${no_orders[@]}") ;; esac
    run_counted "${helgrind[@]}" "${orders[@]}" "$helgrind_lib/$1" "${@:2}"
}
