"""Operations on many objects at once, and by other people's interfaces."""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import ClientSession, web

from benchmarks.soak.content import Content
from benchmarks.soak.place import PLAIN, VERSIONED
from storage_stream.errors import StorageError
from storage_stream.outputs import object_response

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from pathlib import Path

    from benchmarks.soak.client import Client
    from benchmarks.soak.ledger import Name
    from storage_stream import ManyTransfer

__all__ = ["RUNS", "serving"]

_FILES = 12
Files = dict[str, Content]


def _folder(client: Client) -> tuple[str, Path]:
    label = f"{client.ledger.new_number():08}"
    folder = client.folder / "trees" / label
    folder.mkdir()
    return label, folder


def _filled(client: Client, folder: Path, bucket: str, prefix: str) -> tuple[Files, dict[str, int]]:
    """Files that are about to be objects: what they hold, and where the ledger has them."""
    files: Files = {}
    for _ in range(_FILES):
        number = client.ledger.new_number()
        files[f"{prefix}{number}"] = Content.of(number, client.chance.randint(0, 60_000))
        (folder / f"{number}").write_bytes(files[f"{prefix}{number}"].data())
    return files, {
        name: client.begin((bucket, name), content, may_repeat=True)
        for name, content in files.items()
    }


async def _counted(client: Client, run: ManyTransfer, numbers: dict[str, int], what: Files) -> None:
    """Take the results, each of which is an acknowledgement."""
    async with run:
        async for result in run:
            name = result.target.removeprefix("gs://").partition("/")
            if result.error is None and result.skipped is None:
                client.made(numbers[name[2]], (name[0], name[2]), what[name[2]])


async def upload_many(client: Client) -> None:
    """A folder, with a journal; and once more, which finds all of it done."""
    label, folder = _folder(client)
    bucket = client.chance.choice((PLAIN, VERSIONED))
    prefix = f"{client.prefix}{label}-many/"
    files, numbers = _filled(client, folder, bucket, prefix)
    journal = folder.with_suffix(".db")
    try:
        for _ in range(2):
            run = client.storage.upload_many(bucket, folder, prefix=prefix, journal=journal)
            await _counted(client, run, numbers, files)
    finally:
        _remove(folder, journal)


async def synced_up(client: Client) -> None:
    """A folder as a tree of objects."""
    label, folder = _folder(client)
    prefix = f"{client.prefix}{label}-tree/"
    files, numbers = _filled(client, folder, PLAIN, prefix)
    try:
        run = client.storage.sync(folder, f"gs://{PLAIN}/{prefix}")
        await _counted(client, run, numbers, files)
    finally:
        _remove(folder)


async def copy_many(client: Client) -> None:
    """Several objects, by the service."""
    with client.pool.taken(8, PLAIN) as held:
        if not held.objects:
            return
        prefix = f"{client.prefix}{client.ledger.new_number():08}-copies/"
        pairs = [(name[1], f"{number}") for number, name in enumerate(held.objects)]
        files = {
            f"{prefix}{number}": content
            for (_, number), content in zip(pairs, held.objects.values(), strict=True)
        }
        numbers = {
            name: client.begin((VERSIONED, name), content, may_repeat=True)
            for name, content in files.items()
        }
        run = client.storage.copy_many(PLAIN, pairs, VERSIONED, prefix=prefix)
        await _counted(client, run, numbers, files)


async def download_many(client: Client) -> None:
    """Several objects into a folder, with a journal, until all are there."""
    with client.pool.taken(15, PLAIN) as held:
        if not held.objects:
            return
        _, folder = _folder(client)
        journal = folder.with_suffix(".db")
        pairs = {f"{number}": name for number, name in enumerate(held.objects)}
        names = [(name[1], number) for number, name in pairs.items()]
        try:
            run = client.storage.download_many(PLAIN, names, folder, journal=journal)
            async with run:
                async for result in run:
                    if result.error is None:
                        number = result.target.rpartition("/")[2]
                        data = held.objects[pairs[number]].data()
                        client.compare(pairs[number], data, (folder / number).read_bytes())
            hidden = [path.name for path in folder.iterdir() if path.name not in pairs]
            if hidden and not run.failed:
                client.wrong.append(f"a run of downloads left {hidden}")
        finally:
            _remove(folder, journal)


@asynccontextmanager
async def serving(client: Client) -> AsyncGenerator[None]:
    """A web server of this client's, for `served`: one for all, which nobody cancels."""

    async def answer(request: web.Request) -> web.StreamResponse:
        bucket, name = request.query["bucket"], request.query["name"]
        return await object_response(client.storage, bucket, name, request)

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        client.port = runner.addresses[0][1]
        yield
    finally:
        await runner.cleanup()


async def served(client: Client) -> None:
    """As a web answer, with a range."""
    with client.pool.taken(1) as held:
        for name, content in held.objects.items():
            data = content.data()
            start = client.chance.randint(0, max(0, len(data) - 1))
            url = f"http://127.0.0.1:{client.port}/"
            async with (
                ClientSession() as session,
                session.get(
                    url,
                    params={"bucket": name[0], "name": name[1]},
                    headers={"Range": f"bytes={start}-"},
                ) as answer,
            ):
                if answer.status == web.HTTPPartialContent.status_code:
                    client.compare(name, data[start:], await answer.read())
                elif answer.status == web.HTTPOk.status_code:
                    client.compare(name, data, await answer.read())


async def by_fsspec(client: Client) -> None:
    """By fsspec, in a thread: written, read in part, deleted."""
    bucket, word = client.new_name(PLAIN)
    name = bucket, word.rstrip("/")  # which would be a folder there
    content = client.new_content(most=300_000)
    number = client.begin(name, content, may_repeat=True)
    data = await asyncio.to_thread(_through_fsspec, name, content.data())
    client.compare(name, content.data(), data)
    client.made(number, name, content)


def _through_fsspec(name: Name, data: bytes) -> bytes:
    from storage_stream.integrations.fsspec import (  # noqa: PLC0415 - where it is installed
        StorageFileSystem,
    )

    system = StorageFileSystem(skip_instance_cache=True)
    path = "/".join(name)
    try:
        with system.open(path, "wb") as file:
            file.write(data)
        with system.open(path, "rb") as file:
            got: bytes = file.read()
            return got
    except OSError as error:  # fsspec's users expect these
        if isinstance(error.__cause__, StorageError):
            raise error.__cause__ from None
        raise
    finally:
        system.close()


async def synchronous_writes(client: Client) -> None:
    """By the synchronous client, in a thread: a generator, a stream, a run of many."""
    name, content = client.new_name(PLAIN), client.new_content(most=300_000)
    number = client.begin(name, content)
    data = content.data()

    def work() -> bytes:
        pieces = (data[place : place + 9999] for place in range(0, len(data), 9999))
        client.synchronous.upload(*name, pieces)
        with client.synchronous.open(*name) as file:
            return file.read()

    client.compare(name, data, await asyncio.to_thread(work))
    client.made(number, name, content)


async def emptied(client: Client) -> None:
    """Everything under a prefix deleted, which another run has made."""
    label, bucket = f"{client.ledger.new_number():08}", PLAIN
    prefix = f"{client.prefix}{label}-gone/"
    names = {f"{prefix}{number}": Content.of(number + 1, 500) for number in range(5)}
    for name, content in names.items():
        number = client.begin((bucket, name), content)
        await client.storage.upload(bucket, name, content.data())
        client.ledger.done(number)
    numbers = {name: client.ledger.delete((bucket, name)) for name in names}
    deletion = client.storage.delete_prefix(bucket, prefix)
    async with aclosing(deletion):
        async for result in deletion:
            if result.error is None:
                client.ledger.done(numbers[result.name])


def _remove(folder: Path, journal: Path | None = None) -> None:
    shutil.rmtree(folder)
    if journal is not None:
        for path in folder.parent.glob(f"{journal.name}*"):
            path.unlink()


RUNS: dict[Callable[[Client], Awaitable[None]], int] = {
    upload_many: 2,
    synced_up: 1,
    copy_many: 1,
    download_many: 2,
    served: 3,
    synchronous_writes: 3,
    emptied: 1,
}
if importlib.util.find_spec("fsspec") is not None:
    RUNS[by_fsspec] = 2
