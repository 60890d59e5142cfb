# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# The static library: what it defines, how others link it, and that it keeps its own BLAKE3 to itself.

steps_static() {
    step static-symbols static_symbols
    step static-find-package static_find_package
    step static-components static_components
    step static-pkg-config static_pkg_config
    step static-own-blake3 static_own_blake3
    step static-hostile static_hostile
}

# Every name in it but the functions of the header is local, and no LLVM bitcode is left.
static_symbols() {
    local archive=$prefix/lib/libstreamcache.a
    installed
    nm -g --defined-only "$archive" | awk 'NF == 3 { print $3 }' | LC_ALL=C sort >"$work/static-symbols.txt"
    diff -u abi/symbols.txt "$work/static-symbols.txt"
    readelf -SW "$archive" >"$work/static-sections.txt"
    must_fail grep -E 'llvmbc|llvmcmd|debug_info' "$work/static-sections.txt"
    tell "$(kib "$archive"), $(wc -l <abi/symbols.txt) functions"
}

# runs_alone PROGRAM: it does, and asks for no shared library of ours.
runs_alone() {
    "$1"
    readelf -dW "$1" >"$work/needed.txt"
    must_fail grep -F libstreamcache "$work/needed.txt"
}

static_find_package() {
    installed
    build_consumer tests/consumers/static -DCMAKE_PREFIX_PATH="$prefix" -Dcomponents=static
    runs_alone "$work/consumers/static/consumer_c"
    runs_alone "$work/consumers/static/consumer_cpp"
    runs_alone "$work/consumers/static/consumer_hpp"
}

# Who asks for what was not installed, or does not exist, is told so; who does not is not disturbed.
static_components() {
    local without=$work/without-static
    installed
    rm -rf "$without"
    cp -a "$prefix" "$without"
    rm "$without/lib/libstreamcache.a"
    build_consumer tests/consumers/cmake -DCMAKE_PREFIX_PATH="$without" -Dversion="$(abi_version)"
    "$work/consumers/cmake/consumer_c"
    refused static 'installed without its static library' -DCMAKE_PREFIX_PATH="$without"
    refused 'shared;static' 'installed without its static library' -DCMAKE_PREFIX_PATH="$without"
    refused elastic 'no component elastic' -DCMAKE_PREFIX_PATH="$prefix"

    # So does a library that was built without it.
    rm -rf "$without" "$work/build-without"
    "$cmake" -S . -B "$work/build-without" -DSTREAMCACHE_BUILD_STATIC=OFF -DCMAKE_INSTALL_LIBDIR=lib
    sed -n 's/^Libs.private: *//p' "$work/build-without/streamcache.pc" | must_fail grep .
}

# refused COMPONENTS TEXT ARGUMENT...
refused() {
    local components=$1 text=$2
    shift 2
    rm -rf "$work/consumers/refused"
    must_fail "$cmake" -S tests/consumers/static -B "$work/consumers/refused" "$@" "-Dcomponents=$components" >"$work/refused.txt" 2>&1
    tr -s ' \n' ' ' <"$work/refused.txt" | grep -F "$text"
}

# In a prefix without the shared library -lstreamcache is the static one; then even with no shared library at all.
static_pkg_config() {
    local alone=$work/static-alone
    installed
    rm -rf "$alone"
    cp -a "$prefix" "$alone"
    rm "$alone"/lib/*.so*
    export PKG_CONFIG_PATH=$alone/lib/pkgconfig
    pkg-config --static --libs streamcache
    tests/consumers/pkgconfig/build.sh "$work/consumers/pkg-config-static" --static
    runs_alone "$work/consumers/pkg-config-static"
    runs_alone "$work/consumers/pkg-config-static-hpp"
    CC='cc -static' CXX='c++ -static' tests/consumers/pkgconfig/build.sh "$work/consumers/pkg-config-static" --static
    must_fail grep -F NEEDED <(readelf -dW "$work/consumers/pkg-config-static")
    "$work/consumers/pkg-config-static"
}

# shellcheck disable=SC2046  # flags are words
with_static() {
    "$@" -I"$prefix/include" "$prefix/lib/libstreamcache.a" \
        $(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --static --libs-only-l streamcache | sed 's/-lstreamcache//')
}

# The C sources of BLAKE3 are in the crate that cargo has here.
static_own_blake3() {
    local sources program=$work/bin/engine fast=()
    installed
    sources=$(cargo metadata --locked --format-version 1 |
        grep -o '"manifest_path":"[^"]*/blake3-[0-9.]*/Cargo.toml"' | sed 's/.*:"//; s/Cargo.toml"/c/')
    mkdir -p "$work/bin"
    case $(uname -m) in
        x86_64) fast=("$sources"/blake3_*_x86-64_unix.S) ;;
        aarch64) fast=("$sources/blake3_neon.c") ;;
    esac
    cc -std=c11 -O1 -g "${strict[@]}" -I"$sources" -I"$prefix/include" -c tests/static/engine.c -o "$program.o"
    with_static cc -O2 -I"$sources" "$program.o" "$sources"/blake3{,_dispatch,_portable}.c "${fast[@]}" -o "$program"
    [[ $(nm "$program" | grep -c ' [Tt] blake3_compress_in_place') -ge 2 ]]
    run_counted "$program"
}

# The control: with the library as rustc makes it, the same program takes the wrong function. (Not where BLAKE3 has no
# assembly, and so no such names.)
static_hostile() {
    local program=$work/bin/hostile
    installed
    mkdir -p "$work/bin"
    cc "${strict[@]}" -I"$prefix/include" -c tests/static/hostile.c -o "$program.o"
    with_static cc "$program.o" -o "$program"
    "$program"
    [[ $(uname -m) == x86_64 ]] || return 0
    cc "$program.o" "$target/release/libstreamcache.a" -lutil -lrt -lpthread -lm -ldl -o "$program-control"
    must_fail "$program-control"
    tell "and rustc's own archive does clash"
}
