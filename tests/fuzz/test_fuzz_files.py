"""Files of ours that somebody else may have written: journals, states, key files, pictures."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import struct
import tempfile
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fuzzing import anything_of_json, bent, fuzz, nested, value_or_error
from hypothesis import example, given
from hypothesis import strategies as st

from storage_stream._protocol.download_snapshot import DownloadSnapshot
from storage_stream._protocol.resumable_download import ResumableDownload
from storage_stream._protocol.resumable_upload import ResumableUpload
from storage_stream._protocol.rewrite import Rewrite
from storage_stream._protocol.slice_plan import Filled
from storage_stream._transfer.download_journal import DownloadIdentity, DownloadJournal
from storage_stream._transfer.journal import Journal
from storage_stream._transfer.upload_journal import UploadJournal
from storage_stream._transfer.upload_state import UploadState
from storage_stream._transport.service_file import read_service_file
from storage_stream.cli.config import ConfigError, Configuration
from storage_stream.cli.transfers.run_folder import RunFolder
from storage_stream.errors import StorageError
from storage_stream.media.errors import MediaError
from storage_stream.media.headers import HeaderReader, ImageInfo

if TYPE_CHECKING:
    from collections.abc import Coroutine


def _dumped(value: object) -> bytes:
    return json.dumps(value).encode()


# -- what goes on with a transfer ----------------------------------------------------------------

STATE: dict[str, Any] = {
    "version": 1,
    "bucket": "bucket",
    "name": "name",
    "checked": 0,
    "crc32c": "AAAAAA==",
    "session_uri": "https://storage.googleapis.com/upload?upload_id=x",
    "confirmed": 262144,
    "total": 524288,
    "chunk_bytes": 262144,
    "zipped": False,
    "content_type": "text/plain",
    "metadata": {},
    "params": {"ifGenerationMatch": "0"},
}
SNAPSHOT = ResumableDownload().snapshot()
DOWNLOAD = DownloadJournal(
    DownloadIdentity("gs://bucket/name", 0, None, raw=False), 7, 0, 100, (Filled(0, 50, 1),)
).write()
UPLOAD = {
    "version": 1,
    "handle": "abc",
    "started": "2024-01-01T00:00:00+00:00",
    "method": "multipart",
    "bucket": "bucket",
    "name": "name",
}
REWRITE = Rewrite("a", "b", "c", "d").state() | {"token": "t"}


def edited(document: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The document with some of its fields said otherwise, or left out."""
    values = anything_of_json([*document, "x"])
    changes = st.dictionaries(st.sampled_from(list(document)), values, max_size=3)
    dropped = st.sets(st.sampled_from(list(document)), max_size=2)
    return st.builds(
        lambda new, gone: {k: v for k, v in {**document, **new}.items() if k not in gone},
        changes,
        dropped,
    )


@fuzz(200)
@given(edited(STATE) | anything_of_json(list(STATE)))
def test_a_state_of_an_upload(state: Any) -> None:
    read = value_or_error(lambda: UploadState.of(state))
    if not isinstance(read, StorageError):
        machine = value_or_error(lambda: ResumableUpload.restore(read.machine, can_rewind=True))
        if not isinstance(machine, StorageError):
            value_or_error(machine.next_action)
        json.dumps(read.write())


@fuzz(200)
@given(edited(SNAPSHOT))
def test_a_snapshot_of_a_download(snapshot: dict[str, Any]) -> None:
    read = value_or_error(lambda: DownloadSnapshot.from_json(snapshot))
    if not isinstance(read, StorageError):
        value_or_error(lambda: ResumableDownload.restore(snapshot).next_action())


@fuzz(200)
@given(edited(REWRITE) | anything_of_json(list(REWRITE)))
def test_a_state_of_a_copy(state: Any) -> None:
    value_or_error(lambda: Rewrite.of_state(state))


@fuzz(200)
@given(bent([DOWNLOAD]) | anything_of_json(list(json.loads(DOWNLOAD))).map(_dumped))
@example(nested(100_000)[0])
@example(nested(100_000)[1])
def test_a_journal_of_a_download(text: bytes) -> None:
    read = value_or_error(lambda: DownloadJournal.read(text))
    if not isinstance(read, StorageError):
        assert all(0 <= part.start <= part.stop <= read.stop for part in read.filled)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """What it gives; it waits for threads only, which are called at once here."""
    import asyncio  # noqa: PLC0415 - of this function alone

    with asyncio.Runner() as runner:
        return runner.run(work)


@fuzz(60)
@given(bent([json.dumps(UPLOAD).encode()]) | edited(UPLOAD).map(_dumped))
@example(nested(100_000)[0])
def test_a_journal_of_an_upload(text: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "journal")
        path.write_bytes(text)

        async def read() -> Any:
            journal = UploadJournal(path)
            await journal.open()
            try:
                return await journal.read()
            finally:
                await journal.close()

        value_or_error(lambda: run(read()))


def a_journal() -> bytes:
    """A journal of a run, as it is made."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "journal")

        async def make() -> None:
            journal = Journal(path)
            await journal.open()
            await journal.close()

        run(make())
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return path.read_bytes()


@fuzz(60)
@given(bent([a_journal(), b"SQLite format 3\0", b""]) | st.binary(max_size=200))
def test_a_journal_of_a_run(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "journal")
        path.write_bytes(content)

        async def look() -> None:
            journal = Journal(path)
            try:
                await journal.open()
            except OSError as error:
                assert "journal" in str(error)  # noqa: PT017 - it need not be raised
            finally:
                await journal.close()

        value_or_error(lambda: run(look()))


# -- keys ----------------------------------------------------------------------------------------

KEY = {
    "type": "service_account",
    "client_email": "a@b.c",
    "private_key": "secret-private-key",
    "private_key_id": "1",
    "token_uri": "https://oauth2.googleapis.com/token",
}


@fuzz(200)
@given(edited(KEY).map(_dumped) | bent([json.dumps(KEY).encode()]) | st.binary(max_size=40))
@example(nested(100_000)[1])
def test_a_key_file(content: bytes) -> None:
    outcome = value_or_error(lambda: read_service_file(BytesIO(content)))
    if isinstance(outcome, StorageError):
        assert "secret-private-key" not in str(outcome)


# -- pictures ------------------------------------------------------------------------------------

PICTURES = [
    b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 9, 9, 8, 2, 0, 0, 0) + bytes(4),
    b"\xff\xd8\xff\xc0\x00\x11\x08\x00\x09\x00\x09\x03" + bytes(9) + b"\xff\xda",
    b"GIF89a\x09\x00\x09\x00\x00\x00\x00,\x00\x00\x00\x00\x09\x00\x09\x00\x00\x02\x02D\x01\x00;",
    b"II*\x00\x08\x00\x00\x00\x02\x00" + struct.pack("<HHIIHHIII", 256, 3, 1, 9, 257, 3, 1, 9, 0),
    b"RIFF\x24\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x10\x00\x00\x00\x08\x00\x00\x08\x00\x00",
    b"BM" + bytes(12) + struct.pack("<IiiHH", 40, 9, 9, 1, 24) + bytes(24),
    b"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00avifmif1\x00\x00\x00\x20meta" + bytes(28),
    b"\x00\x00\x00\x0cjP  \r\n\x87\n\x00\x00\x00\x14ftypjp2 \x00\x00\x00\x00jp2 ",
    b"qoif\x00\x00\x00\x09\x00\x00\x00\x09\x03\x00",
    b"P6 # c\n9 9\n255\n",
]


@fuzz(200)
@given(bent(PICTURES), st.binary(max_size=200), st.integers(1, 100))
def test_the_header_of_a_picture(data: bytes, behind: bytes, step: int) -> None:
    reader = HeaderReader(max_bytes=1 << 16)

    def read() -> ImageInfo:
        for at in range(0, len(data + behind), step):
            if info := reader.feed((data + behind)[at : at + step]):
                return info
        return reader.finish()

    outcome = value_or_error(read)
    assert isinstance(outcome, MediaError | ImageInfo)


# -- the command's settings ----------------------------------------------------------------------

SETTINGS = b'concurrency = 8\nproject = "p"\ntimeout = 5\nquiet = true\n'


@fuzz(60)
@given(bent([SETTINGS]) | st.binary(max_size=60))
@example(b"concurrency = " + b"[" * 50_000)
def test_the_commands_settings(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "config.toml")
        path.write_bytes(content)
        with contextlib.suppress(ConfigError):
            Configuration.read({}, {}, home=Path(folder), file=str(path))


@fuzz(100)
@given(
    bent([b'{"command": {}, "notes": {"before": 3}}', b'{"notes": [1]}']) | st.binary(max_size=60)
)
@example(nested(100_000)[0])
def test_what_a_run_of_the_command_left(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run_folder = RunFolder(Path(folder), {"verb": "cp"})
        run_folder.path.mkdir(parents=True)
        (run_folder.path / "run.json").write_bytes(content)
        assert isinstance(run_folder.notes(), dict)
