"""The page about repeats is what the conformance tests hold, and what the policy has."""

from dataclasses import fields
from typing import Any

import pytest
import test_retry_conformance as conformance
from doc_tables import table_of

from storage_stream import RetryPolicy, Storage, errors
from storage_stream.testing.emulator_handle import EmulatorHandle

PAGE = "retries.md"
METHODS = table_of(PAGE, "method")
BY_OTHER_NAMES = {
    "delete": "with generation= or if_generation_match",
    "set_iam_policy": "with the policy's etag",
    "update_hmac_key": "with etag=",
}


def expected(method: str) -> str:
    """What the conformance tests let a method be repeated with."""
    if method in conformance.ALWAYS:
        return "always"
    if method in conformance.NEVER:
        return "only with RetryPolicy(always=True)"
    return BY_OTHER_NAMES.get(method) or f"with {precondition(method)}"


def precondition(method: str) -> str:
    safe: Any = conformance.SOMETIMES[method].safe
    given = safe["preconditions"]
    [name] = [field.name for field in fields(given) if getattr(given, field.name) is not None]
    return name


def test_every_method_stands_there_with_its_rule() -> None:
    told = {
        method: (row["operation of the service"], row["repeated"])
        for row in METHODS
        for method in row["method"].split(", ")
    }
    held = {method: (row.operation, expected(method)) for method, row in conformance.TABLE.items()}
    assert told == held


def test_the_policy_has_these_defaults() -> None:
    told = {row["field"]: row["default"] for row in table_of(PAGE, "field")}
    assert told == {field.name: str(field.default) for field in fields(RetryPolicy)}


@pytest.mark.parametrize("row", table_of(PAGE, "what happened"), ids=lambda row: row["error"])
def test_the_errors_are_there(row: dict[str, str]) -> None:
    for name in row["error"].split(", "):
        assert issubclass(getattr(errors, name), errors.StorageError)


def statuses() -> dict[int, str]:
    """What the page says of each status that it names."""
    rows = table_of(PAGE, "what happened")
    pairs = [(row["what happened"].split(", "), row["repeated"]) for row in rows]
    return {int(word): said for words, said in pairs for word in words if word.isdigit()}


@pytest.mark.parametrize("status", [*sorted(statuses().keys() - {401}), 400, 403, 409, 412])
async def test_these_statuses_are_repeated(
    gcs: EmulatorHandle, storage: Storage, status: int
) -> None:
    gcs.put("bucket", "name", b"data")
    gcs.arm_next("storage.objects.get", f"return-{status}")
    if status in statuses():
        assert await storage.download("bucket", "name") == b"data"
        assert len(gcs.log.select(operation="storage.objects.get")) == 2
    else:
        with pytest.raises(errors.ResponseError) as caught:
            await storage.download("bucket", "name")
        assert (caught.value.status, caught.value.attempts) == (status, 1)
