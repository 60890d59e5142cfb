# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# Python's binding, bindings/python: its tests against the installed library, its types, its wheel in a fresh virtual
# environment, and the example with a real model.

steps_bindings_python() {
    step bindings-python bindings_python
    step bindings-python-types bindings_python_types
    step bindings-python-install bindings_python_install
    step bindings-python-readme bindings_python_readme
    step bindings-python-magika bindings_python_magika
}

has_cffi() { "$python" -c 'import cffi' || skip "cffi could not be installed"; }

bindings_python() {
    local status=0 passed failed skipped
    installed
    has_cffi
    (cd bindings/python && STREAMCACHE_LIBRARY=$(library) timeout 300 "$python" -B -W error -m tests) |
        tee "$work/bindings-python.out" || status=$?
    read -r passed failed skipped < <(sed -n 's/^counted: //p' "$work/bindings-python.out") # none where it ended before
    count "$passed" "$failed" "$skipped"
    tell "$passed tests on $("$python" -V); $(grep -o 'key vectors: .*' "$work/bindings-python.out")"
    return "$status"
}

bindings_python_types() {
    "$python" -c 'import mypy' || skip "mypy could not be installed"
    (cd bindings/python && "$python" -m mypy --cache-dir "$work/mypy") | tee "$work/mypy.out"
    tell "mypy --strict: $(cat "$work/mypy.out")"
}

# fresh_venv FOLDER: one that sees the packages of $venv (cffi, for one) and, without the network, nothing else.
fresh_venv() {
    rm -rf "$1"
    "$python" -m venv "$1"
    those_of_the_tests "$1"
}

those_of_the_tests() {
    local packages='import sysconfig; print(sysconfig.get_path("platlib"))'
    "$python" -c "$packages" >"$("$1/bin/python" -c "$packages")/those-of-the-tests.pth"
}

# With the library carried in the wheel, found by pkg-config; and without it, found as the system's.
bindings_python_install() {
    local fresh=$work/bindings-python-venv show='import streamcache; print(streamcache.library_path)' carried
    installed
    has_cffi
    unset STREAMCACHE_LIBRARY
    fresh_venv "$fresh"
    PKG_CONFIG_PATH=$prefix/lib/pkgconfig "$fresh/bin/pip" install --no-index --quiet bindings/python
    cd "$work" || return # not where the source could be imported
    carried=$("$fresh/bin/python" -c "$show")
    [[ $carried == "$fresh"/*/_lib/libstreamcache.so.* ]]
    cmp "$carried" "$(library)"
    "$fresh/bin/python" -c 'import doctest, streamcache; assert doctest.testmod(streamcache) == (0, 2)'
    "$fresh/bin/pip" install --no-index --quiet --force-reinstall --no-deps -C carry=no "$root/bindings/python"
    must_fail "$fresh/bin/python" -c "$show" 2>"$work/bindings-python.missing"
    grep -F 'the C library of streamcache was not found' "$work/bindings-python.missing"
    [[ $(LD_LIBRARY_PATH=$prefix/lib "$fresh/bin/python" -c "$show") == libstreamcache.so.* ]]
    "$fresh/bin/pip" uninstall --quiet --yes streamcache
    must_fail "$fresh/bin/python" -c 'import streamcache'
}

# The README's way to install it, as one follows it who has no more than Debian and what its first line installs: all but
# that line, Rust's and CMake's, for the library is built already.
bindings_python_readme() {
    local home=$work/bindings-python-readme package line asked ran=0
    installed
    has_cffi
    rm -rf "$home"
    mkdir -p "$home/tools"
    ln -s "$prefix" "$home/sc"
    awk '/^```/ { in_it = $0 == "```sh"; next } in_it' bindings/python/README.md >"$home/block.sh"
    asked=" $(sed -n 's/^sudo apt install \([^#]*\).*/\1/p' "$home/block.sh") "
    for package in ca-certificates curl gcc g++ make cmake pkg-config python3 python3-venv; do
        [[ $asked == *" $package "* ]] || { echo "the README does not have $package installed"; return 1; }
    done
    grep -Fq sh.rustup.rs "$home/block.sh"
    ln -s "$python" "$home/tools/python3"
    ln -s "$(command -v pkg-config)" "$home/tools/pkg-config"
    unset STREAMCACHE_LIBRARY PKG_CONFIG_PATH LD_LIBRARY_PATH
    export HOME=$home PIP_NO_INDEX=1 PIP_QUIET=1
    while read -r line; do
        case $line in
        'sudo apt '* | 'curl '* | 'cmake '* | '. '*) continue ;;
        esac
        PATH=$home/tools "$BASH" -ec "$line"
        [[ $line != 'python3 -m venv '* ]] || those_of_the_tests "$home/sc-python" # what pip would get from the network
        ran=$((ran + 1))
    done <"$home/block.sh" >"$home/out.txt"
    ((ran == 3))
    grep -E "^$home/sc-python/.*/_lib/libstreamcache.so" "$home/out.txt"
    # Without pkg-config the same; without anything to carry there is no wheel, and a reason.
    mkdir "$home/nothing"
    PATH=$home/nothing PKG_CONFIG_PATH=$home/sc/lib/pkgconfig "$home/sc-python/bin/pip" install --force-reinstall --no-deps ./bindings/python
    PATH=$home/nothing "$home/sc-python/bin/python" -c 'import streamcache; print(streamcache.library_path)' | grep -F /_lib/
    PATH=$home/nothing must_fail "$home/sc-python/bin/pip" install --force-reinstall --no-deps ./bindings/python >"$home/refused.txt" 2>&1
    grep -F 'No C library of streamcache to carry' "$home/refused.txt"
    tell "$ran lines of the README run, and a wheel without pkg-config"
}

bindings_python_magika() {
    installed
    has_cffi
    "$python" -c 'import onnxruntime, numpy, importlib.util as i, sys; sys.exit(not i.find_spec("magika"))' ||
        skip "onnxruntime, numpy or the model's package could not be installed"
    STREAMCACHE_LIBRARY=$(library) PYTHONPATH=bindings/python "$python" -B examples/python/magika_files.py "$root/src" 60 | tee "$work/bindings-magika.out"
    grep -Eq '^first pass: [1-9][0-9]* misses' "$work/bindings-magika.out"
    grep -Eq '^second pass: 0 misses, [1-9][0-9]* hits' "$work/bindings-magika.out"
    grep -Eq '^[1-9][0-9]* answers compared .*: 0 differ in any bit' "$work/bindings-magika.out"
    tell "$(tail -n 1 "$work/bindings-magika.out")"
}
