"""The manifest: who goes on knows what was done, however the one before ended."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage_stream import Storage
from storage_stream.errors import Forbidden, InvalidArgument
from storage_stream.integrations.dask import FailedObject, ManifestTaken
from storage_stream.integrations.dask.manifest import Manifest, _standing_of
from storage_stream.integrations.dask.names import NameRange
from storage_stream.integrations.dask.order import Order, Report, Unit, Verb
from storage_stream.testing.emulator_handle import EmulatorHandle

ORDER = Order(
    *(Verb.COPY, "source", "data/", "target", "copy/"),
    storage_options={"proxy": "http://me:secret@proxy"},
    request_options={"headers": {"x-secret": "secret"}},
)
FOLDER = "runs/one/"
HEAD = f"{FOLDER}manifest.json"


def manifest(storage: Storage, order: Order = ORDER) -> Manifest:
    return Manifest(storage, "target", FOLDER, order, {})


def note(book: Manifest, start: str, rest: str | None, end: str | None, **more: Any) -> None:
    report = Report(rest, done=2, bytes=10, **more)
    book.note(Unit(1, start, end, 2), report)


async def test_who_goes_on_does_the_rest(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.create_bucket("target")
    first = manifest(storage)
    assert not await first.open(resume=True)
    note(first, "data/", "data/c", "data/m")
    note(first, "data/m", None, None)
    await first.flush()
    note(first, "data/c", "data/d", "data/m")  # it is killed before it writes this
    second = manifest(storage)
    assert await second.open(resume=True)
    assert second.standing.left == [NameRange("data/c", "data/m")]
    totals = second.standing.totals
    assert (totals.done, totals.bytes, totals.units) == (4, 20, 2)
    note(second, "data/c", None, "data/m")
    await second.flush()
    await second.fold([], is_complete=True)
    head = json.loads(gcs.read("target", HEAD))
    assert (head["complete"], head["left"], head["totals"]["done"]) == (True, [], 6)
    third = manifest(storage)
    assert not await third.open(resume=True)  # that one is done: a new run begins
    assert third.standing.run != second.standing.run


async def test_who_was_followed_is_told(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.create_bucket("target")
    first, second = manifest(storage), manifest(storage)
    await first.open(resume=True)
    await second.open(resume=True)
    note(second, "data/", None, None)
    await second.flush()
    note(first, "data/", None, None)
    with pytest.raises(ManifestTaken):
        await first.flush()
    with pytest.raises(ManifestTaken):
        await first.fold([])


async def test_who_goes_on_is_not_stopped_by_who_was_before(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    gcs.create_bucket("target")
    first, second = manifest(storage), manifest(storage)
    await first.open(resume=True)
    failed = FailedObject("gs://source/data/a", "NotFound", "gone")
    note(first, "data/", "data/c", "data/m", failures=[failed])
    await first.flush()
    await second.open(resume=True)
    note(first, "data/m", None, None, failures=[failed])
    with pytest.raises(ManifestTaken):
        await first.flush()  # at once, and before the second one has written of its work
    note(second, "data/c", None, "data/m", failures=[failed])
    await second.flush()
    with pytest.raises(ManifestTaken):
        await first.fold([])
    await second.fold([NameRange("data/m")])
    third = manifest(storage)
    assert await third.open(resume=True)
    assert third.standing.left == [NameRange("data/m")]
    assert third.standing.totals.done == 4
    errors = gcs.objects("target", prefix=f"{FOLDER}{first.standing.run}/errors/")
    assert len(errors) == 3


async def test_what_was_before_wrote_while_it_was_gone_on_with_is_read(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    gcs.create_bucket("target")
    first = manifest(storage)
    await first.open(resume=True)

    class Overtaking:
        """A client during whose second upload, which is the fence, the other run writes."""

        uploads = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(storage, name)

        async def upload(self, *arguments: Any, **options: Any) -> Any:
            self.uploads += 1
            if self.uploads == 2:
                note(first, "data/", None, "data/m")
                await first.flush()
            return await storage.upload(*arguments, **options)

    late: Any = Overtaking()
    second = manifest(late)
    assert await second.open(resume=True)
    assert second.standing.left == [NameRange("data/m")]
    note(first, "data/m", None, None)
    with pytest.raises(ManifestTaken):
        await first.flush()


async def test_failures_are_kept_until_they_are_written(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    gcs.create_bucket("target")
    book = manifest(storage)
    await book.open(resume=True)
    failed = FailedObject("gs://source/data/a", "NotFound", "gone")
    note(book, "data/", None, None, failures=[failed])
    gcs.arm_next("storage.objects.insert", "return-403")
    with pytest.raises(Forbidden):
        await book.flush()
    await book.flush()
    run = f"{FOLDER}{book.standing.run}/"
    kinds = [item["name"].split("/")[3] for item in gcs.objects("target", prefix=run)]
    assert kinds == ["errors", "units"]


async def test_segments_are_composed_by_32(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.create_bucket("target")
    book = manifest(storage)
    await book.open(resume=True)
    for number in range(70):
        note(book, f"data/{number:02}", None, f"data/{number + 1:02}")
        await book.flush()
    assert book.open_segments == 70
    await book.fold([NameRange("data/70")])
    assert book.open_segments == 0
    run = f"{FOLDER}{book.standing.run}/"
    names = [item["name"].removeprefix(run) for item in gcs.objects("target", prefix=run)]
    assert sorted(names) == [
        *("history/00000032.jsonl", "history/00000064.jsonl"),
        *(f"units/{number:08}.jsonl" for number in range(65, 71)),
    ]
    lines = gcs.read("target", f"{run}history/00000064.jsonl").splitlines()
    assert [json.loads(line)["start"] for line in lines] == [f"data/{n}" for n in range(32, 64)]
    again = manifest(storage)
    assert await again.open(resume=True)
    assert again.standing.left == [NameRange("data/70")]
    assert again.standing.totals.units == 70


async def test_a_crash_while_composing_doubles_nothing(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    gcs.create_bucket("target")
    book = manifest(storage)
    await book.open(resume=True)
    for number in range(33):
        note(book, f"data/{number:02}", None, f"data/{number + 1:02}")
        await book.flush()
    await book.fold([NameRange("data/33")])
    run = f"{FOLDER}{book.standing.run}/"
    gcs.put("target", f"{run}units/00000032.jsonl", b'{"as": "if it had not been deleted"}\n')
    again = manifest(storage)
    assert await again.open(resume=True)
    names = [item["name"].removeprefix(run) for item in gcs.objects("target", prefix=run)]
    left = ["units/00000033.jsonl", "units/00000034.jsonl"]  # the last one keeps `book` out
    assert names == ["history/00000032.jsonl", *left]


async def test_failures_are_lines_of_their_own(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.create_bucket("target")
    book = manifest(storage)
    await book.open(resume=True)
    failed = FailedObject("gs://source/data/é", "NotFound", "gone")
    note(book, "data/", None, None, failed=1, failures=[failed])
    await book.flush()
    errors = gcs.objects("target", prefix=f"{FOLDER}{book.standing.run}/errors/00000001.")
    name = errors[0]["name"]
    assert json.loads(gcs.read("target", name)) == {
        "source": "gs://source/data/é",
        "error": "NotFound",
        "message": "gone",
    }


async def test_no_secret_is_in_it(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.create_bucket("target")
    book = manifest(storage)
    await book.open(resume=True)
    note(book, "data/", None, None)
    await book.flush()
    await book.fold([], is_complete=True)
    for item in gcs.objects("target"):
        assert b"secret" not in gcs.read("target", item["name"])


async def test_another_orders_manifest_is_refused(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.create_bucket("target")
    await manifest(storage).open(resume=True)
    other = Order(Verb.COPY, "source", "other/", "target", "copy/")
    with pytest.raises(InvalidArgument, match="another run"):
        await manifest(storage, other).open(resume=True)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"\xff", b'{"kind": "storage-stream cluster manifest", "version": 2}', b"{}"],
)
async def test_what_is_no_manifest_is_refused(
    storage: Storage, gcs: EmulatorHandle, content: bytes
) -> None:
    gcs.put("target", HEAD, content)
    with pytest.raises(InvalidArgument):
        await manifest(storage).open(resume=True)


async def test_a_segment_that_is_none_is_refused(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.create_bucket("target")
    first = manifest(storage)
    await first.open(resume=True)
    gcs.put("target", f"{FOLDER}{first.standing.run}/units/00000001.jsonl", b'{"start": 1}\n')
    with pytest.raises(InvalidArgument, match="no segment"):
        await manifest(storage).open(resume=True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
FIELDS = st.sampled_from(["run", "left", "totals", "folded", "errors", "complete"])


@given(FIELDS, JSON)
@settings(max_examples=100)
def test_a_damaged_head_is_an_argument_error(name: str, value: Any) -> None:
    totals = {"done": 0, "skipped": 0, "failed": 0, "bytes": 0, "units": 0}
    whole = {
        "run": "r",
        "left": [["a", None]],
        "totals": totals,
        "folded": 0,
        "errors": 0,
        "complete": False,
    }
    try:
        _standing_of({**whole, name: value}, "w")
    except InvalidArgument:
        return
