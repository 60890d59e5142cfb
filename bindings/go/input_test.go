package streamcache_test

import (
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sc "streamcache/bindings/go"
)

func TestEmptyData(t *testing.T) {
	_, filter := opened(t, nil)
	must(t, filter.LoadState(nil))
	value, err := sc.GetOrComputeBytes(background, filter, nil, returns(""))
	must(t, err)
	if value.Len() != 0 || value.Bytes() != nil || !value.Stored() {
		t.Fatal(value.Len(), value.Bytes())
	}
	must(t, value.View(func(data []byte) error {
		if len(data) != 0 {
			t.Error(data)
		}
		return nil
	}))
	value.Close()
	n, _, err := filter.GetInto(sc.DigestChunk([]byte{}), nil)
	if n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if sc.DigestChunk(nil) != sc.DigestChunk([]byte{}) || sc.DigestInputs() == sc.DigestInputs(sc.Digest{}) {
		t.Fatal("the empty digests")
	}
	if len(sc.DigestChunks(nil)) != 0 {
		t.Fatal("digests of nothing")
	}
	values, err := sc.GetOrComputeBatch(background, filter, nil, nil)
	if len(values) != 0 || err != nil {
		t.Fatal(values, err)
	}
}

// Chunks of all lengths around the limit for those that are digested side by side.
func TestDigestChunks(t *testing.T) {
	var chunks [][]byte
	for i := 0; i < 300; i++ {
		chunks = append(chunks, []byte(strings.Repeat("x", i*7%1100)))
	}
	for i, digest := range sc.DigestChunks(chunks) {
		if digest != sc.DigestChunk(chunks[i]) {
			t.Fatal(i, len(chunks[i]))
		}
	}
}

func TestHugeData(t *testing.T) {
	cache, filter := opened(t, &sc.Options{MaxBytes: 1 << 20, HashThreads: 2})
	huge := make([]byte, 8<<20)
	wants(t, filter.LoadState(huge), sc.ErrNoSpace)
	_, err := filter.OpenStream(huge)
	wants(t, err, sc.ErrNoSpace)
	value, err := sc.GetOrComputeBytes(background, filter, huge, func() ([]byte, error) { return huge, nil })
	must(t, err)
	if value.Stored() || value.Len() != len(huge) {
		t.Fatal("it was stored")
	}
	if stats := statsOf(t, cache); stats.DetachedBytes < uint64(len(huge)) {
		t.Fatalf("%+v", stats)
	}
	value.Close()
	stored, err := filter.Put(chunkOf("chunk"), sc.Digest{}, huge, nil)
	if stored || err != nil {
		t.Fatal(stored, err)
	}
	_, err = sc.GetOrFill(background, filter, chunkOf("chunk"), func(ticket *sc.Ticket) (*sc.Value, error) {
		for _, n := range []int{2 << 20, math.MaxInt64} {
			if _, err := ticket.Buffer(n); !errors.Is(err, sc.ErrNoSpace) && !errors.Is(err, sc.ErrNoMemory) {
				t.Error(n, err)
			}
		}
		_, err := ticket.Buffer(-1)
		wants(t, err, sc.ErrInvalidArgument)
		_, err = ticket.Commit(-1, nil)
		wants(t, err, sc.ErrInvalidArgument)
		_, err = ticket.Commit(1, nil) // there is no buffer
		wants(t, err, sc.ErrInvalidArgument)
		return nil, errors.New("given up")
	})
	if err == nil || err.Error() != "given up" {
		t.Fatal(err)
	}
	_, err = sc.DigestRaw(sc.RoleChunk, nil)
	wants(t, err, sc.ErrInvalidArgument)
	_, err = filter.BeginBatch(make([]sc.Digest, 1<<20+1))
	wants(t, err, sc.ErrInvalidArgument)
}

// A NUL in the middle is a character like another; what is not UTF-8 is refused.
func TestStrings(t *testing.T) {
	cache, err := sc.Open(&sc.Options{Name: "na\x00me", Namespace: "a\x00b"})
	must(t, err)
	defer cache.Close()
	other, err := sc.Open(&sc.Options{Namespace: "a"})
	must(t, err)
	defer other.Close()
	one, err := filterOf(t, cache, "weights").Key(chunkOf("chunk"))
	must(t, err)
	two, err := filterOf(t, other, "weights").Key(chunkOf("chunk"))
	must(t, err)
	if one == two {
		t.Fatal("a NUL ends the namespace")
	}
	filter, err := cache.OpenFilter("i\x00d", sc.DigestConfigBytes(nil))
	must(t, err)
	must(t, filter.Close())
	filter, err = cache.OpenFilter("", sc.DigestConfigBytes(nil))
	must(t, err)
	must(t, filter.Close())
	_, err = cache.OpenFilter("\xff", sc.DigestConfigBytes(nil))
	wants(t, err, sc.ErrInvalidArgument)
	_, err = sc.DigestChunkFile("no\x00such")
	wants(t, err, sc.ErrIO)
	_, err = sc.DigestStateFile("")
	wants(t, err, sc.ErrIO)
	_, err = sc.DigestConfigJSON("{\"a\": \"\x00\"}")
	wants(t, err, sc.ErrInvalidArgument)
	_, err = sc.DigestConfigJSON("")
	wants(t, err, sc.ErrInvalidArgument)
	wants(t, cache.Export(background, filepath.Join(t.TempDir(), "no such folder", "file")), sc.ErrIO)
	_, err = cache.Import(background, "")
	wants(t, err, sc.ErrIO)
}

func TestOptions(t *testing.T) {
	refused := map[string]sc.Options{
		"MaxBytes":      {MaxBytes: 1},
		"Policy":        {Policy: 99},
		"HashThreads":   {HashThreads: 65},
		"HashThreads -": {HashThreads: -1},
		"Secret":        {Secret: []byte("too short")},
		"Secret, empty": {Secret: []byte("")},
		"Name":          {Name: "\xff"},
		"Namespace":     {Namespace: "\xff"},
		"TTL":           {TTL: -1},
		"RemoteTimeout": {RemoteTimeout: time.Hour, RemoteURLs: []string{"redis://localhost"}},
		"RemoteURLs":    {RemoteURLs: []string{"gopher://localhost"}},
		"DiskMaxBytes":  {DiskMaxBytes: 1, DiskDirectory: t.TempDir()},
	}
	for name, options := range refused {
		options := options
		if _, err := sc.Open(&options); !errors.Is(err, sc.ErrInvalidArgument) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := sc.Open(&sc.Options{Secret: []byte("too short")})
	var details *sc.Error
	if !errors.As(err, &details) || !strings.Contains(details.Message, "Secret") || strings.Count(err.Error(), "streamcache: ") != 1 {
		t.Error(err)
	}
	_, err = sc.OpenJSON(`{"max_byts": 1}`)
	if !errors.Is(err, sc.ErrInvalidArgument) || !strings.Contains(err.Error(), "max_bytes") {
		t.Error(err)
	}
	_, err = sc.OpenJSON("")
	wants(t, err, sc.ErrInvalidArgument)
	cache, err := sc.OpenJSON(`{"max_bytes": 1048576, "policy": "lru"}`)
	must(t, err)
	defer cache.Close()
	must(t, cache.SetMaxChunks(7))
	wants(t, cache.SetMaxBytes(1), sc.ErrInvalidArgument)
	if stats := statsOf(t, cache); stats.MaxBytes != 1<<20 || stats.MaxChunks != 7 {
		t.Errorf("%+v", stats)
	}
	short, err := sc.Open(&sc.Options{
		Name: "all of them", MaxBytes: sc.Unlimited, MaxChunks: 100, Policy: sc.PolicyS3FIFO, TTL: time.Microsecond,
		TicketMaxAge: time.Hour, HashThreads: 2, Namespace: "n", Secret: make([]byte, 16), DiskDirectory: t.TempDir(),
		DiskMaxBytes: 8 << 20, DiskAllowNetwork: true, RemotePrefix: "p:", RemoteTTL: time.Hour,
		RemoteMaxValueBytes: 1000, RemoteTimeout: 10 * time.Millisecond, RemoteCAFile: "file", WriteBehindMaxBytes: 1 << 20,
	})
	must(t, err)
	defer short.Close()
	_, err = short.Put(chunkOf("key"), []byte("result"), nil)
	must(t, err)
	time.Sleep(3 * time.Millisecond) // the microsecond is rounded up to a millisecond, not down to no limit
	_, err = short.Get(chunkOf("key"))
	wants(t, err, sc.ErrMiss)
}

// holder has a buffer beside a pointer of Go's: cgo must look at the buffer alone.
type holder struct {
	chunk  [64]byte
	buffer [64]byte
	link   *holder
}

func TestPointerRules(t *testing.T) {
	_, filter := opened(t, nil)
	h := &holder{link: &holder{}}
	value, err := sc.GetOrComputeBytes(background, filter, h.chunk[:], func() ([]byte, error) { return h.buffer[:], nil })
	must(t, err)
	value.Close()
	n, _, err := filter.GetInto(sc.DigestChunk(h.chunk[:]), h.buffer[:])
	if n != len(h.buffer) || err != nil {
		t.Fatal(n, err)
	}
	options := sc.PutOptions{Blob: h.buffer[:], Tensors: []sc.TensorView{{Type: sc.Uint8, Dims: []int64{8, 8}, Length: 64}}}
	_, err = filter.Put(chunkOf("another"), sc.Digest{}, h.buffer[:], &options)
	must(t, err)
	must(t, filter.LoadState(h.buffer[:]))
	hasher, err := sc.NewHasher(sc.RoleChunk)
	must(t, err)
	_, err = hasher.Write(h.chunk[:])
	must(t, err)
	if digest, err := hasher.Finish(); err != nil || digest != sc.DigestChunk(h.chunk[:]) {
		t.Fatal(digest, err)
	}
}

func TestParseDigest(t *testing.T) {
	digest := chunkOf("chunk")
	for _, text := range []string{digest.String(), strings.ToUpper(digest.String())} {
		if parsed, err := sc.ParseDigest(text); err != nil || parsed != digest {
			t.Error(parsed, err)
		}
	}
	for _, text := range []string{"", digest.String()[1:], digest.String() + "0", digest.String() + "00", "g" + digest.String()[1:]} {
		_, err := sc.ParseDigest(text)
		wants(t, err, sc.ErrInvalidArgument)
	}
}

// Objects that no function of the package made hold nothing, and say so.
func TestZeroValues(t *testing.T) {
	var cache sc.Cache
	var filter sc.Filter
	var value sc.Value
	_, err := cache.OpenFilter("id", sc.Digest{})
	wants(t, err, sc.ErrInvalidArgument)
	_, _, err = filter.GetInto(sc.Digest{}, nil)
	wants(t, err, sc.ErrInvalidArgument)
	_, err = sc.GetOrCompute(background, &filter, sc.Digest{}, never(t))
	wants(t, err, sc.ErrInvalidArgument)
	_, err = value.Content()
	wants(t, err, sc.ErrInvalidArgument)
	if value.Bytes() != nil {
		t.Error("bytes of nothing")
	}
	must(t, value.Close())
	must(t, filter.Close())
	wants(t, cache.Close(), sc.ErrInvalidArgument)
}
