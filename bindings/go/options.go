package streamcache

// #include "shim.h"
import "C"

import (
	"math"
	"time"
	"unsafe"
)

// Limits that are said explicitly, where 0 is the default.
const (
	// Unlimited is no limit.
	Unlimited uint64 = C.STREAMCACHE_UNLIMITED
	// Nothing stores nothing, on purpose.
	Nothing uint64 = math.MaxUint64 - 1
)

// Policy is how a cache chooses what to evict.
type Policy int32

// The policies.
const (
	// PolicyAdaptive weighs how often keys are seen and what they cost, and follows the traffic. The default.
	PolicyAdaptive Policy = C.STREAMCACHE_POLICY_ADAPTIVE
	// PolicyS3FIFO resists scans, and its put is the fastest.
	PolicyS3FIFO Policy = C.STREAMCACHE_POLICY_S3FIFO
	// PolicyLRU is least recently used, exact within a shard.
	PolicyLRU Policy = C.STREAMCACHE_POLICY_LRU
)

// Options are what a cache is opened with. A field at its zero value keeps its default. Durations are rounded up to
// milliseconds; strings are UTF-8.
type Options struct {
	// Name is what people call the cache, in logs and stats.
	Name string
	// MaxBytes is the hard limit on results, leased values, states and index together, 4096 or more; Unlimited;
	// Nothing. Default: 256 MiB.
	MaxBytes uint64
	// MaxChunks is the hard limit on stored results; Nothing. Default: Unlimited.
	MaxChunks uint64
	// Policy is what is evicted first. Default: PolicyAdaptive.
	Policy Policy
	// TTL is the longest time to live of a result. Default: no limit.
	TTL time.Duration
	// TicketMaxAge is the age at which a waiting caller takes over what a ticket's owner does not finish. Default:
	// never.
	TicketMaxAge time.Duration
	// HashThreads share the digesting of chunks of 1 MiB or more, 1 to 64. Default: 1, which starts none.
	HashThreads int
	// Namespace is part of every filter's key: caches of other namespaces share no result.
	Namespace string
	// Secret is part of every filter's key, 16 bytes or more: without it nobody can predict or plant one. nil is none; an
	// empty one that is not nil, as of a variable that was not set, is refused.
	Secret []byte
	// DiskDirectory is where results outlive the process; other processes of this host and user may share it.
	DiskDirectory string
	// DiskMaxBytes is the hard limit on what is there, 4 MiB or more. Default: the store's own, 1 GiB for a new one.
	DiskMaxBytes uint64
	// DiskAllowNetwork allows a directory on a network file system, where only one host may use it.
	DiskAllowNetwork bool
	// RemoteURLs are Redis or Valkey servers that a fleet shares, several for the nodes of a cluster.
	RemoteURLs []string
	// RemotePrefix is what the name of every entry there begins with. Default: "streamcache:".
	RemotePrefix string
	// RemoteTTL is how long the server keeps a result. Default: 7 days.
	RemoteTTL time.Duration
	// RemoteMaxValueBytes: larger results stay local. Default: 1 MiB.
	RemoteMaxValueBytes uint64
	// RemoteTimeout is how long a lookup waits for the server, 1 ms to 60 s. Default: 50 ms.
	RemoteTimeout time.Duration
	// RemoteCAFile has the certificates, in PEM, of those who may vouch for a server. Default: the system's.
	RemoteCAFile string
	// WriteBehindMaxBytes is most that waits to be written, for each store. Default: 64 MiB.
	WriteBehindMaxBytes uint64
}

// limit is a number as C has it.
func limit(n uint64) C.uint64_t {
	if n == Nothing {
		return 0
	}
	return C.uint64_t(n)
}

// milliseconds are a duration's, rounded up, so that a short one is not "no limit".
func milliseconds(d time.Duration) (uint64, error) {
	if d < 0 {
		return 0, ErrInvalidArgument
	}
	ms := uint64(d / time.Millisecond)
	if d%time.Millisecond != 0 { // and not by adding to d first: the longest one would overflow
		ms++
	}
	return ms, nil
}

// patience is how long C is to wait. What has no room in 32 bits becomes the longest that is a time there, 49.7 days:
// one more is STREAMCACHE_TIMEOUT_DEFAULT, a minute.
func patience(d time.Duration) (C.uint32_t, error) {
	const longest = C.STREAMCACHE_TIMEOUT_DEFAULT - 1
	ms, err := milliseconds(d)
	if ms > longest {
		ms = longest
	}
	return C.uint32_t(ms), err
}

// setting writes options, and stops at the first that is refused.
type setting struct {
	options *C.streamcache_options
	err     error
}

func (s *setting) did(name string, status C.streamcache_status) {
	if s.err == nil && status != C.STREAMCACHE_OK {
		s.err = &Error{Status(status), "the option " + name + " can't be that: " + Status(status).Error()[len(statusText):]}
	}
}

type textSetter = func(*C.streamcache_options, *C.char, C.size_t) C.streamcache_status

func (s *setting) text(name, text string, set textSetter) {
	if text != "" {
		bytes := []byte(text)
		s.did(name, set(s.options, (*C.char)(unsafe.Pointer(&bytes[0])), C.size_t(len(bytes))))
	}
}

func (s *setting) number(name string, n uint64, set func(*C.streamcache_options, C.uint64_t) C.streamcache_status) {
	if n != 0 {
		s.did(name, set(s.options, limit(n)))
	}
}

func (s *setting) time(name string, d time.Duration, set func(*C.streamcache_options, C.uint64_t) C.streamcache_status) {
	ms, err := milliseconds(d)
	if err != nil {
		s.did(name, C.STREAMCACHE_INVALID_ARGUMENT)
		return
	}
	s.number(name, ms, set)
}

// narrow is a number for a setter of 32 bits: one that does not fit becomes the highest, which is refused.
func narrow(n uint64) C.uint32_t {
	if n > math.MaxUint32 {
		n = math.MaxUint32
	}
	return C.uint32_t(n)
}

// c makes the library's own options, to be freed.
func (o *Options) c() (*C.streamcache_options, error) {
	var s setting
	if err := failure(C.streamcache_options_new(&s.options)); err != nil || o == nil {
		return s.options, err
	}
	o.basic(&s)
	o.tiers(&s)
	if s.err != nil {
		C.streamcache_options_free(s.options)
		return nil, s.err
	}
	return s.options, nil
}
