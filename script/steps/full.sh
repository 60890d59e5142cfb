# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# What takes longer: script/test --full.

steps_full() {
    step full-threads threads_longer c 20
    step full-threads-asan threads_longer asan 20
    step full-fork-asan asan_test fork
    step full-fetch-content fetch_content_by_git
    step full-disk-flips disk_many no_flip_of_10000
    step full-disk-kills disk_many writers_killed_50_times
    step full-disk-openings disk_many a_store_is_made_by_many_at_once_50_times
    step full-remote remote_longer
    step full-lean cargo test --locked --no-default-features --features capi
    step full-msrv msrv
    step full-cargo-c cargo_c
    step full-abi abi_of_a_changed_source
    step full-peers peers
    have clang || step full-clang-header clang_is_missing
}

# threads_longer c|asan SECONDS: 16 threads.
threads_longer() {
    installed
    if [[ $1 == asan ]]; then
        once build_asan
        compile_c threads "$work/asan/threads" "${asan_flags[@]}"
        run_counted "$work/asan/threads" "$2" 16
    else
        compile_c threads "$work/bin/threads" "${with_library[@]}"
        run_counted "$work/bin/threads" "$2" 16
    fi
}

# disk_many NAME: what cargo-test does a few times, many times: bits flipped in copies of a store's files, which other
# processes read; writers killed; a new store opened by many processes at once. Each prints its figures on a line.
disk_many() {
    cargo test --locked --lib "$1" -- --ignored --nocapture | tee "$work/$1.out"
    tell "$(grep -E '^[0-9]+ (flips|times) ' "$work/$1.out")"
}

# A node of a cluster that is paused through all its rests, and lookups of the others' keys meanwhile.
remote_longer() {
    have redis-server || skip "no redis-server: there is no cluster to pause a node of"
    cargo test --locked --test remote -- --ignored for_long --nocapture | tee "$work/remote-longer.out"
    tell "$(grep -o 'others .* missed' "$work/remote-longer.out")"
}

# CMake fetches a git repository made of what is here, and builds it from nothing.
fetch_content_by_git() {
    local repository=$work/repository
    rm -rf "$repository"
    mkdir -p "$repository"
    cp -R Cargo.* CMakeLists.txt README.md build.rs cbindgen.toml abi benches cmake include src "$repository"
    git -C "$repository" init --quiet --initial-branch=main
    git -C "$repository" add .
    git -C "$repository" -c user.name=test -c user.email=test@localhost commit --quiet -m 'All of it'
    build_consumer tests/consumers/fetch -Dsource="file://$repository" -Dtag=main -DSTREAMCACHE_CARGO_TARGET_DIR="$work/fetched"
    "$work/consumers/fetch/consumer_c"
}

# The oldest Rust that Cargo.toml promises, from Debian's packages, unpacked and not installed.
msrv() {
    local version room=$target/msrv packages package libraries
    version=$(sed -n 's/^rust-version *= *"\([^"]*\)".*/\1/p' Cargo.toml)
    if [[ ! -x $room/usr/bin/cargo ]]; then
        packages=("rustc-web=$version.*" "cargo-web=$version.*" "libstd-rust-web-dev=$version.*" "libstd-rust-web-$version=$version.*"
            libllvm19 libz3-4 libedit2 libffi8 libxml2 libhttp-parser2.9 libpcre3 libssh2-1 libcurl4 libsqlite3-0 libnghttp2-14
            libpsl5 librtmp1 libldap-2.5-0 libsasl2-2)
        rm -rf "$room"
        mkdir -p "$room/packages"
        (cd "$room/packages" && apt-get download "${packages[@]}") || skip "Rust $version could not be had from Debian"
        for package in "$room"/packages/*.deb; do dpkg -x "$package" "$room"; done
    fi
    libraries=$(uname -m)-linux-gnu
    export PATH=$room/usr/bin:$PATH RUSTC=$room/usr/bin/rustc
    export LD_LIBRARY_PATH=$room/usr/lib/$libraries:$room/lib/$libraries
    cargo --version || skip "Debian's cargo does not start here"
    cargo --version | grep -F "$version"
    rustc --version | grep -F "$version"
    cargo check --locked --target-dir "$room/target"
    tell "$(rustc --version)"
}

# As distributors build it: cargo-c installs one SONAME, the same names and the same headers as CMake does. It is a program
# of another Debian, so that one's loader starts it.
cargo_c() {
    local room=$target/debian/cargo-c stage=$work/cargo-c libraries library
    libraries=$room/usr/lib/$(uname -m)-linux-gnu
    [[ -x $room/usr/bin/cargo-cinstall ]] || skip "cargo-c is not here, and could not be installed"
    installed
    rm -rf "$stage"
    # One compiler for all: rustup's stand-in, asked by a cargo that is not rustup's, looks for another in each crate's folder.
    RUSTC=$(rustc --print sysroot)/bin/rustc
    export RUSTC
    "$libraries"/ld-linux-*.so.* --library-path "$libraries" "$room/usr/bin/cargo-cinstall" cinstall --release --locked \
        --prefix=/usr --libdir=/usr/lib --destdir="$stage" --target-dir "$target/cargo-c"
    library=$stage/usr/lib/libstreamcache.so.$(crate_version)
    [[ $(readlink "$stage/usr/lib/libstreamcache.so") == "libstreamcache.so.$(crate_version)" ]]
    [[ $(readlink "$stage/usr/lib/libstreamcache.so.$(abi_version)") == "libstreamcache.so.$(crate_version)" ]]
    diff <(dynamic "$library") <(dynamic "$(library)")
    diff <(nm -D --defined-only "$library" | awk '{ print $NF }') <(nm -D --defined-only "$(library)" | awk '{ print $NF }')
    diff -r include "$stage/usr/include"
    export PKG_CONFIG_PATH=$stage/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$stage
    [[ $(pkg-config --modversion streamcache) == "$(crate_version)" ]]
    mkdir -p "$work/consumers"
    tests/consumers/pkgconfig/build.sh "$work/consumers/cargo-c"
    LD_LIBRARY_PATH=$stage/usr/lib "$work/consumers/cargo-c"
    tell "libstreamcache.so.$(abi_version), $(wc -l <abi/symbols.txt) functions, $(find "$stage/usr/include" -type f | wc -l) headers"
}

# dynamic LIBRARY: what a loader is told: its SONAME, what it needs, and that it stays
dynamic() { readelf -dW "$1" | sed -n 's/.*(\(SONAME\|NEEDED\|FLAGS_1\)) */\1 /p' | sort; }

# The real thing: in a copy of the source a parameter gets another type, then not, but a function more.
abi_of_a_changed_source() {
    local room=$work/abi-source
    abi_tools
    rm -rf "$room"
    mkdir -p "$room"
    cp -R Cargo.* build.rs cbindgen.toml README.md abi benches include script src tests "$room"
    export CARGO_TARGET_DIR=$target/abi-source
    sed -i 's/allow: i32,*$/allow: i64,/' "$room/src/ffi/tier.rs"
    must_fail diff -r src "$room/src"
    must_fail "$room/script/abi" >"$work/abi-report.txt" 2>&1
    grep -F streamcache_options_set_disk_allow_network "$work/abi-report.txt"
    cp src/ffi/tier.rs "$room/src/ffi/tier.rs"
    cat >>"$room/src/ffi/version.rs" <<'END'

/// One more.
#[unsafe(no_mangle)]
pub extern "C" fn streamcache_version_letter() -> u32 {
    0
}
END
    "$room/script/abi" | tee "$work/abi.out"
    grep -F "$(($(wc -l <abi/symbols.txt) + 1)) functions" "$work/abi.out"
}

# The peer benchmark and that of growth: form, lints, and a smoke run of all but the seed; its licence is not everyone's.
peers() {
    (
        cd benches/peers
        export CARGO_TARGET_DIR=$target/peers
        cargo fmt --check
        cargo clippy --all-targets --locked -- -D warnings
    )
    script/bench peers growth --quick
    tell "$(cat "$target"/bench/{peers,growth}*.txt | grep -c '^PASS\|^SHORT') goals judged"
}

clang_is_missing() { skip "clang is not here, and could not be installed"; }
