"""https://cloud.google.com/storage/docs/multipart-uploads."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from storage_stream._protocol.http import Headers, Reply, ReplyHead
from storage_stream._protocol.operation import Operation
from storage_stream._protocol.xml_multipart import (
    MultipartTarget,
    PartsPage,
    StoredPart,
    abort_upload,
    complete_upload,
    list_parts,
    start_upload,
    upload_part,
)
from storage_stream.errors import IntegrityError, InvalidName, ProtocolError

TARGET = MultipartTarget("b", "a/b é?", "id/+=")
PATH = "/b/a%2Fb%20%C3%A9%3F"
SPACE = "xmlns='http://s3.amazonaws.com/doc/2006-03-01/'"


def answer(body: str = "", **headers: str) -> Reply:
    lines = ((name.replace("_", "-"), value) for name, value in headers.items())
    return Reply(ReplyHead(200, "OK", Headers(lines)), body.encode())


def sent(call: Operation[Any]) -> tuple[str, str]:
    return call.method, call.request.target


class Letters:
    length = 3

    async def chunks(self) -> AsyncIterator[bytes]:
        yield b"abc"


def test_the_start() -> None:
    call = start_upload("b", TARGET.name, [("content-type", "a/b"), ("x-goog-meta-k", "v")])
    assert sent(call) == ("POST", f"{PATH}?uploads")
    assert dict(call.request.headers) == {"content-type": "a/b", "x-goog-meta-k": "v"}
    assert (call.name, call.subject) == ("storage.multipartUploads.create", "gs://b/a/b é?")
    document = f"<InitiateMultipartUploadResult {SPACE}><UploadId>xyz</UploadId></Initiate"
    started = call.parse(answer(f"{document}MultipartUploadResult>"))
    assert (started.upload_id, started.started) == ("xyz", None)


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        ("Sat, 21 Nov 2026 09:23:36 GMT", datetime(2026, 11, 21, 9, 23, 36, tzinfo=UTC)),
        ("Sat, 21 Nov 2026 09:23:36 -0000", datetime(2026, 11, 21, 9, 23, 36, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
    ],
)
def test_the_start_tells_when_it_was(date: str, moment: datetime | None) -> None:
    body = "<InitiateMultipartUploadResult><UploadId>x</UploadId></InitiateMultipartUploadResult>"
    started = start_upload("b", "o", []).parse(answer(body, date=date))
    assert started.started == moment


@pytest.mark.parametrize(
    "body", ["", "{}", "<InitiateMultipartUploadResult/>", "<Error><UploadId>x</UploadId></Error>"]
)
def test_a_start_without_an_id(body: str) -> None:
    with pytest.raises(ProtocolError):
        start_upload("b", "o", []).parse(answer(body))


def test_a_part() -> None:
    call = upload_part(TARGET, 7, Letters(), 0x364B3FB7)
    assert sent(call) == ("PUT", f"{PATH}?partNumber=7&uploadId=id%2F%2B%3D")
    assert dict(call.request.headers) == {"x-goog-hash": "crc32c=Nks/tw=="}
    assert call.is_idempotent
    assert call.parse(answer(etag='"tag"')) == '"tag"'
    assert call.parse(answer(etag='"t"', x_goog_hash="crc32c=Nks/tw==,md5=x")) == '"t"'


def test_a_part_that_arrived_otherwise() -> None:
    call = upload_part(TARGET, 7, Letters(), 0x364B3FB7)
    with pytest.raises(IntegrityError, match="part 7") as caught:
        call.parse(answer(etag='"tag"', x_goog_hash="crc32c=AAAAAA=="))
    assert (caught.value.expected, caught.value.actual) == ("Nks/tw==", "AAAAAA==")


def test_a_part_without_a_tag() -> None:
    with pytest.raises(ProtocolError, match="ETag"):
        upload_part(TARGET, 1, Letters(), 0).parse(answer())


def test_the_end() -> None:
    call = complete_upload(TARGET, [(1, '"a"'), (2, "<&>")])
    assert sent(call) == ("POST", f"{PATH}?uploadId=id%2F%2B%3D")
    assert isinstance(call.body, bytes)
    root = ET.fromstring(call.body)  # noqa: S314 - our own
    named = [(part.findtext("PartNumber"), part.findtext("ETag")) for part in root.findall("Part")]
    assert (root.tag, named) == ("CompleteMultipartUpload", [("1", '"a"'), ("2", "<&>")])
    done = f"<CompleteMultipartUploadResult {SPACE}/>"
    assert call.parse(answer(done, x_goog_generation="5")) == 5
    assert call.parse(answer(done)) is None


def test_an_end_that_is_an_error_after_all() -> None:
    with pytest.raises(ProtocolError, match="Error"):
        complete_upload(TARGET, []).parse(answer("<Error><Code>InternalError</Code></Error>"))


def test_aborting() -> None:
    call = abort_upload(TARGET)
    assert sent(call) == ("DELETE", f"{PATH}?uploadId=id%2F%2B%3D")
    abort_upload(TARGET).parse(answer())


def test_the_parts_that_are_kept() -> None:
    assert sent(list_parts(TARGET)) == ("GET", f"{PATH}?uploadId=id%2F%2B%3D")
    call = list_parts(TARGET, 4)
    assert call.request.target.endswith("&part-number-marker=4")
    part = '<Part><PartNumber>5</PartNumber><ETag>"ab"</ETag><Size>9</Size></Part>'
    cut = "<IsTruncated>true</IsTruncated><NextPartNumberMarker>5</NextPartNumberMarker>"
    page = call.parse(answer(f"<ListPartsResult {SPACE}>{part}{cut}</ListPartsResult>"))
    assert page == PartsPage((StoredPart(5, '"ab"', 9),), 5)
    assert page.parts[0].md5_hex == "ab"
    last = "<ListPartsResult><IsTruncated>false</IsTruncated></ListPartsResult>"
    assert call.parse(answer(last)) == PartsPage((), None)


@pytest.mark.parametrize(
    "inside",
    [
        "<IsTruncated>true</IsTruncated>",
        "<Part><PartNumber>1</PartNumber><Size>1</Size></Part>",
        "<Part><PartNumber>one</PartNumber><ETag>a</ETag><Size>1</Size></Part>",
    ],
)
def test_a_list_that_makes_no_sense(inside: str) -> None:
    with pytest.raises(ProtocolError):
        list_parts(TARGET).parse(answer(f"<ListPartsResult>{inside}</ListPartsResult>"))


@pytest.mark.parametrize(("bucket", "name"), [("", "o"), ("a/b", "o"), ("b", ""), ("b", "..")])
def test_names_are_checked(bucket: str, name: str) -> None:
    with pytest.raises(InvalidName):
        start_upload(bucket, name, [])
