# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# Keys: a second implementation (tests/vectors/keys.py) agrees with the pinned digests, the library agrees through its
# C ABI, and the programs in docs/keys.md run. The same for envelopes, which have no C ABI. The Rust core compares both in
# `cargo test`.

steps_keys() {
    step key-vectors key_vectors
    step key-vectors-are-read key_vectors_are_read
    step key-vectors-c-abi key_vectors_c_abi
    step key-docs key_docs
    step envelope-vectors envelope_vectors
    step envelope-vectors-are-read envelope_vectors_are_read
}

vectors=tests/vectors/keys.json
envelopes=tests/vectors/envelope.json

has_blake3() { "$python" -c 'import blake3, rfc8785' || skip "blake3 and rfc8785 could not be installed"; }

key_vectors() {
    has_blake3
    "$python" -B tests/vectors/keys.py "$vectors" | tee "$work/keys.out"
    tell "$(cat "$work/keys.out")"
}

# One digit changed, and both readers see it.
key_vectors_are_read() {
    local changed=$work/changed/keys.json digit other
    has_blake3
    installed
    mkdir -p "$work/changed"
    digit=$(sed -n 's/.*"key plain", .*"digest": "\(.\).*/\1/p' "$vectors")
    [[ $digit == 0 ]] && other=1 || other=0
    sed '/"case": "key plain"/s/"digest": "./"digest": "'"$other"'/' "$vectors" >"$changed"
    must_fail "$python" -B tests/vectors/keys.py "$changed"
    must_fail "$python" -B tests/vectors/c_abi.py "$changed" "$(library)"
}

key_vectors_c_abi() {
    has_blake3
    installed
    "$python" -B tests/vectors/c_abi.py "$vectors" "$(library)" | tee "$work/c_abi.out"
    tell "$(cat "$work/c_abi.out")"
}

# The C and the Python program in docs/keys.md print the same key, and the functions it names are there.
key_docs() {
    local block name printed=()
    has_blake3
    installed
    while read -r name; do
        grep -qF "$name" include/streamcache.h || { echo "docs/keys.md names $name, which is not there"; return 1; }
    done < <(grep -o 'streamcache_[a-z_]*' docs/keys.md)
    blocks docs/keys.md "$work/keys-blocks"
    for block in "$work"/keys-blocks/*; do
        case $block in
            *.c) printed+=("$(run_c_block "$block")") ;;
            *.py) printed+=("$("$python" -B "$block")") ;;
        esac
    done
    printf '%s\n' "${printed[@]}"
    [[ ${#printed[@]} == 2 && ${printed[0]} == "${printed[1]}" && ${#printed[0]} == 64 ]]
    tell "${printed[0]}"
}

envelope_vectors() {
    has_blake3
    "$python" -B tests/vectors/envelope.py "$envelopes" | tee "$work/envelope.out"
    tell "$(cat "$work/envelope.out")"
}

# One digit of an envelope changed, or one refusal, and the reader sees it.
envelope_vectors_are_read() {
    local changed=$work/changed/envelope.json
    has_blake3
    mkdir -p "$work/changed"
    sed '/"case": "plain"/s/"front": "89/"front": "88/' "$envelopes" >"$changed"
    must_fail "$python" -B tests/vectors/envelope.py "$changed"
    sed '/"case": "at its end"/s/"refusal": "expired"/"refusal": null/' "$envelopes" >"$changed"
    must_fail "$python" -B tests/vectors/envelope.py "$changed"
}
