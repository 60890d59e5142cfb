package streamcache

// #include "shim.h"
//
// // A slice's bytes are uint8_t here, and the function wants a void pointer: cgo would look for pointers in them.
// static inline streamcache_status scgo_set_secret(streamcache_options *options, const uint8_t *secret, size_t len) {
//   return streamcache_options_set_secret(options, secret, len);
// }
import "C"

// Names that are short enough for a function on one line: cgo has no function values.
type (
	opts   = *C.streamcache_options
	answer = C.streamcache_status
)

// basic sets what every cache has.
func (o *Options) basic(s *setting) {
	s.text("Name", o.Name, func(p opts, c *C.char, n C.size_t) answer { return C.streamcache_options_set_name(p, c, n) })
	s.text("Namespace", o.Namespace, func(p opts, c *C.char, n C.size_t) answer {
		return C.streamcache_options_set_namespace(p, c, n)
	})
	s.number("MaxBytes", o.MaxBytes, func(p opts, n C.uint64_t) answer { return C.streamcache_options_set_max_bytes(p, n) })
	s.number("MaxChunks", o.MaxChunks, func(p opts, n C.uint64_t) answer { return C.streamcache_options_set_max_chunks(p, n) })
	s.time("TTL", o.TTL, func(p opts, n C.uint64_t) answer { return C.streamcache_options_set_ttl_ms(p, n) })
	s.time("TicketMaxAge", o.TicketMaxAge, func(p opts, n C.uint64_t) answer {
		return C.streamcache_options_set_ticket_max_age_ms(p, n)
	})
	if o.Policy != 0 {
		s.did("Policy", C.streamcache_options_set_policy(s.options, C.streamcache_policy(o.Policy)))
	}
	if o.HashThreads != 0 {
		s.did("HashThreads", C.streamcache_options_set_hash_threads(s.options, narrow(uint64(o.HashThreads))))
	}
	if o.Secret != nil {
		s.did("Secret", C.scgo_set_secret(s.options, bytePointer(o.Secret), C.size_t(len(o.Secret))))
	}
}

// tiers sets what is behind memory.
func (o *Options) tiers(s *setting) {
	s.text("DiskDirectory", o.DiskDirectory, func(p opts, c *C.char, n C.size_t) answer {
		return C.streamcache_options_set_disk_directory(p, c, n)
	})
	s.number("DiskMaxBytes", o.DiskMaxBytes, func(p opts, n C.uint64_t) answer {
		return C.streamcache_options_set_disk_max_bytes(p, n)
	})
	if o.DiskAllowNetwork {
		s.did("DiskAllowNetwork", C.streamcache_options_set_disk_allow_network(s.options, 1))
	}
	for _, url := range o.RemoteURLs {
		s.text("RemoteURLs", url, func(p opts, c *C.char, n C.size_t) answer {
			return C.streamcache_options_add_remote_url(p, c, n)
		})
	}
	s.text("RemotePrefix", o.RemotePrefix, func(p opts, c *C.char, n C.size_t) answer {
		return C.streamcache_options_set_remote_prefix(p, c, n)
	})
	s.time("RemoteTTL", o.RemoteTTL, func(p opts, n C.uint64_t) answer { return C.streamcache_options_set_remote_ttl_ms(p, n) })
	s.number("RemoteMaxValueBytes", o.RemoteMaxValueBytes, func(p opts, n C.uint64_t) answer {
		return C.streamcache_options_set_remote_max_value_bytes(p, n)
	})
	s.time("RemoteTimeout", o.RemoteTimeout, func(p opts, n C.uint64_t) answer {
		return C.streamcache_options_set_remote_timeout_ms(p, narrow(uint64(n)))
	})
	s.text("RemoteCAFile", o.RemoteCAFile, func(p opts, c *C.char, n C.size_t) answer {
		return C.streamcache_options_set_remote_ca_file(p, c, n)
	})
	s.number("WriteBehindMaxBytes", o.WriteBehindMaxBytes, func(p opts, n C.uint64_t) answer {
		return C.streamcache_options_set_write_behind_max_bytes(p, n)
	})
}
