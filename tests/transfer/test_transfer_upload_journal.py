"""The journal: whole or not there, and read back only when it is one."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from leaks import names_in

from storage_stream._transfer.upload_identity import UploadIdentity
from storage_stream._transfer.upload_journal import JournalEntry, UploadJournal
from storage_stream.errors import InvalidArgument

IDENTITY = UploadIdentity("multipart", "bucket", "näme", 10, 5, "ab")
ENTRY = JournalEntry(IDENTITY, "id", datetime(2026, 1, 1, tzinfo=UTC))


@asynccontextmanager
async def opened(path: Path, *, make: bool = True) -> AsyncIterator[UploadJournal]:
    journal = UploadJournal(path)
    await journal.open(make=make)
    try:
        yield journal
    finally:
        await journal.close()


async def read(path: Path) -> JournalEntry | None:
    async with opened(path, make=False) as journal:
        return await journal.read()


@pytest.mark.parametrize("entry", [ENTRY, replace(ENTRY, started=None)])
@pytest.mark.parametrize("name", ["journal", "j" * 250])
async def test_what_is_written_is_read(tmp_path: Path, entry: JournalEntry, name: str) -> None:
    async with opened(tmp_path / name) as journal:
        assert await journal.read() is None
        await journal.write(entry)
        assert await journal.read() == entry
        await journal.write(replace(entry, handle="another"))
        assert await journal.read() == replace(entry, handle="another")
        assert names_in(tmp_path) == [name]
    assert await read(tmp_path / name) == replace(entry, handle="another")
    async with opened(tmp_path / name) as journal:
        await journal.remove()
        await journal.remove()
    await journal.close()
    assert names_in(tmp_path) == []


async def test_an_empty_file_is_no_journal_yet_and_none_after(tmp_path: Path) -> None:
    (tmp_path / "journal").touch()
    assert await read(tmp_path / "journal") is None
    assert names_in(tmp_path) == []
    with pytest.raises(FileNotFoundError):
        await read(tmp_path / "journal")


async def test_a_journal_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        await read(tmp_path / "folder")
    with pytest.raises(FileNotFoundError):
        await UploadJournal(tmp_path / "none" / "journal").open()
    async with opened(tmp_path / "folder" / "journal") as journal:
        (tmp_path / "folder").rename(tmp_path / "other")
        with pytest.raises(FileNotFoundError):
            await journal.write(ENTRY)
    assert names_in(tmp_path) == ["other"]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
class TestLock:
    async def test_one_upload_has_it(self, tmp_path: Path) -> None:
        path = tmp_path / "journal"
        async with opened(path) as journal:
            with pytest.raises(InvalidArgument, match="another upload"):
                await read(path)
            await journal.write(ENTRY)  # what has the name now is locked as well
            with pytest.raises(InvalidArgument, match="another upload"):
                await read(path)
        assert await read(path) == ENTRY

    async def test_what_somebody_put_in_its_place_stays(self, tmp_path: Path) -> None:
        path = tmp_path / "journal"
        async with opened(path) as journal:
            await journal.write(ENTRY)
            (tmp_path / "other").write_text(json.dumps(ENTRY.write()))
            (tmp_path / "other").replace(path)
            await journal.remove()
        assert await read(path) == ENTRY

    async def test_a_link_is_followed_and_kept(self, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(tmp_path / "journal")
        async with opened(tmp_path / "link") as journal:
            await journal.write(ENTRY)
        assert (tmp_path / "link").is_symlink()
        assert await read(tmp_path / "journal") == ENTRY

    async def test_a_device_is_no_journal(self) -> None:
        with pytest.raises(InvalidArgument, match="no file"):
            await UploadJournal(Path("/dev/null")).open()


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"version": None},
        {"handle": ""},
        {"handle": 5},
        {"bucket": None},
        {"name": ""},
        {"method": []},
        {"started": "yesterday"},
        {"started": 5},
        {"started": "2026-01-01T00:00:00"},
    ],
)
async def test_what_is_no_journal_of_ours(tmp_path: Path, changes: dict[str, Any]) -> None:
    (tmp_path / "journal").write_text(json.dumps(ENTRY.write() | changes))
    with pytest.raises(InvalidArgument):
        await read(tmp_path / "journal")


@pytest.mark.parametrize("text", ["{", "[]", "5", "null", "{}", "\x00", "[" * 100_000])
async def test_what_is_no_journal_at_all(tmp_path: Path, text: str) -> None:
    (tmp_path / "journal").write_text(text)
    with pytest.raises(InvalidArgument):
        await read(tmp_path / "journal")


@pytest.mark.parametrize("field", list(ENTRY.write()))
async def test_no_field_may_be_missing(tmp_path: Path, field: str) -> None:
    content = ENTRY.write()
    del content[field]
    (tmp_path / "journal").write_text(json.dumps(content))
    with pytest.raises(InvalidArgument):
        await read(tmp_path / "journal")
