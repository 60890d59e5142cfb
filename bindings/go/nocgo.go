//go:build !cgo

package streamcache

// The package is its C library's: the compiler's message is the next line.
var _ = streamcache_needs_cgo__set_CGO_ENABLED_to_1_and_install_a_C_compiler
