"""Operations that make, change and delete objects."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any

from benchmarks.soak.content import Content
from benchmarks.soak.place import PLAIN, VERSIONED
from storage_stream import Preconditions, UploadKeywords
from storage_stream.errors import IntegrityError, NotFound, StorageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from benchmarks.soak.client import Client
    from benchmarks.soak.ledger import Name

__all__ = ["WRITES", "go_on"]

_CHUNK_BYTES = 256 * 1024
_PART_BYTES = 5 * 1024 * 1024
_NEW = Preconditions(if_generation_match=0)


def _pieces(client: Client, data: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(data):
        size = client.chance.randint(1, 400_000)
        yield data[place : place + size]
        place += size


async def _async_pieces(client: Client, data: bytes) -> AsyncIterator[bytes]:
    for piece in _pieces(client, data):
        await asyncio.sleep(0)
        yield piece


def _file(client: Client, data: bytes) -> Any:
    path = client.folder / "sources" / f"{client.ledger.new_number()}"
    path.write_bytes(data)
    return path


async def upload(client: Client) -> None:
    """From any kind of source, in one request or a session, with a precondition or without."""
    name, content = client.new_name(), client.new_content()
    data = content.data()
    kind = client.chance.choice(("bytes", "view", "file", "path", "iterable", "async", "stream"))
    sources: dict[str, Callable[[], Any]] = {
        "bytes": lambda: data,
        "view": lambda: memoryview(data),
        "file": lambda: io.BytesIO(data),
        "path": lambda: _file(client, data),
        "iterable": lambda: _pieces(client, data),
        "async": lambda: _async_pieces(client, data),
        "stream": asyncio.StreamReader,
    }
    source = sources[kind]()
    if isinstance(source, asyncio.StreamReader):
        source.feed_data(data)
        source.feed_eof()
    options: UploadKeywords = {}
    if client.chance.random() < 0.5:  # noqa: PLR2004 - half of them
        options["preconditions"] = _NEW
    if client.chance.random() < 0.3:  # noqa: PLR2004 - a third
        options["chunk_bytes"] = _CHUNK_BYTES
        options["force_resumable_upload"] = True
    number = client.begin(name, content)
    try:
        await client.storage.upload(*name, source, **options)
    finally:
        if kind == "path":
            source.unlink()
    client.made(number, name, content)


async def upload_stream(client: Client) -> None:
    """Written piece by piece, with its state on disk: who is killed goes on."""
    name, content = client.new_name(), client.new_content(least=100_000)
    number = client.begin(name, content)
    kept = {"n": number, "name": list(name), "content": content.document()}
    try:
        writer = client.storage.upload_stream(*name, chunk_bytes=_CHUNK_BYTES, preconditions=_NEW)
        async with writer:
            for piece in _pieces(client, content.data()):
                await writer.write(piece)
                if writer.confirmed_bytes:
                    client.remember(number, {**kept, "state": writer.state()})
    except StorageError as error:
        state = getattr(error, "state", None)
        if state is None:
            client.forget(number)
        else:
            client.remember(number, {**kept, "state": dict(state)})
        raise
    except BaseException:
        client.forget(number)
        raise
    client.made(number, name, content)
    client.forget(number)


async def upload_parallel(client: Client) -> None:
    """In parts, with a journal."""
    composite = client.chance.random() < 0.5  # noqa: PLR2004 - half of them
    name = client.new_name(PLAIN if composite else VERSIONED)
    content = client.new_content(least=_PART_BYTES + 100_000, most=3 * _PART_BYTES)
    number = client.begin(name, content)
    kept = {"n": number, "name": list(name), "content": content.document()}
    client.remember(number, {**kept, "method": "composite" if composite else "multipart"})
    await _in_parts(client, number, name, content, composite=composite)


async def _in_parts(
    client: Client, number: int, name: Name, content: Content, *, composite: bool
) -> None:
    journal = client.pending / f"{number}.journal"
    try:
        await client.storage.upload_parallel(
            *name,
            content.data(),
            part_bytes=_PART_BYTES,
            method="composite" if composite else "multipart",
            journal=journal,
        )
    except BaseException:
        if not journal.exists():  # all of it was removed
            client.forget(number)
        raise
    client.made(number, name, content)
    client.forget(number)


async def go_on(client: Client, document: dict[str, Any]) -> None:
    """Go on with what another process, or an earlier call, did not end."""
    number, content = document["n"], Content.read(document["content"])
    name: Name = (document["name"][0], document["name"][1])
    if "method" in document:
        await _in_parts(client, number, name, content, composite=document["method"] == "composite")
        return
    try:
        await client.storage.resume_upload(document["state"], content.data())
    except (IntegrityError, NotFound):  # it was taken away, or was before: nothing to go on with
        client.forget(number)
        raise
    client.made(number, name, content)
    client.forget(number)


async def overwrite(client: Client) -> None:
    """In place of what is there."""
    with client.pool.taken(1) as held:
        for name in list(held.objects):
            content = client.new_content()
            stat = await client.storage.stat(*name)
            held.retire(name)
            number = client.begin(name, content)
            only = Preconditions(if_generation_match=stat.generation)
            try:
                await client.storage.upload(*name, content.data(), preconditions=only)
            except IntegrityError:
                raise
            except StorageError:
                client.ledger.kept(number)
                raise
            client.made(number, name, content)


async def copy(client: Client) -> None:
    """By the service; large ones in several calls."""
    with client.pool.taken(1) as held:
        for source, content in held.objects.items():
            target = client.new_name()
            number = client.begin(target, content)
            await client.storage.copy(*source, target[0], new_name=target[1], preconditions=_NEW)
            client.made(number, target, content)


async def rename(client: Client) -> None:
    """Within a bucket, at once."""
    with client.pool.taken(1, PLAIN) as held:
        for source, content in list(held.objects.items()):
            target = client.new_name(PLAIN)
            held.retire(source)
            numbers = client.ledger.delete(source), client.begin(target, content)
            await client.storage.rename(*source, target[1])
            client.ledger.done(numbers[0])
            client.made(numbers[1], target, content)


async def compose(client: Client) -> None:
    """Of several, some of them twice."""
    with client.pool.taken(3, PLAIN) as held:
        if held.objects:
            content = sum(held.objects.values(), Content(()))
            target = client.new_name(PLAIN)
            number = client.begin(target, content)
            sources = [name[1] for name in held.objects]
            await client.storage.compose(PLAIN, target[1], sources, preconditions=_NEW)
            client.made(number, target, content)


async def delete(client: Client) -> None:
    """One."""
    with client.pool.taken(1) as held:
        for name in list(held.objects):
            held.retire(name)
            number = client.ledger.delete(name)
            await client.storage.delete(*name)
            client.ledger.done(number)


async def delete_many(client: Client) -> None:
    """Many, by name."""
    bucket = client.chance.choice((PLAIN, VERSIONED))
    with client.pool.taken(client.chance.randint(1, 40), bucket) as held:
        numbers = {}
        for name in list(held.objects):
            held.retire(name)
            numbers[name[1]] = client.ledger.delete(name)
        async for result in client.storage.delete_many(bucket, list(numbers)):
            if result.error is None:
                client.ledger.done(numbers[result.name])


async def batch(client: Client) -> None:
    """Metadata of several, in one request; the bytes stay as they are."""
    with client.pool.taken(10) as held:
        async with client.storage.batch(return_exceptions=True) as calls:
            patched = [
                calls.patch_metadata(*name, {"metadata": {"turn": "batch"}})
                for name in held.objects
            ]
        for call in patched:
            call.result()


async def patch(client: Client) -> None:
    """Metadata of one."""
    with client.pool.taken(1) as held:
        for name, content in held.objects.items():
            changed = {"metadata": {"turn": f"{client.ledger.new_number()}"}}
            resource = await client.storage.patch_metadata(*name, changed)
            if resource["size"] != str(content.size):
                client.wrong.append(f"{name}: a patch gave the size {resource['size']}")


WRITES: dict[Callable[[Client], Awaitable[None]], int] = {
    upload: 40,
    upload_stream: 8,
    upload_parallel: 1,
    overwrite: 6,
    copy: 6,
    rename: 4,
    compose: 4,
    delete: 12,
    delete_many: 2,
    batch: 2,
    patch: 4,
}
