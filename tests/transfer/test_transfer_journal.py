"""What a journal remembers, asked in any order: pages of rows answer as the rows themselves do."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage_stream._transfer.journal import Journal
from storage_stream._transfer.journal_pages import JournalPage, Remembered, next_size
from storage_stream._transfer.many_items import Action, Item
from storage_stream._transfer.many_work import Done

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

NONE = Remembered(None, None, None, None)
# Letters of one to four bytes: the order of UTF-8 is another than that of UTF-16.
names = st.text(st.sampled_from("a/b\x01\u00e9\ufffd\U0001f600"), min_size=1, max_size=4)


def _copy(name: str, generation: int = 1) -> Item:
    return Item(Action.COPY, "from", name, "to", name, generation=generation)


def _upload(path: Path) -> Item:
    return Item(Action.UPLOAD, None, str(path), "to", "name")


def _done(item: Item) -> tuple[Item, Done]:
    return item, Done(item.result(generation=item.generation))


def _uploaded(item: Item) -> tuple[Item, Done]:
    found = Path(item.name).stat()
    return item, Done(item.result(generation=1), found.st_size, found.st_mtime_ns)


async def _fill(path: Path, batch: Iterable[tuple[Item, Done]]) -> None:
    journal = Journal(path)
    await journal.open()
    await journal.record(list(batch))
    await journal.close()


@settings(max_examples=25, deadline=None)
@given(
    there=st.dictionaries(names, st.integers(1, 2), min_size=1, max_size=30),
    others=st.lists(names, max_size=10),
    random=st.randoms(use_true_random=False),
    in_order=st.booleans(),
)
async def test_in_any_order(
    there: dict[str, int], others: list[str], random: Random, *, in_order: bool
) -> None:
    asked = sorted({*there, *others}, key=str.encode)
    if not in_order:
        random.shuffle(asked)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "journal")
        await _fill(path, [_done(_copy(name, number)) for name, number in there.items()])
        journal = Journal(path)
        await journal.open()
        for name in asked:
            assert await journal.holds(_copy(name)) is (there.get(name) == 1)
        await journal.close()


async def test_files_are_looked_at(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path)
    paths = [Path(os.fsdecode(folder + b"/" + name)) for name in (b"a", b"b", b"\xff1", b"\xff2")]
    for path in paths:
        path.write_bytes(b"bytes")
    items = [_upload(path) for path in paths]
    await _fill(tmp_path / "journal", [_uploaded(item) for item in items])
    journal = Journal(tmp_path / "journal")
    await journal.open()
    assert [await journal.holds(item) for item in items] == [True] * 4
    await journal.close()
    paths[1].write_bytes(b"other bytes")
    paths[3].unlink()
    later = Journal(tmp_path / "journal")
    await later.open()
    assert [await later.holds(item) for item in items] == [True, False, True, False]
    await later.close()


async def test_what_was_seen_is_soon_forgotten(tmp_path: Path) -> None:
    path, now = tmp_path / "file", 0.0
    path.write_bytes(b"bytes")
    item = _upload(path)
    await _fill(tmp_path / "journal", [_uploaded(item)])
    journal = Journal(tmp_path / "journal", lambda: now)
    await journal.open()
    assert await journal.holds(item)
    path.write_bytes(b"other bytes")
    now = 1.5
    assert not await journal.holds(item)
    await journal.close()


async def test_a_new_one_is_not_asked(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    await journal.open()
    await journal.record([_done(_copy("a"))])
    assert not await journal.holds(_copy("a"))
    await journal.close()
    later = Journal(tmp_path / "journal")
    await later.open()
    assert await later.holds(_copy("a"))
    await later.close()


def _page(size: int, *targets: str) -> JournalPage:
    return JournalPage(("copy", "b", "b"), size, {("copy", "b", each): NONE for each in targets}, 0)


@pytest.mark.parametrize(
    ("page", "target", "expected"),
    [
        (_page(2, "c", "e"), "a", False),
        (_page(2, "c", "e"), "b", True),
        (_page(2, "c", "e"), "d", True),
        (_page(2, "c", "e"), "e", True),
        (_page(2, "c", "e"), "f", False),
        (_page(3, "c", "e"), "f", True),
        (_page(3), "f", True),
    ],
)
def test_what_a_page_covers(page: JournalPage, target: str, *, expected: bool) -> None:
    assert page.covers(("copy", "b", target), 0.5) is expected
    assert not page.covers(("upload", "b", target), 0.5)
    assert not page.covers(("copy", "b", target), 1.5)


def test_pages_grow_where_they_are_used() -> None:
    assert next_size(None) == 1
    page, sizes = JournalPage(("copy", "", ""), 1, {}, 0), list[int]()
    for _ in range(10):
        for _ in range(page.size):
            page.take(page.first)
        page = JournalPage(page.first, next_size(page), {}, 0)
        sizes.append(page.size)
    assert sizes == [2, 4, 8, 16, 32, 64, 128, 256, 256, 256]
    page.take(page.first)
    assert next_size(page) == 1
