"""What enters the library, as bytes or as tensors, and what a result's payload is made of.

A key must never forget what changes an answer, so only what is wholly known by its bytes, type and shape is taken:
bytes, bytearray and memoryview, array.array, and NumPy's own arrays. A subclass of those may carry more (a mask, a
unit), and is refused. Arrays are in C order; others are refused, not copied behind the caller's back.
"""

from __future__ import annotations

import array
import mmap
import sys
from typing import TYPE_CHECKING, Any, List, NamedTuple, Optional, Sequence, Tuple, Union

from . import _constants as c
from ._library import NULL, ffi

if TYPE_CHECKING:
    import numpy

    Array = Union["numpy.ndarray[Any, Any]", "array.array[Any]", memoryview]

Bytes = Union[bytes, bytearray, memoryview, mmap.mmap]
Payload = Union[Bytes, "Array", Sequence["Array"], "Described"]

ALIGNMENT = 64  # of each tensor in a payload of several

_CODES = {"?": c.DTYPE_BOOL, "e": c.DTYPE_FLOAT, "f": c.DTYPE_FLOAT, "d": c.DTYPE_FLOAT, "Zf": c.DTYPE_COMPLEX, "Zd": c.DTYPE_COMPLEX}
_CODES.update(dict.fromkeys("bhilqn", c.DTYPE_INT))
_CODES.update(dict.fromkeys("BHILQN", c.DTYPE_UINT))
_NATIVE = ("@", "=", "<" if sys.byteorder == "little" else ">")


class Tensor(NamedTuple):
    """One tensor in a value's payload, in C order: its type as DLPack writes it, its shape, and where its bytes are."""

    code: int
    """The type code: 0 int, 1 uint, 2 float, 4 bfloat, 5 complex, 6 bool."""
    bits: int
    """Bits of one lane."""
    lanes: int
    """Lanes of one element; 1 for a scalar type."""
    shape: Tuple[int, ...]
    """The dimensions, the last one fastest."""
    offset: int
    """Where its elements begin in the payload, in bytes."""
    length: int
    """How many bytes they are."""


class Described(NamedTuple):
    """Bytes with a description of the tensors in them: for types that NumPy has not, bfloat16 say."""

    data: Bytes
    """The bytes, in C order."""
    tensors: Sequence[Tensor]
    """What they are made of."""


def is_bytes(data: object) -> bool:
    """Whether this is plain bytes, without a type or a shape."""
    if isinstance(data, memoryview):
        return data.ndim == 1 and data.format == "B"  # of another format it answers otherwise: with signed numbers, say
    return type(data) in (bytes, bytearray, mmap.mmap)


def is_array(data: object) -> bool:
    """Whether this is an array that its elements, type and shape describe wholly."""
    kind = type(data)
    if kind is array.array or kind is memoryview:
        return True
    numpy = sys.modules.get("numpy")
    return numpy is not None and (kind is numpy.ndarray or kind is numpy.memmap)


def refuse(data: object, what: str) -> TypeError:
    """Why something is no array and no bytes, as an exception to be raised."""
    name = f"{type(data).__module__}.{type(data).__qualname__}"
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(data, numpy.ndarray):
        return TypeError(f"{what} is a {name}, which may carry more than its elements: pass numpy.asarray of what matters")
    return TypeError(f"{what} must be bytes or an array (numpy.ndarray, array.array, memoryview), not {name}")


def plain(data: Any, what: str) -> Tuple[Any, int]:
    """Plain bytes for a call: a pointer that keeps them where they are, and how many."""
    if not is_bytes(data):
        raise TypeError(f"{what} must be bytes, bytearray or a memoryview of bytes, not {type(data).__module__}.{type(data).__qualname__}")
    if isinstance(data, memoryview) and not data.c_contiguous:
        raise ValueError(f"{what} is not contiguous: pass bytes(...) of it")
    pointer = ffi.from_buffer(data)
    return pointer, len(pointer)


def described(data: Any, what: str) -> Tuple[memoryview, Tensor]:
    """An array's elements where they are, and what they are."""
    if isinstance(data, Described):
        if len(data.tensors) != 1 or data.tensors[0].offset or not is_bytes(data.data):
            raise ValueError(f"{what} must be bytes that are one tensor")
        return memoryview(data.data), data.tensors[0]
    if not is_array(data):
        raise refuse(data, what)
    try:
        view = memoryview(data)
    except (ValueError, TypeError, BufferError) as error:
        raise TypeError(f"{what} has elements of a type that has no plain bytes: {error}") from None
    written = view.format or "B"
    code = _CODES.get(written[1:] if written.startswith(_NATIVE) else written)
    if code is None:
        known = "integers, floats, complex numbers and booleans in native byte order can be keyed"
        raise TypeError(f"{what} has elements of format {written!r}: {known}")
    if not view.c_contiguous:
        raise ValueError(f"{what} is strided or not in C order: pass numpy.ascontiguousarray of it")
    return view, Tensor(code, view.itemsize * 8, 1, view.shape or (), 0, view.nbytes)


class Prepared(NamedTuple):
    """A payload ready for a call: pointer, length and options, which keep everything they point to alive."""

    pointer: Any
    length: int
    options: Any
    keep: Tuple[Any, ...]


def views_of(tensors: Sequence[Tensor], keep: List[Any]) -> Any:
    """The descriptions as the library takes them."""
    views = ffi.new("streamcache_tensor_view[]", len(tensors))
    for view, tensor in zip(views, tensors):
        dims = ffi.new("int64_t[]", tensor.shape)
        keep.append(dims)
        view.struct_size = ffi.sizeof("streamcache_tensor_view")
        view.dtype_code, view.dtype_bits, view.dtype_lanes = tensor.code, tensor.bits, tensor.lanes
        view.rank, view.dims = len(tensor.shape), dims
        view.offset, view.length = tensor.offset, tensor.length
    return views


def options(tensors: Sequence[Tensor], ttl_ms: int, compute_ns: int, blob: bytes, keep: List[Any]) -> Any:
    """A streamcache_put_options, or NULL where it would say nothing. What it points to is added to `keep`."""
    if not (tensors or ttl_ms or compute_ns or blob):
        return NULL
    made = ffi.new("streamcache_put_options *")
    made.struct_size, made.ttl_ms, made.compute_ns = ffi.sizeof("streamcache_put_options"), ttl_ms, compute_ns
    if tensors:
        views = views_of(tensors, keep)
        made.tensors, made.tensor_count = views, len(tensors)
        keep.append(views)
    if blob:
        pointer, made.blob_len = plain(blob, "blob")
        made.blob = pointer
        keep.append(pointer)
    return made


def prepared(data: Any, ttl_ms: int = 0, compute_ns: int = 0, blob: bytes = b"") -> Prepared:
    """A result to be stored: bytes as they are; an array with its description; several arrays one behind another."""
    keep: List[Any] = []
    tensors: List[Tensor] = []
    if is_bytes(data):
        pointer, length = plain(data, "the result")
    elif isinstance(data, Described):
        pointer, length = plain(data.data, "the result")
        tensors.extend(data.tensors)
    elif isinstance(data, (list, tuple)):
        joined = bytearray()
        for index, item in enumerate(data):
            view, tensor = described(item, f"result {index}")
            joined += bytes(-len(joined) % ALIGNMENT)
            tensors.append(tensor._replace(offset=len(joined)))
            joined += view.cast("B") if view.nbytes else b""
        pointer, length = ffi.from_buffer(joined), len(joined)
    else:
        view, tensor = described(data, "the result")
        tensors.append(tensor)
        pointer, length = ffi.from_buffer(view), view.nbytes
    made = options(tensors, ttl_ms, compute_ns, blob, keep)
    return Prepared(pointer, length, made, tuple(keep))


def numpy_dtype(tensor: Tensor) -> Any:
    """NumPy's type of a tensor's elements; a TypeError where it has none."""
    import numpy

    name: Optional[str] = {
        c.DTYPE_INT: "i", c.DTYPE_UINT: "u", c.DTYPE_FLOAT: "f", c.DTYPE_COMPLEX: "c", c.DTYPE_BOOL: "b",
    }.get(tensor.code)  # fmt: skip
    try:
        if name is None or tensor.lanes != 1 or tensor.bits % 8:
            raise TypeError
        return numpy.dtype(f"{name}{tensor.bits // 8}")
    except TypeError:
        raise TypeError(
            f"NumPy has no type of DLPack code {tensor.code}, {tensor.bits} bits, {tensor.lanes} lanes: use Value.data and Tensor.offset"
        ) from None
