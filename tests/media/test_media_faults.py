"""Broken networks: the error itself, or the same picture; never one that is half grey."""

import pytest
from vips_samples import BLOCK, GET, WAYS, average, local_thumbnail, picture, sample

from storage_stream import Storage
from storage_stream.errors import (
    ConnectionLost,
    ObjectChanged,
    ServerError,
    StorageError,
    TruncatedStream,
)
from storage_stream.media import Source
from storage_stream.testing.emulator_handle import EmulatorHandle

FOR_GOOD = 12  # more requests than any of these makes
LOST = (ConnectionLost, TruncatedStream)


@pytest.fixture
def source(storage: Storage, gcs: EmulatorHandle, gcs_bucket: str, name: str) -> Source:
    gcs.put(gcs_bucket, name, sample(name))
    gcs.log.clear()
    return Source.new_from_object(storage, gcs_bucket, name, retries=0)


@pytest.fixture
def patient(storage: Storage, gcs: EmulatorHandle, gcs_bucket: str, name: str) -> Source:
    gcs.put(gcs_bucket, name, sample(name))
    return Source.new_from_object(storage, gcs_bucket, name)


pytestmark = pytest.mark.parametrize("name", WAYS)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["drop-at-100000"] * FOR_GOOD, LOST),
        (["pass", *["return-503"] * FOR_GOOD], ServerError),
        (["pass", *["return-reset-connection"] * FOR_GOOD], LOST),
    ],
    ids=["dropped", "503", "reset"],
)
async def test_a_failure_for_good_is_raised_as_it_is(
    source: Source,
    gcs: EmulatorHandle,
    words: list[str],
    expected: tuple[type[StorageError], ...],
    capfd: pytest.CaptureFixture[str],
) -> None:
    gcs.arm_next(GET, *words)
    async with source:
        with pytest.raises(expected):
            await source.thumbnail(100, format=".png")
        with pytest.raises(expected):
            await source.run(average)
    assert capfd.readouterr() == ("", "")


async def test_another_object_of_the_same_name_is_not_mixed_in(
    source: Source,
    gcs: EmulatorHandle,
    gcs_bucket: str,
    name: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    async with source:
        await source.run(lambda _: None)
        gcs.put(gcs_bucket, name, sample(name)[::-1])
        with pytest.raises(ObjectChanged):
            await source.run(average)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "words",
    [["drop-at-100000"], ["pass", "return-503"], ["return-503"], ["pass", "drop-at-70000"]],
    ids=["one-drop", "one-503", "503-at-first", "another-drop"],
)
async def test_a_failure_that_passes_changes_nothing(
    patient: Source,
    gcs: EmulatorHandle,
    name: str,
    words: list[str],
    capfd: pytest.CaptureFixture[str],
) -> None:
    gcs.arm_next(GET, *words)
    async with patient:
        assert await patient.thumbnail(100, format=".png") == local_thumbnail(name)
        assert patient.stats.bytes_downloaded - patient.stats.unique_bytes <= BLOCK
    assert capfd.readouterr() == ("", "")


async def test_all_pixels_are_those_of_the_object(patient: Source) -> None:
    async with patient:
        assert await patient.run(average) == pytest.approx(picture().avg(), abs=1.5)
