# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# What the README says in Go, Julia and Python is run as it stands.

steps_languages() {
    step readme-go readme_go
    step readme-julia readme_julia
    step readme-python readme_python
}

# its_block LANGUAGE: the README's one block in a language.
its_block() {
    blocks README.md "$work/readme-$1"
    local found=("$work/readme-$1"/*."$1")
    [[ ${#found[@]} == 1 && -s ${found[0]} ]] || { echo "README.md has ${#found[@]} blocks in $1"; return 1; }
    block=${found[0]}
}

readme_go() {
    local block home=$work/readme-go-home
    its_block go
    rm -rf "$home"
    mkdir -p "$home"
    cp "$block" "$home/main.go"
    with_oldest
    cd "$home"
    "$go" mod init hello
    "$go" mod edit -require=streamcache/bindings/go@v0.1.0 -replace="streamcache/bindings/go=$root/bindings/go"
    "$go" run . | tee "$home/printed"
    diff -u - "$home/printed" <<'END'
ab: computed from ab
cd: computed from cd
ab: computed from ab
1 hit
END
}

readme_julia() {
    local block
    its_block julia
    has_julia
    installed
    in_julia "$block" | tee "$work/readme-julia.out"
    diff -u - "$work/readme-julia.out" <<'END'
ab: Float32[2.0, 97.0]
cd: Float32[2.0, 99.0]
ab: Float32[2.0, 97.0]
END
}

readme_python() {
    local block
    its_block python
    installed
    has_cffi
    PYTHONPATH=$root/bindings/python STREAMCACHE_LIBRARY=$(library) "$python" -B "$block" | tee "$work/readme-python.out"
    diff -u - "$work/readme-python.out" <<'END'
1 [2. 2. 2.]
2 [4. 4. 4.]
1 [2. 2. 2.]
1 hit
END
}
