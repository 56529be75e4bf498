"""A pipeline written in the order in which the bytes flow."""

from collections.abc import Callable
from typing import Any, TypeVar, overload

from storage_stream.pipeline.source import Source

__all__ = ["pipe"]

S = TypeVar("S")
_Step = Callable[[Any], Any]


@overload
def pipe(source: Source, first: Callable[[Any], S], /) -> S: ...
@overload
def pipe(source: Source, first: _Step, second: Callable[[Any], S], /) -> S: ...
@overload
def pipe(source: Source, first: _Step, second: _Step, third: Callable[[Any], S], /) -> S: ...
@overload
def pipe(source: Source, /, *steps: _Step) -> Any: ...
def pipe(source: Any, /, *steps: _Step) -> Any:
    """Return `steps[-1](… steps[0](source))`; use `functools.partial` to give a step options.

    `pipe(source, gunzip, partial(lines, keep_ends=True))` is
    `lines(gunzip(source), keep_ends=True)`. The last step may be `collect`: await the result.
    """
    for step in steps:
        source = step(source)
    return source
