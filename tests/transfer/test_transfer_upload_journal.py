"""The journal: whole or not there, and read back only when it is one."""

import json
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


@pytest.mark.parametrize("entry", [ENTRY, replace(ENTRY, started=None)])
async def test_what_is_written_is_read(tmp_path: Path, entry: JournalEntry) -> None:
    journal = UploadJournal(tmp_path / "journal")
    assert await journal.read() is None
    await journal.write(entry)
    assert await journal.read() == entry
    await journal.write(replace(entry, handle="another"))
    assert await journal.read() == replace(entry, handle="another")
    assert names_in(tmp_path) == ["journal"]
    await journal.remove()
    await journal.remove()
    assert names_in(tmp_path) == []


async def test_an_empty_file_is_no_journal_yet(tmp_path: Path) -> None:
    (tmp_path / "journal").touch()
    assert await UploadJournal(tmp_path / "journal").read() is None


async def test_a_journal_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        await UploadJournal(tmp_path / "folder").write(ENTRY)
    with pytest.raises(FileNotFoundError):
        await UploadJournal(tmp_path / "none" / "journal").write(ENTRY)
    assert names_in(tmp_path) == ["folder"]


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
        await UploadJournal(tmp_path / "journal").read()


@pytest.mark.parametrize("text", ["{", "[]", "5", "null", "{}", "\x00", "[" * 100_000])
async def test_what_is_no_journal_at_all(tmp_path: Path, text: str) -> None:
    (tmp_path / "journal").write_text(text)
    with pytest.raises(InvalidArgument):
        await UploadJournal(tmp_path / "journal").read()


@pytest.mark.parametrize("field", list(ENTRY.write()))
async def test_no_field_may_be_missing(tmp_path: Path, field: str) -> None:
    content = ENTRY.write()
    del content[field]
    (tmp_path / "journal").write_text(json.dumps(content))
    with pytest.raises(InvalidArgument):
        await UploadJournal(tmp_path / "journal").read()
