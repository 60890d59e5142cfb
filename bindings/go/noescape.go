//go:build go1.24

package streamcache

// From Go 1.24 on the compiler can be told what the functions of a hit do not do: call back, or keep what they are
// given. So a caller's buffer may stay on its stack.

// #cgo noescape scgo_filter_get_into
// #cgo nocallback scgo_filter_get_into
// #cgo noescape scgo_cache_get_into
// #cgo nocallback scgo_cache_get_into
// #cgo noescape scgo_digest_chunk
// #cgo nocallback scgo_digest_chunk
// #cgo noescape scgo_filter_begin_bytes
// #cgo nocallback scgo_filter_begin_bytes
// #include "shim_digest.h"
import "C"
