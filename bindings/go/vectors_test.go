package streamcache_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	sc "streamcache/bindings/go"
)

// bytesOf reads {"pattern": 3} (byte i is i mod 251), {"text": "ab"} and {"hex": "6162"}.
type bytesOf []byte

func (b *bytesOf) UnmarshalJSON(text []byte) error {
	var spec struct {
		Pattern *int
		Text    *string
		Hex     *string
	}
	if err := json.Unmarshal(text, &spec); err != nil {
		return err
	}
	switch {
	case spec.Pattern != nil:
		*b = make([]byte, *spec.Pattern)
		for i := range *b {
			(*b)[i] = byte(i % 251)
		}
	case spec.Text != nil:
		*b = []byte(*spec.Text)
	case spec.Hex != nil:
		decoded, err := hex.DecodeString(*spec.Hex)
		*b = decoded
		return err
	default:
		return errors.New("no bytes: " + string(text))
	}
	return nil
}

type vector struct {
	Case, Formula, Role, Digest          string
	Refused                              bool
	Data, Name, Payload, Blob, Namespace bytesOf
	Config, State, Chunk, Filter         string
	Secret                               *string
	TrainingData                         string `json:"training_data"`
	StateIn                              string `json:"state_in"`
	Digests, Chunks, Tensors, Filters    []string
	Code                                 int32
	Bits                                 int64
	Lanes                                int64
	Dims                                 []int64
}

// vectors are the cases of tests/vectors/keys.json, by name.
type vectors struct {
	t     *testing.T
	cases map[string]*vector
}

// What never leaves the library.
var inside = map[string]bool{"constant": true, "namespace": true, "secret_digest": true, "filter_constant": true,
	"filter": true, "pipeline": true, "tag": true, "saved_state": true}

func TestKeyVectors(t *testing.T) {
	path := os.Getenv("STREAMCACHE_KEY_VECTORS")
	if path == "" {
		path = "../../tests/vectors/keys.json"
	}
	text, err := os.ReadFile(path)
	must(t, err)
	var file struct{ Cases []*vector }
	must(t, json.Unmarshal(text, &file))
	all := vectors{t, map[string]*vector{}}
	for _, v := range file.Cases {
		all.cases[v.Case] = v
	}
	digests, refusals := 0, 0
	for _, v := range file.Cases {
		if inside[v.Formula] {
			continue
		}
		made, err := all.made(v)
		switch {
		case v.Refused && errors.Is(err, sc.ErrInvalidArgument):
			refusals++
		case v.Refused || err != nil || made.String() != v.Digest:
			t.Errorf("%s: %v, %v", v.Case, made, err)
		default:
			digests++
		}
	}
	t.Logf("%d digests and %d refusals of %d vectors, the others never leave the library", digests, refusals, len(file.Cases))
	if digests < 200 || refusals < 30 {
		t.Errorf("only %d digests and %d refusals", digests, refusals)
	}
}

func (a vectors) known(name string) sc.Digest {
	a.t.Helper()
	digest, err := sc.ParseDigest(a.cases[name].Digest)
	must(a.t, err)
	return digest
}

func (a vectors) list(names []string) []sc.Digest {
	var digests []sc.Digest
	for _, name := range names {
		digests = append(digests, a.known(name))
	}
	return digests
}

func (a vectors) made(v *vector) (sc.Digest, error) {
	t := a.t
	switch v.Formula {
	case "chunk", "state", "config_bytes":
		return a.everyWay(v), nil
	case "config_json":
		return sc.DigestConfigJSON(string(v.Data))
	case "raw":
		return sc.DigestRaw(map[string]sc.Role{"chunk": sc.RoleChunk, "config": sc.RoleConfig, "state": sc.RoleState}[v.Role], v.Data)
	case "tensor":
		tensor := tensorOf(v)
		return tensor.Digest()
	case "inputs":
		return sc.DigestInputs(a.list(v.Digests)...), nil
	case "barrier":
		barrier, err := sc.NewBarrier()
		must(t, err)
		defer barrier.Close()
		must(t, barrier.Add(chunkOf("forgotten")))
		must(t, barrier.Reset())
		for _, chunk := range a.list(v.Chunks) {
			must(t, barrier.Add(chunk))
		}
		return barrier.Finish()
	case "content":
		return a.content(v), nil
	case "key_state":
		return sc.KeyState(a.known(v.Config), a.known(v.TrainingData)), nil
	case "key_chunk":
		return sc.KeyChunk(a.known(v.Config), a.known(v.State), a.known(v.Chunk)), nil
	case "key":
		return a.key(v), nil
	case "step", "place":
		filter := a.filter(a.cases[v.Filter], nil)
		stream, err := filter.OpenStream(a.cases[v.StateIn].Data)
		must(t, err)
		defer stream.Close()
		if v.Formula == "place" {
			return stream.Digest()
		}
		_, ticket, err := stream.Begin(background, a.known(v.Chunk))
		must(t, err)
		defer ticket.Close()
		return ticket.Key()
	}
	return sc.Digest{}, errors.New("nothing here for " + v.Formula)
}

// everyWay digests at once, in pieces, from a file, and together with others: all the same.
func (a vectors) everyWay(v *vector) sc.Digest {
	t := a.t
	file := filepath.Join(t.TempDir(), "data")
	must(t, os.WriteFile(file, v.Data, 0o600))
	var digests []sc.Digest
	role := sc.RoleConfig
	switch v.Formula {
	case "chunk":
		role = sc.RoleChunk
		fromFile, err := sc.DigestChunkFile(file)
		must(t, err)
		digests = append(sc.DigestChunks([][]byte{v.Data, []byte("another"), v.Data})[1:], fromFile, sc.DigestChunk(v.Data))[1:]
	case "state":
		role = sc.RoleState
		fromFile, err := sc.DigestStateFile(file)
		must(t, err)
		digests = append(digests, fromFile, sc.DigestState(v.Data))
	default:
		digests = append(digests, sc.DigestConfigBytes(v.Data))
	}
	hasher, err := sc.NewHasher(role)
	must(t, err)
	defer hasher.Close()
	_, err = hasher.Write([]byte("forgotten"))
	must(t, err)
	must(t, hasher.Reset())
	for rest := []byte(v.Data); len(rest) > 0; {
		n := 1 + len(rest)/3
		_, err := hasher.Write(rest[:n])
		must(t, err)
		rest = rest[n:]
	}
	whole, err := hasher.Finish()
	must(t, err)
	for _, digest := range digests {
		if digest != whole {
			t.Errorf("%s: it depends on the way", v.Case)
		}
	}
	return whole
}

func tensorOf(v *vector) sc.Tensor {
	return sc.Tensor{
		Name: string(v.Name),
		Type: sc.DType{Code: sc.TypeCode(v.Code), Bits: uint8(v.Bits), Lanes: uint16(v.Lanes)},
		Dims: v.Dims,
		Data: v.Data,
	}
}

// content is of a value whose bytes are the tensors' data, one after another.
func (a vectors) content(v *vector) sc.Digest {
	_, filter := opened(a.t, nil)
	options := sc.PutOptions{Blob: v.Blob}
	offset := 0
	for _, name := range v.Tensors {
		tensor := tensorOf(a.cases[name])
		options.Tensors = append(options.Tensors, sc.TensorView{
			Type: tensor.Type, Dims: tensor.Dims, Offset: offset, Length: len(tensor.Data)})
		offset += len(tensor.Data)
	}
	value, err := sc.GetOrFill(background, filter, chunkOf(v.Case), func(ticket *sc.Ticket) (*sc.Value, error) {
		return ticket.CommitCopy(v.Payload, &options)
	})
	must(a.t, err)
	defer value.Close()
	content, err := value.Content()
	must(a.t, err)
	return content
}

// filter opens one as the case has it; those of a pipeline are in one cache.
func (a vectors) filter(v *vector, cache *sc.Cache) *sc.Filter {
	if cache == nil {
		cache = a.cache(v)
	}
	filter, err := cache.OpenFilter("vectors", a.known(v.Config))
	must(a.t, err)
	a.t.Cleanup(func() { filter.Close() })
	must(a.t, filter.LoadStateDigest(a.known(v.State)))
	return filter
}

func (a vectors) cache(v *vector) *sc.Cache {
	options := sc.Options{Namespace: string(v.Namespace)}
	if v.Secret != nil {
		secret, err := hex.DecodeString(*v.Secret)
		must(a.t, err)
		options.Secret = secret
	}
	cache, err := sc.Open(&options)
	must(a.t, err)
	a.t.Cleanup(func() { cache.Close() })
	return cache
}

// key is a filter's or a pipeline's, by the filters and by their snapshots.
func (a vectors) key(v *vector) sc.Digest {
	t := a.t
	of, chunk := a.cases[v.Filter], a.known(v.Chunk)
	names := of.Filters
	if of.Formula == "filter" {
		names = []string{v.Filter}
	}
	cache := a.cache(a.cases[names[0]])
	var filters []*sc.Filter
	var snapshots []*sc.Snapshot
	for _, name := range names {
		filter := a.filter(a.cases[name], cache)
		snapshot, err := filter.Snapshot()
		must(t, err)
		filters, snapshots = append(filters, filter), append(snapshots, snapshot)
	}
	var keys [2]sc.Digest
	var err, snapshotsErr error
	if of.Formula == "filter" {
		keys[0], err = filters[0].Key(chunk)
		keys[1], snapshotsErr = snapshots[0].Key(chunk)
	} else {
		keys[0], err = sc.PipelineKey(chunk, filters...)
		keys[1], snapshotsErr = sc.PipelineSnapshotKey(chunk, snapshots...)
	}
	must(t, err)
	must(t, snapshotsErr)
	if keys[0] != keys[1] {
		t.Errorf("%s: the snapshots have another key", v.Case)
	}
	return keys[0]
}
