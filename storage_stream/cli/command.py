"""What all commands have in common: their options, their examples, how they are begun."""

import functools
import os
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from storage_stream.cli.config import SETTINGS, ConfigError, Configuration
from storage_stream.cli.locations import parse_location, parse_object_location
from storage_stream.cli.output import Output
from storage_stream.cli.running import Run, execute, guarded
from storage_stream.cli.sizes import parse_size

__all__ = [
    "GENERATION",
    "LOCATION",
    "OBJECT",
    "SIZE",
    "ExampleCommand",
    "StorageCommand",
    "begin",
    "carry_out",
    "local_command",
    "storage_command",
]

_FLAGS = (
    *("endpoint", "emulator_host", "project", "user_project", "credentials", "anonymous"),
    *("proxy", "retries"),
)


if TYPE_CHECKING:
    ParamType = click.ParamType[Any]  # generic for the checkers of newer versions only
else:
    ParamType = click.ParamType


class ExampleCommand(click.Command):
    """A command whose help ends with examples.

    Attributes:
        examples: Command lines, which a test runs against the emulator.
    """

    def __init__(self, *args: Any, examples: Sequence[str] = (), **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Print the examples as they are to be typed."""
        del ctx
        with formatter.section("Examples" if len(self.examples) > 1 else "Example"):
            for example in self.examples:
                formatter.write(f"{'':{formatter.current_indent}}{example}\n")


class StorageCommand(ExampleCommand):
    """A command that is a coroutine function.

    Attributes:
        function: It; it is given a `Run` and the command's own parameters.
    """

    function: Callable[..., Coroutine[Any, Any, None]]


class _Location(ParamType):
    name = "location"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self.parse(value) if isinstance(value, str) else value
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def parse(self, text: str) -> Any:
        return parse_location(text)


class _Object(_Location):
    name = "gs://bucket/name"

    def parse(self, text: str) -> Any:
        return parse_object_location(text)


class _Generation(_Location):
    name = "generation"

    def parse(self, text: str) -> Any:
        if not (text.isascii() and text.isdigit()):
            raise ValueError(f"{text!r} is no generation; write its number, or 0")
        return int(text)


class _Size(_Location):
    name = "size"

    def parse(self, text: str) -> Any:
        return parse_size(text)


LOCATION: ParamType = _Location()
"""A parameter that is any place: `parse_location`."""

OBJECT: ParamType = _Object()
"""A parameter that is in the service: `parse_object_location`."""

GENERATION: ParamType = _Generation()
"""A parameter that is the number of a generation."""

SIZE: ParamType = _Size()
"""A parameter that is a size with a unit: `parse_size`."""


def common_options() -> list[click.Parameter]:
    """The options of every command, made anew."""
    settings: list[click.Parameter] = [
        click.Option([SETTINGS[name].flag], help=SETTINGS[name].help)
        for name in _FLAGS
        if name != "anonymous"
    ]
    anonymous = SETTINGS["anonymous"]
    settings.append(click.Option([anonymous.flag], is_flag=True, default=None, help=anonymous.help))
    return [
        click.Option(["--config", "config_file"], metavar="FILE", help="The settings' TOML file."),
        *settings,
        *_output_options(),
    ]


def _output_options() -> list[click.Parameter]:
    """Those that say how it is told what happens."""
    return [
        click.Option(["--json", "as_json"], is_flag=True, help="JSON objects, one a line."),
        click.Option(["-q", "--quiet"], is_flag=True, help="Say nothing but errors."),
        click.Option(["-v", "--verbose"], is_flag=True, help="Say more."),
        click.Option(["--no-color"], is_flag=True, help="No colours; NO_COLOR=1 does the same."),
        click.Option(["--debug"], is_flag=True, help="Show where errors come from."),
    ]


def begin(params: dict[str, Any]) -> Run:
    """What a command works with; takes the common options out of its parameters.

    Raises:
        click.UsageError: A setting cannot be meant.
    """
    flags = {name: params.pop(name) for name in _FLAGS}
    flags |= {name: params[name] for name in SETTINGS if params.get(name) is not None}
    file = params.pop("config_file")
    output = _output(params)
    try:
        config = Configuration.read(flags, os.environ, home=Path.home(), file=file)
    except ConfigError as error:
        raise click.UsageError(str(error)) from error
    return Run(config, output, debug=params.pop("debug"))


def _output(params: dict[str, Any]) -> Output:
    return Output(
        as_json=params.pop("as_json"),
        quiet=params.pop("quiet"),
        verbose=params.pop("verbose"),
        color=not (params.pop("no_color") or os.environ.get("NO_COLOR")),
        null=bool(params.pop("null", False)),
    )


def storage_command(
    name: str, *, examples: Sequence[str], **settings: Any
) -> Callable[[Callable[..., Coroutine[Any, Any, None]]], StorageCommand]:
    """Make a command of a coroutine function, which is given a `Run` and its own parameters.

    An option named as a setting (`--concurrency`) is a flag for it; one called `null` is
    `Output.null`.

    Args:
        name: The command's name.
        examples: Command lines that run as they stand.
        **settings: As `click.command` takes them.
    """

    def decorate(function: Callable[..., Coroutine[Any, Any, None]]) -> StorageCommand:
        @functools.wraps(function)
        def invoke(**params: Any) -> None:
            run = begin(params)
            status = execute(run, lambda: carry_out(function, run, params))
            if status:
                sys.exit(status)

        command = click.command(name, cls=StorageCommand, examples=examples, **settings)(invoke)
        command.function = function
        command.params.extend(common_options())
        return command

    return decorate


def local_command(
    name: str, *, examples: Sequence[str], **settings: Any
) -> Callable[[Callable[..., None]], ExampleCommand]:
    """Make a command of a function that asks no service of anybody's, and has no settings.

    It is given a `Run` of which it uses the output, and its own parameters; it ends with status 1
    if that run has told of a failure.

    Args:
        name: The command's name.
        examples: Command lines that run as they stand.
        **settings: As `click.command` takes them.
    """

    def decorate(function: Callable[..., None]) -> ExampleCommand:
        @functools.wraps(function)
        def invoke(**params: Any) -> None:
            run = Run(Configuration.of_defaults(), _output(params), debug=params.pop("debug"))
            if status := guarded(run, lambda: function(run, **params)):
                sys.exit(status)

        command = click.command(name, cls=ExampleCommand, examples=examples, **settings)(invoke)
        command.params.extend(_output_options())
        return command

    return decorate


async def carry_out(
    function: Callable[..., Coroutine[Any, Any, None]], run: Run, params: Mapping[str, Any]
) -> None:
    """Run a command's function; what is a setting stands in `run.config`."""
    await function(run, **{key: value for key, value in params.items() if key not in SETTINGS})
