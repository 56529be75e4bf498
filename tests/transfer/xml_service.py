"""A service in memory that answers what a test says: the emulator's answers are too good."""

import json
from dataclasses import dataclass, field

from sample_data import encoded_crc32c

from storage_stream import Environment, RetryPolicy, Storage
from storage_stream.testing.fake_clock import FakeClock
from storage_stream.testing.memory_answer import Answer
from storage_stream.testing.memory_transport import MemoryTransport, RecordedRequest

STARTED = Answer(
    headers={"date": "Sat, 21 Nov 2026 11:00:00 GMT"},
    body=b"<InitiateMultipartUploadResult><UploadId>UP</UploadId></InitiateMultipartUploadResult>",
)
_JOINED = b"<CompleteMultipartUploadResult></CompleteMultipartUploadResult>"
NAMED = Answer(headers={"x-goog-generation": "5"}, body=_JOINED)
UNNAMED = Answer(body=_JOINED)
HTML = Answer(headers={"content-type": "text/html"}, body=b"<html>log in</html>")


def resource(data: bytes, generation: int = 5) -> Answer:
    """An object's resource."""
    said = {
        "bucket": "bucket",
        "name": "name",
        "generation": str(generation),
        "size": str(len(data)),
        "crc32c": encoded_crc32c(data),
        "timeCreated": "2026-11-21T11:00:05Z",
    }
    return Answer(body=json.dumps(said).encode())


def parts(*rows: tuple[int, bytes], following: int | None = None) -> Answer:
    """A page of the parts of an upload."""
    listed = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>x</ETag><Size>{len(data)}</Size></Part>"
        for number, data in rows
    )
    more = "" if following is None else f"<NextPartNumberMarker>{following}</NextPartNumberMarker>"
    cut = "false" if following is None else "true"
    text = f"<ListPartsResult><IsTruncated>{cut}</IsTruncated>{more}{listed}</ListPartsResult>"
    return Answer(body=text.encode())


@dataclass
class XmlService:
    """Multipart uploads, as far as nobody says otherwise."""

    start: Answer = STARTED
    part: Answer = field(default_factory=lambda: Answer(headers={"etag": '"x"'}))
    join: Answer = NAMED
    abort: Answer = field(default_factory=lambda: Answer(204))
    listed: Answer = field(default_factory=lambda: Answer(404))
    found: Answer = field(default_factory=lambda: Answer(404))
    delete: Answer = field(default_factory=lambda: Answer(204))
    asked: list[str] = field(default_factory=list)

    def storage(self) -> Storage:
        """A client of it."""
        return Storage(
            api_root="https://gcs.test",
            anonymous=True,
            retry=RetryPolicy(retries=1),
            environment=Environment(
                transport=MemoryTransport(self._answer), clock=FakeClock(), random=lambda: 0.5
            ),
        )

    def _answer(self, request: RecordedRequest) -> Answer:
        word = self._word(request)
        self.asked.append(word)
        answer: Answer = getattr(self, word)
        return answer

    def _word(self, request: RecordedRequest) -> str:
        if "/storage/v1/" in request.url:
            return {"GET": "found", "DELETE": "delete"}[request.method]
        if request.method == "POST":
            return "start" if request.url.endswith("?uploads") else "join"
        return {"PUT": "part", "DELETE": "abort", "GET": "listed"}[request.method]
