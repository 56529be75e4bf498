"""`storage-stream emulator`: serve a folder until somebody says stop."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Generator
from pathlib import Path
from typing import Any

import click

from storage_stream.cli.command import local_command
from storage_stream.cli.running import Run
from storage_stream.emulator import Emulator, PortTakenError, SeedError

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@local_command(
    "emulator",
    examples=[
        "storage-stream emulator --data ./buckets --create-buckets",
        "storage-stream emulator --seed ./tests/buckets",
    ],
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to keep buckets and objects in. Default: a temporary one, gone at the end.",
)
@click.option(
    "--seed",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder to fill buckets from: SEED/BUCKET/OBJECT, and metadata in SEED/BUCKET.json. What"
    " is there already stays as it is.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=4443,
    show_default=True,
    help="0 picks a free one.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to bind. Beyond loopback, anyone in the network can read and write.",
)
@click.option(
    "--create-buckets/--no-create-buckets",
    default=False,
    show_default=True,
    help="Make a bucket when it is first named.",
)
@click.option("--durable", is_flag=True, help="Survive a loss of power, too (slower).")
@click.option(
    "--require-auth", is_flag=True, help="Refuse requests without a token of POST /token."
)
@click.option(
    "--token-lifetime",
    type=click.FloatRange(min=0, min_open=True),
    default=3600.0,
    show_default=True,
    help="Seconds until a token expires.",
)
@click.option(
    "--soft-delete",
    "soft_delete_seconds",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Seconds for which deleted objects can be restored, in buckets without a policy.",
)
@click.option(
    "--session-lifetime",
    "session_lifetime_seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=7 * 24 * 3600.0,
    show_default=True,
    help="Seconds until a resumable upload expires.",
)
@click.option(
    "--rewrite-bytes",
    "rewrite_bytes_per_call",
    type=click.IntRange(min=1),
    help="Bytes after which a rewrite answers with a token. Default: it ends in one call.",
)
def command(run: Run, data: Path | None, **options: Any) -> None:
    """Serve Google Cloud Storage from a folder on this machine.

    Clients find it by STORAGE_EMULATOR_HOST. Ctrl-C stops it. With --json, a line tells its address
    when it is ready.
    """
    emulator = Emulator(data, **options)  # each option is named as the argument that takes it
    try:
        asyncio.run(_serve(run, emulator, data))
    except (OSError, RuntimeError, SeedError) as error:
        text = error.strerror if isinstance(error, PortTakenError) else None
        run.fail(click.ClickException(text or str(error)))


async def _serve(run: Run, emulator: Emulator, data: Path | None) -> None:
    stopped = asyncio.Event()
    with _stopped_by_signals(stopped):
        async with emulator:
            if emulator.warning is not None:
                run.output.warn(emulator.warning)
            _announce(run, emulator.url, data)
            await stopped.wait()
            if data is None:  # which takes a while where much is in it
                run.output.say("Removing the temporary folder.")
    run.output.event("stopped")
    run.output.say("Stopped.")


@contextlib.contextmanager
def _stopped_by_signals(stopped: asyncio.Event) -> Generator[None, None, None]:
    loop = asyncio.get_running_loop()
    try:
        for number in _STOP_SIGNALS:
            loop.add_signal_handler(number, stopped.set)
    except NotImplementedError:  # Windows: Ctrl-C comes as KeyboardInterrupt, and leaves as clean
        yield
        return
    try:
        yield
    finally:
        for number in _STOP_SIGNALS:
            loop.remove_signal_handler(number)


def _announce(run: Run, url: str, data: Path | None) -> None:
    folder = None if data is None else str(data.absolute())
    what = folder or "a temporary folder"
    text = f"Serving {what} at {url}, with a console at /_console. Ctrl-C stops it."
    run.output.result(
        {"url": url, "data": folder, "pid": os.getpid()},
        f"{text}\nexport STORAGE_EMULATOR_HOST={url}",
    )
    run.output.flush()
