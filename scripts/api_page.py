"""The page docs/api.md, made of the docstrings: every public method, by class and subject.

`scripts/docs --write` writes it; a test compares, so that the page cannot fall behind the code.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any

import storage_stream
import storage_stream.images
import storage_stream.integrations.dask
import storage_stream.integrations.fsspec
import storage_stream.integrations.google_auth
import storage_stream.integrations.opentelemetry
import storage_stream.media
import storage_stream.outputs
import storage_stream.testing

PAGE = Path(__file__).parents[1] / "docs" / "api.md"

_CLASSES = (
    "Storage",
    "Bucket",
    "Blob",
    "StreamResponse",
    "StreamWriter",
    "ObjectReader",
    "ObjectWriter",
    "TextReader",
    "TextWriter",
    "Batch",
    "ManyTransfer",
    "Deletion",
)
_PICTURES = """\
# Pictures

`storage_stream.media`, whose errors are at the top of `help(storage_stream.media.errors)`;
[docs/media.md](media.md) is the page to read first.
"""
_IMAGES = """\
# Images

`storage_stream.images`; [docs/images.md](images.md) is the page to read first, and
[docs/gallery.md](gallery.md) for the web page.
"""
_IMAGE_NAMES = (
    *("images_router", "gallery_app"),
    *("ImageService", "FileService", "ConverterService", "Database"),
)
_WEB = """\
# Web answers

`storage_stream.outputs`; [docs/outputs.md](outputs.md) is the page to read first.
"""
_WEB_NAMES = ("object_response", "blob_type", "Blob", "BlobManager")
_TESTING = """\
# Testing

`storage_stream.testing`, with pytest's fixture `gcs`, which is an `EmulatorHandle`;
[docs/testing.md](testing.md) is the page to read first.
"""
_TESTING_NAMES = ("emulated_gcs", "GcsTestMixin", "EmulatorHandle")
_INTEGRATIONS = """\
# Integrations

`storage_stream.integrations`: [fsspec](fsspec.md), [Dask](dask.md), google-auth and
[OpenTelemetry](observability.md).

| name | what |
|---|---|
"""
_INTEGRATED = {
    "fsspec": ("StorageFileSystem", "register"),
    "dask": ("connect", "transfer", "map_objects", "ClusterSummary"),
    "opentelemetry": ("OpenTelemetry",),
    "google_auth": ("GoogleAuthToken",),
}
_INTERNAL = {"entered", "made", "pool", "work"}  # by which sources and targets work together
_HEAD = """\
# All methods

Made of the docstrings by `scripts/docs --write`. `help(Storage.upload)` tells all of one: its
arguments with their units and defaults, its errors, and what cancelling does.
[docs/requests.md](requests.md) says how many requests each makes. Every method that makes a
request also takes {keywords}.
"""


def page() -> str:
    """The whole page."""
    keywords = ", ".join(f"`{name}`" for name in storage_stream.RequestKeywords.__annotations__)
    head = _HEAD.format(keywords=keywords)
    sections = [_section(getattr(storage_stream, name)) for name in _CLASSES]
    parts = [head, *sections, _PICTURES, *_pictures()]
    for about, module, names in (
        (_IMAGES, storage_stream.images, _IMAGE_NAMES),
        (_WEB, storage_stream.outputs, _WEB_NAMES),
        (_TESTING, storage_stream.testing, _TESTING_NAMES),
    ):
        found = {name: getattr(module, name) for name in names}
        rows = [_row(name, thing) for name, thing in found.items() if not inspect.isclass(thing)]
        parts += [about, _table(rows), *map(_section, filter(inspect.isclass, found.values()))]
    return "\n".join([*parts, _INTEGRATIONS + "\n".join(_integrations()) + "\n"])


def _integrations() -> list[str]:
    """A row for each name."""
    return [
        _row(name, getattr(getattr(storage_stream.integrations, module), name))
        for module, names in _INTEGRATED.items()
        for name in names
    ]


def _pictures() -> list[str]:
    """Functions, and classes that have methods and are no errors."""
    names = storage_stream.media.__all__
    found = {name: getattr(storage_stream.media, name) for name in names}
    rows = [_row(name, thing) for name, thing in found.items() if inspect.isfunction(thing)]
    return [_table(rows), *(_picture_section(thing) for thing in found.values() if _acts(thing))]


def _acts(thing: Any) -> bool:
    """Whether it is a class with methods, and no error."""
    if not inspect.isclass(thing) or issubclass(thing, Exception):
        return False
    return any(inspect.isfunction(_plain(vars(thing)[name])) for name in _own(thing))


def _own(cls: type[Any]) -> list[str]:
    return sorted(name for name in vars(cls) if not name.startswith("_") and name not in _INTERNAL)


def _picture_section(cls: type[Any]) -> str:
    """What a class has besides its base."""
    base = next(base for base in cls.__mro__[1:] if base is object or base.__doc__)
    is_ours = base.__module__.startswith("storage_stream")
    more = f" All that `{base.__name__}` has, and:" if is_ours else ""
    rows = "\n".join(_row(name, vars(cls)[name]) for name in _own(cls))
    return f"## {cls.__name__}\n\n{_sentence(cls)}{more}\n\n| name | what |\n|---|---|\n{rows}\n"


def _plain(member: Any) -> Any:
    return member.__func__ if isinstance(member, staticmethod | classmethod) else member


def _section(cls: type[Any]) -> str:
    tables: dict[str, list[str]] = {}
    for member in sorted(dir(cls)):
        if member.startswith("_"):
            continue
        owner = next(base for base in cls.__mro__ if member in vars(base))
        if _is_written(owner, vars(owner)[member]):
            tables.setdefault(_subject(owner, cls), []).append(_row(member, vars(owner)[member]))
    parts = [f"## {cls.__name__}\n\n{_sentence(cls)}\n"]
    for subject, rows in sorted(tables.items()):
        title = f"**{subject}**\n\n" if subject else ""
        parts.append(title + _table(rows))
    return "\n".join(parts)


def _is_written(owner: type[Any], member: Any) -> bool:
    """Whether it is a method or property of ours; no value, and nothing that pydantic adds."""
    function = getattr(_plain(member), "fget", _plain(member))
    where = (owner.__module__, getattr(function, "__module__", None) or owner.__module__)
    return hasattr(member, "__get__") and all(name.startswith("storage_stream") for name in where)


def _table(rows: list[str]) -> str:
    return "| name | what |\n|---|---|\n" + "\n".join(rows) + "\n"


def _subject(owner: type[Any], cls: type[Any]) -> str:
    """The module of the client's methods says what they are about."""
    if owner is cls or not owner.__module__.startswith("storage_stream._api"):
        return ""
    return _sentence(inspect.getmodule(owner)).rstrip(".")


def _row(name: str, member: Any) -> str:
    function = _plain(member)
    is_call = inspect.isfunction(inspect.unwrap(function))
    return f"| `{name}{'()' if is_call else ''}` | {_sentence(function)} |"


def _sentence(thing: Any) -> str:
    text = inspect.getdoc(thing) or ""
    return " ".join(text.split("\n\n")[0].split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name}: {len(page().splitlines())} lines\n")
