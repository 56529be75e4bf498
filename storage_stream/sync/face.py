"""How a synchronous class is made of an asynchronous one: the same names, each waiting by itself.

Nothing is said twice: methods, signatures and docstrings are those of the asynchronous class, and
the types that a type checker sees (`__init__.pyi`) are made of its source by a script.
This module knows no method by its name, but for what a `for` loop may fetch ahead.
"""

from __future__ import annotations

import functools
import inspect
import os
import re
from collections.abc import AsyncIterator, Callable
from pickle import PicklingError
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Protocol, Self, TypeGuard, cast

from storage_stream import DownloadRequest, FileRequest
from storage_stream.errors import UsageError
from storage_stream.sync.items import CallerItems, Items, is_consumed
from storage_stream.sync.portal import keep_inherited

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from types import TracebackType

    from storage_stream.sync.portal import Jobs

__all__ = ["Face", "Owner", "Resource", "without_await"]

# What is fetched before it is asked for: items that a page has brought anyway, or lines of a piece.
# Bytes and results of transfers are not: whoever stops taking them wants no more to be done.
_AHEAD = {
    "iter_objects": 1000,
    "iter_buckets": 1000,
    "iter_hmac_keys": 1000,
    "iter_lines": 4096,
}
# Arguments that may be iterables whose steps do something, wherever they stand.
_ITERABLES = frozenset({"file_data", "data", "objects", "files", "names", "lines"})


class Owner(Protocol):
    """Whose event loop it is: the client."""

    def run(self, function: Callable[..., Any], *args: Any, jobs: Jobs | None = None) -> Any:
        """Call in the loop, and wait."""
        ...

    def post(self, function: Callable[[], Awaitable[object]]) -> None:
        """Call in the loop, some time."""
        ...


class Face:
    """A synchronous object in front of an asynchronous one.

    Args:
        inner: The asynchronous object; only the loop uses it.
        owner: The client, whose loop it is.
    """

    _kinds: ClassVar[dict[type, type[Face]]] = {}
    _mirrored: ClassVar[type]

    def __init_subclass__(cls, mirrors: type | None = None) -> None:
        """Have all public methods and properties of a class that are not said otherwise."""
        super().__init_subclass__()
        if mirrors is None:
            return
        cls._mirrored = mirrors
        Face._kinds[mirrors] = cls
        own = {name for base in cls.__mro__ for name in vars(base)}
        for name in dir(mirrors):
            if not name.startswith("_") and name not in own:
                setattr(cls, name, _mirror(inspect.getattr_static(mirrors, name), name))

    def __init__(self, inner: Any, owner: Owner) -> None:
        self._inner = inner
        self._owner = owner
        self._pid = os.getpid()

    def _usable(self) -> Any:
        """The asynchronous object, for a call."""
        if self._pid != os.getpid():
            raise UsageError(
                f"this {type(self).__name__} belongs to the process that this one was forked from:"
                " ask the client for another"
            )
        return self._inner

    def call_mirrored(self, name: str, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Call a method of the asynchronous object in the loop, and wait."""
        jobs: Jobs = SimpleQueue()
        function = functools.partial(getattr(self._usable(), name), *args, **keywords)
        given = self._taken(name, args, keywords, jobs)
        if given is not None:
            function = functools.partial(getattr(self._inner, name), *given[0], **given[1])

        async def opened() -> Any:
            # Also the face is made there: an interruption that drops it in this thread shall not
            # drop here what belongs to the loop.
            return self._faced(await _opened(function), name, jobs)

        return self._owner.run(opened, jobs=jobs)

    def _taken(
        self, name: str, args: tuple[Any, ...], keywords: dict[str, Any], jobs: Jobs
    ) -> tuple[list[Any], dict[str, Any]] | None:
        """The arguments as the loop takes them; None where they are as they are."""
        places = _places_of(self._mirrored, name)
        if not places:
            return None
        given = [
            self._for_loop(value, jobs) if place in places else value
            for place, value in enumerate(args)
        ]
        return given, {
            key: self._for_loop(value, jobs) if key in _ITERABLES else value
            for key, value in keywords.items()
        }

    def _faced(self, found: Any, name: str, jobs: Jobs) -> Any:
        """What the loop gave, as the caller may use it."""
        if found is self._inner:
            return self
        kind = self._kinds.get(found.__class__)
        if kind is not None:
            face = kind(found, self._owner)
            face.made_by(self, jobs)
            return face
        if _is_list(found):
            return [self._faced(item, name, jobs) for item in found]
        if _is_iterator(found):
            return Items(self._owner, found, ahead=_AHEAD.get(name, 0), jobs=jobs)
        return found

    @staticmethod
    def _for_loop(value: Any, jobs: Jobs) -> Any:
        """An argument, for the loop to read from."""
        if isinstance(value, Face):
            return value._usable()  # noqa: SLF001 - of our own kind
        if _is_items(value):
            return value.source
        return CallerItems(value, jobs) if is_consumed(value) else value

    def made_by(self, maker: Face, jobs: Jobs) -> None:
        """Note what made it, where that matters."""

    def get_mirrored(self, name: str) -> Any:
        """The value of a property or attribute of the asynchronous object."""
        return self._faced(getattr(self._usable(), name), name, SimpleQueue())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.get_mirrored(name)

    def __reduce__(self) -> NoReturn:
        """It belongs to the event loop of its process.

        Raises:
            pickle.PicklingError: Always.
        """
        kind = type(self).__name__
        raise PicklingError(f"a {kind} cannot be pickled: make a client in each process")

    def __repr__(self) -> str:
        return f"<sync {self._inner!r}>"


class Resource(Face):
    """A face of what holds a connection, and so has a block of its own."""

    def __enter__(self) -> Self:
        inner = self._usable()
        try:
            self._owner.run(inner.__aenter__)
        except BaseException:  # the block is not entered, and so never left
            self._owner.post(self._let_go)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._owner.run(self._usable().__aexit__, kind, error, traceback)

    async def _let_go(self) -> None:
        """In the loop: nobody will use it."""
        end = getattr(self._inner, "abort", None) or getattr(self._inner, "close", None)
        ended = None if end is None else end()
        if inspect.isawaitable(ended):
            await ended

    def __del__(self) -> None:
        # Dropped open, it says so and lets go of its connection: in the loop, as all else.
        held = [self.__dict__.pop("_inner", None)]

        async def drop() -> None:
            held.clear()

        if self._pid == os.getpid():
            self._owner.post(drop)
        else:
            keep_inherited(held)


async def _opened(function: Callable[[], Any]) -> Any:
    """What a method gives; what is entered or awaited to be opened is open."""
    found = function()
    if inspect.iscoroutine(found) or isinstance(found, DownloadRequest | FileRequest):
        return await cast("Awaitable[Any]", found)
    return found


def _is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _is_items(value: Any) -> TypeGuard[Items[Any]]:
    return isinstance(value, Items)


def _is_iterator(value: Any) -> TypeGuard[AsyncIterator[Any]]:
    return isinstance(value, AsyncIterator)


@functools.cache
def _places_of(kind: type, name: str) -> frozenset[int]:
    """Where among a method's arguments those stand that may be iterables; -1 for by name only."""
    parameters = list(inspect.signature(getattr(kind, name)).parameters)[1:]
    return frozenset(place for place, key in enumerate(parameters) if key in _ITERABLES)


def without_await(text: str | None) -> str | None:
    """A docstring whose examples are synchronous ones."""
    if text is None:
        return None
    return re.sub(r"\b(?:async (?=with\b|for\b)|await (?=\w+[.(])|a(?=closing\())", "", text)


def _mirror(member: Any, name: str) -> Any:
    if isinstance(member, property):
        return _property(name, member.__doc__)
    if isinstance(member, staticmethod):
        function: Callable[..., Any] = member.__func__
        is_async = inspect.iscoroutinefunction(function)
        return _method(name, function) if is_async else staticmethod(function)
    return _method(name, member)


def _property(name: str, text: str | None) -> property:
    def get(self: Face) -> Any:
        return self.get_mirrored(name)

    return property(get, doc=without_await(text))


def _method(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def method(self: Face, *args: Any, **keywords: Any) -> Any:
        return self.call_mirrored(name, args, keywords)

    method.__doc__ = without_await(function.__doc__)
    return method
