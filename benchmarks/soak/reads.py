"""Operations that read, each compared with the bytes that are there."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, BinaryIO

from benchmarks.soak.client import Lost
from storage_stream.errors import NotFound
from storage_stream.media import Source

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from benchmarks.soak.client import Client
    from benchmarks.soak.ledger import Name
    from storage_stream import StreamResponse

__all__ = ["READS"]

_SLICE_BYTES = 256 * 1024


@asynccontextmanager
async def _one(client: Client) -> AsyncGenerator[list[tuple[Name, bytes]]]:
    """An object and its bytes, if there is any.

    Raises:
        Lost: It is not there.
    """
    with client.pool.taken(1) as held:
        try:
            yield [(name, content.data()) for name, content in held.objects.items()]
        except NotFound as error:
            raise Lost(f"{list(held.objects)}: {error}") from error


async def download(client: Client) -> None:
    """Whole, in memory; large ones in slices."""
    async with _one(client) as found:
        for name, data in found:
            slices = client.chance.choice((_SLICE_BYTES, 32 * 1024 * 1024))
            client.compare(name, data, await client.storage.download(*name, slice_bytes=slices))


async def download_changed(client: Client) -> None:
    """Whole, with a bit changed on its way, or a lie about it: an error, or the right bytes."""
    async with _one(client) as found:
        for name, data in found:
            flip = f"flip-bit-at-{client.chance.randint(0, len(data))}"
            word = client.chance.choice((flip, flip, "wrong-hash", "short-length"))
            headers = {"x-goog-emulator-instructions": word}
            client.compare(name, data, await client.storage.download(*name, headers=headers))


async def download_range(client: Client) -> None:
    """A part."""
    async with _one(client) as found:
        for name, data in found:
            start = client.chance.randint(0, max(0, len(data) - 1))
            end = client.chance.randint(start, len(data))
            if start < end:
                part = await client.storage.download(*name, start=start, end=end)
                client.compare(name, data[start:end], part)


async def download_into(client: Client) -> None:
    """Into memory of one's own."""
    async with _one(client) as found:
        for name, data in found:
            buffer = bytearray(len(data) + 10)
            count = await client.storage.download_into(*name, buffer, slice_bytes=_SLICE_BYTES)
            client.compare(name, data, buffer[:count])


async def download_to_filename(client: Client) -> None:
    """Into a file, in slices; what a failure left is gone on with, or done away with."""
    async with _one(client) as found:
        for name, data in found:
            path = client.a_target()
            before = path.read_bytes() if path.exists() else None
            try:
                await client.storage.download_to_filename(*name, path, slice_bytes=_SLICE_BYTES)
            except BaseException:
                after = path.read_bytes() if path.exists() else None
                if after not in (before, data):
                    client.wrong.append(f"{name}: a failed download changed the file")
                client.unfinished.add(path)
                raise
            client.compare(name, data, path.read_bytes())
            path.unlink()


async def stream(client: Client) -> None:
    """As it comes, in pieces of any size; sometimes it is left early."""
    async with _one(client) as found:
        for name, data in found:
            async with client.storage.download_stream(*name) as response:
                await _read_pieces(client, name, data, response)


async def _read_pieces(client: Client, name: Name, data: bytes, response: StreamResponse) -> None:
    place = 0
    while piece := await response.read(client.chance.randint(1, 200_000)):
        client.compare(name, data[place : place + len(piece)], piece)
        place += len(piece)
        if client.chance.random() < 0.02:  # noqa: PLR2004 - now and then
            return
    client.compare(name, data[place:], b"")


async def iter_download(client: Client) -> None:
    """In order, fetched ahead."""
    async with _one(client) as found:
        for name, data in found:
            got = bytearray()
            pieces = client.storage.iter_download(*name, slice_bytes=_SLICE_BYTES)
            async with aclosing(pieces):
                async for piece in pieces:
                    got += piece
            client.compare(name, data, got)


async def seek(client: Client) -> None:
    """As a file, here and there."""
    async with _one(client) as found:
        for name, data in found:
            async with client.storage.open(*name) as file:
                for _ in range(5):
                    place = client.chance.randint(0, len(data))
                    size = client.chance.randint(0, 50_000)
                    await file.seek(place)
                    client.compare(name, data[place : place + size], await file.read(size))


async def picture_source(client: Client) -> None:
    """As the pictures' library reads it: by ranges, from a thread."""
    async with _one(client) as found:
        for name, data in found:
            places = [client.chance.randint(0, len(data)) for _ in range(3)]
            async with Source.new_from_object(client.storage, *name) as source:

                def read(file: BinaryIO, places: list[int] = places) -> list[bytes]:
                    return [_read_at(file, place) for place in places]

                parts = await source.run_reader(read)
            for place, part in zip(places, parts, strict=True):
                client.compare(name, data[place : place + 1000], part)


def _read_at(file: BinaryIO, place: int) -> bytes:
    file.seek(place)
    return file.read(1000)


async def synchronous(client: Client) -> None:
    """By the synchronous client, in a thread."""
    async with _one(client) as found:
        for name, data in found:
            got = await asyncio.to_thread(client.synchronous.download, *name)
            client.compare(name, data, got)


async def stat(client: Client) -> None:
    """Metadata."""
    async with _one(client) as found:
        for name, data in found:
            size = (await client.storage.stat(*name)).size
            if size != len(data):
                client.wrong.append(f"{name}: its metadata says {size} bytes, not {len(data)}")


async def listing(client: Client) -> None:
    """What is there for certain is in the list."""
    with client.pool.taken(20) as held:
        for bucket in {name[0] for name in held.objects}:
            found = {}
            listed = client.storage.iter_objects(bucket, prefix=client.prefix, page_size=200)
            async with aclosing(listed):
                async for resource in listed:
                    found[resource["name"]] = resource["size"]
            for name, content in held.objects.items():
                if name[0] == bucket and found.get(name[1]) != str(content.size):
                    raise Lost(f"{name}: listed as {found.get(name[1])}, not {content.size} bytes")


READS: dict[Callable[[Client], Awaitable[None]], int] = {
    download: 12,
    download_changed: 1,
    download_range: 6,
    download_into: 3,
    download_to_filename: 5,
    stream: 8,
    iter_download: 3,
    seek: 4,
    picture_source: 2,
    synchronous: 4,
    stat: 3,
    listing: 1,
}
