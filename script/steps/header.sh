# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# The header under every standard it promises, and every example that is printed in it or in the README.

c_standards=(c99 c11 c17)
cpp_standards=(c++11 c++14 c++17 c++20 c++2b)

steps_header() {
    local standard
    for standard in "${c_standards[@]}"; do step "header-$standard" header_alone gcc c "$standard"; done
    for standard in "${cpp_standards[@]}"; do step "header-$standard" header_alone g++ c++ "$standard"; done
    if have clang; then steps_header_clang; fi
    step header-example header_example
    step doxygen doxygen_renders
    step readme-blocks readme_blocks
    step docs-blocks docs_blocks
}

steps_header_clang() {
    local standard
    for standard in "${c_standards[@]}"; do step "clang-header-$standard" header_alone clang c "$standard"; done
    for standard in "${cpp_standards[@]}"; do step "clang-header-$standard" header_alone clang c++ "$standard"; done
}

# header_alone COMPILER LANGUAGE STANDARD
header_alone() {
    have "$1" || skip "$1 is not here"
    "$1" -x "$2" -std="$3" "${strict[@]}" -Iinclude -c tests/c/header.c -o /dev/null
}

# As HTML without a warning; and an answer, a parameter or a comment that is missing would be one.
doxygen_renders() {
    local plant
    have doxygen || skip "doxygen is not here, and could not be installed"
    render include/streamcache.h
    for plant in '/@return the number/d' '/@param.*status any number/d' '/Frees an error/,/\*\//d'; do
        sed "$plant" include/streamcache.h >"$work/streamcache.h"
        must_fail cmp -s include/streamcache.h "$work/streamcache.h"
        must_fail render "$work/streamcache.h"
    done
    tell "doxygen $(doxygen --version)"
}

render() { (cat docs/Doxyfile && echo "INPUT = $1" && echo "OUTPUT_DIRECTORY = $work/doxygen") | doxygen -; }

# blocks FILE FOLDER: the fenced blocks of a Markdown file, or of a C comment, as 01.c, 02.cmake, ... in their order.
# A block that names its file, as in ```c hello.c, is 03.c@hello.c (with @ for each / in it).
blocks() {
    rm -rf "$2"
    mkdir -p "$2"
    awk -v folder="$2" '
        { sub(/^ \* ?/, "") }
        /^```/ {
            if (out != "") { close(out); out = "" }
            else {
                language = $1
                sub(/^```/, "", language)
                name = $2
                gsub("/", "@", name)
                out = sprintf("%s/%02d.%s%s", folder, ++n, language == "" ? "text" : language, name == "" ? "" : "@" name)
                printf "" > out
            }
            next
        }
        out != "" { print > out }
        END { if (out != "") { print FILENAME ": a block without an end" > "/dev/stderr"; exit 1 } }
    ' "$1"
}

# A block is a whole program, or it is at least C.
run_c_block() {
    if ! grep -q 'main *(' "$1"; then
        cc -std=c99 "${strict[@]}" -I"$prefix/include" -c "$1" -o /dev/null
        return
    fi
    cc -std=c99 "${strict[@]}" -I"$prefix/include" "$1" -o "$1.program" -L"$prefix/lib" -lstreamcache -Wl,-rpath,"$prefix/lib"
    (cd "$(dirname "$1")" && timeout 60 "$1.program")
}

# The C++ block and the CMake block that follows it are a project.
run_cpp_block() {
    local project=$1.project name
    mkdir "$project"
    name=$(sed -n 's/.*add_executable([^ ]* *\([^ )]*\).*/\1/p' "$2" | head -n 1)
    cp "$1" "$project/${name:-main.cpp}"
    grep -q cmake_minimum_required "$2" || echo 'cmake_minimum_required(VERSION 3.20)' >"$project/CMakeLists.txt"
    grep -q 'project(' "$2" || echo 'project(block LANGUAGES C CXX)' >>"$project/CMakeLists.txt"
    cat "$2" >>"$project/CMakeLists.txt"
    "$cmake" -S "$project" -B "$project/build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_FLAGS='-Wall -Wextra -Wpedantic -Werror'
    "$cmake" --build "$project/build"
    find "$project/build" -maxdepth 1 -type f -perm -u+x | while read -r program; do
        (cd "$project" && timeout 60 "$program")
    done
}

# The examples in the comment at the top of the header.
header_example() {
    local block found=0 lines=0
    installed
    sed '/\*\//q' include/streamcache.h >"$work/header-top"
    rm -f "$work/header-example.txt"
    blocks "$work/header-top" "$work/header-blocks"
    for block in "$work"/header-blocks/*.c; do
        [[ -s $block ]] || continue
        grep -q 'main *(' "$block"
        run_c_block "$block" | tee -a "$work/header-example.txt"
        found=$((found + 1))
        lines=$((lines + $(wc -l <"$block")))
    done
    ((found == 3)) || { echo "the comment at the top of the header has $found C examples, not three"; return 1; }
    grep -qF 'second: hit on disk, answer' "$work/header-example.txt"
    tell "$lines lines"
}

readme_blocks() {
    [[ -e README.md ]] || skip "there is no README.md yet"
    installed
    run_blocks README.md
    tell "$run"
    [[ $run != *' 0 of C,'* ]] || { echo "README.md has no C block"; return 1; }
}

# The pages of docs. There the shell's blocks are run, too: all of a page in its order, as one script, in a folder where
# the blocks that name a file are, and `streamcache` is the source. What can't be run is marked console or text.
docs_blocks() {
    local page told=''
    installed
    for page in docs/*.md; do
        run_blocks "$page"
        run_shell_blocks "$page"
        told+="${told:+; }$run"
    done
    tell "$told"
}

# run_blocks FILE: its C and its C++ that name no file.
run_blocks() {
    local folder block c=0 cpp=0 next
    folder=$work/blocks/$(basename "$1" .md)
    blocks "$1" "$folder"
    for block in "$folder"/*; do
        case $block in
            *@*) ;;
            *.c) echo "--- $block"; run_c_block "$block"; c=$((c + 1)) ;;
            *.cpp)
                echo "--- $block"
                next=$(printf '%s/%02d.cmake' "${block%/*}" "$((10#$(basename "$block" .cpp) + 1))")
                [[ -e $next ]] || { echo "no cmake block follows this one"; return 1; }
                run_cpp_block "$block" "$next"
                cpp=$((cpp + 1))
                ;;
        esac
    done
    run="$(basename "$1"): $c of C, $cpp of C++"
}

# run_shell_blocks FILE, after run_blocks
run_shell_blocks() {
    local folder room block name sh=0
    folder=$work/blocks/$(basename "$1" .md)
    room=$folder.room
    rm -rf "$room"
    mkdir -p "$room/home"
    ln -s "$root" "$room/streamcache"
    for block in "$folder"/*@*; do
        [[ -e $block ]] || continue
        name=${block##*/}
        name=$room/$(tr @ / <<<"${name#*@}")
        mkdir -p "$(dirname "$name")"
        cp "$block" "$name"
    done
    for block in "$folder"/*.sh; do
        [[ -e $block ]] || continue
        cat "$block" >>"$room/page.sh"
        sh=$((sh + 1))
    done
    run+=", $sh of shell"
    [[ $sh != 0 ]] || return 0
    echo "--- $room/page.sh"
    (
        export CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup} HOME=$room/home
        cd "$room"
        sh -eux page.sh
    )
}
