"""What is entered or awaited: opened once, and ended as its own block ends."""

from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Self

import pytest

from storage_stream._open_request import OpenRequest
from storage_stream.errors import StreamNotOpen, UsageError


class Thing(AbstractAsyncContextManager[Any]):
    """Remembers by what its block ended."""

    ended_by: type[BaseException] | str | None = "nothing"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.ended_by = kind


class ThingRequest(OpenRequest[Thing]):
    _noun = "thing"
    _method = "things"


def request(made: list[Thing]) -> ThingRequest:
    async def begin() -> Thing:
        made.append(Thing())
        return made[-1]

    return ThingRequest(begin, "gs://bucket/name")


async def test_nothing_is_opened_before_and_whoever_awaits_closes() -> None:
    made: list[Thing] = []
    asked = request(made)
    assert not made
    assert await asked is made[0]
    assert made[0].ended_by == "nothing"


async def test_a_block_ends_what_it_opened_with_its_own_error() -> None:
    made: list[Thing] = []
    async with request(made) as thing:
        assert thing is made[0]
    assert made[0].ended_by is None
    with pytest.raises(KeyError):
        async with request(made):
            raise KeyError
    assert made[1].ended_by is KeyError


async def test_it_is_opened_once() -> None:
    made: list[Thing] = []
    asked = request(made)
    await asked
    with pytest.raises(UsageError, match=r"a thing is opened once; ask things\(\)") as told:
        await asked
    assert told.value.subject == "gs://bucket/name"
    assert len(made) == 1


async def test_what_is_not_open_says_so() -> None:
    asked: Any = request([])
    with pytest.raises(StreamNotOpen, match=r"before \.read"):
        asked.read  # noqa: B018 - asking for it is what is told
    with pytest.raises(StreamNotOpen, match="before iterating"):
        aiter(asked)
    with pytest.raises(TypeError, match="'async with'"):
        asked.__enter__()
    assert not hasattr(asked, "read")
    assert not hasattr(asked, "__len__")
    assert repr(asked) == "<ThingRequest gs://bucket/name>"
