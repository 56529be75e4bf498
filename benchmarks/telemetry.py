"""What being observed costs, and that not being observed costs nothing: objects of 16 KiB.

    scripts/bench telemetry [--quick]

The emulator is a process of its own; counted are this process's processor time and the Python
functions it calls for an object. `nobody` has no observer; `api` has OpenTelemetry's API without
an SDK, as a program that was instrumented and set nothing up; `sdk` records every span and metric
in memory. The least of interleaved rounds counts, because neighbours only ever add to it.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage_stream import Storage
from storage_stream.cli.demo.emulator_process import emulator_process

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["calls_for_each", "main", "observers"]

_BYTES = 16 * 1024
_ROUNDS = 7


def observers() -> dict[str, Callable[[], Any]]:
    """What is compared: makes an observer, or None."""
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415 - its import is not measured
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader  # noqa: PLC0415 - the same
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - the same

    from storage_stream.integrations.opentelemetry import OpenTelemetry  # noqa: PLC0415 - the same

    def sdk() -> OpenTelemetry:
        meters = MeterProvider([InMemoryMetricReader()], shutdown_on_exit=False)
        return OpenTelemetry(tracer_provider=TracerProvider(), meter_provider=meters)

    return {"nobody": lambda: None, "api": OpenTelemetry, "sdk": sdk}


async def calls_for_each(storage: Storage, count: int) -> float:
    """Python functions that are called for one object, the event loop's own included."""
    calls = 0

    def seen(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(seen)
    try:
        await _download(storage, count)
    finally:
        sys.setprofile(None)
    return calls / count


async def _cpu_seconds_for_each(storage: Storage, count: int) -> float:
    begun = time.process_time()
    await _download(storage, count)
    return (time.process_time() - begun) / count


async def _download(storage: Storage, count: int) -> None:
    for _ in range(count):
        await storage.download("bucket", "object")


async def _measure(made: dict[str, Callable[[], Any]], count: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with emulator_process(Path(folder)) as place:
            await _prepare(place.url)
            calls, seconds = {}, {name: float("inf") for name in made}
            for _ in range(rounds):
                for name, make in made.items():
                    observer = make()
                    arguments = {} if observer is None else {"observer": observer}
                    async with Storage(api_root=place.url, api_is_dev=True, **arguments) as storage:
                        await _download(storage, 20)
                        seconds[name] = min(
                            seconds[name], await _cpu_seconds_for_each(storage, count)
                        )
                        calls[name] = await calls_for_each(storage, 100)
    for name in made:
        print(f"{name:8} {calls[name]:8.2f} calls {seconds[name] * 1e6:8.1f} µs of CPU an object")


async def _prepare(url: str) -> None:
    async with Storage(api_root=url, api_is_dev=True) as storage:
        await storage.create_bucket("bucket", "project")
        await storage.upload("bucket", "object", bytes(_BYTES))


def main(words: list[str]) -> None:
    """Measure, and print a line for each."""
    parser = argparse.ArgumentParser(prog="scripts/bench telemetry", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--quick", action="store_true", help="does it work?")
    parser.add_argument("--nobody", action="store_true", help="only without an observer")
    options = parser.parse_args(words)
    made = {"nobody": lambda: None} if options.nobody else observers()
    count, rounds = (100, 1) if options.quick else (1000, _ROUNDS)
    asyncio.run(_measure(made, count, rounds))


if __name__ == "__main__":
    main(sys.argv[1:])
