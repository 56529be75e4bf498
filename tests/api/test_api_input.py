"""Arguments of the wrong kind, method by method: a clear error, and nothing is sent."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from storage_stream import ComposeSource, RetryPolicy, Storage
from storage_stream.errors import InvalidArgument, InvalidName
from storage_stream.testing.emulator_handle import EmulatorHandle

Call = Callable[[Storage], Awaitable[object]]


def wrong(value: object) -> Any:
    return value


def _upload_with(metadata: Any) -> tuple[Call, str]:
    return lambda s: s.upload("b", "n", b"", metadata=metadata), "takes a mapping"


NO_METADATA = ("x", "", 5, [("a", "b")], {"metadata": "x"}, {"metadata": 5})
KINDS: dict[str, tuple[Call, str]] = {
    **{f"upload metadata={value!r}": _upload_with(value) for value in NO_METADATA},
    "upload_stream metadata": (
        lambda s: wrong(s.upload_stream("b", "n", metadata=wrong("x"))),
        "takes a mapping",
    ),
    "open metadata": (lambda s: s.open("b", "n", "wb", metadata=wrong("x")), "takes a mapping"),
    "open to create metadata": (lambda s: s.open("b", "n", "xb", metadata=wrong("x")), "mapping"),
    "upload_parallel metadata": (
        lambda s: s.upload_parallel("b", "n", b"", metadata=wrong("x")),
        "takes a mapping",
    ),
    "copy metadata": (lambda s: s.copy("b", "n", "c", metadata=wrong("x")), "takes a mapping"),
    "compose metadata": (lambda s: s.compose("b", "n", ["a"], metadata=wrong("x")), "a mapping"),
    "compose content_type": (lambda s: s.compose("b", "n", ["a"], content_type=wrong(5)), "text"),
    "upload content_type": (lambda s: s.upload("b", "n", b"", content_type=wrong(5)), "is text"),
    "upload content_type=0": (lambda s: s.upload("b", "n", b"", content_type=wrong(0)), "is text"),
    "upload parameters": (lambda s: s.upload("b", "n", b"", parameters=wrong("x")), "parameters"),
    "upload params": (
        lambda s: s.upload("b", "n", b"", parameters={}, params=wrong("x")),
        "params takes a mapping",
    ),
    "upload session": (lambda s: s.upload("b", "n", b"", session=5), "aiohttp.ClientSession"),
    "patch_metadata": (lambda s: s.patch_metadata("b", "n", wrong(["x"])), "takes a mapping"),
    "update_metadata": (lambda s: s.update_metadata("b", "n", wrong([])), "takes a mapping"),
    "set_labels": (lambda s: s.set_labels("b", wrong(["a"])), "labels takes a mapping"),
    "set_lifecycle": (lambda s: s.set_lifecycle("b", wrong({"action": {}})), "several rules"),
    "set_lifecycle of texts": (lambda s: s.set_lifecycle("b", wrong(["x"])), "a lifecycle rule"),
    "set_soft_delete": (lambda s: s.set_soft_delete("b", wrong("7d")), "a whole number"),
    "set_iam_policy": (lambda s: s.set_iam_policy("b", wrong([])), "policy takes a mapping"),
    "test_iam_permissions": (lambda s: s.test_iam_permissions("b", wrong([5])), "permission"),
    "patch_bucket": (lambda s: s.patch_bucket("b", wrong(["x"])), "takes a mapping"),
    "update_bucket": (lambda s: s.update_bucket("b", wrong("x")), "takes a mapping"),
    "create_bucket": (lambda s: s.create_bucket("b", "p", wrong("x")), "takes a mapping"),
    "create_notification": (lambda s: s.create_notification("b", "t", wrong("x")), "a mapping"),
    "set_custom_time": (lambda s: s.set_custom_time("b", "n", wrong("2030-01-01")), "datetime"),
    "set_contexts": (lambda s: s.set_contexts("b", "n", wrong(["x"])), "contexts takes a mapping"),
    "set_contexts value": (lambda s: s.set_contexts("b", "n", wrong({"a": 5})), "context 'a'"),
    "upload_parallel part_bytes": (
        lambda s: s.upload_parallel("b", "n", b"", part_bytes=wrong("8MiB")),
        "part_bytes takes a whole number, not str",
    ),
    "upload_parallel workers": (
        lambda s: s.upload_parallel("b", "n", b"", workers=wrong("2")),
        "workers takes a whole number",
    ),
    "retry": (lambda s: s.download_metadata("b", "n", retry=wrong(3)), "say retries=3"),
    "delete_many concurrency": (
        lambda s: wrong(s.delete_many("b", ["a"], concurrency=wrong("2"))),
        "concurrency takes a whole number",
    ),
}
VALUES: dict[str, tuple[Call, str]] = {
    "restore None": (lambda s: s.restore("b", "n", wrong(None)), "say which one"),
    "restore text": (lambda s: s.restore("b", "n", wrong("x")), "generation='x'"),
    "restore a negative one": (lambda s: s.restore("b", "n", -1), "generation=-1"),
    "update_metadata": (lambda s: s.update_metadata("b", "n", {}, generation=wrong("x")), "'x'"),
    "copy": (lambda s: s.copy("b", "n", "c", generation=wrong("x")), "generation='x'"),
    "copy bytes": (lambda s: s.copy("b", "n", "c", max_bytes_per_call=wrong("x")), "max_bytes"),
    "lock": (lambda s: s.lock_retention_policy("b", wrong(None)), "metageneration=None"),
    "compose": (lambda s: s.compose("b", "n", [{"x": 1}]), "this resource has none"),
    "compose generation": (
        lambda s: s.compose("b", "n", [{"name": "a", "generation": "x"}]),
        "generation='x'",
    ),
    "set_soft_delete": (lambda s: s.set_soft_delete("b", -1), "at least 0"),
    "iter_objects": (lambda s: anext(s.iter_objects("b", page_size=0)), "page_size=0"),
    "iter_buckets": (lambda s: anext(s.iter_buckets("p", page_size=0)), "page_size=0"),
    "iter_hmac_keys": (lambda s: anext(s.iter_hmac_keys("p", page_size=-1)), "page_size=-1"),
    "resume_upload {}": (lambda s: s.resume_upload({}, b""), "what StreamWriter.state"),
    "resume_upload text": (
        lambda s: s.resume_upload(wrong(json.dumps({"version": 1})), b""),
        "read from JSON",
    ),
    "resume_upload None": (lambda s: s.resume_upload(wrong(None), b""), "what StreamWriter.state"),
    "resume_copy {}": (lambda s: s.resume_copy({}), "the `state` of the error"),
    "resume_copy text": (lambda s: s.resume_copy(wrong("{}")), "read from JSON"),
}


@pytest.mark.parametrize("call", KINDS)
async def test_a_wrong_kind(gcs: EmulatorHandle, storage: Storage, call: str) -> None:
    run, words = KINDS[call]
    with pytest.raises(TypeError, match=words):
        await run(storage)
    assert len(gcs.log) == 0


@pytest.mark.parametrize("call", VALUES)
async def test_a_wrong_value(gcs: EmulatorHandle, storage: Storage, call: str) -> None:
    run, words = VALUES[call]
    with pytest.raises(InvalidArgument, match=words):
        await run(storage)
    assert len(gcs.log) == 0


def test_a_client_of_a_number_of_repeats() -> None:
    with pytest.raises(TypeError, match="RetryPolicy"):
        Storage(retry=wrong(3))
    Storage(retry=RetryPolicy(retries=3))


def test_a_source_of_no_generation() -> None:
    with pytest.raises(InvalidArgument, match="if_generation_match"):
        ComposeSource("a", if_generation_match=wrong("x"))
    assert ComposeSource("a", wrong("7")) == ComposeSource("a", 7)


@pytest.mark.parametrize("text", ["{}", "[]", '{"version": 1}', '"x"'])
async def test_a_journal_of_something_else(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, text: str
) -> None:
    journal = tmp_path / "journal"
    journal.write_text(text)
    with pytest.raises(InvalidArgument, match=r"upload_parallel\(journal=…\) wrote"):
        await storage.clean_upload(journal)
    assert journal.read_text() == text
    assert len(gcs.log) == 0


async def test_things_to_delete_that_are_none(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.put("bucket", "name", b"")
    things = wrong([{"x": 1}, {"name": "name", "generation": "x"}, 5, None, "name"])
    summary = await storage.delete_many("bucket", things)
    kinds = [(result.name, type(result.error)) for result in summary.failures]
    assert kinds == [
        ("", InvalidName),
        ("name", InvalidArgument),
        ("5", InvalidName),
        ("None", InvalidName),
    ]
    assert summary.deleted == 1
