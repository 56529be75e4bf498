"""Each extra alone: what it brings works, and what it does not bring says what to install."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROGRAM = Path(__file__).with_name("alone.py")
PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))[
    "project"
]
# `all` is their union; the others are for those who work on the package.
EXTRAS = sorted(PROJECT["optional-dependencies"].keys() - {"all", "bench", "dev", "docs"})

PARTS = {
    "cli": "import sys; sys.argv = ['storage-stream', '--version']\n"
    "from storage_stream.cli import main; main()",
    "vips": "from storage_stream.media.connections.vips import pyvips; pyvips()",
    "pillow": "from storage_stream.media import StreamParser; StreamParser()",
    "fastapi": "from storage_stream.outputs import Blob, blob_type",
    "images": "from storage_stream.images import Database, ImageService\n"
    "Database.sqlite('images.db'); Database('postgresql+asyncpg://localhost/images')",
    "gallery": "import storage_stream.cli.commands.gallery",
    "fsspec": "from storage_stream.integrations.fsspec import StorageFileSystem\n"
    "StorageFileSystem(token='anon')",
    "dask": "from storage_stream.integrations.dask.engine import library; library()",
    "otel": "from storage_stream.integrations.opentelemetry import OpenTelemetry; OpenTelemetry()",
    "google-auth": "from storage_stream.integrations.google_auth import _default_request\n"
    "_default_request()",
}
CORE = {
    "core": "from storage_stream import *\nfrom storage_stream.emulator import Emulator\n"
    "from storage_stream import errors, pipeline, sync\nStorage(anonymous=True)",
    "names": "from storage_stream import images, media, outputs, testing\n"
    "from storage_stream.integrations import dask, fsspec",
}


def brought_by(extra: str | None) -> set[str]:
    """The distributions that are installed with an extra alone; None: with no extra."""
    found: set[tuple[str, frozenset[str]]] = set()
    todo = [("storage-stream", frozenset([extra] if extra else []))]
    while todo:
        name, extras = wanted = todo.pop()
        if wanted not in found:
            found.add(wanted)
            todo += [
                (canonicalize_name(requirement.name), frozenset(requirement.extras))
                for requirement in needed_by(name, extras)
            ]
    return {name for name, _ in found}


def needed_by(name: str, extras: frozenset[str]) -> Iterator[Requirement]:
    if name == "storage-stream":  # what is installed may be of yesterday
        optional = PROJECT["optional-dependencies"]
        needed = [*PROJECT["dependencies"], *chain(*(optional[extra] for extra in extras))]
    else:
        needed = metadata.requires(name) or []
    for requirement in map(Requirement, needed):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield requirement


@pytest.fixture(scope="module")
def owners() -> str:
    """The distributions that each top-level module is of, as JSON."""
    return json.dumps(metadata.packages_distributions())


def told(extra: str | None, owners: str) -> dict[str, str | None]:
    """What each part says with an extra alone."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-I", PROGRAM, json.dumps(CORE | PARTS), *sorted(brought_by(extra))],
        input=owners,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, str | None] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_every_extra_has_a_part() -> None:
    assert sorted(PARTS) == EXTRAS


@pytest.mark.parametrize("extra", [None, *EXTRAS], ids=str)
def test_an_extra_alone(extra: str | None, owners: str) -> None:
    brought = brought_by(extra)
    for part, said in told(extra, owners).items():
        # Some bring another's libraries too: Dask needs fsspec.
        works = part in CORE or brought_by(part) <= brought
        if part == "gallery" and not brought_by("cli") <= brought:
            continue  # it is one of the command's, which says that it is missing itself
        if works:
            assert said is None, f"{part} with [{extra}]: {said}"
        else:
            assert said is not None, f"{part} with [{extra}] works without its libraries?"
            assert f"install storage-stream[{part}]" in said
