/* Functions by the names that BLAKE3's fast paths have: whoever calls one of these has taken another's for its own.
 * Linked with rustc's own static library a digest ends here; with the installed one it must not. */
#include <stdio.h>
#include <stdlib.h>

#include "streamcache.h"

#define MINE(name)                                      \
    void name(void);                                    \
    void name(void) {                                   \
        fprintf(stderr, "called another's %s\n", #name); \
        abort();                                        \
    }
MINE(blake3_compress_in_place_avx512)
MINE(blake3_compress_in_place_sse41)
MINE(blake3_compress_in_place_sse2)
MINE(blake3_compress_in_place_portable)
MINE(blake3_compress_xof_avx512)
MINE(blake3_compress_xof_sse41)
MINE(blake3_compress_xof_sse2)
MINE(blake3_hash_many_avx512)
MINE(blake3_hash_many_avx2)
MINE(blake3_hash_many_sse41)
MINE(blake3_hash_many_sse2)
MINE(blake3_hash_many_neon)
MINE(blake3_xof_many_avx512)

int main(void) {
    static char data[100000];
    streamcache_digest digest;
    return streamcache_digest_chunk(data, sizeof data, &digest) != STREAMCACHE_OK;
}
