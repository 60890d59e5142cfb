# shellcheck shell=bash
# What every script here shares: places, tools, and one way to speak. Source it:
#
#     . "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
#
#   root, target    the repository, and where everything built or installed goes (CARGO_TARGET_DIR is honoured)
#   venv, python    the private virtual environment that script/bootstrap fills, and its interpreter
#   cmake           a CMake of at least 3.20: the machine's own, else the one in the venv; empty before bootstrap
#   say, note, warn, die    a heading, a detail, a warning, the end
#   variant_source          the source once more, for a build that is unlike all others

# shellcheck disable=SC2034  # used by those who source this
{
    root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
    target=${CARGO_TARGET_DIR:-$root/target}
    [[ $target == /* ]] || target=$root/$target
    export CARGO_TARGET_DIR=$target
    venv=$target/venv
    python=$venv/bin/python
    cmake_minimum=3.20

    bold='' dim='' red='' yellow='' plain=''
    if [[ -t 2 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
        bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' yellow=$'\e[33m' plain=$'\e[0m'
    fi
}

# Messages go to stderr: stdout belongs to what a script was asked for.
say() { printf '%s\n' "$bold$*$plain" >&2; }
note() { printf '%s\n' "$dim  $*$plain" >&2; }
warn() { printf '%s\n' "$yellow$*$plain" >&2; }
die() {
    printf '%s\n' "$red$*$plain" >&2
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# version_at_least 3.20 3.25.1: is the second at least the first?
version_at_least() { [[ $(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1) == "$1" ]]; }

# The first CMake that is new enough, by its path; fails when there is none.
find_cmake() {
    local candidate version
    for candidate in "$(command -v cmake)" "$venv/bin/cmake"; do
        [[ -x $candidate ]] || continue
        version=$("$candidate" --version 2>/dev/null | sed -n '1s/.*version \([0-9.]*\).*/\1/p')
        if [[ -n $version ]] && version_at_least "$cmake_minimum" "$version"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    return 1
}

# The venv's programs come last, so they fill gaps and never replace the machine's own. Call again after a bootstrap.
find_tools() {
    [[ :$PATH: == *":$venv/bin:"* ]] || PATH=$PATH:$venv/bin
    cmake=$(find_cmake) || cmake=''
    if [[ -z ${CMAKE_GENERATOR:-} ]] && have ninja; then
        export CMAKE_GENERATOR=Ninja
    fi
}
find_tools

# quietly LOG COMMAND...: the output goes to LOG and is shown only if the command fails.
quietly() {
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    if ! "$@" >"$log" 2>&1; then
        tail -n 60 "$log" >&2
        warn "failed: $*   (all of it: $log)"
        return 1
    fi
}

# variant_source NAME: a copy of the source, $work/variants/NAME, in which the library has a name of its own. So a build of
# it can have everybody's target folder, and share all dependencies: of two libraries of one name cargo would take one for
# the other. Times are kept: what has not changed is not built again.
variant_source() {
    local source=$work/variants/$1
    rm -rf "$source"
    mkdir -p "$source"
    (cd "$root" && cp -pr Cargo.toml Cargo.lock build.rs cbindgen.toml src benches tests "$source")
    sed -i "s/^\[lib\]$/&\nname = \"streamcache_$1\"/" "$source/Cargo.toml"
    touch -r "$root/Cargo.toml" "$source/Cargo.toml"
}
