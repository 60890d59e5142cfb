package streamcache_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	sc "streamcache/bindings/go"
)

func TestTensorsAndBlob(t *testing.T) {
	_, filter := opened(t, nil)
	scores := []float32{0.25, 0.75}
	ids := []int64{7, -8, 9}
	data := append(append([]byte{}, sc.Bytes(ids)...), sc.Bytes(scores)...)
	options := sc.PutOptions{
		ComputeTime: time.Second,
		Blob:        []byte("beside"),
		Tensors: []sc.TensorView{
			{Type: sc.Int64, Dims: []int64{3}, Length: 24},
			{Type: sc.DType{Code: sc.Float, Bits: 32, Lanes: 2}, Offset: 24, Length: 8}, // a scalar of two lanes
		},
	}
	stored, err := filter.Put(chunkOf("chunk"), sc.Digest{}, data, &options)
	if !stored || err != nil {
		t.Fatal(stored, err)
	}
	value, _, err := filter.Get(chunkOf("chunk"))
	must(t, err)
	defer value.Close()
	tensors, err := value.Tensors()
	must(t, err)
	want := options.Tensors
	want[0].Type.Lanes = 1
	if len(tensors) != 2 || !reflect.DeepEqual(tensors[0], want[0]) || tensors[1].Type != want[1].Type || len(tensors[1].Dims) != 0 {
		t.Fatal(tensors)
	}
	gotIDs, err := sc.Elements[int64](value.Bytes()[:24])
	must(t, err)
	gotScores, err := sc.Elements[float32](value.Bytes()[tensors[1].Offset:][:tensors[1].Length])
	must(t, err)
	if !reflect.DeepEqual(gotIDs, ids) || !reflect.DeepEqual(gotScores, scores) {
		t.Fatal(gotIDs, gotScores)
	}
	blob, err := value.Blob()
	if string(blob) != "beside" || err != nil {
		t.Fatal(blob, err)
	}
	_, err = sc.Elements[int64](value.Bytes()[:23])
	wants(t, err, sc.ErrInvalidArgument)
	_, err = sc.Elements[int64](value.Bytes()[1:9])
	wants(t, err, sc.ErrInvalidArgument)
	if stats, err := filter.Stats(); err != nil || stats.TimeSaved != time.Second {
		t.Fatal(stats, err)
	}
}

func TestWrongDescriptions(t *testing.T) {
	_, filter := opened(t, nil)
	for name, options := range map[string]sc.PutOptions{
		"length":    {Tensors: []sc.TensorView{{Type: sc.Float32, Dims: []int64{3}, Length: 8}}},
		"beyond":    {Tensors: []sc.TensorView{{Type: sc.Float32, Dims: []int64{3}, Offset: 4, Length: 12}}},
		"dimension": {Tensors: []sc.TensorView{{Type: sc.Float32, Dims: []int64{-3}, Length: 12}}},
		"offset":    {Tensors: []sc.TensorView{{Type: sc.Float32, Dims: []int64{3}, Offset: -1, Length: 12}}},
		"rank":      {Tensors: []sc.TensorView{{Type: sc.Uint8, Dims: make([]int64, 65)}}},
		"no type":   {Tensors: []sc.TensorView{{Dims: []int64{3}, Length: 12}}},
		"code":      {Tensors: []sc.TensorView{{Type: sc.DType{Code: 18, Bits: 8}, Dims: []int64{12}, Length: 12}}},
		"many":      {Tensors: make([]sc.TensorView, 1025)},
		"blob":      {Blob: make([]byte, 65537)},
		"ttl":       {TTL: -time.Second},
		"time":      {ComputeTime: -1},
		"flag":      {Flags: sc.Peek},
		"strange":   {Flags: 1 << 31},
	} {
		options := options
		stored, err := filter.Put(chunkOf("chunk"), sc.Digest{}, make([]byte, 12), &options)
		if stored || !strings.Contains(fmt.Sprint(err), "streamcache: ") {
			t.Errorf("%s: %v %v", name, stored, err)
		} else {
			wants(t, err, sc.ErrInvalidArgument)
		}
	}
	tensor := sc.Tensor{Type: sc.Float32, Dims: []int64{3}, Data: make([]byte, 13)}
	_, err := tensor.Digest()
	wants(t, err, sc.ErrInvalidArgument)
}

func TestGetInto(t *testing.T) {
	cache, filter := opened(t, nil)
	chunk := chunkOf("chunk")
	_, key, err := filter.GetInto(chunk, nil)
	wants(t, err, sc.ErrMiss)
	stored, err := filter.Put(chunk, key, []byte("result"), nil)
	if !stored || err != nil {
		t.Fatal(stored, err)
	}
	n, _, err := filter.GetInto(chunk, make([]byte, 5))
	wants(t, err, sc.ErrBufferTooSmall)
	buffer := make([]byte, n)
	n, again, err := filter.GetInto(chunk, buffer)
	if n != 6 || again != key || err != nil || string(buffer) != "result" {
		t.Fatal(n, again, err, buffer)
	}
	if n, err := cache.GetInto(key, buffer); n != 6 || err != nil {
		t.Fatal(n, err)
	}
	_, _, err = filter.GetInto(chunk, buffer, sc.Bypass)
	wants(t, err, sc.ErrMiss)
	before := statsOf(t, cache).Lookups
	value, _, err := filter.Get(chunk, sc.Peek)
	reads(t, value, err, "result")
	if statsOf(t, cache).Lookups != before {
		t.Fatal("a peek was counted")
	}
	must(t, filter.Remove(chunk))
	wants(t, filter.Remove(chunk), sc.ErrMiss)
	wants(t, cache.Remove(key), sc.ErrMiss)
}

// A hit that is copied out allocates nothing, and one that is leased one object.
func TestAllocations(t *testing.T) {
	_, filter := opened(t, nil)
	chunk := chunkOf("chunk")
	_, err := filter.Put(chunk, sc.Digest{}, make([]byte, 64), nil)
	must(t, err)
	buffer := make([]byte, 64)
	hit := func() { _, _, _ = filter.GetInto(chunk, buffer) }
	miss := func() { _, _, _ = filter.GetInto(sc.Digest{}, buffer) }
	lease := func() {
		value, _, _ := filter.Get(chunk)
		value.Close()
	}
	both := func() {
		value, _ := sc.GetOrComputeBytes(background, filter, []byte("chunk"), nil)
		value.Close()
	}
	for _, path := range []struct {
		name string
		run  func()
		most float64
	}{{"hit", hit, 0}, {"miss", miss, 0}, {"lease", lease, 1}, {"GetOrComputeBytes", both, 4}} {
		if n := testing.AllocsPerRun(100, path.run); n > path.most {
			t.Errorf("%s: %v allocations", path.name, n)
		}
	}
}

func TestFilterStates(t *testing.T) {
	cache, err := sc.Open(nil)
	must(t, err)
	defer cache.Close()
	filter, err := cache.OpenFilter("test", sc.DigestConfigBytes(nil))
	must(t, err)
	_, _, err = filter.State()
	wants(t, err, sc.ErrNoState)
	_, err = sc.GetOrCompute(background, filter, chunkOf("chunk"), never(t))
	wants(t, err, sc.ErrNoState)
	wants(t, filter.SaveState(), sc.ErrNoState)
	must(t, filter.LoadStateDigest(sc.DigestState([]byte("weights"))))
	value, digest, err := filter.State()
	if value != nil || digest != sc.DigestState([]byte("weights")) || err != nil {
		t.Fatal(value, digest, err)
	}
	must(t, filter.LoadState([]byte("weights")))
	value, _, err = filter.State()
	reads(t, value, err, "weights")
	wants(t, filter.SaveState(), sc.ErrNotSupported)

	snapshot, err := filter.Snapshot()
	must(t, err)
	defer snapshot.Close()
	must(t, filter.LoadState([]byte("others")))
	_, err = filter.Put(chunkOf("chunk"), sc.Digest{}, nil, nil) // of which state?
	wants(t, err, sc.ErrInvalidArgument)
	stored, err := snapshot.Put(chunkOf("chunk"), []byte("by weights"), nil)
	if !stored || err != nil {
		t.Fatal(stored, err)
	}
	_, _, err = filter.Get(chunkOf("chunk"))
	wants(t, err, sc.ErrMiss)
	value, _, err = snapshot.Get(chunkOf("chunk"))
	reads(t, value, err, "by weights")
	value, err = sc.GetOrCompute(background, snapshot, chunkOf("chunk"), never(t))
	reads(t, value, err, "by weights")
	value, digest, err = snapshot.State()
	reads(t, value, err, "weights")
	if n, err := filter.Retire(); n != 1 || err != nil {
		t.Fatal(digest, n, err)
	}
	if n, err := filter.Purge(); n != 0 || err != nil {
		t.Fatal(n, err)
	}
}

// Results that outlive the cache: on disk, found by one that waits in Go, and in a file.
func TestTiers(t *testing.T) {
	disk, file := t.TempDir(), filepath.Join(t.TempDir(), "results")
	options := sc.Options{Name: "tiers", DiskDirectory: disk}
	cache, filter := opened(t, &options)
	value, err := sc.GetOrCompute(background, filter, chunkOf("chunk"), returns("result"))
	reads(t, value, err, "result")
	must(t, filter.SaveState())
	must(t, cache.Flush(10*time.Second))
	must(t, cache.Export(background, file))
	dropped, err := cache.CloseWithin(10 * time.Second)
	if dropped != 0 || err != nil {
		t.Fatal(dropped, err)
	}

	again, filter := opened(t, &options)
	must(t, filter.RestoreState(sc.DigestState([]byte("weights"))))
	wants(t, filter.RestoreState(sc.DigestState([]byte("never saved"))), sc.ErrMiss)
	value, err = sc.GetOrCompute(background, filter, chunkOf("chunk"), never(t))
	must(t, err)
	if value.Tier() != sc.TierDisk {
		t.Fatal(value.Tier())
	}
	reads(t, value, err, "result")
	values, err := sc.GetOrComputeBatch(background, filter, []sc.Digest{chunkOf("chunk")}, nil)
	must(t, err)
	reads(t, values[0], err, "result")
	must(t, again.Purge(sc.PurgeDisk))
	_, _, err = filter.Get(chunkOf("chunk"))
	wants(t, err, sc.ErrMiss)

	other, filter := opened(t, nil)
	imported, err := other.Import(background, file)
	// The saved state is one, too.
	if imported != (sc.TransferResult{Entries: 2}) || err != nil {
		t.Fatal(imported, err)
	}
	value, err = sc.GetOrCompute(background, filter, chunkOf("chunk"), never(t))
	reads(t, value, err, "result")
	must(t, os.Truncate(file, 100))
	_, err = other.Import(background, file)
	wants(t, err, sc.ErrIO)
	for format, name := range map[sc.StatsFormat]string{sc.StatsJSON: `"name":"tiers"`, sc.StatsPrometheus: `{cache="tiers"}`} {
		text, err := again.StatsText(format)
		if err != nil || !strings.Contains(strings.ReplaceAll(text, `": "`, `":"`), name) {
			t.Error(text, err)
		}
	}
	_, err = again.StatsText(99)
	wants(t, err, sc.ErrInvalidArgument)
}
