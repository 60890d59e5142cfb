package streamcache

// #include "shim_digest.h"
import "C"

import (
	"encoding/hex"
	"unsafe"
)

// Digest is a BLAKE3-256 digest: of content, or naming a computation (then it is called a key). Plain bytes: compare it
// with ==, use it as a map's key, store it where you like.
type Digest [32]byte

// String writes it as 64 lower-case hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// ParseDigest reads a digest from exactly 64 hexadecimal digits of either case.
func ParseDigest(text string) (Digest, error) {
	var digest Digest
	if hex.DecodedLen(len(text)) != len(digest) || len(text)%2 != 0 {
		return digest, ErrInvalidArgument
	}
	if _, err := hex.Decode(digest[:], []byte(text)); err != nil {
		return Digest{}, ErrInvalidArgument
	}
	return digest, nil
}

// c is the digest as C takes it, by value: its address would make it escape to the heap.
func (d *Digest) c() C.streamcache_digest { return *(*C.streamcache_digest)(unsafe.Pointer(d)) }

func digestOf(d C.streamcache_digest) Digest { return *(*Digest)(unsafe.Pointer(&d)) }

// bytePointer is where bytes are, nil for none. A pointer to bytes is not checked by cgo for pointers in them.
func bytePointer(b []byte) *C.uint8_t {
	if len(b) == 0 {
		return nil
	}
	return (*C.uint8_t)(unsafe.Pointer(&b[0]))
}

// made is a digest, or why there is none.
func made(d C.scgo_digested) (Digest, error) {
	if d.status != C.STREAMCACHE_OK {
		return Digest{}, explained(d.status, d.error)
	}
	return digestOf(d.digest), nil
}

// loaded is for functions that have no error to answer: a library of another version might read their arguments otherwise,
// and what it gave would be somebody's key.
func loaded() {
	if mismatch != nil {
		panic(mismatch)
	}
}

// sure is for digests that can't fail: every length a slice can have is fine.
func sure(d C.scgo_digested) Digest {
	digest, err := made(d)
	if err != nil {
		panic(err)
	}
	return digest
}

// DigestChunk digests a chunk: one unit of input, by its bytes.
func DigestChunk(data []byte) Digest {
	loaded()
	return sure(C.scgo_digest_chunk(bytePointer(data), C.size_t(len(data))))
}

// DigestChunks digests many chunks, each as DigestChunk does; small ones of about one length side by side.
func DigestChunks(chunks [][]byte) []Digest {
	loaded()
	digests := make([]Digest, len(chunks))
	var packed []byte
	var lengths []C.size_t
	first := 0
	flush := func(next int) {
		if len(lengths) > 0 {
			err := failure(C.scgo_digest_chunks(bytePointer(packed), &lengths[0], C.size_t(len(lengths)),
				(*C.streamcache_digest)(unsafe.Pointer(&digests[first]))))
			if err != nil {
				panic(err) // no memory: as Go's own allocations
			}
		}
		packed, lengths, first = packed[:0], lengths[:0], next
	}
	for i, chunk := range chunks {
		if len(chunk) > sideBySide {
			digests[i] = DigestChunk(chunk)
			flush(i + 1)
			continue
		}
		// C must not see a list of pointers into Go's memory, so they are copied together.
		packed = append(packed, chunk...)
		lengths = append(lengths, C.size_t(len(chunk)))
		if len(packed) >= 64*sideBySide {
			flush(i + 1)
		}
	}
	flush(len(chunks))
	return digests
}

// sideBySide is the longest chunk that the library digests together with others.
const sideBySide = 1024

// DigestChunkFile digests a chunk by a file's bytes, read in pieces; ErrIO where it can't be read.
func DigestChunkFile(path string) (Digest, error) {
	if mismatch != nil {
		return Digest{}, mismatch
	}
	return made(C.scgo_digest_chunk_file(bytePointer([]byte(path)), C.size_t(len(path))))
}

// DigestInputs digests a list of digests as one chunk: a model's inputs, in an order that never changes.
func DigestInputs(digests ...Digest) Digest {
	loaded()
	var first *C.streamcache_digest
	if len(digests) > 0 {
		first = (*C.streamcache_digest)(unsafe.Pointer(&digests[0]))
	}
	return sure(C.scgo_digest_inputs(first, C.size_t(len(digests))))
}

// DigestConfigJSON digests a filter's configuration in JSON by its RFC 8785 form: key order and white space don't
// matter. What changes an answer belongs in it: model and version, engine and its version, precision, device, shapes.
// ErrInvalidArgument for invalid JSON, a key twice in one object, or an integer beyond ±(2^53 − 1).
func DigestConfigJSON(json string) (Digest, error) {
	if mismatch != nil {
		return Digest{}, mismatch
	}
	return made(C.scgo_digest_config_json(bytePointer([]byte(json)), C.size_t(len(json))))
}

// DigestConfigBytes digests a filter's configuration in any other form; never equal to one in JSON.
func DigestConfigBytes(data []byte) Digest {
	loaded()
	return sure(C.scgo_digest_config_bytes(bytePointer(data), C.size_t(len(data))))
}

// DigestState digests a trained state by its bytes, as Filter.LoadState does itself.
func DigestState(data []byte) Digest {
	loaded()
	return sure(C.scgo_digest_state(bytePointer(data), C.size_t(len(data))))
}

// DigestStateFile digests a trained state by a file's bytes, read in pieces; ErrIO where it can't be read.
func DigestStateFile(path string) (Digest, error) {
	if mismatch != nil {
		return Digest{}, mismatch
	}
	return made(C.scgo_digest_state_file(bytePointer([]byte(path)), C.size_t(len(path))))
}

// Role is what bytes stand for.
type Role int32

// The roles.
const (
	RoleChunk  Role = C.STREAMCACHE_ROLE_CHUNK
	RoleConfig Role = C.STREAMCACHE_ROLE_CONFIG
	RoleState  Role = C.STREAMCACHE_ROLE_STATE
)

// DigestRaw takes the caller's own digest (a SHA-256 of the model file, say) in place of content. ErrInvalidArgument
// for an unknown role or an empty one.
func DigestRaw(role Role, digest []byte) (Digest, error) {
	if mismatch != nil {
		return Digest{}, mismatch
	}
	return made(C.scgo_digest_raw(C.streamcache_role(role), bytePointer(digest), C.size_t(len(digest))))
}

// KeyState is the key of a trained state by its provenance: which configuration was trained on which data.
func KeyState(config, trainingData Digest) Digest {
	loaded()
	return sure(C.scgo_key_state(config.c(), trainingData.c()))
}

// KeyChunk is the key of a chunk's result, the one a filter of this configuration and state uses in a cache without
// namespace and secret.
func KeyChunk(config, state, chunk Digest) Digest {
	loaded()
	return sure(C.scgo_key_chunk(config.c(), state.c(), chunk.c()))
}
