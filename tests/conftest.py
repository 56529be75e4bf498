"""What the tests of the client share: a client that does not wait, and leaves nothing behind."""

import asyncio
import gc
import itertools
import os
import re
import signal
from collections.abc import AsyncIterator, Callable, Generator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from leaks import nothing_left
from long_first import LONG, dealt, rank
from scripted_server import ScriptedServer

from storage_stream import RetryPolicy, Storage
from storage_stream.testing.emulator_handle import EmulatorHandle

AT_ONCE = RetryPolicy(initial_delay=0)
"""Repeats without waiting: a test's time is not spent on backoff."""

# The same examples everywhere, however slow the machine: what fails here fails there, too.
settings.register_profile(
    "everywhere",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("everywhere")


_OF_THE_MACHINE = re.compile(
    r"http_proxy|all_proxy|(storage_(emulator|stream)|google|gcloud|cloudsdk|gce|dask|otel|pg)_?.*"
    r"|columns|lines|colorterm|no_color|force_color|clicolor(_force)?|tty_.*",
    re.IGNORECASE,
)
"""Variables that would send requests elsewhere, name another's credentials or change what is shown.

Not `https_proxy`: by that a program that some tests need may be fetched, and no test speaks TLS to
a name that it would hold for.
"""


def pytest_configure() -> None:
    """Have the same around all tests, however they were started."""
    for name in filter(_OF_THE_MACHINE.fullmatch, [*os.environ]):
        del os.environ[name]
    os.environ["TERM"] = "xterm-256color"
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # As it is in the background of a shell; what the tests start would ignore Ctrl-C, too.
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Among several workers, long tests begin first."""
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker is not None:
        ranked = sorted(items, key=lambda item: rank(item.path.as_posix()))
        long = [item for item in ranked if rank(item.path.as_posix()) < len(LONG)]
        items[:] = dealt(ranked[len(long) :], long, worker["workercount"])


def pytest_collection_finish() -> None:
    """Take the modules and the tests out of what every collection of garbage goes through."""
    _set_aside()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """And now and then what pytest keeps of each test, and libraries that were loaded meanwhile.

    After thousands of tests every collection took a tenth of a second, and most tests end with one.
    """
    result = yield
    if next(_ENDED) % 50 == 0:
        _set_aside()
    return result


_ENDED = itertools.count(1)


def _set_aside() -> None:
    """What is garbage is collected, and warns if it has to; what is left stays for good."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def at_once() -> RetryPolicy:
    return AT_ONCE


@pytest.fixture
async def storage(gcs: EmulatorHandle) -> AsyncIterator[Storage]:
    """A client of the emulator; after the test it has no task, no place and no connection left.

    Nor an exception that nobody took: asyncio only logs those.
    """
    unhandled: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: unhandled.append(what))
    async with Storage(retry=AT_ONCE) as client:
        yield client
    await nothing_left(client, gcs)
    gc.collect()
    assert unhandled == []


@pytest.fixture
def storage_of() -> Callable[..., Storage]:
    """Makes clients of a scripted server."""

    def make(server: ScriptedServer, **arguments: Any) -> Storage:
        chosen = {"retry": AT_ONCE, **arguments}
        return Storage(api_root=server.url, anonymous=True, **chosen)

    return make
