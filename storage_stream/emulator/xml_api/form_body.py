"""`multipart/form-data` bodies: small fields, then one file, streamed.

https://www.rfc-editor.org/rfc/rfc7578
"""

import email.message
import re
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from urllib.parse import unquote

from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.wire.multipart_related import RelatedBody

MAX_FIELD_BYTES = 64 * 1024
MAX_FIELDS = 200

_PARAMETER = re.compile(r';\s*(name|filename)="([^"]*)"', re.IGNORECASE)
_ESCAPED = re.compile("%(?:22|0D|0A)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FormFile:
    """What the form says of its file."""

    filename: str
    content_type: str | None


class FormBody(RelatedBody):
    """Reads the fields up to the file, then the file."""

    def __init__(self, pieces: AsyncIterator[bytes], boundary: bytes) -> None:
        super().__init__(pieces, boundary)
        self.fields: dict[str, str] = {}

    async def read_fields(self) -> FormFile:
        """Read up to the file's bytes; the fields are in `fields`, names in lower case.

        Raises:
            ApiError: 400, it is malformed, or there is no file.
        """
        await self.begin()
        while not await self.at_end():
            headers = await self.part_headers()
            name, filename = _disposition(headers)
            if name == "file":
                return FormFile(filename, headers.get("Content-Type"))
            value = await self.small_part(MAX_FIELD_BYTES)
            self.fields[name.lower()] = value.decode("utf-8", "replace")
            if len(self.fields) > MAX_FIELDS:
                raise ApiError(400, "badContent", f"The form has over {MAX_FIELDS} fields.")
        message = "POST requires exactly one file upload per request."
        raise ApiError(400, "incorrectNumberOfFilesInPostRequest", message)

    def file(self) -> AsyncGenerator[bytes, None]:
        """Give the file's bytes as they arrive; call after `read_fields`."""
        return self.media()


def _disposition(headers: email.message.Message) -> tuple[str, str]:
    # Browsers send UTF-8 as it is and escape three characters (HTML, "multipart/form-data encoding
    # algorithm"), which the rules of mail do not foresee.
    said = [raw for name, raw in headers.raw_items() if name.lower() == "content-disposition"]
    text = "".join(said).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    words = {name.lower(): value for name, value in _PARAMETER.findall(text)}
    if not text.lower().startswith("form-data") or "name" not in words:
        raise ApiError(400, "badContent", "A part of the form has no name.")
    filename = _ESCAPED.sub(lambda found: unquote(found[0]), words.get("filename", ""))
    return words["name"], filename.replace("\\", "/").rpartition("/")[2]
