"""An observer that fails, wherever it does: the call goes on, and the log tells it once."""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, aclosing, contextmanager, nullcontext
from typing import Any

import pytest
from leaks import until

from storage_stream import RetryPolicy, Storage
from storage_stream.errors import NotFound
from storage_stream.testing.emulator_handle import EmulatorHandle

GET = "storage.objects.get"


class Failing:
    """An observer, its observations and its attempts, one method of which fails."""

    def __init__(self, where: str) -> None:
        self._where = where
        self.asked = 0

    def __call__(self, name: str) -> None:
        self.asked += 1
        if name == self._where:
            raise KeyError(name)

    def begin(self, *_: Any) -> Any:
        self("begin")
        return Observation(self)


class Observation:
    def __init__(self, told: Failing) -> None:
        self.told = told

    def current(self) -> AbstractContextManager[Any]:
        self.told("current")
        return self._block()

    @contextmanager
    def _block(self) -> Iterator[None]:
        self.told("enter")
        try:
            yield
        finally:
            self.told("exit")

    def attempt(self, *_: Any) -> Any:
        self.told("attempt")
        return Attempt(self.told)

    def waits(self, *_: Any) -> None:
        self.told("waits")

    def resumed(self) -> None:
        self.told("resumed")

    def ended(self, _: Any) -> None:
        self.told("ended")


class Attempt:
    def __init__(self, told: Failing) -> None:
        self.told = told

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        self.told("headers")
        return (("x-trace", "1"),)

    def sent(self, _: int) -> None:
        self.told("sent")

    def answered(self, _: int) -> None:
        self.told("answered")

    def received(self, _: int) -> None:
        self.told("received")

    def ended(self, _: Any) -> None:
        self.told("attempt ended")


WHERE = [
    *("begin", "current", "enter", "exit", "attempt", "waits", "resumed", "ended"),
    *("headers", "sent", "answered", "received", "attempt ended"),
]


@pytest.mark.parametrize("where", WHERE)
async def test_wherever_it_fails_the_calls_go_on(
    where: str, gcs: EmulatorHandle, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "storage_stream")
    gcs.create_bucket("bucket")
    observer = Failing(where)
    async with Storage(observer=observer, retry=RetryPolicy(initial_delay=0)) as storage:
        async with storage.upload_stream("bucket", "a") as writer:
            await writer.write(bytes(300_000))
        gcs.arm_next(GET, "drop-at-100000")
        assert len(await storage.download("bucket", "a")) == 300_000
        async with storage.download_stream("bucket", "a") as stream:
            assert len(await stream.read()) == 300_000
        async with aclosing(storage.iter_objects("bucket")) as found:
            assert [item["name"] async for item in found] == ["a"]
        with pytest.raises(NotFound):  # its own errors arrive as they are
            await storage.download("bucket", "nothing")
    (told,) = caplog.records
    assert told.getMessage() == "the observer failed; this is told once"
    assert told.exc_info is not None
    assert isinstance(told.exc_info[1], KeyError)
    await until(lambda: gcs.open_connections == 0, lambda: "a connection is left open")


class Injecting(Failing):
    """An observer whose header lines hold more than a line."""

    def begin(self, *_: Any) -> Any:
        class Lines(Attempt):
            headers = (("x-trace", "1\r\nx-goog-user-project: another"),)

        class Begun(Observation):
            def attempt(self, *_: Any) -> Any:
                return Lines(self.told)

            def current(self) -> AbstractContextManager[Any]:
                return nullcontext()

        return Begun(self)


async def test_its_headers_stay_in_their_lines(
    gcs: EmulatorHandle, caplog: pytest.LogCaptureFixture
) -> None:
    gcs.put("bucket", "a", b"1")
    async with Storage(observer=Injecting("nowhere")) as storage:
        assert await storage.download("bucket", "a") == b"1"
    assert "the observer failed" in caplog.text
    assert not any("x-trace" in str(entry) for entry in gcs.log)
