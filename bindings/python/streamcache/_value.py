"""Results: leases on them, and views of their bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional, Tuple

from . import _constants as c
from ._data import Tensor, numpy_dtype
from ._digest import Digest
from ._errors import NotSupportedError
from ._library import NULL, check, closed_or, ffi, lib, received

if TYPE_CHECKING:
    import numpy

release = lib.streamcache_value_release
_OUT = ffi.typeof("streamcache_value **")


class Value:
    """A lease on an immutable result or state, valid after eviction, purge and the cache's close, on any thread.

    Views of it (`data`, `array`) hold leases of their own: they stay valid when this object is closed or forgotten.
    It ends with the last reference, with `close`, or with a `with` block.
    """

    __slots__ = ("_c", "__weakref__")

    def __init__(self) -> None:
        raise TypeError("values come from lookups, tickets and states")

    @classmethod
    def _adopt(cls, pointer: Any) -> "Value":
        return cls._holding(ffi.gc(pointer, release))

    @classmethod
    def _holding(cls, handle: Any) -> "Value":
        """Of a handle that is released with its last reference already."""
        value = cls.__new__(cls)
        value._c = handle
        return value

    def close(self) -> None:
        """Gives this lease back; views stay valid. Closing again is fine."""
        self._c = NULL

    def __enter__(self) -> "Value":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __bool__(self) -> bool:
        """True: a result was found, be it an empty one."""
        return True

    def __len__(self) -> int:
        """How many bytes it has, wherever they are."""
        size: int = lib.streamcache_value_size(self._c)
        if not size:
            closed_or(self._c, None)
        return size

    def __bytes__(self) -> bytes:
        handle = self._c
        pointer = lib.streamcache_value_data(handle)
        return bytes(self.data) if pointer == NULL else bytes(ffi.buffer(pointer, lib.streamcache_value_size(handle)))

    def __repr__(self) -> str:
        return "<streamcache.Value, closed>" if self._c == NULL else f"<streamcache.Value of {len(self)} bytes>"

    @property
    def data(self) -> memoryview:
        """The bytes, read-only and without a copy; the view keeps a lease."""
        handle = self._c
        size = lib.streamcache_value_size(handle)
        if not size:
            closed_or(handle, None)
            return memoryview(b"")
        pointer = lib.streamcache_value_data(handle)
        if pointer == NULL:
            raise NotSupportedError("the value is device memory: see device_pointer")
        # The buffer keeps its pointer alive, the pointer its finaliser, and that the lease.
        held = ffi.gc(ffi.cast("char *", pointer), lambda _, handle=handle: None)
        return memoryview(ffi.buffer(held, size)).toreadonly()

    def __buffer__(self, flags: int) -> memoryview:
        """The buffer protocol, from Python 3.12 on: memoryview(value)."""
        return self.data

    @property
    def tensors(self) -> Tuple[Tensor, ...]:
        """What the payload is made of; empty for plain bytes."""
        handle = self._c  # what is read of it stays as long as this
        closed_or(handle, None)
        count = lib.streamcache_value_tensor_count(handle)
        if not count:
            return ()
        view = ffi.new("streamcache_tensor_view *")
        view.struct_size = ffi.sizeof("streamcache_tensor_view")
        found = []
        for index in range(count):
            check(lib.streamcache_value_get_tensor(handle, index, view), handle)
            shape = tuple(view.dims[0 : view.rank]) if view.rank else ()
            found.append(Tensor(view.dtype_code, view.dtype_bits, view.dtype_lanes, shape, view.offset, view.length))
        return tuple(found)

    def array(self, index: int = 0) -> "numpy.ndarray[Any, Any]":
        """One of the tensors as a NumPy array: read-only, no copy, keeping a lease. Needs NumPy.

        A ValueError where the value is plain bytes: numpy.frombuffer(value.data, dtype) reads those.
        """
        tensors = self.tensors
        if not tensors:
            raise ValueError("the value is plain bytes, without type and shape: use numpy.frombuffer(value.data, dtype)")
        return self._array(tensors[index])

    def arrays(self) -> Tuple["numpy.ndarray[Any, Any]", ...]:
        """All its tensors, as `array` gives one."""
        return tuple(self._array(tensor) for tensor in self.tensors)

    def _array(self, tensor: Tensor) -> "numpy.ndarray[Any, Any]":
        import numpy

        part = self.data[tensor.offset : tensor.offset + tensor.length]
        return numpy.ndarray(tensor.shape, numpy_dtype(tensor), part)

    def __dlpack__(self, *, copy: Optional[bool] = None, max_version: Optional[Tuple[int, int]] = None, **options: Any) -> Any:
        """The only tensor as a DLPack capsule, whose deleter gives the lease back. Made by NumPy, 1.23 or newer.

        Without a copy for a consumer that knows DLPack 1.0, which can be told that the memory is read-only. An older
        one gets a copy of its own, or, where it asks for none, a BufferError: what it wrote would change the cache.
        """
        if len(self.tensors) != 1:
            raise BufferError(f"DLPack carries one tensor, and this value has {len(self.tensors)}: use arrays()")
        array = self.array()
        if max_version is not None and max_version >= (1, 0) and not copy:
            return array.__dlpack__(max_version=max_version, copy=copy, **options)
        if copy is False:
            raise BufferError("the value is read-only, which DLPack before 1.0 can't say: allow a copy")
        return array.copy().__dlpack__(**options)

    def __dlpack_device__(self) -> Tuple[int, int]:
        """Host memory."""
        return (1, 0)

    @property
    def blob(self) -> bytes:
        """A copy of the few bytes that were kept beside the payload."""
        handle = self._c
        closed_or(handle, None)
        length = ffi.new("size_t *")
        pointer = lib.streamcache_value_blob(handle, length)
        return bytes(ffi.buffer(pointer, length[0])) if length[0] else b""

    @property
    def content(self) -> Digest:
        """The digest of its content: the chunk digest for the next filter in a chain. Made when first asked for."""
        made = ffi.new("streamcache_digest *")
        check(lib.streamcache_value_get_content(self._c, made), self._c)
        return Digest._adopt(made)

    @property
    def tier(self) -> str:
        """Where it came from when it entered this process: "memory" (computed here), "disk" or "remote"."""
        closed_or(self._c, None)
        tiers = {c.TIER_MEMORY: "memory", c.TIER_DISK: "disk", c.TIER_REMOTE: "remote"}
        return tiers.get(lib.streamcache_value_get_tier(self._c), "unknown")

    @property
    def device_pointer(self) -> int:
        """The address of a value in device memory; 0 for one in host memory."""
        closed_or(self._c, None)
        return int(ffi.cast("uintptr_t", lib.streamcache_value_device_pointer(self._c)))


def rejection(pointer: Any) -> Optional[int]:
    """The code of a rejection that a call wrote out."""
    code = ffi.new("int32_t *")
    return code[0] if lib.streamcache_value_get_rejection(pointer, code) == c.OK else None


def leased(call: Callable[[Any], int]) -> Tuple[int, Any]:
    """A call's status, and the value it wrote out as a handle that releases itself."""
    out = ffi.new(_OUT)
    status, held = received(lambda: call(out), (out, release))
    return status, held[0]
