"""The kit without pytest's fixtures: a block, a TestCase, faults by name, what is asserted."""

import asyncio
import os
import unittest
from pathlib import Path
from typing import Any

import pytest
from standing_time import until_stalled

import storage_stream
from storage_stream import RetryPolicy
from storage_stream.emulator import Emulator
from storage_stream.errors import BadRequest, IntegrityError, TransportError, Unauthorized
from storage_stream.sync import Storage
from storage_stream.testing import EmulatorHandle, GcsTestMixin, emulated_gcs

AT_ONCE = RetryPolicy(initial_delay=0)
HOST = "STORAGE_EMULATOR_HOST"


def test_a_block_has_an_emulator_and_leaves_no_trace(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(HOST, raising=False)
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket" / "name").write_bytes(b"data")
    with emulated_gcs(Emulator(create_buckets=False), seed=tmp_path) as gcs:
        assert os.environ[HOST] == gcs.url
        with Storage() as storage:
            assert storage.download("bucket", "name") == b"data"
        with emulated_gcs() as inner:
            assert os.environ[HOST] == inner.url
        assert os.environ[HOST] == gcs.url
        gcs.assert_requests(objects_get=1)
        gcs.assert_nothing_left()
    assert HOST not in os.environ


class Reports(GcsTestMixin):
    """Run below, by unittest itself."""

    seen: list[str] = []  # noqa: RUF012 - of all tests

    def test_a(self) -> None:
        self.gcs.create_bucket("bucket")  # which would be refused if there was one
        self.gcs.put("bucket", "name", b"data")
        with Storage() as storage:
            assert storage.download("bucket", "name") == b"data"
        self.gcs.assert_requests(objects_get=1)
        self.seen.append(self.gcs.url)

    test_b = test_a


Reports.__test__ = False  # type: ignore[attr-defined] # pytest leaves it alone


class Asynchronous(GcsTestMixin, unittest.IsolatedAsyncioTestCase):
    """Collected by pytest as it is."""

    async def test_it(self) -> None:
        self.gcs.put("bucket", "name", b"data")
        assert self.gcs.read("bucket", "name") == b"data"


def test_a_test_case_finds_it_empty_in_every_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(HOST, raising=False)
    suite = unittest.TestSuite([Reports("test_a"), Reports("test_b")])
    result = unittest.TestResult()
    suite.run(result)
    assert (result.testsRun, result.failures, result.errors) == (2, [], [])
    assert len(set(Reports.seen)) == 1
    assert HOST not in os.environ


def test_a_test_case_without_its_class_set_up_says_so() -> None:
    class Forgetful(GcsTestMixin):
        @classmethod
        def setUpClass(cls) -> None:
            """Call nobody else's."""

        def test_it(self) -> None:
            self.gcs.put("bucket", "name", b"data")

    result = unittest.TestResult()
    unittest.TestSuite([Forgetful("test_it")]).run(result)
    ((_, told),) = result.errors
    assert "no emulator is running: Forgetful.setUpClass has to call that of super()" in told


@pytest.mark.parametrize("seconds", [0, 1_000_000, 86_400.25])
async def test_a_stall_of_any_length_is_over_when_the_clock_says_so(
    gcs: EmulatorHandle, seconds: float
) -> None:
    gcs.put("bucket", "name", b"data")
    gcs.stall_next("storage.objects.get", seconds)
    async with storage_stream.Storage() as storage, asyncio.TaskGroup() as beside:
        downloading = beside.create_task(storage.download("bucket", "name"))
        await until_stalled(gcs)
        gcs.advance_clock(seconds)
    assert downloading.result() == b"data"
    assert [entry.fault for entry in gcs.log] == [f"stall-for-{seconds}s-after-0K"]


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan")])
def test_a_stall_that_cannot_be_is_refused(gcs: EmulatorHandle, seconds: float) -> None:
    with pytest.raises(ValueError, match="a stall lasts for 0 seconds or more, not for"):
        gcs.stall_next("storage.objects.get", seconds)


def test_faults_have_names(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "name", b"x" * 1000)
    with Storage(retry=AT_ONCE) as storage:
        gcs.fail_next("storage.objects.get", times=2)
        gcs.cut_next("storage.objects.get", 100, 200)
        assert storage.download("bucket", "name") == b"x" * 1000
        gcs.stall_next("storage.objects.get", 0.01)
        assert storage.download("bucket", "name") == b"x" * 1000
        assert [entry.fault for entry in gcs.log] == [
            "return-503",
            "return-503",
            "drop-at-100",
            "drop-at-200",
            None,
            "stall-for-0.01s-after-0K",
        ]
        gcs.fail_next("storage.objects.list", 400)
        with pytest.raises(BadRequest):
            list(storage.iter_objects("bucket"))
        gcs.corrupt_next("storage.objects.get", 3)
        with pytest.raises(IntegrityError):
            storage.download("bucket", "name")
        gcs.lose_next_answer("storage.objects.patch")
        with pytest.raises(TransportError):
            storage.patch_metadata("bucket", "name", {"contentType": "text/x"})
        assert gcs.metadata("bucket", "name")["contentType"] == "text/x"
        gcs.refuse_next_token("storage.objects.list")
        with pytest.raises(Unauthorized):
            list(storage.iter_objects("bucket"))


def test_what_was_asked_for_is_compared_and_shown(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "name", b"data")
    gcs.assert_requests()
    with Storage(retry=AT_ONCE) as storage:
        gcs.fail_next("storage.objects.get")
        storage.download("bucket", "name")
        gcs.assert_requests(objects_get=2)
        with pytest.raises(AssertionError) as caught:
            gcs.assert_requests(objects_get=1, objects_insert=1)
        told = str(caught.value).splitlines()
        assert told[:3] == [
            "storage.objects.get: 2 requests, expected 1",
            "storage.objects.insert: 0 requests, expected 1",
            "the log:",
        ]
        assert told[3].startswith("1. GET ")
        assert told[3].endswith("-> 503 (return-503)")
        with pytest.raises(AssertionError, match="1 connections and 0 resumable sessions are left"):
            gcs.assert_nothing_left(within_seconds=0)
    gcs.assert_nothing_left()


def test_time_goes_on_when_it_is_told_to(gcs: EmulatorHandle) -> None:
    before = gcs.put("bucket", "a", b"")["timeCreated"]
    gcs.advance_clock(3600)
    after = gcs.put("bucket", "b", b"")["timeCreated"]
    assert before[:13] < after[:13]


def test_somebody_else_deletes(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "name", b"data")
    gcs.delete("bucket", "name")
    assert gcs.objects("bucket") == []


async def test_the_first_test_of_the_guide_passes(gcs: EmulatorHandle, gcs_bucket: str) -> None:
    page = Path(__file__).parents[2] / "docs" / "testing.md"
    snippet = page.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    names: dict[str, Any] = {}
    exec(snippet, names)  # noqa: S102 - our own page
    await names["test_report"](gcs, gcs_bucket)
