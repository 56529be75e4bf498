"""`storage-stream run`: many commands, one a line, several at once, in one process."""

import asyncio
import shlex
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import click

from storage_stream.cli.command import StorageCommand, begin, carry_out, storage_command
from storage_stream.cli.held_output import HeldOutput
from storage_stream.cli.output import Output
from storage_stream.cli.running import Run
from storage_stream.cli.standard_input import standard_input
from storage_stream.cli.standard_output import StandardOutput
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
        self._stdout = StandardOutput(run.output.stdout)
        self._turn = asyncio.Lock()  # to print
        self.done = self.failed = 0

    async def carry_out(self, number: int, line: str) -> None:
        """Run one of them; its errors are told, and not raised. It prints when it has ended."""
        held = HeldOutput()
        output = self._output_of(number, held)
        told = Run(self._run.config, output, debug=self._run.debug)
        try:
            child = self._child(told, line)
            told.failures += await _failures(child)
        except click.exceptions.Exit:  # it asked for help, and got it
            pass
        except (click.ClickException, StorageError, OSError) as error:
            told.fail(error)
        finally:
            async with self._turn:
                self._run.output.flush()
                await held.release(self._stdout, self._run.output.stderr)
        self._run.failures += told.failures
        self.failed += bool(told.failures)
        self.done += not told.failures

    def _output_of(self, number: int, held: HeldOutput) -> Output:
        """Where a command prints: what is held of it, with its line."""
        mine = self._run.output
        output = Output(
            as_json=mine.as_json,
            verbose=mine.verbose,
            quiet=not mine.verbose,
            stdout=held.stdout,
            stderr=held.stderr,
        )
        output.color = mine.color
        output.subject = {"line": number}
        output.shows_progress = False
        return output

    def _child(self, told: Run, line: str) -> "_Child":
        """The command of a line, and what it runs with.

        Raises:
            click.ClickException: It is none that can be run here, or called wrongly.
        """
        group = self._root.command
        try:
            name, *words = shlex.split(line)
        except ValueError as error:  # a quotation that does not end
            raise click.UsageError(f"{error}.") from error
        command = group.get_command(self._root, name) if isinstance(group, click.Group) else None
        if not isinstance(command, StorageCommand) or name == "run":
            raise click.UsageError(f"{name!r} is no command that can be run here.")
        context = command.make_context(name, words, parent=self._root)
        run = begin(context.params)
        run.share_client(self._run)
        run.output = _merged(told.output, run.output)
        return _Child(command, context, run)


@dataclass(frozen=True, slots=True)
class _Child:
    command: StorageCommand
    context: click.Context
    run: Run


def _merged(ours: Output, its: Output) -> Output:
    """Our output, with what its own line says of it."""
    ours.as_json = ours.as_json or its.as_json
    ours.null = its.null
    ours.verbose = ours.verbose or its.verbose
    ours.quiet = its.quiet or not ours.verbose
    ours.color = ours.color and its.color
    return ours


async def _failures(child: _Child) -> int:
    """Run it; returns how many failures it told of."""
    try:
        await carry_out(child.command.function, child.run, child.context.params)
    finally:
        await child.run.close()
        child.context.close()
    return child.run.failures
