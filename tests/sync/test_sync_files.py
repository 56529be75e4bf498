"""Synchronous files: given to what reads and writes Python's own."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage_stream.errors import IntegrityError
from storage_stream.sync import Storage
from storage_stream.testing import EmulatorThread
from storage_stream.testing.emulator_handle import EmulatorHandle


@pytest.fixture
def storage(gcs: EmulatorHandle) -> Iterator[Storage]:
    assert gcs.url
    with Storage() as client:
        yield client


def test_a_table_is_written_and_read(storage: Storage) -> None:
    with storage.open("bucket", "table.csv", "w") as file:
        csv.writer(file).writerows([number, f"name {number}"] for number in range(1000))
    assert file.resource["size"] == "13780"
    with storage.open("bucket", "table.csv", "r", newline="") as table:
        rows = list(csv.reader(table))
    assert rows[999] == ["999", "name 999"]


def test_a_document_is_written_and_read(storage: Storage) -> None:
    with storage.open("bucket", "document.json", "w") as file:
        json.dump({"a": [1, "ä"]}, file)
    with storage.open("bucket", "document.json", "r") as document:
        assert json.load(document) == {"a": [1, "ä"]}


def test_an_archive_is_read_in_place(storage: Storage) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("inside", b"data" * 1000)
    storage.upload("bucket", "archive.zip", packed.getvalue())
    with storage.open("bucket", "archive.zip") as file, zipfile.ZipFile(file) as archive:
        assert archive.read("inside") == b"data" * 1000


def test_a_buffer_stands_on_it(storage: Storage) -> None:
    storage.upload("bucket", "name", b"one\ntwo\n")
    with storage.open("bucket", "name") as file:
        buffered = io.BufferedReader(file)  # type: ignore[type-var] # it asks for methods only
        assert (buffered.peek(3)[:3], buffered.readline()) == (b"one", b"one\n")


def test_what_a_file_cannot_do_is_said_as_of_pythons_own(storage: Storage) -> None:
    with storage.open("bucket", "name", "wb") as file:
        assert (file.readable(), file.writable(), file.seekable()) == (False, True, False)
        with pytest.raises(io.UnsupportedOperation):
            file.read()
        with pytest.raises(io.UnsupportedOperation):
            next(file)
        file.writelines(line for line in [b"a", b"b"])
    assert storage.download("bucket", "name") == b"ab"


LINES = st.lists(st.text("ab\nä", max_size=9), max_size=30).map("\n".join)


@pytest.fixture(scope="module")
def place() -> Iterator[Storage]:
    with (
        EmulatorThread() as thread,
        Storage(api_root=thread.emulator.url, api_is_dev=True) as client,
    ):
        yield client


@settings(max_examples=40, deadline=None)
@given(text=LINES, turns=st.lists(st.integers(0, 5), max_size=5), is_text=st.booleans())
def test_lines_and_reads_take_turns(
    place: Storage, text: str, turns: list[int], *, is_text: bool
) -> None:
    """However lines, reads and positions are mixed, it is what a file in memory gives."""
    place.upload("bucket", "name", text)
    model: io.StringIO | io.BytesIO = (
        io.StringIO(text, newline="\n") if is_text else io.BytesIO(text.encode())
    )
    with place.open("bucket", "name", "r" if is_text else "rb", **NEWLINE[is_text]) as file:
        for turn in turns:
            for _ in range(turn):
                assert next(file, None) == next(model, None)
            if not is_text:
                assert file.tell() == model.tell()
            assert file.read(turn) == model.read(turn)
        assert list(file) == list(model)


NEWLINE: dict[bool, dict[str, str]] = {True: {"newline": "\n"}, False: {}}


def test_lines_before_a_wrong_checksum_are_given(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "name", b"line\n" * 100)
    gcs.arm_next("storage.objects.get", "flip-bit-at-499")
    taken: list[bytes] = []
    with storage.open("bucket", "name") as file, pytest.raises(IntegrityError):
        taken.extend(file)
    assert taken == [b"line\n"] * 99  # the last is not whole before its end is


def test_many_lines_take_few_requests(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "name", b"line\n" * 100_000)
    gcs.log.clear()
    with storage.open("bucket", "name") as file:
        assert sum(1 for _ in file) == 100_000
    with storage.open("bucket", "name", "r") as text:
        for _ in range(10):
            next(text)
        assert text.readline() == "line\n"
        assert len(text.read()) == 500_000 - 55
    assert len(gcs.log) == 2
