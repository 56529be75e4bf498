"""`storage-stream run`: many commands, one a line, several at once, in one process."""

import asyncio
import shlex
from collections.abc import AsyncGenerator
from pathlib import Path

import click

from storage_stream.cli.command import StorageCommand, begin, carry_out, storage_command
from storage_stream.cli.running import Run
from storage_stream.cli.standard_input import standard_input
from storage_stream.errors import StorageError
from storage_stream.pipeline import lines

_AT_ONCE = 16


@storage_command("run", examples=["storage-stream run commands.txt"])
@click.argument("file", default="-", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option(
    *("-j", "--at-once"),
    type=click.IntRange(1),
    default=_AT_ONCE,
    show_default=True,
    help="Commands under way at once.",
)
async def command(run: Run, file: str, at_once: int) -> None:
    """Run commands from a file or a pipe: one a line, several at once.

    Without FILE, or as -, they come from standard input. A line is what stands behind `storage-
    stream`, quoted as in a shell; what begins with # is skipped. They share connections, and end in
    any order. One that fails ends no other.
    """
    commands = _Commands(click.get_current_context().find_root(), run)
    room = asyncio.Semaphore(at_once)
    run.go_on = "Lines that were done are done: run those that are left."
    number = 0
    async with asyncio.TaskGroup() as tasks:
        async for line in _lines(file):
            number += 1
            if not line or line.startswith("#"):
                continue
            await room.acquire()
            task = tasks.create_task(commands.carry_out(number, line))
            task.add_done_callback(lambda _: room.release())
    run.output.event("ended", done=commands.done, failed=commands.failed)
    run.output.say(f"{commands.done} of {commands.done + commands.failed} commands done.")


async def _lines(file: str) -> AsyncGenerator[str, None]:
    if file != "-":
        text = await asyncio.to_thread(Path(file).read_text, encoding="utf-8")
        for line in text.splitlines():
            yield line.strip()
        return
    source = standard_input()
    if isinstance(source, AsyncGenerator):
        async for data in lines(source):
            yield bytes(data).decode().strip()
        return
    for data in source:
        yield data.decode().strip()


class _Commands:
    """Carries out lines, and counts what became of them."""

    def __init__(self, root: click.Context, run: Run) -> None:
        self._root = root
        self._run = run
        self.done = self.failed = 0

    async def carry_out(self, number: int, line: str) -> None:
        """Run one of them; its errors are told, and not raised."""
        try:
            failures = await self._run_line(line)
        except click.exceptions.Exit:  # it asked for help, and got it
            failures = 0
        except (click.ClickException, StorageError, OSError, ValueError) as error:
            if isinstance(error, BrokenPipeError):
                raise
            self._run.fail(error, f"line {number}")
            failures = 1
        self._run.failures += failures
        self.failed += bool(failures)
        self.done += not failures

    async def _run_line(self, line: str) -> int:
        group = self._root.command
        name, *words = shlex.split(line)
        command = group.get_command(self._root, name) if isinstance(group, click.Group) else None
        if not isinstance(command, StorageCommand) or name == "run":
            raise click.UsageError(f"{name!r} is no command that can be run here.")
        context = command.make_context(name, words, parent=self._root)
        child = begin(context.params)
        child.share_client(self._run)
        mine, its = self._run.output, child.output
        its.as_json = its.as_json or mine.as_json
        its.quiet = its.quiet or not (mine.verbose or its.verbose)
        try:
            await carry_out(command.function, child, context.params)
        finally:
            await child.close()
            context.close()
        return child.failures
