# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# Builds of the library for one kind of test: with a sanitizer, with other locks, with a function that panics.

# build_variant NAME FOLDER ARGUMENT...: libstreamcache.so in FOLDER, from that copy. The name of one with asan in it is
# for AddressSanitizer: what the library itself is made of is instrumented, not what runs while it is built.
build_variant() {
    local name=$1 folder=$2 built=$target/debug host
    shift 2
    if [[ $name == *asan ]]; then
        host=$(rustc -vV | sed -n 's/^host: //p')
        built=$target/$host/debug
        set -- --target "$host" "$@"
        # Only the compiler is told that it may: build scripts that saw it would run again, and all that stands on them.
        printf '#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec "$@"\n' >"$work/variants/rustc"
        chmod +x "$work/variants/rustc"
        export RUSTC_WRAPPER=$work/variants/rustc RUSTFLAGS=-Zsanitizer=address CARGO_PROFILE_DEV_OPT_LEVEL=0
    fi
    (cd "$work/variants/$name" && cargo rustc --lib --crate-type cdylib "$@")
    mkdir -p "$folder"
    cp "$built/libstreamcache_$name.so" "$folder/libstreamcache.so.$(abi_version)"
    ln -sf "libstreamcache.so.$(abi_version)" "$folder/libstreamcache.so"
}
