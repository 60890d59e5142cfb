package streamcache_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	streamcache "streamcache/bindings/go"
)

// open is what the examples below begin with.
func open() (*streamcache.Cache, *streamcache.Filter) {
	cache, err := streamcache.Open(&streamcache.Options{MaxBytes: 64 << 20})
	if err != nil {
		log.Fatal(err)
	}
	config, err := streamcache.DigestConfigJSON(`{"model": "demo", "version": 1, "precision": "f32"}`)
	if err != nil {
		log.Fatal(err)
	}
	filter, err := cache.OpenFilter("demo", config)
	if err != nil {
		log.Fatal(err)
	}
	if err := filter.LoadState([]byte("weights")); err != nil {
		log.Fatal(err)
	}
	return cache, filter
}

// The third chunk is the first once more, and is not computed again.
func Example() {
	cache, filter := open()
	defer cache.Close()
	for _, chunk := range []string{"ab", "cd", "ab"} {
		computed := false
		value, err := streamcache.GetOrComputeBytes(context.Background(), filter, []byte(chunk), func() ([]byte, error) {
			computed = true
			return []byte(strings.ToUpper(chunk)), nil // stands for your model
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %s, computed %t\n", chunk, value.Bytes(), computed)
		value.Close()
	}
	// Output:
	// ab: AB, computed true
	// cd: CD, computed true
	// ab: AB, computed false
}

// A small result, copied out: no lease, no allocation.
func ExampleFilter_GetInto() {
	cache, filter := open()
	defer cache.Close()
	chunk := streamcache.DigestChunk([]byte("ab"))
	buffer := make([]byte, 64)

	_, key, err := filter.GetInto(chunk, buffer)
	fmt.Println(err == streamcache.ErrMiss)
	stored, _ := filter.Put(chunk, key, []byte("answer"), nil)
	fmt.Println(stored)
	n, _, err := filter.GetInto(chunk, buffer)
	fmt.Printf("%s %v\n", buffer[:n], err)
	// Output:
	// true
	// true
	// answer <nil>
}

// Numbers go in and come out without a copy in Go, with their type and shape beside them.
func ExampleGetOrFill() {
	cache, filter := open()
	defer cache.Close()
	input := streamcache.Tensor{Name: "image", Type: streamcache.Uint8, Dims: []int64{2, 3}, Data: []byte("pixels")}
	chunk, err := input.Digest()
	if err != nil {
		log.Fatal(err)
	}
	value, err := streamcache.GetOrFill(context.Background(), filter, chunk, func(t *streamcache.Ticket) (*streamcache.Value, error) {
		buffer, err := t.Buffer(4 * 4)
		if err != nil {
			return nil, err
		}
		scores, err := streamcache.Elements[float32](buffer)
		if err != nil {
			return nil, err
		}
		copy(scores, []float32{0.5, 0.25, 0.125, 0.125}) // the model writes where the value stays
		return t.Commit(len(buffer), &streamcache.PutOptions{
			Tensors: []streamcache.TensorView{{Type: streamcache.Float32, Dims: []int64{1, 4}, Length: len(buffer)}},
		})
	})
	if err != nil {
		log.Fatal(err)
	}
	defer value.Close()
	tensors, _ := value.Tensors()
	scores, _ := streamcache.Elements[float32](value.Bytes())
	fmt.Println(tensors[0].Dims, scores)
	// Output: [1 4] [0.5 0.25 0.125 0.125]
}

// The model runs once, over what is missing.
func ExampleGetOrComputeBatch() {
	cache, filter := open()
	defer cache.Close()
	chunks := streamcache.DigestChunks([][]byte{[]byte("a"), []byte("b"), []byte("a")})
	for i := 0; i < 2; i++ {
		values, err := streamcache.GetOrComputeBatch(context.Background(), filter, chunks, func(missing []int) ([]byte, error) {
			fmt.Println("computing", missing)
			rows := make([]byte, 0, len(missing))
			for _, index := range missing {
				rows = append(rows, 'x'+byte(index))
			}
			return rows, nil
		})
		if err != nil {
			log.Fatal(err)
		}
		for _, value := range values {
			fmt.Printf("%s", value.Bytes())
			value.Close()
		}
		fmt.Println()
	}
	// Output:
	// computing [0 1]
	// xyx
	// xyx
}

// A recurrent model: its state is a sum, and its output too. From the same beginning, the same chunks hit.
func ExampleStream_Step() {
	cache, filter := open()
	defer cache.Close()
	stream, err := filter.OpenStream([]byte{0})
	if err != nil {
		log.Fatal(err)
	}
	defer stream.Close()
	for pass := 0; pass < 2; pass++ {
		computed := 0
		for _, chunk := range []byte{1, 2, 3} {
			value, err := stream.Step(context.Background(), streamcache.DigestChunk([]byte{chunk}),
				func(state []byte) (output, next []byte, err error) {
					computed++
					sum := []byte{state[0] + chunk}
					return sum, sum, nil
				})
			if err != nil {
				log.Fatal(err)
			}
			fmt.Print(value.Bytes()[0], " ")
			value.Close()
		}
		fmt.Println("computed", computed)
		if err := stream.Reset(nil); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// 1 3 6 computed 3
	// 1 3 6 computed 0
}
