"""What callers say of an object, on the roads in parts: done, or refused first."""

from typing import Any

import pytest
from part_places import (
    COMPOSE,
    DATA,
    METHODS,
    MIB,
    NONE_LEFT,
    names,
    operations,
    unfinished,
    upload,
    whole,
)
from sample_data import encoded_crc32c

from storage_stream import Preconditions, Storage
from storage_stream.errors import BadRequest, IntegrityError, InvalidArgument
from storage_stream.testing.emulator_handle import EmulatorHandle

MD5 = "AAAAAAAAAAAAAAAAAAAAAA=="


pytestmark = pytest.mark.usefixtures("bucket")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("data", [DATA, b"small"])
async def test_a_checksum_that_was_given_is_compared(
    gcs: EmulatorHandle, storage: Storage, method: str, data: bytes
) -> None:
    made = await upload(storage, data, method, metadata={"crc32c": encoded_crc32c(data)})
    assert made["crc32c"] == encoded_crc32c(data)
    await storage.delete("bucket", "näme")
    with pytest.raises((IntegrityError, BadRequest)):
        await upload(storage, data, method, metadata={"crc32c": "AAAAAA=="})
    assert names(gcs) == NONE_LEFT
    assert unfinished(gcs) == NONE_LEFT


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("wrong", [{"md5Hash": MD5}, {"crc32c": 5}])
async def test_a_checksum_that_cannot_be_compared_is_refused(
    gcs: EmulatorHandle, storage: Storage, method: str, wrong: dict[str, Any]
) -> None:
    with pytest.raises(InvalidArgument, match="crc32c"):
        await upload(storage, DATA, method, metadata=wrong)
    assert operations(gcs) == []


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("data", [DATA, b"small"])
async def test_what_an_upload_in_one_piece_takes_as_parameters(
    gcs: EmulatorHandle, storage: Storage, method: str, data: bytes
) -> None:
    params = {"predefinedAcl": "publicRead", "contentEncoding": "br"}
    await upload(storage, data, method, params=params)
    made = gcs.metadata("bucket", "näme")
    assert made["contentEncoding"] == "br"
    if data is DATA and method == "composite":  # this call spells it in another way
        query = next(entry.query for entry in gcs.log if entry.operation == COMPOSE)
        assert "destinationPredefinedAcl=publicRead" in query
    assert params == {"predefinedAcl": "publicRead", "contentEncoding": "br"}


@pytest.mark.parametrize(
    "arguments",
    [
        {"preconditions": Preconditions(if_generation_not_match=5)},
        {"params": {"projection": "full"}},
    ],
)
@pytest.mark.parametrize("method", METHODS)
async def test_what_cannot_be_said_is_refused_first(
    gcs: EmulatorHandle, storage: Storage, method: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(InvalidArgument, match=r"upload\(\)"):
        await upload(storage, DATA, method, **arguments)
    assert operations(gcs) == []


async def test_more_workers_than_parts(gcs: EmulatorHandle, storage: Storage) -> None:
    await upload(storage, DATA, "multipart", workers=10**9, part_bytes=6 * MIB)
    whole(gcs)
