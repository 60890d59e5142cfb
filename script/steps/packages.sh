# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# What cpack makes: Debian packages and an archive, and that programs build and run from them.

steps_packages() {
    step deb deb
    step deb-unpacked deb_unpacked
    step deb-installed deb_installed
    step tgz tgz
}

packed=$work/build-packages

# cpack comes with the CMake that is used here; Debian's own would do as well.
pack() {
    rm -rf "$packed"
    "$cmake" -S . -B "$packed" -DCMAKE_INSTALL_PREFIX=/usr
    "$cmake" --build "$packed"
    (cd "$packed" && "$(dirname "$(realpath "$cmake")")/cpack")
}

made() {
    have dpkg-shlibdeps || skip "dpkg-dev is not here, and could not be installed"
    installed # so cargo has built it
    once pack
    runtime=$(echo "$packed/libstreamcache$(abi_version)"_*.deb)
    development=$(echo "$packed"/libstreamcache-dev_*.deb)
}

# field PACKAGE FIELD TEXT: what the field has to be, or to have in it.
field() {
    local value
    value=$(dpkg-deb -f "$1" "$2")
    [[ $value == *"$3"* ]] || { echo "$(basename "$1"): $2 is '$value', without '$3'"; return 1; }
}

deb() {
    local version libraries
    made
    version=$(crate_version)-1
    libraries=usr/lib/$(cc -print-multiarch)
    field "$runtime" Package "libstreamcache$(abi_version)"
    field "$runtime" Version "$version"
    field "$runtime" Section libs
    field "$runtime" Multi-Arch same
    field "$runtime" Depends 'libc6 (>= ' # dpkg-shlibdeps has looked
    field "$runtime" Depends 'libgcc-s1'
    field "$runtime" Description 'shared library'
    field "$development" Package libstreamcache-dev
    field "$development" Section libdevel
    field "$development" Depends "libstreamcache$(abi_version) (= $version)"
    field "$development" Description 'This package has the headers'
    dpkg-deb --ctrl-tarfile "$runtime" | tar -xO ./triggers | grep -x 'activate-noawait ldconfig'
    dpkg-deb --ctrl-tarfile "$runtime" | tar -xO ./shlibs | grep -F "libstreamcache $(abi_version) libstreamcache$(abi_version) (>= "
    # The runtime's files are named after the ABI, so that two of them can be installed.
    dpkg-deb --fsys-tarfile "$runtime" | tar -t | grep -v '/$' | sort >"$work/runtime.txt"
    diff -u - "$work/runtime.txt" <<END
./$libraries/libstreamcache.so.$(abi_version)
./$libraries/libstreamcache.so.$(crate_version)
./usr/share/doc/libstreamcache$(abi_version)/LICENSE-APACHE
./usr/share/doc/libstreamcache$(abi_version)/LICENSE-MIT
END
    tell "$(basename "$runtime") $(kib "$runtime"), $(basename "$development") $(kib "$development")"
}

# with_prefix PREFIX LIBRARIES: the consumers and the quickstart, by CMake and by pkg-config, from an unpacked tree.
with_prefix() {
    export PKG_CONFIG_PATH=$2/pkgconfig LD_LIBRARY_PATH=$2
    build_all -DCMAKE_PREFIX_PATH="$1"
}

# build_all ARGUMENT...
build_all() {
    local out=$work/from-package
    rm -rf "$out"
    mkdir -p "$out"
    build_consumer tests/consumers/cmake -Dversion="$(abi_version)" "$@"
    "$work/consumers/cmake/consumer_c"
    "$work/consumers/cmake/consumer_cpp"
    "$work/consumers/cmake/consumer_hpp"
    build_consumer tests/consumers/static -Dcomponents=static "$@"
    runs_alone "$work/consumers/static/consumer_c"
    runs_alone "$work/consumers/static/consumer_hpp"
    tests/consumers/pkgconfig/build.sh "$out/consumer"
    "$out/consumer"
    "$out/consumer-hpp"
    # shellcheck disable=SC2046  # flags are words
    cc -std=c99 "${strict[@]}" examples/c/quickstart.c -o "$out/quickstart" $(pkg-config --cflags --libs streamcache)
    "$out/quickstart"
}

deb_unpacked() {
    local room=$work/unpacked
    made
    rm -rf "$room"
    dpkg -x "$runtime" "$room"
    dpkg -x "$development" "$room"
    with_prefix "$room/usr" "$room/usr/lib/$(cc -print-multiarch)"
}

# Really installed, with nothing told to anyone, and removed again: where a machine may be changed, which is for root,
# and only in continuous integration (CI=true) or with --full.
deb_installed() {
    local libraries
    made
    [[ -n $full || ${CI:-} == true ]] || skip "it changes the machine: script/test --full, or CI=true"
    [[ $(id -u) == 0 ]] || skip "only root can install packages"
    ! dpkg -s libstreamcache-dev "libstreamcache$(abi_version)" >/dev/null 2>&1 || skip "streamcache is installed on this machine"
    trap 'dpkg --purge libstreamcache-dev "libstreamcache$(abi_version)"' EXIT
    dpkg -i "$runtime" "$development"
    libraries=/usr/lib/$(cc -print-multiarch)
    ldconfig -p | grep -F "libstreamcache.so.$(abi_version)"
    build_all
    ldd "$work/from-package/quickstart" | grep -E "=> (/usr)?/lib/.*/libstreamcache.so.$(abi_version)|=> $libraries/"
    # dpkg-shlibdeps makes a program's package depend on ours.
    mkdir -p "$work/debian"
    printf 'Source: x\n\nPackage: x\nArchitecture: any\n' >"$work/debian/control"
    (cd "$work" && dpkg-shlibdeps -O from-package/quickstart) | tee "$work/depends.txt"
    grep -F "libstreamcache$(abi_version) (>= $(crate_version))" "$work/depends.txt"
    dpkg --purge libstreamcache-dev "libstreamcache$(abi_version)"
    must_fail test -e "$libraries/libstreamcache.so.$(abi_version)"
    trap - EXIT
    tell "$(grep -o 'libstreamcache[^,]*' "$work/depends.txt")"
}

tgz() {
    local room=$work/archive archive
    installed
    once pack
    archive=$(echo "$packed"/streamcache-*.tar.gz)
    rm -rf "$room"
    mkdir -p "$room"
    tar -xzf "$archive" -C "$room" --strip-components=1
    with_prefix "$room" "$(dirname "$(find "$room" -name 'libstreamcache.so')")"
    tell "$(basename "$archive") $(kib "$archive")"
}
