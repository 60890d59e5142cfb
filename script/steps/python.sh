# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# The installed library as Python's own parsers see it, through ctypes.

steps_python() {
    step stats-text stats_text
}

stats_text() {
    installed
    "$python" -c 'import prometheus_client' || skip "prometheus-client could not be installed"
    "$python" tests/stats/stats.py "$(library)" | tee "$work/stats.out"
    tell "$(cat "$work/stats.out")"
}
