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
    step full-msrv msrv
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

# The peer benchmark: form, lints, and a smoke run of all of it but the seed; its licence is not everyone's.
peers() {
    (
        cd benches/peers
        export CARGO_TARGET_DIR=$target/peers
        cargo fmt --check
        cargo clippy --all-targets --locked -- -D warnings
    )
    script/bench peers --quick
    tell "$(cat "$target"/bench/peers*.txt | grep -c '^PASS\|^SHORT') goals judged"
}

clang_is_missing() { skip "clang is not here, and could not be installed"; }
