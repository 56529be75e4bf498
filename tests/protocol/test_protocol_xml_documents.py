"""XML that comes over the network: read when it is what was asked for, and nothing else."""

import pytest

from storage_stream._protocol.xml_documents import parse_xml
from storage_stream.errors import ProtocolError

LAUGHS = b"""<?xml version='1.0'?><!DOCTYPE R [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
<R>&b;</R>"""


@pytest.mark.parametrize("space", ["", " xmlns='http://s3.amazonaws.com/doc/2006-03-01/'"])
def test_elements_with_and_without_a_namespace(space: str) -> None:
    text = f"<R{space}><P><N> 1 </N></P><E/><P><N>2</N></P><T>&amp;\u00e9</T></R>"
    root = parse_xml(text.encode(), "R")
    assert root.name == "R"
    assert [part.number("N") for part in root.children("P")] == [1, 2]
    assert root.text("T") == "&é"
    assert root.text("E") is None
    assert root.text("none") is None
    assert root.required("T") == "&é"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no xml",
        b"<R>",
        b"<R></S>",
        b"<Other/>",
        b"\xff\xfe<R/>",
        LAUGHS,
        LAUGHS.decode().encode("utf-16"),
        b"<!DOCTYPE R SYSTEM 'file:///etc/passwd'><R/>",
        b"<R>&unknown;</R>",
    ],
)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_xml(body, "R")


def test_the_root_of_another_document_is_named() -> None:
    with pytest.raises(ProtocolError, match="not a Error"):
        parse_xml(b"<Error><Code>InternalError</Code></Error>", "R")


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "\u0663", "1" * 5000])
def test_numbers_that_are_none(text: str) -> None:
    root = parse_xml(f"<R><N>{text}</N></R>".encode(), "R")
    with pytest.raises(ProtocolError):
        root.number("N")
