"""`storage-stream config`: the settings, and where each came from."""

import json
from typing import Any

import click

from storage_stream.cli.command import storage_command
from storage_stream.cli.config import SETTINGS
from storage_stream.cli.forwarding import ForwardingGroup
from storage_stream.cli.running import Run


@click.group(
    name="config",
    cls=ForwardingGroup,
    epilog="Example: storage-stream config show",
    context_settings={"help_option_names": ["-h", "--help"]},
)
def command() -> None:
    """Show the settings, and where each came from.

    A flag wins over the environment, that over the TOML file, that over the default.
    """


@storage_command(
    "show",
    examples=["storage-stream config show", "storage-stream config show --json"],
)
async def show(run: Run) -> None:
    """Show each setting, and where it came from."""
    config = run.config
    state = "" if config.file_exists else " (there is none)"
    run.output.say(f"File: {config.file}{state}")
    for name, value in config.values.items():
        run.output.result({"name": name, "value": value.shown, "origin": value.origin})
    rows = [[name, _spelled(value.shown), value.origin] for name, value in config.values.items()]
    run.output.table([["setting", "value", "from"], *rows])


@storage_command("settings", examples=["storage-stream config settings"])
async def settings(run: Run) -> None:
    """Show what can be set, and how."""
    rows = [["in the file", "in the environment", "what"]]
    for name, setting in SETTINGS.items():
        run.output.result(
            {"name": name, "variables": setting.variables, "default": setting.default}
        )
        rows.append([name, ", ".join(setting.variables), setting.help])
    run.output.table(rows)


def _spelled(value: Any) -> str:
    return "-" if value is None else value if isinstance(value, str) else json.dumps(value)


command.add_command(show)
command.add_command(settings)
