"""The demonstration as a command: its options, its signals, its errors as sentences."""

import asyncio
import contextlib
import signal
import sys

import click

from storage_stream.cli.command import local_command
from storage_stream.cli.demo.byte_size import megabytes, parse_size
from storage_stream.cli.demo.emulator_process import EmulatorProcessError
from storage_stream.cli.demo.journeys import WrongDataError
from storage_stream.cli.demo.run import NoRoomError, demonstrate
from storage_stream.cli.running import Run
from storage_stream.errors import StorageError

_INTERRUPTED = 130  # what shells expect of a program that Ctrl-C ended
_LEAST_BYTES, _MOST_BYTES = 4_000_000, 20_000_000_000


def _size(_: click.Context, parameter: click.Parameter, value: str) -> int:
    try:
        size = parse_size(value)
    except ValueError as error:
        raise click.BadParameter(str(error), param=parameter) from error
    if not _LEAST_BYTES <= size <= _MOST_BYTES:
        least, most = megabytes(_LEAST_BYTES), megabytes(_MOST_BYTES)
        raise click.BadParameter(f"{value}: from {least} MB to {most} MB.", param=parameter)
    return size


@local_command(
    "demo",
    examples=["storage-stream demo --size 48MB"],
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--size",
    callback=_size,
    default="300MB",
    show_default=True,
    help="How much data to make, such as 48MB or 2GiB.",
)
@click.option("--keep", is_flag=True, help="Keep the files, and say where they are.")
def command(
    run: Run,
    size: int,
    keep: bool,  # noqa: FBT001 - click passes by name
) -> None:
    """Show what storage-stream does: make data, store it, stream it back.

    A real data set is made and uploaded to an emulator that runs as a process of its own; then it
    comes back in three ways, with one connection cut on purpose. Every byte is compared.
    """
    try:
        asyncio.run(_until_told_to_stop(run, size, keep=keep))
    except (KeyboardInterrupt, asyncio.CancelledError):
        run.output.event("interrupted", go_on=None)
        run.output.say("Stopped; nothing is left behind." if not keep else "Stopped.")
        sys.exit(_INTERRUPTED)
    except WrongDataError as error:
        run.fail(click.ClickException(f"Wrong data: {error}"))
    except (EmulatorProcessError, NoRoomError) as error:
        run.fail(click.ClickException(str(error)))
    except (StorageError, OSError) as error:
        run.fail(error)


async def _until_told_to_stop(run: Run, size: int, *, keep: bool) -> None:
    """Run it; a request to end the process is taken as Ctrl-C is."""
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    if task is not None:
        with contextlib.suppress(NotImplementedError, AttributeError):  # Windows has none of this
            for number in (signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, task.cancel)
    await demonstrate(run.output, size, keep=keep)
