# shellcheck shell=bash disable=SC2154  # what these files use of script/test, of lib.sh and of each other
# The ABI against that of the last release, and that script/abi would notice whatever breaks it.

steps_abi() {
    step abi abi_of_the_library
    step abi-record abi_record
    step abi-guard abi_guard
    step abi-old-clients abi_old_clients
}

# The record is of one architecture.
abi_tools() {
    have abidw || skip "abigail-tools are not here, and could not be installed"
    [[ $(uname -m) == x86_64 ]] || skip "abi/ records the ABI of x86_64, and this is $(uname -m)"
}

abi_of_the_library() {
    abi_tools
    once judge_the_library
    tell "$(cat "$work/abi.out")"
}

judge_the_library() {
    script/abi | tee "$work/abi.out"
    cp "$target/abi/streamcache.abi" "$work/library.abi"
}

# If the record were another one, the library would be judged by it: the same guard, seen from the other side, on what
# rustc says of the real library.
abi_record() {
    local tried=0
    abi_tools
    once judge_the_library
    recorded breaks '/<function-decl name="streamcache_cache_purge"/,/<\/function/s/"u32"/"u64"/' streamcache_cache_purge
    recorded breaks '/<function-decl name="streamcache_cache_purge"/,/<\/function/s/"u32"/"i32"/' streamcache_cache_purge
    recorded breaks '/<function-decl name="streamcache_cache_purge"/,/<\/function/s/"struct streamcache_cache\*"/"struct streamcache_filter*"/' streamcache_cache_purge
    recorded breaks '/<function-decl name="streamcache_value_size"/,/<\/function/s/"usize"/"u32"/' streamcache_value_size
    recorded breaks '/<class-decl/s/fn(\*mut core::ffi::c_void, i32,/fn(*mut core::ffi::c_void, i64,/' streamcache_log_set
    recorded breaks '/<class-decl name="streamcache_cache_stats"/,/<\/class/{s/"hits"/"misses"/;t;s/"misses"/"hits"/}' streamcache_cache_get_stats
    recorded breaks '/<class-decl name="streamcache_digest"/s/"256"/"320"/' streamcache_digest
    recorded breaks 's/streamcache_version_number/streamcache_version_letter/' streamcache_version_letter
    recorded passes '/<elf-symbol name="streamcache_version_number"/d;/<function-decl name="streamcache_version_number"/,/<\/function/d'
    tell "$tried other records"
}

# recorded passes|breaks SED [TEXT]
recorded() {
    local room=$work/abi-record
    tried=$((tried + 1))
    rm -rf "$room"
    cp -R abi "$room"
    sed -i "$2" "$room/streamcache.abi"
    must_fail cmp -s abi/streamcache.abi "$room/streamcache.abi"
    "verdict_$1" "${3:-}" --record "$room" --library "$work/library.abi"
}

# verdict_passes '' ARGUMENT..., verdict_breaks TEXT ARGUMENT...: what script/abi has to say; TEXT is in its report.
verdict_passes() {
    shift
    script/abi "$@"
}

verdict_breaks() {
    local text=$1
    shift
    must_fail script/abi "$@" >"$work/abi-report.txt" 2>&1
    grep -qF 'could break' "$work/abi-report.txt" || { cat "$work/abi-report.txt"; return 1; }
    grep -m 1 -F -e "$text" "$work/abi-report.txt" || { cat "$work/abi-report.txt"; return 1; }
}

# stub NAME [SED]: a library made of the header's prototypes, or of a changed header's, with all debug information.
stub() {
    local room=$work/abi/$1
    mkdir -p "$room"
    sed "${2:-}" include/streamcache.h >"$room/streamcache.h"
    [[ -z ${2:-} ]] || must_fail cmp -s include/streamcache.h "$room/streamcache.h"
    cc -E -P -x c "$room/streamcache.h" |
        sed '/^typedef.*;$/b; /^typedef/,/;$/b; /streamcache_version_string/,$ { /(\*/! s/);$/) { __builtin_trap(); }/ }' >"$room/stub.c"
    cc -std=c11 "${debug:--g}" -shared -fPIC -Wl,-soname,"${soname:-libstreamcache.so.$(abi_version)}" "$room/stub.c" -o "$room/stub.so"
}

# changed passes|breaks SED [TEXT]: a library whose header was changed so, against one of the header as it is.
changed() {
    tried=$((tried + 1))
    echo "--- $2"
    stub "$tried" "$2"
    "verdict_$1" "${3:-}" --record "$work/abi/record" --library "$work/abi/$tried/stub.so" --header "$work/abi/$tried/streamcache.h"
}

abi_guard() {
    local tried=0
    abi_tools
    rm -rf "$work/abi"
    stub same
    script/abi --update --record "$work/abi/record" --library "$work/abi/same/stub.so"
    script/abi --record "$work/abi/record" --library "$work/abi/same/stub.so"

    # What may be added.
    changed passes 's/^uint32_t streamcache_version_number(void);/&\nuint32_t streamcache_version_letter(void);/'
    changed passes 's/^#define STREAMCACHE_CANCELLED 11/&\n#define STREAMCACHE_NEWER 12/'
    changed passes 's/^} streamcache_cache_stats;/  uint64_t newer;\n&/'
    changed passes 's/^} streamcache_tensor_view;/  uint32_t newer;\n  uint32_t newest;\n&/'

    # Functions.
    changed breaks 's/^uint32_t streamcache_version_number(void);//' streamcache_version_number
    changed breaks '/^streamcache_status streamcache_cache_purge(/,/;/s/uint32_t scope/uint64_t scope/' streamcache_cache_purge
    changed breaks '/^streamcache_status streamcache_cache_purge(/,/;/s/uint32_t scope/int32_t scope/' streamcache_cache_purge
    changed breaks '/^streamcache_status streamcache_cache_flush(/,/;/s/streamcache_cache \*/streamcache_filter */' streamcache_cache_flush
    changed breaks '/^streamcache_status streamcache_cache_flush(/,/;/s/);/, int32_t more);/' streamcache_cache_flush
    changed breaks 's/^streamcache_tier streamcache_value_get_tier/int64_t streamcache_value_get_tier/' streamcache_value_get_tier
    changed breaks 's/^typedef int32_t streamcache_phase;/typedef int64_t streamcache_phase;/' streamcache_ticket_get_phase
    changed breaks '/^typedef void (\*streamcache_log_callback)/,/;/s/const char \*target/int64_t target/' streamcache_log_set

    # Structs.
    changed breaks '/^typedef struct streamcache_cache_stats/,/^}/{s/ hits;/ other;/;s/ misses;/ hits;/;s/ other;/ misses;/}' streamcache_cache_stats
    changed breaks '/^typedef struct streamcache_cache_stats/,/^}/s/^  uint64_t hits;/  uint64_t newer;\n&/' streamcache_cache_stats
    changed breaks '/^typedef struct streamcache_cache_stats/,/^}/{s/uint64_t hits;/int64_t hits;/;s/^}/  uint64_t newer;\n&/}' streamcache_cache_stats
    changed breaks '/^typedef struct streamcache_cache_stats/,/^}/s/^  uint64_t time_saved_ns;//' streamcache_cache_stats
    changed breaks '/^typedef struct streamcache_external/,/^}/s/void (\*destroy)(void \*user_data)/void (*destroy)(int32_t user_data)/' streamcache_external
    changed breaks '/^typedef struct streamcache_buffer/,/^}/s/^}/  uint64_t newer;\n&/' streamcache_buffer
    changed breaks '/^typedef struct streamcache_digest/,/^}/s/32/40/' streamcache_digest

    # Constants.
    changed breaks 's/^#define STREAMCACHE_MISS 1/#define STREAMCACHE_MISS 12/' 'STREAMCACHE_MISS 1'
    changed breaks '/^#define STREAMCACHE_NO_REMOTE 64/d' STREAMCACHE_NO_REMOTE

    # The version may say that it is another ABI.
    soname=libstreamcache.so.99 changed passes '/^streamcache_status streamcache_cache_purge(/,/;/s/uint32_t scope/uint64_t scope/'

    # A library without its debug information is not one without a change.
    debug=-g0 stub bare
    must_fail script/abi --record "$work/abi/record" --library "$work/abi/bare/stub.so" >"$work/abi-report.txt" 2>&1
    grep -F 'no debug information' "$work/abi-report.txt"
    tell "$tried changes"
}

# Programs compiled against the last release's header run with this library: the examples of that header, and tests. (One
# that calls what that header has not cannot be among them.)
abi_old_clients() {
    local block test clients=(basic values tickets batch streams transfer) examples=0 room=$work/old
    grep -q "soname=\"libstreamcache.so.$(abi_version)\"" abi/streamcache.abi || {
        tell "another ABI than the last release's"
        return 0
    }
    installed
    rm -rf "$room"
    mkdir -p "$room"
    # basic asks whether header and library are of the same version, so the old header gets today's.
    sed -n 's|^\(#define STREAMCACHE_VERSION_[A-Z]* \)\([0-9"].*\)|s/^\1.*/\1\2/|p' include/streamcache.h >"$room/version.sed"
    sed -f "$room/version.sed" abi/streamcache.h >"$room/streamcache.h"
    sed '/\*\//q' abi/streamcache.h >"$room/top"
    blocks "$room/top" "$room/blocks"
    for block in "$room"/blocks/*.c; do
        cc -std=c99 "${strict[@]}" -I"$room" "$block" -o "$block.program" "${with_library[@]}"
        (cd "$room" && timeout 60 "$block.program")
        examples=$((examples + 1))
    done
    ((examples >= 3))
    for test in "${clients[@]}"; do
        cc -std=c11 -D_POSIX_C_SOURCE=200809L "${c_flags[@]}" -I"$room" "tests/c/$test.c" -o "$room/$test" "${with_library[@]}"
        # shellcheck disable=SC2046  # a list of arguments
        timeout 60 "$room/$test" $(c_arguments "$test")
    done
    tell "$examples examples, ${clients[*]}"
}
