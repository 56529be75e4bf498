"""The group of commands: their names, and where each of them lives.

A command's module is imported when the command is asked for, so that none pays for the others.
"""

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import click

from storage_stream.cli.forwarding import ForwardingGroup

_INTERRUPTED = 130  # 128 and the signal's number, as shells have it

COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "clean-upload": (
            "storage_stream.cli.commands.clean_upload",
            "Remove what a killed upload in parts left behind.",
        ),
        "cp": (
            "storage_stream.cli.commands.cp",
            "Copy files and objects, to, from and between buckets.",
        ),
        "mv": (
            "storage_stream.cli.commands.mv",
            "Move files and objects, to, from and between buckets.",
        ),
        "sync": (
            "storage_stream.cli.commands.sync",
            "Make a folder or a prefix like another, moving only what differs.",
        ),
        "rsync": (
            "storage_stream.cli.commands.sync",
            "Make a folder or a prefix like another, moving only what differs.",
        ),
        "cat": (
            "storage_stream.cli.commands.cat",
            "Print objects, one behind the other.",
        ),
        "head": (
            "storage_stream.cli.commands.head",
            "Print the first lines or bytes of objects.",
        ),
        "ls": (
            "storage_stream.cli.commands.ls",
            'List buckets, "folders" and objects.',
        ),
        "rm": (
            "storage_stream.cli.commands.rm",
            "Delete objects.",
        ),
        "du": (
            "storage_stream.cli.commands.du",
            "Sum up what is stored: bytes, objects, place.",
        ),
        "hash": (
            "storage_stream.cli.commands.hash",
            "Show crc32c and MD5 of objects, files, or standard input (-).",
        ),
        "mb": (
            "storage_stream.cli.commands.mb",
            "Make buckets.",
        ),
        "rb": (
            "storage_stream.cli.commands.rb",
            "Remove buckets that are empty.",
        ),
        "lb": (
            "storage_stream.cli.commands.lb",
            "List the buckets of a project.",
        ),
        "compose": (
            "storage_stream.cli.commands.compose",
            "Join objects to a new object of the same bucket.",
        ),
        "sign": (
            "storage_stream.cli.commands.sign",
            "Print URLs that need no credentials.",
        ),
        "restore": (
            "storage_stream.cli.commands.restore",
            "Bring back soft-deleted objects.",
        ),
        "config": (
            "storage_stream.cli.commands.config",
            "Show the settings, and where each came from.",
        ),
        "completion": (
            "storage_stream.cli.commands.completion",
            "Print the completion script of a shell.",
        ),
        "demo": (
            "storage_stream.cli.demo.command",
            "Show what storage-stream does: make data, store it, stream it back.",
        ),
        "run": (
            "storage_stream.cli.commands.run",
            "Run commands from a file or a pipe: one a line, several at once.",
        ),
        "doctor": (
            "storage_stream.cli.commands.doctor",
            "Check credentials, address, clock and connection, and say what to do.",
        ),
        "bench": (
            "storage_stream.cli.commands.bench",
            "Measure how fast a bucket of yours is from here.",
        ),
        "probe": (
            "storage_stream.cli.commands.probe",
            "Show size and kind of pictures without downloading them.",
        ),
        "thumbnail": (
            "storage_stream.cli.commands.thumbnail",
            "Make small pictures of objects, upright.",
        ),
        "stat": (
            "storage_stream.cli.commands.stat",
            "Show all that is known about objects or buckets.",
        ),
        "gallery": (
            "storage_stream.cli.commands.gallery",
            "Pictures as a web page: upload, look, convert, delete.",
        ),
        "emulator": (
            "storage_stream.cli.commands.emulator",
            "Serve Google Cloud Storage from a folder on this machine.",
        ),
    }
)
"""Module and one-line help by name; a module's command is called `command`."""


class LazyGroup(ForwardingGroup):
    """A group that imports a command when it is run, not when it is listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the alphabet."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; None if there is none of that name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; Ctrl-C before it takes over, while it is imported, is no failure."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(_INTERRUPTED)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, made without importing one."""
        rows = [(name, COMMANDS[name][1]) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="storage-stream")
def storage_stream() -> None:
    """Stream objects to and from Google Cloud Storage."""
