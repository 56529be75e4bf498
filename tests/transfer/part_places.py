"""What uploads in parts leave in the emulator: unfinished uploads, and objects nobody asked for."""

from xml.etree import ElementTree as ET

from storage_stream.testing.emulator_handle import EmulatorHandle

MIB = 1024 * 1024
PART_BYTES = 5 * MIB


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
