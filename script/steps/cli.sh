# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# The tool `streamcache`: nothing of it is in the library. cargo-test has run tests/cli.rs, the real program on real stores
# and files, and on real servers where there are some.

steps_cli() {
    step cli-apart cli_apart
}

cli_apart() {
    local tree
    tree=$(cargo tree --locked --edges normal --prefix none)
    must_fail grep -E '^(clap|indicatif) ' <<<"$tree"
    tree=$(cargo tree --locked --edges normal --prefix none --features cli)
    grep -E '^clap ' <<<"$tree"
}
