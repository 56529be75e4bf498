"""What uploads in parts leave in the emulator: unfinished uploads, and objects nobody asked for."""

from typing import Any
from xml.etree import ElementTree as ET

from sample_data import patterned

from storage_stream import Storage
from storage_stream.testing.emulator_handle import EmulatorHandle

MIB = 1024 * 1024
PART_BYTES = 5 * MIB
DATA = patterned(12 * MIB + 5)  # three parts
CREATE, ABORT = "storage.multipartUploads.create", "storage.multipartUploads.abort"
PART, COMPLETE = "storage.multipartUploads.uploadPart", "storage.multipartUploads.complete"
INSERT, COMPOSE, GET = "storage.objects.insert", "storage.objects.compose", "storage.objects.get"
METHODS = {"multipart": PART, "composite": INSERT}
"""The methods, and the operation that sends a part."""

NONE_LEFT: list[str] = []


def unfinished(gcs: EmulatorHandle, bucket: str = "bucket") -> list[str]:
    """The ids of the multipart uploads that were begun and neither ended nor aborted."""
    root = ET.fromstring(gcs._ask("GET", f"/{bucket}?uploads"))  # noqa: S314 - our own server's
    return [item.text or "" for item in root.iter() if item.tag.endswith("UploadId")]


def names(gcs: EmulatorHandle, bucket: str = "bucket") -> list[str]:
    """Every generation of every object."""
    return [item["name"] for item in gcs.objects(bucket, versions="true")]


def operations(gcs: EmulatorHandle) -> list[str]:
    """The operations so far, without what they have in common."""
    return [(entry.operation or "").rpartition(".")[2] for entry in gcs.log]


async def upload(storage: Storage, data: Any, method: str, **arguments: Any) -> Any:
    chosen = {"part_bytes": PART_BYTES, "method": method, **arguments}
    return await storage.upload_parallel("bucket", "näme", data, **chosen)


def whole(gcs: EmulatorHandle) -> None:
    """Exactly one intact object, and nothing else."""
    assert names(gcs) == ["näme"]
    assert unfinished(gcs) == NONE_LEFT
    assert gcs.read("bucket", "näme") == DATA


def nothing(gcs: EmulatorHandle) -> None:
    assert names(gcs) == NONE_LEFT
    assert unfinished(gcs) == NONE_LEFT
