# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# Python's binding, bindings/python: its tests against the installed library, its types, its wheel in a fresh virtual
# environment, and the example with a real model.

steps_bindings_python() {
    step bindings-python bindings_python
    step bindings-python-types bindings_python_types
    step bindings-python-install bindings_python_install
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
    local packages='import sysconfig; print(sysconfig.get_path("platlib"))'
    rm -rf "$1"
    "$python" -m venv "$1"
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
