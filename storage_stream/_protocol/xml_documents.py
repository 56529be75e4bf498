"""XML documents of the service, read without trust.

What comes over the network may be a proxy's or an enemy's: declarations of types and entities,
which can make a few bytes into gigabytes, are refused before anything is parsed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from storage_stream.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["XmlNode", "parse_xml"]


class XmlNode:
    """An element; names are those without their namespace."""

    def __init__(self, element: ET.Element) -> None:
        self._element = element

    @property
    def name(self) -> str:
        """The element's name."""
        return self._element.tag.rpartition("}")[2]

    def children(self, name: str) -> Iterator[XmlNode]:
        """The elements of this name directly below."""
        for child in map(XmlNode, self._element):
            if child.name == name:
                yield child

    def text(self, name: str) -> str | None:
        """The text of the first element of this name directly below; None when it has none."""
        child = next(self.children(name), None)
        return None if child is None else child.content

    @property
    def content(self) -> str | None:
        """Its own text, without the space around it; None when there is none."""
        return (self._element.text or "").strip() or None

    def required(self, name: str) -> str:
        """The text that must be there.

        Raises:
            ProtocolError: It is not.
        """
        found = self.text(name)
        if found is None:
            raise ProtocolError(f"a {self.name} without its {name}")
        return found

    def number(self, name: str) -> int:
        """The number that must be there.

        Raises:
            ProtocolError: It is not, or is none.
        """
        text = self.required(name)
        if not text.isascii() or not text.isdigit() or len(text) > 19:  # noqa: PLR2004 - 64 bits
            raise ProtocolError(f"the {name} of a {self.name} is no number")
        return int(text)


def parse_xml(body: bytes, name: str) -> XmlNode:
    """Read a document whose root has this name.

    Raises:
        ProtocolError: It is no XML, declares types or entities, or is about something else.
    """
    try:
        # As text, so that no declared encoding can hide what is looked for.
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise ProtocolError(f"a {name} was expected, not bytes that are no UTF-8") from None
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ProtocolError(f"a {name} that declares types or entities is not read")
    try:
        root = XmlNode(ET.fromstring(text))  # noqa: S314 - without declarations it cannot grow
    except ET.ParseError:
        raise ProtocolError(f"a {name} was expected, not what is no XML") from None
    if root.name != name:
        raise ProtocolError(f"a {name} was expected, not a {root.name}")
    return root
