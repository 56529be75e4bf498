"""`storage-stream gallery serve`: pictures of a bucket as a web page, until somebody says stop."""

import os
import tempfile
import threading
import webbrowser
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from storage_stream import RetryPolicy, Storage
from storage_stream.cli.command import LOCATION, SIZE, storage_command
from storage_stream.cli.forwarding import ForwardingGroup
from storage_stream.cli.locations import ObjectLocation
from storage_stream.cli.running import Run
from storage_stream.emulator import Emulator
from storage_stream.errors import Conflict, Forbidden, Unauthorized

try:
    from storage_stream.cli.web_server import (
        bound_socket,
        is_loopback,
        serve_until_cancelled,
        url_of,
    )
    from storage_stream.images import Database, FileService, ImageService, gallery_app
except ImportError as missing:  # pragma: no cover - the extra is installed where we test
    raise click.ClickException(
        f"The gallery needs more than is installed ({missing}): install storage-stream[gallery]."
    ) from missing

_BUCKET = "gallery"
_MAX_UPLOAD = "100MiB"
_PAYER = "x-goog-user-project"
"""As good as `userProject` of each request, and the same for all that the gallery sends.

https://cloud.google.com/storage/docs/using-requester-pays"""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where everything is kept.

    Attributes:
        storage: Reaches the bucket.
        bucket: Has the bytes.
        database: Has the rows.
        folder: On this machine, as somebody named it.
        is_embedded: Whether the bucket is in it, too.
    """

    storage: Storage
    bucket: str
    database: Database
    folder: str | None
    is_embedded: bool


@click.group(
    name="gallery",
    cls=ForwardingGroup,
    epilog="Example: storage-stream gallery serve",
    context_settings={"help_option_names": ["-h", "--help"]},
)
def command() -> None:
    """Pictures as a web page: upload, look, convert, delete."""


@storage_command(
    "serve",
    examples=[
        "storage-stream gallery serve --data ./pictures",
        "storage-stream gallery serve --bucket gs://my-bucket --data ./rows",
    ],
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to keep everything in; with --bucket, the database only."
    " Default: a temporary one, gone at the end.",
)
@click.option(
    "--bucket",
    type=LOCATION,
    metavar="gs://BUCKET",
    help="Keep the bytes there. Default: an emulator in the folder, without any account.",
)
@click.option(
    "--prefix",
    default="images/",
    show_default=True,
    help="With which the names of all objects begin.",
)
@click.option(
    "--database",
    envvar="STORAGE_STREAM_GALLERY_DATABASE",
    metavar="URL",
    help="Keep the rows there: postgresql+asyncpg://… or sqlite+aiosqlite:///path. Default: SQLite"
    " in the folder. STORAGE_STREAM_GALLERY_DATABASE says it without showing a password.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8480,
    show_default=True,
    help="0 picks a free one.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to bind.")
@click.option(
    "--allow-network",
    is_flag=True,
    help="Bind beyond loopback. There is no password: whoever reaches it may see and delete all.",
)
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="A name under which browsers ask for it, besides localhost and addresses. Repeatable.",
)
@click.option(
    "--max-upload",
    type=SIZE,
    default=_MAX_UPLOAD,
    show_default=True,
    help="Of one picture, such as 20MB.",
)
@click.option("--open", "opens", is_flag=True, help="Open it in a browser.")
async def serve(
    run: Run, *, host: str, port: int, allow_network: bool, opens: bool, **options: Any
) -> None:
    """Serve a gallery of pictures as a web page.

    Without options everything is in a temporary folder, and nothing asks for an account. Ctrl-C
    stops it. With --json, a line tells its address when it is ready.
    """
    _check_host(run, host, allow_network=allow_network)
    if options["max_upload"] < 1:
        raise click.UsageError("--max-upload: nothing could be uploaded.")
    options["bucket"] = _checked_bucket(options)
    async with AsyncExitStack() as stack:
        bound = stack.enter_context(bound_socket(host, port))
        place = await stack.enter_async_context(_place(run, options))
        files = FileService(place.database, place.storage, place.bucket, prefix=options["prefix"])
        images = await stack.enter_async_context(ImageService(place.database, files))
        app = gallery_app(images, hosts=options["hosts"], max_upload_bytes=options["max_upload"])

        def listening() -> None:
            _announce(run, url_of(bound), place)
            if opens:  # a browser in a terminal would hold up the loop, and the end
                threading.Thread(target=webbrowser.open, args=[url_of(bound)], daemon=True).start()

        await serve_until_cancelled(app, bound, listening)
    run.output.event("stopped")
    run.output.say("Stopped.")


def _check_host(run: Run, host: str, *, allow_network: bool) -> None:
    if is_loopback(host):
        return
    danger = "has no password: whoever reaches it may see, change and delete everything"
    if not allow_network:
        raise click.UsageError(
            f"--host {host} is reached from the network, and the gallery {danger}."
            " If that is what you want, add --allow-network."
        )
    run.output.warn(f"The gallery is open to the network at {host}. It {danger}.")


@asynccontextmanager
async def _place(run: Run, options: dict[str, Any]) -> AsyncGenerator[_Place]:
    """Open all of it, and close it at the end; a temporary folder is removed."""
    bucket, data, url = options["bucket"], options["data"], options["database"]
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(_folder(data))
        if bucket is None:
            storage = await stack.enter_async_context(_embedded(run, folder / "buckets"))
        else:
            storage = await stack.enter_async_context(_reaching(run))
            await _check_bucket(storage, bucket)
        database = Database(url) if url else Database.sqlite(folder / "gallery.db")
        await stack.enter_async_context(database)
        shown = None if data is None else str(folder.absolute())
        yield _Place(storage, bucket or _BUCKET, database, shown, bucket is None)


@contextmanager
def _folder(data: Path | None) -> Generator[Path]:
    """The folder that was named, or one that goes away at the end."""
    if data is not None:
        data.mkdir(parents=True, exist_ok=True)
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="gallery-") as name:
        yield Path(name)


def _checked_bucket(options: dict[str, Any]) -> str | None:
    place = options["bucket"]
    if place is None:
        return None
    if not isinstance(place, ObjectLocation) or not place.is_bucket:
        raise click.UsageError(f"--bucket: {place} is no bucket; write gs://my-bucket.")
    if options["data"] is None and options["database"] is None:
        raise click.UsageError(
            "With --bucket the rows need a place, too: name --data FOLDER or --database URL."
        )
    return place.bucket


@asynccontextmanager
async def _embedded(run: Run, folder: Path) -> AsyncGenerator[Storage]:
    """A client of an emulator in this process, with a bucket."""
    emulator = Emulator(folder)
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(emulator)
        except RuntimeError as error:  # another process has it
            raise click.ClickException(str(error)) from error
        opened = Storage(api_root=emulator.url, anonymous=True)
        storage = await stack.enter_async_context(opened)
        if emulator.warning is not None:
            run.output.warn(emulator.warning)
        with suppress(Conflict):  # it is there from the last time
            await storage.create_bucket(_BUCKET, "gallery")
        yield storage


@asynccontextmanager
async def _reaching(run: Run) -> AsyncGenerator[Storage]:
    """The command's client; with `--user-project` one of which each request names who pays."""
    payer = run.config["user_project"]
    if payer is None:
        yield run.storage
        return
    retry = RetryPolicy(retries=run.config["retries"])
    # The lean lane knows no session, whose headers all requests have.
    async with Storage(retry=retry, lean=False, **run.config.storage_arguments()) as storage:
        storage.session.session.headers[_PAYER] = payer
        yield storage


async def _check_bucket(storage: Storage, bucket: str) -> None:
    """That there is one, before anybody uploads to it.

    Raises:
        NotFound: There is none.
    """
    try:
        await storage.get_bucket_metadata(bucket)
    except (Forbidden, Unauthorized):
        return  # who may write objects need not be allowed to look at the bucket


def _announce(run: Run, url: str, place: _Place) -> None:
    what = (place.folder or "a temporary folder") if place.is_embedded else f"gs://{place.bucket}"
    run.output.result(
        {"url": url, "data": place.folder, "bucket": place.bucket, "pid": os.getpid()},
        f"Serving the gallery of {what} at {url}\nCtrl-C stops it.",
    )
    run.output.flush()


command.add_command(serve)
