# shellcheck shell=bash disable=SC2154  # what it uses of script/bench and script/lib.sh
# script/bench bindings: what a hit costs in each language over C. The program of each language prints, as baseline.c
# does, `LANGUAGE get_into NS` and `LANGUAGE lease NS`; its argument is the number of rounds.

# How each is started: script/bench bindings begins these in their folder, with the library of $install in their
# environment. Who has no toolchain here, or no binding, is named as not run.
#
#   language | wants   | folder                     | program                          | get_into over C, at most, ns
languages_bound='
    go       | go      | bindings/go                | go run ./internal/bench          | 100
    julia    | julia   | bindings/julia/StreamCache | julia --project=. bench/hit.jl   | 50
    python   | python3 | bindings/python            | python3 bench.py                 | 3000
'

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

rows_of_languages() { sed -e '/^ *$/d' -e 's/^ *//' -e 's/ *| */|/g' <<<"$languages_bound"; }
of_language() { rows_of_languages | grep "^$1|"; }

# why_not LANGUAGE: a reason not to run it; fails when there is none.
why_not() {
    local wants folder
    IFS='|' read -r _ wants folder _ < <(of_language "$1")
    if [[ ! -d $folder ]]; then
        echo "$folder is not here"
    elif ! have "$wants"; then
        echo "$wants is not installed"
    else
        return 1
    fi
}

# one_turn LANGUAGE ROUNDS: what its program prints
one_turn() {
    local folder=. program
    if [[ $1 == c ]]; then
        program=$target/bindings/baseline
    else
        IFS='|' read -r _ _ folder program _ < <(of_language "$1")
    fi
    (
        cd "$folder" || exit
        export PKG_CONFIG_PATH=$install/lib/pkgconfig LD_LIBRARY_PATH=$install/lib STREAMCACHE_LIBRARY=$install/lib/libstreamcache.so
        # shellcheck disable=SC2086  # a command and its arguments
        "${alone[@]}" $program "$2"
    )
}

# bench_bindings: $work/bindings.turns has lines `TURN LANGUAGE WHAT NS`.
bench_bindings() {
    local rounds=31 language languages=(c) turn
    [[ " ${arguments[*]} " != *' --quick '* ]] || rounds=3
    install_release
    : >"$work/bindings.turns"
    : >"$work/bindings.not-run"
    for language in $(rows_of_languages | cut -d '|' -f 1); do
        if why_not "$language" >"$work/why"; then
            echo "$language not run: $(cat "$work/why")" >>"$work/bindings.not-run"
        elif quietly "$work/bindings-$language.log" one_turn "$language" 1; then # builds it, too
            languages+=("$language")
        else
            echo "$language not run: its program failed" >>"$work/bindings.not-run"
        fi
    done
    for ((turn = 1; turn <= turns; turn++)); do
        for language in "${languages[@]}"; do
            one_turn "$language" "$rounds" | sed "s/^/$turn /" >>"$work/bindings.turns"
        done
    done
    bindings_table "$rounds" | tee "$work/bindings.txt"
    echo
}

# The table, a line for who was not run, the goals; and $work/bindings.json.
bindings_table() {
    awk -v rounds="$1" -v turns="$turns" -v json="$work/bindings.json" \
        -v goals="$(rows_of_languages | awk -F '|' '{ print $1, $5 }' | paste -sd ' ')" '
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
