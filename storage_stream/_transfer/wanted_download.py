"""What a caller asks for when he downloads: keywords, made into a request and a machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from storage_stream._protocol.arguments import check_whole
from storage_stream._protocol.generations import generation_number
from storage_stream._protocol.objects import get_media
from storage_stream._protocol.options import DownloadKeywords, RequestOptions
from storage_stream._protocol.ranges import ByteRange
from storage_stream._protocol.resumable_download import ResumableDownload
from storage_stream.errors import InvalidArgument

if TYPE_CHECKING:
    from storage_stream._protocol.operation import Operation

__all__ = ["WantedDownload"]


@dataclass(frozen=True, slots=True)
class WantedDownload:
    """A download as it was asked for; nothing of it was sent.

    Attributes:
        operation: The media request, with the caller's parameters and headers in it.
        options: The caller's timeouts and session.
        machine: Decides.
        max_decoded_bytes: How much stored gzip may become; None for no limit.
    """

    operation: Operation[None]
    options: RequestOptions
    machine: ResumableDownload
    max_decoded_bytes: int | None

    @classmethod
    def of(
        cls, bucket: str, name: str, keywords: DownloadKeywords, defaults: RequestOptions
    ) -> Self:
        """Read the keywords.

        Raises:
            InvalidName: A name that cannot be.
            InvalidArgument: A range that cannot be, or two of them; a generation that is none.
            TypeError: A keyword that no download knows.
        """
        rest: dict[str, Any] = dict(keywords)
        generation = generation_number(rest.pop("generation", None))
        raw = bool(rest.pop("raw", False))
        most = rest.pop("max_decoded_bytes", None)
        wanted = ByteRange(rest.pop("start", None) or 0, rest.pop("end", None))
        options = RequestOptions.of(rest, defaults)
        header = options.header("range")
        if header is not None:
            if not wanted.is_whole:
                raise InvalidArgument("a Range header, and start or end besides: which?")
            wanted = ByteRange.from_header(header)
        raw = raw or "gzip" in (options.header("accept-encoding") or "")
        machine = ResumableDownload(wanted, generation=generation, raw=raw, policy=options.retry)
        options = options.without_headers("range", "accept-encoding")
        operation = get_media(bucket, name).with_options(options)
        if most is not None:
            most = check_whole("max_decoded_bytes", most, 0)
        return cls(operation, options, machine, most)
