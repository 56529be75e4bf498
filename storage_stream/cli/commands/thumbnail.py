"""`storage-stream thumbnail`: small pictures of objects, as files or as other objects."""

import asyncio
import re
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path

import click

from storage_stream.cli.command import LOCATION, storage_command
from storage_stream.cli.locations import (
    Location,
    ObjectLocation,
    StandardStream,
    gs_url,
)
from storage_stream.cli.pictures import Named, in_order, named_pictures
from storage_stream.cli.running import Run
from storage_stream.cli.sizes import human_size
from storage_stream.cli.standard_output import StandardOutput
from storage_stream.cli.transfers.naming import below
from storage_stream.errors import InvalidName, StorageError
from storage_stream.media import ExtraMissing, Source, UnidentifiedImage, probe_file
from storage_stream.media.limits import MAX_MEMORY_PIXELS, MAX_STREAMED_PIXELS

_SIZE = re.compile(r"([1-9]\d{0,6})(?:x([1-9]\d{0,6}))?", re.ASCII)
_SUFFIX = re.compile(r"\.?(\w+)(\[[^\]]*\])?", re.ASCII)
_AT_ONCE = 8  # pictures: while some are decoded, the others arrive
_SAME = ({".jpg", ".jpeg", ".jpe"}, {".tif", ".tiff"})
_STEPS = frozenset({"", ".", ".."})


def _size(_: click.Context, parameter: click.Parameter, value: str) -> tuple[int, int | None]:
    found = _SIZE.fullmatch(value)
    if found is None:
        raise click.BadParameter(f"{value!r}: write 300 or 300x200.", param=parameter)
    width, height = found.groups()
    return int(width), None if height is None else int(height)


def _format(_: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    found = None if value is None else _SUFFIX.fullmatch(value)
    if value is not None and found is None:
        raise click.BadParameter(f"{value!r}: write jpg, webp or jpg[Q=80].", param=parameter)
    return None if found is None else f".{found[1]}{found[2] or ''}"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is made of each.

    Attributes:
        size: Width and height of the box that it has to fit in.
        format: As libvips spells it; None for the one that the target's name says.
        max_pixels: Of the picture.
        max_memory_pixels: That may be in memory at once.
        untrusted: Whether loaders are used that are not for files of strangers.
    """

    size: tuple[int, int | None]
    format: str | None
    max_pixels: int
    max_memory_pixels: int
    untrusted: bool


@storage_command(
    "thumbnail",
    examples=[
        "storage-stream thumbnail gs://my-bucket/pictures/a.jpg small.jpg",
        "storage-stream thumbnail -s 64x64 --format webp gs://my-bucket/pictures/a.jpg icons/",
        "storage-stream thumbnail -r gs://my-bucket/pictures gs://my-bucket/small/",
    ],
)
@click.argument("locations", nargs=-1, required=True, type=LOCATION, metavar="gs://NAME... TARGET")
@click.option("-r", "-R", "--recursive", is_flag=True, help="All pictures below; skip the rest.")
@click.option(
    "-s", "--size", default="300", callback=_size, help="Pixels: 300, or a box of 300x200."
)
@click.option(
    "--format", "suffix", callback=_format, help="Format: jpg, webp, …, also 'jpg[Q=80]'."
)
@click.option(
    "--max-pixels",
    type=click.IntRange(1),
    default=MAX_STREAMED_PIXELS,
    show_default=True,
    help="Refuse what has more of them.",
)
@click.option(
    "--max-memory-pixels",
    type=click.IntRange(1),
    default=MAX_MEMORY_PIXELS,
    show_default=True,
    help="Refuse what has more of them in memory at once.",
)
@click.option(
    "--untrusted", is_flag=True, help="Read SVG, too, and what else is not for files of strangers."
)
async def command(
    run: Run,
    locations: tuple[Location, ...],
    recursive: bool,  # noqa: FBT001 - click passes by name
    size: tuple[int, int | None],
    suffix: str | None,
    max_pixels: int,
    max_memory_pixels: int,
    untrusted: bool,  # noqa: FBT001 - click passes by name
) -> None:
    """Make small pictures of objects, upright.

    The target is a file, an object, or - for standard output; for several pictures a folder,
    where each keeps its name. What it takes is streamed: no object is stored here. The format is
    the one that the target's name says.
    """
    *sources, target = locations
    if not sources:
        raise click.UsageError("Name a picture, and what its small one is to be called.")
    for source in sources:
        if not isinstance(source, ObjectLocation):
            raise click.UsageError(f"{source} is not in Cloud Storage; write gs://bucket/name.")
    objects = [source for source in sources if isinstance(source, ObjectLocation)]
    several = recursive or len(objects) > 1 or objects[0].has_wildcards
    place = _Place.of(run, target, several=several)
    wanted = _Wanted(size, suffix, max_pixels, max_memory_pixels, untrusted)
    making = _Making(run, place, wanted, skips=recursive)
    for source in objects:
        try:
            await making.all_of(source)
        except ExtraMissing:  # of no use to go on
            raise
        except StorageError as error:
            run.fail(error, str(source))
    if making.skipped:
        word = "object is" if making.skipped == 1 else "objects are"
        run.output.say(f"{making.skipped} {word} no picture.")


class _Place:
    """Where small pictures go.

    Attributes:
        into: Whether they keep their names.
        target: As it was written.
        bucket: The bucket; None for this machine.
    """

    def __init__(
        self,
        target: str,
        put: Callable[[str, bytes, str], Awaitable[str]],
        *,
        into: bool,
        bucket: str | None = None,
    ) -> None:
        self.target = target
        self.bucket = bucket
        self.put = put
        self.into = into
        self._given: dict[str, str] = {}

    @classmethod
    def of(cls, run: Run, target: Location, *, several: bool) -> "_Place":
        """The place that a target means.

        Raises:
            click.UsageError: Several cannot go there.
        """
        if isinstance(target, StandardStream):
            if several:
                raise click.UsageError("Standard output takes one picture.")
            run.output.leave_stdout_to_data()
            return cls("", _to_stdout, into=False)
        if isinstance(target, ObjectLocation):
            if target.has_wildcards or not target.bucket:
                raise click.UsageError(f"{target} is not one place.")
            bucket = target.bucket

            async def upload(name: str, data: bytes, mime: str) -> str:
                await run.storage.upload(bucket, name, data, content_type=mime, **run.options)
                return gs_url(bucket, name)

            into = several or target.is_folder
            return cls(target.literal_name, upload, into=into, bucket=bucket)
        into = several or target.is_folder or Path(target.path).is_dir()
        return cls(target.path, _to_file, into=into)

    def holds(self, named: Named) -> bool:
        """Whether an object is below the target, and that below what it was found in."""
        folder = below(self.target, "")
        source = named.name[: len(named.name) - len(named.below)]
        is_deeper = len(folder) > len(source) and folder.startswith(source)
        return named.bucket == self.bucket and is_deeper and named.name.startswith(folder)

    def path_for(self, named: Named, suffix: str | None) -> tuple[str, str]:
        """What a picture's small one is called, and its format.

        Raises:
            InvalidName: Its name leads out of the folder, or another's is the same, or the target's
                says more than a format.
        """
        path, form = self.target, suffix or _suffix_of(self.target)
        if self.into:
            form = suffix or ".jpg"
            if not _STEPS.isdisjoint(named.below.split("/")) or "\\" in named.below:
                raise InvalidName(f"{named.below!r} cannot be a file in a folder")
            path = below(self.target, _with_suffix(named.below, form.partition("[")[0]))
        if (self.bucket, path) == (named.bucket, named.name):
            raise InvalidName("its small picture would take its place")
        other = self._given.setdefault(path, named.url)
        if other != named.url:
            raise InvalidName(f"its small picture would be {path!r}, as that of {other}")
        return path, form


class _Making:
    """Small pictures, made of all objects of some locations.

    Attributes:
        skipped: How many objects were no pictures, and did not have to be.
    """

    def __init__(self, run: Run, place: _Place, wanted: _Wanted, *, skips: bool) -> None:
        self._run = run
        self._place = place
        self._wanted = wanted
        self._skips = skips
        self.skipped = 0

    async def all_of(self, location: ObjectLocation) -> None:
        """Make them, several at a time, and tell of each."""
        run = self._run
        at_once = min(_AT_ONCE, run.config["concurrency"])
        async with aclosing(in_order(self._named(location), self._one, at_once)) as outcomes:
            async for outcome in outcomes:
                if outcome.value is not None:
                    self._tell(outcome.item, *outcome.value)
                elif self._skips and isinstance(outcome.error, UnidentifiedImage):
                    self.skipped += 1
                    run.output.detail(f"{outcome.item.url}: no picture")
                elif isinstance(outcome.error, ExtraMissing):
                    raise outcome.error
                elif outcome.error is not None:
                    run.fail(outcome.error, outcome.item.url)

    async def _named(self, location: ObjectLocation) -> AsyncGenerator[Named, None]:
        """The objects, but for those that are made here, where the target is in the source."""
        named = named_pictures(self._run, location, recursive=self._skips)
        async with aclosing(named) as pictures:
            async for picture in pictures:
                if not (self._skips and self._place.holds(picture)):
                    yield picture

    async def _one(self, named: Named) -> tuple[str, bytes]:
        run, wanted = self._run, self._wanted
        path, form = self._place.path_for(named, wanted.format)
        width, height = wanted.size
        source = Source.new_from_object(
            run.storage, named.bucket, named.name, generation=named.generation, **run.options
        )
        async with source:
            data = await source.thumbnail(
                width,
                height=height,
                format=form,
                max_pixels=wanted.max_pixels,
                max_memory_pixels=wanted.max_memory_pixels,
                untrusted=wanted.untrusted,
            )
        return await self._place.put(path, data, _mime(data)), data

    def _tell(self, named: Named, target: str, data: bytes) -> None:
        document = {"source": named.url, "target": target, "bytes": len(data)}
        shown = self._run.output.name(f"{named.url} -> {target}")
        self._run.output.result(document, f"{shown}  {human_size(len(data))}" if target else None)


def _with_suffix(name: str, suffix: str) -> str:
    """A name that ends as its format does; what it ended with stays in it, so that none is lost."""
    ending = Path(name).suffix.lower()
    is_same = ending == suffix or any({ending, suffix} <= same for same in _SAME)
    return name if is_same else name + suffix


def _suffix_of(target: str) -> str:
    """The format that a name says, without options: those of libvips can name files."""
    suffix = Path(target).suffix.lower()
    if "[" in suffix:
        raise InvalidName(f"{target!r} has an option, which goes to --format")
    return suffix or ".jpg"


def _mime(data: bytes) -> str:
    try:
        return probe_file(lambda start, length: data[start : start + length]).mime
    except UnidentifiedImage:  # libvips writes more formats
        return "application/octet-stream"


async def _to_stdout(path: str, data: bytes, mime: str) -> str:
    del mime
    out = StandardOutput()
    await out.write(data)
    out.flush()
    return path


async def _to_file(path: str, data: bytes, mime: str) -> str:
    del mime
    await asyncio.to_thread(_write, Path(path), data)
    return path


def _write(path: Path, data: bytes) -> None:
    """All of it or nothing: what is there stays until then."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        path.write_bytes(data)  # a device or a pipe
        return
    part = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
