"""Computing once: what filters and snapshots share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar, Union, overload

from ._compute import publish
from ._digest import Chunk
from ._memoize import memoized
from ._value import Value
from ._wait import DEFAULT_S

if TYPE_CHECKING:
    from ._data import Payload
    from ._identity import Claims
    from ._ticket import Ticket

F = TypeVar("F", bound=Callable[..., Any])


class Once:
    """Functions that are called for what is missing, by one caller at a time."""

    __slots__ = ()

    _claims: "Claims"
    _config: bytes

    def begin(self, chunk: Chunk, *, timeout: Optional[float] = DEFAULT_S, flags: int = 0) -> Union[Value, "Ticket"]:
        raise NotImplementedError

    def _same(self) -> Callable[[], bool]:
        """What says later whether the state is still the one of now."""
        raise NotImplementedError

    def get_or_compute(
        self,
        chunk: Chunk,
        compute: Callable[..., "Payload"],
        *,
        with_state: bool = False,
        timeout: Optional[float] = DEFAULT_S,
        flags: int = 0,
        ttl_ms: int = 0,
    ) -> Value:
        """A chunk's result, computed once however many threads ask for it.

        `compute` gives bytes, an array, or a tuple of arrays. What it raises is raised here, and not remembered: the next
        caller computes. A `compute` that asks for the same chunk waits for itself.

        Where another thread may load a state meanwhile, use `with_state`: `compute` is called with the trained state to
        compute with, a `Value`, or its `Digest` where the filter has only that. Without it a load meanwhile means that
        the answer, which may be of either state, is given back and not stored. A model that is swapped elsewhere than in
        this filter is not seen at all.
        """
        same = self._same()
        begun = self.begin(chunk, timeout=timeout, flags=flags)
        if isinstance(begun, Value):
            return begun
        with begun:
            if with_state:
                return begun.commit(compute(begun.trained()), ttl_ms=ttl_ms)
            return publish(self, chunk, begun, compute(), same, ttl_ms)

    @overload
    def memoize(self, function: F, *, name: Optional[str] = None, timeout: Optional[float] = DEFAULT_S, with_state: bool = False) -> F: ...

    @overload
    def memoize(
        self, function: None = None, *, name: Optional[str] = None, timeout: Optional[float] = DEFAULT_S, with_state: bool = False
    ) -> Callable[[F], F]: ...

    def memoize(
        self, function: Optional[F] = None, *, name: Optional[str] = None, timeout: Optional[float] = DEFAULT_S, with_state: bool = False
    ) -> Any:
        """A decorator: the function's answers are remembered. For functions of arrays or bytes that give arrays or bytes.

        The key is made of the filter's configuration and state; of the function's module, name (and `name`), code, and
        the constants among its defaults and what it closes over; and of every positional argument with its kind: bytes,
        bytearray, memoryview, array.array or numpy.ndarray, by content, type and shape. Anything else, and keyword
        arguments, is refused with a TypeError. What the function reads elsewhere (globals, files, other functions)
        belongs in the configuration. Arrays come back read-only.

        A function that holds other objects (a model, a list), a method, a callable object, a lambda and a function of an
        interactive session need a `name`; without one they are refused with a ValueError, and so is another such
        function of the same name in one cache, whichever of its filters memoizes it.

        `with_state` calls the function with the trained state, as the keyword argument `state`: see `get_or_compute`,
        also for what a load meanwhile means without it.
        """
        if function is None:
            return lambda later: memoized(self, later, name, timeout, with_state)
        return memoized(self, function, name, timeout, with_state)
