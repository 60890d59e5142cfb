# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# The Julia package against the installed library, with the real Julia 1.5 that script/bootstrap unpacks.

julia_package=bindings/julia/StreamCache

steps_julia() {
    step julia julia_suite
    step julia-readme julia_readme
    step julia-hit julia_hit
}

# in_julia ARGUMENT...: its libraries are beside it, and what it compiles goes to target/.
in_julia() {
    local usr=$target/debian/julia/usr libraries=$target/debian/julia/usr/lib/x86_64-linux-gnu
    LD_LIBRARY_PATH=$libraries:$libraries/julia:$libraries/openblas-pthread JULIA_DEPOT_PATH=$target/julia \
        JULIA_NUM_THREADS=2 STREAMCACHE_LIBRARY=$(library) timeout "${limit:-300}" \
        "$usr/bin/julia" --startup-file=no --project="$julia_package" "$@"
}

has_julia() {
    [[ -e $target/debian/julia/.list ]] || skip "Julia 1.5.3 could not be had from Debian bullseye: script/bootstrap test says why"
}

# The suite in two processes at a time, for most of its time is Julia's compiler's: one of them compiles less well, and faster.
julia_quick=(layout documented digests vectors results lookups states tiers caches readme)
julia_whole=(allocations handles tickets compute batches streams log transfers library)

julia_suite() {
    local half failed='' passed=0 skipped=0 some none
    has_julia
    installed
    julia_parts_are_all
    in_julia -e 'using StreamCache' # compiles it once for both
    in_julia -O1 "$julia_package/test/runtests.jl" "${julia_quick[@]}" >"$work/julia-quick.out" 2>&1 &
    half=$!
    in_julia "$julia_package/test/runtests.jl" "${julia_whole[@]}" >"$work/julia-whole.out" 2>&1 || failed=yes
    wait "$half" || failed=yes
    cat "$work"/julia-{quick,whole}.out
    [[ -z $failed ]]
    while read -r some none; do
        ((passed += some, skipped += none)) || true
    done < <(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) skipped, 2 threads, Julia 1\.5\..*/\1 \2/p' "$work"/julia-{quick,whole}.out)
    count "$passed" 0 "$skipped"
    ((passed > 50 && skipped == 0))
    tell "$passed tests; $(grep 'of keys.json through Julia' "$work/julia-quick.out")"
}

# No file of tests is forgotten.
julia_parts_are_all() {
    local file parts=" ${julia_quick[*]} ${julia_whole[*]} "
    for file in "$julia_package"/test/*.jl; do
        file=$(basename "$file" .jl)
        [[ $file =~ ^(runtests|support|json)$ || $parts == *" $file "* ]] || { echo "no process runs $file.jl"; return 1; }
    done
}

# What README.md says to type installs the package into a project of its own, and its first program prints what it says.
# The library is there already, and there is no network: a registry without packages stands for the one that Pkg would fetch.
julia_readme() {
    local home=$work/julia-readme usr=$target/debian/julia/usr libraries=$target/debian/julia/usr/lib/x86_64-linux-gnu
    has_julia
    installed
    blocks "$julia_package/README.md" "$work/julia-blocks"
    rm -rf "$home"
    mkdir -p "$home/depot/registries/None"
    printf 'name = "None"\nuuid = "23338594-aafe-5451-b93e-139f81909107"\nrepo = "none"\n\n[packages]\n' >"$home/depot/registries/None/Registry.toml"
    ln -s "$root" "$home/streamcache"
    ln -s "$prefix" "$home/sc"
    grep -qF 'cmake --install build' "$work/julia-blocks/03.sh" # what docs/install.md has run
    (
        export HOME=$home PATH=$usr/bin:$PATH JULIA_DEPOT_PATH=$home/depot
        export LD_LIBRARY_PATH=$libraries:$libraries/julia:$libraries/openblas-pthread
        unset STREAMCACHE_LIBRARY JULIA_PROJECT JULIA_LOAD_PATH
        cd "$home" || exit
        # shellcheck source=/dev/null
        . "$work/julia-blocks/04.sh"
        cp "$work/julia-blocks/01.julia" hello.jl
        # shellcheck source=/dev/null
        . "$work/julia-blocks/05.sh" >"$work/julia-readme.out"
    )
    diff -u "$work/julia-blocks/02.text" "$work/julia-readme.out"
    tell "$(wc -l <"$work/julia-blocks/01.julia") lines"
}

# The bench program runs, and says what script/bench reads.
julia_hit() {
    has_julia
    installed
    in_julia "$julia_package/bench/hit.jl" 15 | tee "$work/julia-hit.out"
    grep -qE '^julia get_into [0-9]+\.[0-9]$' "$work/julia-hit.out"
    grep -qE '^julia lease [0-9]+\.[0-9]$' "$work/julia-hit.out"
    tell "$(paste -sd ';' "$work/julia-hit.out" | sed 's/;/; /g') ns"
}
