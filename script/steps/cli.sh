# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# The tool `streamcache`, as a user runs it; and that nothing of it is in the library.

steps_cli() {
    step cli-clippy cargo clippy --locked --features cli --bin streamcache --test cli -- -D warnings
    step cli cli
    step cli-apart cli_apart
}

# The real program on real stores and files, and on a real server where there is one.
cli() {
    cargo test --locked --features cli --test cli 2>&1 | tee "$work/cli.out"
    tell "$(grep -c '^test .* ok$' "$work/cli.out") tests"
}

cli_apart() {
    local tree
    tree=$(cargo tree --locked --edges normal --prefix none)
    must_fail grep -E '^(clap|indicatif) ' <<<"$tree"
    tree=$(cargo tree --locked --edges normal --prefix none --features cli)
    grep -E '^clap ' <<<"$tree"
}
