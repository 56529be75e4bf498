"""What fsspec calls `info`: a dictionary for each file and "folder"."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from storage_stream import ObjectHead

__all__ = ["Info", "file_info", "folder_info", "head_info"]

Info = dict[str, Any]


def file_info(bucket: str, resource: Mapping[str, Any]) -> Info:
    """An object's resource, with what fsspec asks for besides.

    `name` (with the bucket), `size` (a number), `type`; `mtime` and `ctime`, when the object was
    last changed and when it was made. All else is as the service says it.
    """
    info: Info = dict(resource)
    info["name"] = f"{bucket}/{resource['name']}"
    info["bucket"] = bucket
    info["size"] = int(resource.get("size", 0))
    info["type"] = "file"
    for ours, theirs in (("mtime", "updated"), ("ctime", "timeCreated")):
        if theirs in resource:
            info[ours] = datetime.fromisoformat(resource[theirs])
    return info


def folder_info(path: str) -> Info:
    """A bucket, or what names with slashes make of it."""
    return {"name": path, "size": 0, "type": "directory"}


def head_info(path: str, head: ObjectHead, size: int) -> Info:
    """What the headers of an object's bytes say about it."""
    info: Info = {"name": path, "bucket": path.partition("/")[0], "size": size, "type": "file"}
    said = {
        "generation": None if head.generation is None else str(head.generation),
        "contentType": head.content_type,
        "contentEncoding": head.content_encoding,
        "storageClass": head.storage_class,
        "crc32c": head.crc32c,
        "md5Hash": head.md5,
        "etag": head.etag,
    }
    info.update({key: value for key, value in said.items() if value is not None})
    return info
