"""What stands between a caller and a client that is observed: each call told, from first to last.

The methods of that one client are wrapped when it is made, so that a client nobody observes has
nothing to ask, at no call. What they do is not known here: a call travels as the meter of its own
options, and a method that hands its options on to another one is still one call.
"""

from __future__ import annotations

import functools
import inspect
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from storage_stream._protocol.observed_call import ObservedCall

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from storage_stream._protocol.meter import Meter
    from storage_stream._protocol.observer import Observer

__all__ = ["observe"]

T = TypeVar("T")

_ALONE = frozenset({"close"})  # no call of the service
_LATER = frozenset({"batch", "download_stream", "upload_stream", "_creating_stream"})
_RUNS = frozenset({"copy_many", "download_many", "sync", "upload_many"})
_DELETIONS = frozenset({"delete_many", "delete_prefix"})
_SAME = {"_creating_stream": "upload_stream"}  # as callers know it


def observe(client: object, observer: Observer, new_meter: Callable[[Any], Meter]) -> None:
    """Tell an observer of every call of a client.

    `open` is not wrapped: its files make the calls of `download_stream` and `upload_stream`.

    Args:
        client: Whose methods are wrapped.
        observer: Is told.
        new_meter: Makes a meter of what a caller gave as `progress`.
    """
    for name in dir(type(client)):
        wrap = _wrapper_of(name, inspect.getattr_static(client, name))
        if wrap is not None:
            method = getattr(client, name)
            setattr(client, name, wrap(method, _Calls.of(method, name, observer, new_meter)))


def _wrapper_of(name: str, found: object) -> Callable[[Any, _Calls], Any] | None:
    if name in _LATER:
        return _later
    if name in _RUNS:
        return functools.partial(_run, takes_meter=False)
    if name in _DELETIONS:
        return functools.partial(_run, takes_meter=True)
    if name.startswith("_") or name in _ALONE:
        return None
    if inspect.iscoroutinefunction(found):
        return _awaited
    return _iterated if inspect.isasyncgenfunction(found) else None


@dataclass(frozen=True, slots=True)
class _Calls:
    """The calls of one method.

    Attributes:
        name: The method's.
        parameters: The names of those that can be given by place.
        takes_meter: Whether it takes what every request does.
        observer: Is told.
        new_meter: Makes a meter of what a caller gave.
    """

    name: str
    parameters: tuple[str, ...]
    takes_meter: bool
    observer: Observer
    new_meter: Callable[[Any], Meter]

    @classmethod
    def of(
        cls,
        method: Callable[..., Any],
        name: str,
        observer: Observer,
        new_meter: Callable[[Any], Meter],
    ) -> _Calls:
        parameters = inspect.signature(method).parameters
        kinds = {parameter.kind for parameter in parameters.values()}
        takes_meter = inspect.Parameter.VAR_KEYWORD in kinds
        return cls(_SAME.get(name, name), tuple(parameters), takes_meter, observer, new_meter)

    def begun(self, places: tuple[Any, ...], keywords: Mapping[str, Any]) -> ObservedCall:
        """One more."""
        said = {**dict(zip(self.parameters, places, strict=False)), **keywords}
        begin = functools.partial(
            self.observer.begin, self.name, _text(said, "bucket"), _text(said, "object_name")
        )
        progress = keywords.get("progress") if self.takes_meter else None
        return ObservedCall(begin, None if progress is None else self.new_meter(progress))

    def keywords(self, keywords: dict[str, Any], call: ObservedCall) -> dict[str, Any]:
        """What the method is given: it counts for the call."""
        return {**keywords, "progress": call} if self.takes_meter else keywords


def _text(said: Mapping[str, Any], name: str) -> str | None:
    value = said.get(name)
    return value if isinstance(value, str) else None


def _is_inner(keywords: Mapping[str, Any]) -> bool:
    """Whether another call of the client hands on its options."""
    return isinstance(keywords.get("progress"), ObservedCall)


def _awaited(method: Callable[..., Any], calls: _Calls) -> Callable[..., Any]:
    @functools.wraps(method)
    async def observed(*places: Any, **keywords: Any) -> Any:
        if _is_inner(keywords):
            return await method(*places, **keywords)
        with calls.begun(places, keywords) as call:
            return await method(*places, **calls.keywords(keywords, call))

    return observed


def _iterated(method: Callable[..., Any], calls: _Calls) -> Callable[..., Any]:
    @functools.wraps(method)
    async def observed(*places: Any, **keywords: Any) -> AsyncGenerator[Any, None]:
        if _is_inner(keywords):
            found = method(*places, **keywords)
        else:
            call = calls.begun(places, keywords)
            found = _steps(method(*places, **calls.keywords(keywords, call)), call)
        async with aclosing(found):
            async for item in found:
                yield item

    return observed


def _later(method: Callable[..., Any], calls: _Calls) -> Callable[..., Any]:
    """What makes no request yet: the call begins with its first, and whoever it is ends it."""

    @functools.wraps(method)
    def observed(*places: Any, **keywords: Any) -> Any:
        if _is_inner(keywords):
            return method(*places, **keywords)
        return method(*places, **calls.keywords(keywords, calls.begun(places, keywords)))

    return observed


def _run(method: Callable[..., Any], calls: _Calls, *, takes_meter: bool) -> Callable[..., Any]:
    """A run of many; its objects are calls of their own, within it, where it is not their meter."""

    @functools.wraps(method)
    def observed(*places: Any, **keywords: Any) -> Any:
        if _is_inner(keywords):
            return method(*places, **keywords)
        if takes_meter:
            call = calls.begun(places, keywords)
            run = method(*places, **calls.keywords(keywords, call))
        else:
            told = {name: value for name, value in keywords.items() if name != "progress"}
            call = calls.begun(places, told)
            run = method(*places, **keywords)
        return run.watched(functools.partial(_steps, call=call))

    return observed


async def _steps(found: AsyncGenerator[T, None], call: ObservedCall) -> AsyncGenerator[T, None]:
    """The same items; each is found within the call, and it ends with the last.

    Not within one block: what the consumer does between two items is not the call's.
    """
    failure: BaseException | None = None
    try:
        async with aclosing(found):
            while True:
                with call.observation.current():
                    item = await anext(found, call)
                if isinstance(item, ObservedCall):
                    break
                yield item
    except GeneratorExit:  # who has enough of it leaves, and nothing is wrong
        raise
    except BaseException as error:
        failure = error
        raise
    finally:
        call.ended(failure)
