"""The options that `cp`, `mv` and `sync` share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from storage_stream.cli.running import Run

__all__ = ["name_options", "run_options", "transfer_options"]

F = TypeVar("F", bound=Callable[..., Any])

_NAMES = (
    click.option(
        "--include", multiple=True, metavar="PATTERN", help="Only such names, as '*.jpg'."
    ),
    click.option("--exclude", multiple=True, metavar="PATTERN", help="No such names."),
    click.option("--follow-symlinks", is_flag=True, help="Take what links lead to."),
    click.option("--concurrency", type=click.IntRange(1), help="Objects at once, at most."),
    click.option("--processes", type=click.IntRange(0), help="Other processes that transfer."),
    click.option(
        "--manifest",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="List what was done: CSV (*.csv) or JSON lines.",
    ),
)
_COPIES = (
    click.option("-r", "-R", "--recursive", is_flag=True, help="Folders, with all in them."),
    click.option("--resume", is_flag=True, help="Go on where this command was interrupted."),
)


def name_options(function: F) -> F:
    """Which names, how many at once, and the list of them."""
    for option in reversed(_NAMES):
        function = option(function)
    return function


def transfer_options(function: F) -> F:
    """The same, and what copies and moves have besides."""
    function = name_options(function)
    for option in reversed(_COPIES):
        function = option(function)
    return function


def run_options(run: Run) -> dict[str, Any]:
    """What is configured of every run of many."""
    return {name: run.config[name] for name in ("concurrency", "processes")}
