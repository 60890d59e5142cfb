# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# The installed library: what it exports, its names, and that other people's builds find it wherever it is moved.
# It is first installed somewhere else, which then is gone; $prefix is where it ends up.

steps_package() {
    step package package
    step debug-info debug_info
    step symbols symbols
    step soname soname
    step nodelete nodelete
    step relocatable relocatable
    step find-package find_package
    step find-package-version find_package_version
    step pkg-config pkg_config
    step multiarch multiarch
    step add-subdirectory add_subdirectory
    step fetch-content fetch_content
}

installed() { once install_and_move; }

install_and_move() {
    rm -rf "$work/moved" "$work/first"
    "$cmake" -S . -B "$work/build" -DCMAKE_INSTALL_PREFIX="$work/first" -DCMAKE_INSTALL_LIBDIR=lib
    "$cmake" --build "$work/build"
    "$cmake" --install "$work/build"
    "$cmake" --install "$work/build" --component debug
    mkdir -p "$(dirname "$prefix")"
    mv "$work/first" "$prefix"
}

kib() { echo "$(($(stat -c %s "$1") / 1024)) KiB"; }
library() { echo "$prefix/lib/libstreamcache.so.$(crate_version)"; }
crate_version() { sed -n 's/^version *= *"\([^"]*\)".*/\1/p' "$root/Cargo.toml" | head -n 1; }

# Before 1.0 the minor version is part of the ABI's name.
abi_version() { crate_version | sed 's/^0\.\([0-9]*\)\..*/0.\1/; t; s/\..*//'; }

package() {
    installed
    tell "libstreamcache.so.$(crate_version) $(kib "$(library)"), libstreamcache.a $(kib "$prefix/lib/libstreamcache.a")"
    [[ $(readlink "$prefix/lib/libstreamcache.so") == "libstreamcache.so.$(abi_version)" ]]
    [[ $(readlink "$prefix/lib/libstreamcache.so.$(abi_version)") == "libstreamcache.so.$(crate_version)" ]]
    diff -r include "$prefix/include"
    # A second build has nothing to do, and says so within a moment.
    "$cmake" --build "$work/build"
}

# No debug information is installed unless it is asked for, and debuggers find what was separated.
debug_info() {
    local file=$prefix/lib/.debug/libstreamcache.so.$(crate_version).debug
    installed
    readelf -SW "$(library)" | tee "$work/sections.txt" | grep -F .gnu_debuglink
    must_fail grep -F .debug_line "$work/sections.txt"
    readelf -SW "$file" | grep -F .debug_line
    [[ $(build_id "$file") == "$(build_id "$(library)")" ]]
    tell "$(kib "$file") apart"
}

build_id() { readelf -nW "$1" | sed -n 's/.*Build ID: //p' | grep .; }

symbols() {
    installed
    LC_ALL=C sort -c abi/symbols.txt
    nm -D --defined-only "$(library)" | awk '{ print $NF }' | LC_ALL=C sort >"$work/symbols.txt"
    diff -u abi/symbols.txt "$work/symbols.txt"
    tell "$(wc -l <abi/symbols.txt) functions"
}

soname() {
    installed
    readelf -dW "$(library)" | tee "$work/dynamic.txt"
    grep -F "Library soname: [libstreamcache.so.$(abi_version)]" "$work/dynamic.txt"
    tell "libstreamcache.so.$(abi_version)"
}

nodelete() {
    installed
    readelf -dW "$(library)" | grep -E '\(FLAGS_1\).*NODELETE'
}

# No text that was installed names a folder of this machine.
relocatable() {
    installed
    must_fail grep -rIF -e "$work" -e "$root" "$prefix"
}

# build_consumer SOURCE ARGUMENT...
build_consumer() {
    local source=$1 build=$work/consumers/${1##*/}
    shift
    rm -rf "$build"
    "$cmake" -S "$source" -B "$build" "$@"
    "$cmake" --build "$build"
}

find_package() {
    installed
    build_consumer tests/consumers/cmake -DCMAKE_PREFIX_PATH="$prefix" -Dversion="$(crate_version)"
    "$work/consumers/cmake/consumer_c"
    "$work/consumers/cmake/consumer_cpp"
    "$work/consumers/cmake/consumer_hpp"
    readelf -dW "$work/consumers/cmake/consumer_c" | grep -F "NEEDED" | grep -F "[libstreamcache.so.$(abi_version)]"
}

# The version file lets through what this ABI promises and nothing else.
find_package_version() {
    local major minor patch wanted
    installed
    IFS=.-+ read -r major minor patch _ < <(crate_version)
    for wanted in "$major.$minor" "$major.$minor.$patch"; do
        ask_for "$wanted"
    done
    for wanted in "$major.$((minor + 1))" "$major.$minor.$((patch + 1))" "$((major + 1)).0"; do
        must_fail ask_for "$wanted"
    done
}

ask_for() {
    rm -rf "$work/consumers/asking"
    "$cmake" -S tests/consumers/cmake -B "$work/consumers/asking" -DCMAKE_PREFIX_PATH="$prefix" -Dversion="$1"
}

pkg_config() {
    local consumer=$work/consumers/pkg-config
    installed
    export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
    [[ $(pkg-config --modversion streamcache) == "$(crate_version)" ]]
    mkdir -p "$work/consumers"
    tests/consumers/pkgconfig/build.sh "$consumer"
    LD_LIBRARY_PATH=$prefix/lib "$consumer"
    LD_LIBRARY_PATH=$prefix/lib "$consumer-hpp"
}

# Where a distribution installs: the library folder is a level deeper, and everything still finds everything.
multiarch() {
    local stage=$work/stage usr build=$work/build-usr libdir
    installed # the library is built, so this build only copies it
    rm -rf "$stage" "$build"
    "$cmake" -S . -B "$build" -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_LIBDIR=lib/some-linux-gnu
    "$cmake" --build "$build"
    DESTDIR=$stage "$cmake" --install "$build"
    mv "$stage/usr" "$stage/moved"
    usr=$stage/moved
    export PKG_CONFIG_PATH=$usr/lib/some-linux-gnu/pkgconfig
    libdir=$(pkg-config --variable=libdir streamcache)
    [[ $(realpath "$libdir") == "$(realpath "$usr/lib/some-linux-gnu")" ]]
    tests/consumers/pkgconfig/build.sh "$work/consumers/pkg-config"
    LD_LIBRARY_PATH=$usr/lib/some-linux-gnu "$work/consumers/pkg-config"
    LD_LIBRARY_PATH=$usr/lib/some-linux-gnu "$work/consumers/pkg-config-hpp"
    build_consumer tests/consumers/cmake -Dstreamcache_DIR="$usr/lib/some-linux-gnu/cmake/streamcache"
    "$work/consumers/cmake/consumer_c"
}

add_subdirectory() {
    installed
    build_consumer tests/consumers/subdirectory -Dsource="$root"
    "$work/consumers/subdirectory/consumer_c"
    "$work/consumers/subdirectory/consumer_static"
    "$work/consumers/subdirectory/consumer_hpp"
}

# With the source that is here in place of a download; script/test --full really fetches.
fetch_content() {
    installed
    build_consumer tests/consumers/fetch -Dsource=nowhere -Dtag=none -DFETCHCONTENT_SOURCE_DIR_STREAMCACHE="$root"
    "$work/consumers/fetch/consumer_c"
}
