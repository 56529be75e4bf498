"""Where an upload stood when it was left, as JSON that another process goes on from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from storage_stream._protocol.arguments import check_mapping
from storage_stream._protocol.checksums import Crc32c, decode_crc32c
from storage_stream._protocol.session_address import is_session_address
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
        zipped: Whether what goes out is the source compressed; `checked` is of that, too.
        content_type: The object's MIME type.
        metadata: The other fields of its resource; None where that is not known, and a session
            that is gone cannot be begun anew.
        params: The query of the request that began the session: its preconditions stand there.
    """

    bucket: str
    name: str
    machine: dict[str, Any]
    checked: Crc32c
    zipped: bool = False
    content_type: str | None = None
    metadata: dict[str, Any] | None = None
    params: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> UploadState:
        """Read a state.

        Raises:
            InvalidArgument: It is none that this version wrote.
        """
        try:
            if state["version"] != VERSION:
                raise InvalidArgument(f"an upload state of version {state['version']!r}")
            checked = _checksum(state["crc32c"], _count(state["checked"]))
            machine: dict[str, Any] = {
                "session_uri": state["session_uri"],
                "confirmed": _count(state["confirmed"]),
                "total": None if state["total"] is None else _count(state["total"]),
                "chunk_bytes": None if state["chunk_bytes"] is None else int(state["chunk_bytes"]),
            }
            if not is_session_address(machine["session_uri"]):
                raise InvalidArgument("the upload state names no session")
            if checked.length > machine["confirmed"]:
                raise InvalidArgument("the upload state is damaged")
            return cls(str(state["bucket"]), str(state["name"]), machine, checked, *_aims(state))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            if isinstance(error, InvalidArgument):
                raise
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
            "zipped": self.zipped,
            "content_type": self.content_type,
            "metadata": self.metadata,
            "params": dict(self.params),
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


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(value)
    return value


def _checksum(text: Any, length: int) -> Crc32c:
    value = decode_crc32c(text)
    if value is None:
        raise ValueError(text)
    return Crc32c(value, length)


def _aims(
    state: Mapping[str, Any],
) -> tuple[bool, str | None, dict[str, Any] | None, tuple[tuple[str, str], ...]]:
    """What the object is to be beside its bytes; a state need not say it."""
    zipped, content_type = state.get("zipped", False), state.get("content_type")
    metadata, params = state.get("metadata"), state.get("params", {})
    if not isinstance(zipped, bool) or not isinstance(content_type, str | None):
        raise TypeError
    fields = None if metadata is None else dict(check_mapping("metadata", metadata))
    pairs = check_mapping("params", params).items()
    return zipped, content_type, fields, tuple((str(name), str(value)) for name, value in pairs)
