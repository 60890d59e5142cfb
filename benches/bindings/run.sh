# shellcheck shell=bash disable=SC2154  # what it uses of script/bench and script/lib.sh
# script/bench bindings: what a hit costs in each language over C. The program of each language prints, as baseline.c
# does, `LANGUAGE get_into NS` and `LANGUAGE lease NS`; its argument is the number of rounds.

# How each is started: the program of a language, its argument being the rounds, with the library in $install. The other
# function says why it can't be, and fails where it can.
#
#   language, and get_into over C at most, in ns
languages_bound='go 100
julia 50
python 3000'

start_c() { "${alone[@]}" "$target/bindings/baseline" "$1"; }

no_go() { absent bindings/go || lacks go; }
start_go() {
    cd bindings/go || exit
    GOCACHE=$target/go/cache GOPATH=$target/go/path GOFLAGS=-mod=mod PKG_CONFIG_PATH=$install/lib/pkgconfig \
        LD_LIBRARY_PATH=$install/lib "${alone[@]}" go run ./internal/bench "$1"
}

# Julia may be the machine's, or what script/bootstrap has unpacked.
no_julia() { absent bindings/julia/StreamCache || { [[ ! -x $target/debian/julia/usr/bin/julia ]] && lacks julia; }; }
start_julia() {
    local usr=$target/debian/julia/usr libraries=$target/debian/julia/usr/lib/x86_64-linux-gnu julia=julia
    if [[ -x $usr/bin/julia ]]; then
        julia=$usr/bin/julia
        export LD_LIBRARY_PATH=$libraries:$libraries/julia:$libraries/openblas-pthread
    fi
    JULIA_DEPOT_PATH=$target/julia STREAMCACHE_LIBRARY=$install/lib/libstreamcache.so \
        "${alone[@]}" "$julia" --startup-file=no --project=bindings/julia/StreamCache bindings/julia/StreamCache/bench/hit.jl "$1"
}

no_python() { absent bindings/python || { ! "$python" -c 'import cffi' 2>/dev/null && echo "cffi is not installed"; }; }
start_python() {
    PYTHONPATH=bindings/python STREAMCACHE_LIBRARY=$install/lib/libstreamcache.so \
        "${alone[@]}" "$python" -B bindings/python/bench.py "$1"
}

absent() { [[ ! -d $1 ]] && echo "$1 is not here"; }
lacks() { ! have "$1" && echo "$1 is not installed"; }

install=$target/bindings/install
turns=3 # of all of them, so that whatever the machine does meanwhile it does to all

# A release build, installed as anybody would.
install_release() {
    [[ -n $cmake ]] || "$root/script/bootstrap" build
    find_tools
    quietly "$work/bindings-build.log" "$cmake" -S . -B "$target/bindings/build" -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_INSTALL_PREFIX="$install" -DCMAKE_INSTALL_LIBDIR=lib
    quietly "$work/bindings-build.log" "$cmake" --build "$target/bindings/build"
    quietly "$work/bindings-install.log" "$cmake" --install "$target/bindings/build"
    cc -std=c11 -D_POSIX_C_SOURCE=200809L -O2 -Wall -Wextra -Wpedantic -Werror -I"$install/include" \
        benches/bindings/baseline.c -o "$target/bindings/baseline" -L"$install/lib" -lstreamcache -Wl,-rpath,"$install/lib"
}

one_turn() { ("start_$1" "$2"); }

# bench_bindings: $work/bindings.turns has lines `TURN LANGUAGE WHAT NS`.
bench_bindings() {
    local rounds=31 language languages=(c) turn
    [[ " ${arguments[*]} " != *' --quick '* ]] || rounds=15
    install_release
    : >"$work/bindings.turns"
    : >"$work/bindings.not-run"
    while read -r -u 3 language _; do
        if "no_$language" >"$work/why"; then
            echo "$language not run: $(cat "$work/why")" >>"$work/bindings.not-run"
        elif quietly "$work/bindings-$language.log" one_turn "$language" 15; then # builds it, too
            languages+=("$language")
        else
            echo "$language not run: its program failed" >>"$work/bindings.not-run"
        fi
    done 3<<<"$languages_bound"
    for ((turn = 1; turn <= turns; turn++)); do
        for language in "${languages[@]}"; do
            one_turn "$language" "$rounds" | grep -E " (get_into|lease) [0-9.]+$" | sed "s/^/$turn /" >>"$work/bindings.turns"
        done
    done
    bindings_table "$rounds" | tee "$work/bindings.txt"
    echo
}

# The table, a line for who was not run, the goals; and $work/bindings.json.
bindings_table() {
    awk -v rounds="$1" -v turns="$turns" -v json="$work/bindings.json" \
        -v goals="$(tr '\n' ' ' <<<"$languages_bound")" '
        function median(list, n,    i, j, t) {
            for (i = 2; i <= n; i++)
                for (j = i; j > 1 && list[j] < list[j - 1]; j--) { t = list[j]; list[j] = list[j - 1]; list[j - 1] = t }
            return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
        }
        function whole(language, what,    turn, list) {
            for (turn = 1; turn <= turns; turn++) list[turn] = ns[turn, language, what]
            return median(list, turns)
        }
        function over(language, what,    turn, list) { # turn by turn, so that a slow moment for both is none
            for (turn = 1; turn <= turns; turn++) list[turn] = ns[turn, language, what] - ns[turn, "c", what]
            return median(list, turns)
        }
        NF == 4 && $1 == 1 && !($2 in known) { known[$2]; order[++languages] = $2 }
        NF == 4 { ns[$1, $2, $3] = $4 }
        END {
            printf "A hit of 64 bytes in each language: medians of %d turns, each the median of %d rounds of 10 ms\n\n", turns, rounds
            printf "%-10s %12s %9s %12s %9s\n", "", "get_into ns", "over C", "lease ns", "over C"
            separator = "["
            for (i = 1; i <= languages; i++) {
                l = order[i]
                for (turn = 1; turn <= turns; turn++)
                    if (!((turn, l, "get_into") in ns) || !((turn, l, "lease") in ns)) {
                        print l " printed no get_into, or no lease" > "/dev/stderr"
                        exit 1
                    }
                printf "%-10s %12.1f %9s %12.1f %9s\n", l, whole(l, "get_into"),
                    l == "c" ? "-" : sprintf("%.1f", over(l, "get_into")), whole(l, "lease"),
                    l == "c" ? "-" : sprintf("%.1f", over(l, "lease"))
                printf "%s { \"language\": \"%s\", \"get_into_ns\": %.2f, \"lease_ns\": %.2f, \"get_into_over_c_ns\": %.2f, \"lease_over_c_ns\": %.2f }",
                    separator, l, whole(l, "get_into"), whole(l, "lease"), over(l, "get_into"), over(l, "lease") > json
                separator = ","
            }
            print " ]" > json
            print ""
            for (i = split(goals, goal, " ") - 1; i > 0; i -= 2) limit[goal[i]] = goal[i + 1]
            for (i = 2; i <= languages; i++) {
                l = order[i]
                more = over(l, "get_into")
                verdict = more <= limit[l] ? "PASS" : sprintf("SHORT by %.0f ns", more - limit[l])
                printf "%-18s %s, get_into: %.0f ns more than C, goal ≤ %d ns\n", verdict, l, more, limit[l]
            }
        }' "$work/bindings.turns"
    cat "$work/bindings.not-run"
}
