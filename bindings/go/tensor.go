package streamcache

// #include "shim_digest.h"
// #include "shim_put.h"
import "C"

import "unsafe"

// TypeCode is a kind of element as DLPack writes it.
type TypeCode int32

// The kinds. DLPack's further ones, 7 to 17, are taken as they are.
const (
	Int     TypeCode = C.STREAMCACHE_DTYPE_INT
	Uint    TypeCode = C.STREAMCACHE_DTYPE_UINT
	Float   TypeCode = C.STREAMCACHE_DTYPE_FLOAT
	Opaque  TypeCode = C.STREAMCACHE_DTYPE_OPAQUE
	BFloat  TypeCode = C.STREAMCACHE_DTYPE_BFLOAT
	Complex TypeCode = C.STREAMCACHE_DTYPE_COMPLEX
	Bool    TypeCode = C.STREAMCACHE_DTYPE_BOOL
)

// DType is the type of a tensor's elements.
type DType struct {
	Code TypeCode
	// Bits of one lane, 1 to 255.
	Bits uint8
	// Lanes of one element; 0 is 1, a scalar type.
	Lanes uint16
}

// Common types.
var (
	Uint8   = DType{Code: Uint, Bits: 8}
	Int32   = DType{Code: Int, Bits: 32}
	Int64   = DType{Code: Int, Bits: 64}
	Float16 = DType{Code: Float, Bits: 16}
	Float32 = DType{Code: Float, Bits: 32}
	Float64 = DType{Code: Float, Bits: 64}
)

func (t DType) lanes() uint16 {
	if t.Lanes == 0 {
		return 1
	}
	return t.Lanes
}

// Tensor is a dense tensor in C order, the last dimension the fastest, to be digested.
type Tensor struct {
	// Name is the input's name; "" for none.
	Name string
	Type DType
	// Dims are the dimensions, none negative; none for a scalar.
	Dims []int64
	// Data are the elements; floats count by their bits. See Bytes.
	Data []byte
}

// Digest digests a tensor as a chunk: name, type, shape and data, so that the same bytes in another shape are another
// chunk. ErrInvalidArgument where the data are not what the shape and the type need.
func (t *Tensor) Digest() (Digest, error) {
	if mismatch != nil {
		return Digest{}, mismatch
	}
	return made(C.scgo_digest_tensor(bytePointer([]byte(t.Name)), C.size_t(len(t.Name)), C.int32_t(t.Type.Code),
		C.uint32_t(t.Type.Bits), C.uint32_t(t.Type.lanes()), dimsPointer(t.Dims), C.uint32_t(len(t.Dims)),
		bytePointer(t.Data), C.size_t(len(t.Data))))
}

func dimsPointer(dims []int64) *C.int64_t {
	if len(dims) == 0 {
		return nil
	}
	return (*C.int64_t)(unsafe.Pointer(&dims[0]))
}

// TensorView is one tensor in a value's bytes: C order, contiguous, last dimension fastest.
type TensorView struct {
	Type DType
	Dims []int64
	// Offset is where its elements begin in the value's bytes, Length how many bytes they are.
	Offset, Length int
}

// pack lays tensors out flat for shim_put.h.
func pack(tensors []TensorView) []int64 {
	if len(tensors) == 0 {
		return nil
	}
	packed := make([]int64, 0, len(tensors)*(C.SCGO_TENSOR_HEAD+4))
	for i := range tensors {
		t := &tensors[i]
		packed = append(packed, int64(t.Type.Code), int64(t.Type.Bits), int64(t.Type.lanes()), int64(len(t.Dims)),
			int64(t.Offset), int64(t.Length))
		packed = append(packed, t.Dims...)
	}
	return packed
}

// Element is what Bytes and Elements take: numbers of a fixed size.
type Element interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64 | ~complex64 | ~complex128
}

// Bytes are the bytes of a slice of numbers, without a copy, in this machine's order.
func Bytes[T Element](elements []T) []byte {
	if len(elements) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&elements[0])), len(elements)*int(unsafe.Sizeof(elements[0])))
}

// Elements are a value's bytes as numbers, without a copy: what holds for the bytes holds for them. ErrInvalidArgument
// where the length is no multiple of an element's, or the bytes are not aligned for it; a value's own bytes are, to 64.
func Elements[T Element](bytes []byte) ([]T, error) {
	var element T
	if len(bytes) == 0 {
		return nil, nil
	}
	size, at := unsafe.Sizeof(element), unsafe.Pointer(&bytes[0])
	if uintptr(len(bytes))%size != 0 || uintptr(at)%unsafe.Alignof(element) != 0 {
		return nil, ErrInvalidArgument
	}
	return unsafe.Slice((*T)(at), uintptr(len(bytes))/size), nil
}
