"""`storage-stream hash`: checksums of objects and of files, to be compared."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import BinaryIO

import click
from fastcrc.crc32 import iscsi as crc32c

from storage_stream.cli.command import LOCATION, storage_command
from storage_stream.cli.locations import LocalLocation, Location, ObjectLocation, gs_url
from storage_stream.cli.matching import named_objects
from storage_stream.cli.object_bytes import crc32c_text
from storage_stream.cli.running import Run
from storage_stream.cli.standard_input import standard_input
from storage_stream.errors import StorageError

_READ_BYTES = 1 << 20


@storage_command(
    "hash",
    examples=[
        "storage-stream hash local.txt gs://my-bucket/log.txt",
        "storage-stream hash --hex --md5 'gs://my-bucket/photos/*.jpg'",
    ],
)
@click.argument("locations", nargs=-1, required=True, type=LOCATION, metavar="PLACE...")
@click.option("--crc32c", "only_crc32c", is_flag=True, help="Only crc32c.")
@click.option("--md5", "only_md5", is_flag=True, help="Only MD5; composite objects have none.")
@click.option("--hex", "as_hex", is_flag=True, help="Hexadecimal in place of base64.")
@click.option("-0", "--null", is_flag=True, help="End each line with a NUL, and escape nothing.")
async def command(
    run: Run,
    locations: tuple[Location, ...],
    only_crc32c: bool,  # noqa: FBT001 - click passes by name
    only_md5: bool,  # noqa: FBT001 - the same
    as_hex: bool,  # noqa: FBT001 - the same
) -> None:
    """Show crc32c and MD5 of objects, files, or standard input (-).

    Those of objects are what the service keeps: nothing is downloaded.
    """
    kinds = ["crc32c"] * (only_crc32c or not only_md5) + ["md5"] * (only_md5 or not only_crc32c)
    for location in locations:
        try:
            if isinstance(location, ObjectLocation):
                async for bucket, name, generation in named_objects(run, location):
                    stat = await run.storage.stat(
                        bucket, name, generation=generation, **run.options
                    )
                    found = {"crc32c": stat.crc32c, "md5": stat.md5}
                    _print(run, gs_url(bucket, name), found, kinds, as_hex=as_hex)
            else:
                found = await _of(location)
                _print(run, str(location), found, kinds, as_hex=as_hex)
        except (StorageError, OSError) as error:
            run.fail(error, str(location))


def _print(
    run: Run, name: str, found: dict[str, str | None], kinds: list[str], *, as_hex: bool
) -> None:
    sums = {kind: _spelled(found[kind], as_hex=as_hex) for kind in kinds}
    columns = [value or "-" for value in sums.values()]
    run.output.result({"name": name, **sums}, "  ".join([*columns, run.output.name(name)]))


def _spelled(text: str | None, *, as_hex: bool) -> str | None:
    return base64.b64decode(text).hex() if as_hex and text is not None else text


async def _of(location: Location) -> dict[str, str | None]:
    if isinstance(location, LocalLocation):
        return await asyncio.to_thread(_of_file, Path(location.path))
    sums = _Sums()
    source = standard_input()
    if isinstance(source, AsyncGenerator):
        async for piece in source:
            sums.add(piece)
    else:
        await asyncio.to_thread(sums.add_all, source)
    return sums.found()


def _of_file(path: Path) -> dict[str, str | None]:
    sums = _Sums()
    with path.open("rb") as file:
        sums.add_all(file)
    return sums.found()


class _Sums:
    """Both checksums of bytes that come piece by piece."""

    def __init__(self) -> None:
        self._crc = 0
        self._md5 = hashlib.md5(usedforsecurity=False)

    def add(self, piece: bytes) -> None:
        """Count these in."""
        self._crc = crc32c(piece, self._crc)
        self._md5.update(piece)

    def add_all(self, file: BinaryIO) -> None:
        """Count a file in, from where it stands."""
        while piece := file.read(_READ_BYTES):
            self.add(piece)

    def found(self) -> dict[str, str | None]:
        """What they are, as the service writes them."""
        md5 = base64.b64encode(self._md5.digest()).decode()
        return {"crc32c": crc32c_text(self._crc), "md5": md5}
