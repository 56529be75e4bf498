"""Where an upload stood when it was left, as JSON that another process goes on from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from storage_stream._protocol.checksums import Crc32c, decode_crc32c
from storage_stream.errors import InvalidArgument, ObjectChanged

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["UploadState"]

VERSION = 1
_EXPECTED = (
    "this is no upload state: resume_upload takes what StreamWriter.state() gave, or the `state`"
    " of an upload's error, a dict; read from JSON where it was kept as text"
)


@dataclass(frozen=True, slots=True)
class UploadState:
    """A state that was read back.

    Attributes:
        bucket: The bucket.
        name: The object's name.
        machine: The state of the protocol.
        checked: The checksum of the source's beginning, for telling whether it is the same one.
    """

    bucket: str
    name: str
    machine: dict[str, Any]
    checked: Crc32c

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> UploadState:
        """Read a state.

        Raises:
            InvalidArgument: It is none that this version wrote.
        """
        try:
            if state["version"] != VERSION:
                raise InvalidArgument(f"an upload state of version {state['version']!r}")
            value, length = decode_crc32c(state["crc32c"]), int(state["checked"])
            confirmed = int(state["confirmed"])
            machine: dict[str, Any] = {
                "session_uri": state["session_uri"],
                "confirmed": confirmed,
                "total": None if state["total"] is None else int(state["total"]),
                "chunk_bytes": None if state["chunk_bytes"] is None else int(state["chunk_bytes"]),
            }
            has_uri = isinstance(machine["session_uri"], str)
            if value is None or not has_uri or not 0 <= length <= confirmed:
                raise InvalidArgument("the upload state is damaged")
            return cls(str(state["bucket"]), str(state["name"]), machine, Crc32c(value, length))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InvalidArgument(_EXPECTED) from error

    def write(self) -> dict[str, Any]:
        """The state as JSON can hold it."""
        return {
            "version": VERSION,
            "bucket": self.bucket,
            "name": self.name,
            **self.machine,
            "checked": self.checked.length,
            "crc32c": self.checked.encoded,
        }

    def compare(self, crc: Crc32c) -> None:
        """Compare the source's beginning with what was sent before.

        Raises:
            ObjectChanged: It is another source, or it changed.
        """
        if (crc.length, crc.value) != (self.checked.length, self.checked.value):
            raise ObjectChanged(
                f"the source does not begin with the {self.checked.length} bytes sent before"
            )
