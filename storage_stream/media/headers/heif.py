"""AVIF and HEIF: the properties of the primary item.

ISO/IEC 23008-12; https://aomediacodec.github.io/av1-avif/
"""

from __future__ import annotations

from dataclasses import dataclass

from storage_stream.media.errors import UnidentifiedImage
from storage_stream.media.headers.boxes import FILE_END, Box, children, next_box
from storage_stream.media.headers.info import ImageInfo
from storage_stream.media.headers.reading import Reading, at_most, check_size, exactly, in_hand

__all__ = ["is_heif", "read_heif"]

_AVIF = frozenset({b"avif", b"avis"})
_BRANDS = _AVIF | {
    *(b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"mif2", b"msf1", b"miaf"),
    *(b"jpeg", b"avci"),
}
_SEQUENCES = frozenset({b"avis", b"hevc", b"hevx", b"msf1", b"heis"})
_ALPHA = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"
_TO_SAMPLES = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsz")
_MAX_TABLE = 1 << 16  # bytes of the associations: of thousands of tiles
_ORIENTATIONS = {
    # (quarter turns against the clock, what the mirror then exchanges), as Exif counts
    (0, ""): 1,
    (0, "sides"): 2,
    (2, ""): 3,
    (0, "top"): 4,
    (2, "sides"): 4,
    (2, "top"): 2,
    (1, "top"): 5,
    (3, "sides"): 5,
    (3, ""): 6,
    (1, "sides"): 7,
    (3, "top"): 7,
    (1, ""): 8,
}


@dataclass(slots=True)
class _Properties:
    width: int = 0
    height: int = 0
    bits: int = 8
    turns: int = 0
    mirror: str = ""
    has_icc: bool = False


def is_heif(data: bytes) -> bool:
    """Whether a file that begins so is one: its major brand, or one it is compatible with."""
    size = min(int.from_bytes(data[:4]), len(data))
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, size - 3, 4))}
    return data[4:8] == b"ftyp" and not brands.isdisjoint(_BRANDS)


def read_heif() -> Reading[ImageInfo]:
    """The primary item's size and what is done to it, from the meta box."""
    kind = yield from _find(0, FILE_END, b"ftyp")
    data = yield from at_most(kind.start, min(kind.end - kind.start, 256))
    brands = {data[:4], *(data[at : at + 4] for at in range(8, len(data), 4))}
    meta = yield from _find(kind.end, FILE_END, b"meta")
    boxes = yield from _by_kind(meta.start + 4, meta.end)  # a version and flags stand before
    item = yield from _primary(boxes)
    inner = yield from _by_kind(_one(boxes, b"iprp").start, _one(boxes, b"iprp").end)
    container = _one(inner, b"ipco")
    properties = yield from children(container.start, container.end)
    wanted = yield from _associated(inner.get(b"ipma", []), item)
    found = yield from _collected([properties[at - 1] for at in wanted if at <= len(properties)])
    has_alpha = yield from _has_alpha(properties)
    is_avif = not brands.isdisjoint(_AVIF)
    moves = data[:4] in _SEQUENCES
    frames = (yield from _count_frames(kind.end)) if moves else 1
    width, height = check_size("HEIF", found.width, found.height)
    return ImageInfo(
        "AVIF" if is_avif else "HEIF",
        width,
        height,
        "RGBA" if has_alpha else "RGB",
        "image/avif" if is_avif else "image/heif",
        orientation=_ORIENTATIONS[found.turns, found.mirror],
        bits=found.bits,
        frames=frames,
        animated=moves and frames != 1,
        has_icc=found.has_icc,
    )


def _count_frames(at: int) -> Reading[int | None]:
    """The samples of the first track, if what tells of them is in hand."""
    end = FILE_END
    for kind in _TO_SAMPLES:
        while True:
            head = yield from in_hand(at, 8)
            size = int.from_bytes(head[:4])
            if len(head) < 8 or not 8 <= size <= end - at:  # noqa: PLR2004 - a box's head
                return None
            if head[4:8] == kind:
                break
            at += size
        at, end = at + 8, at + size
    sizes = yield from in_hand(at, 12)  # flags, the size of all or 0, their number
    return (int.from_bytes(sizes[8:]) or None) if len(sizes) == 12 else None  # noqa: PLR2004 - all


def _find(at: int, end: int, kind: bytes) -> Reading[Box]:
    while (box := (yield from next_box(at, end))) is not None:
        if box.kind == kind:
            return box
        at = box.end
    raise UnidentifiedImage(f"a HEIF file without {kind.decode()}")


def _by_kind(start: int, end: int) -> Reading[dict[bytes, list[Box]]]:
    found: dict[bytes, list[Box]] = {}
    for box in (yield from children(start, end)):
        found.setdefault(box.kind, []).append(box)
    return found


def _one(boxes: dict[bytes, list[Box]], kind: bytes) -> Box:
    if kind not in boxes:
        raise UnidentifiedImage(f"a HEIF file without {kind.decode()}")
    return boxes[kind][0]


def _primary(boxes: dict[bytes, list[Box]]) -> Reading[int]:
    data = yield from exactly(_one(boxes, b"pitm").start, 6)
    if data[0] == 0:
        return int.from_bytes(data[4:6])
    return int.from_bytes((yield from exactly(boxes[b"pitm"][0].start + 4, 4)))


def _associated(tables: list[Box], item: int) -> Reading[list[int]]:
    """The numbers, from 1, of an item's properties."""
    for table in tables:
        data = yield from exactly(table.start, min(table.end - table.start, _MAX_TABLE))
        found = _search(data, item)
        if found is not None:
            return found
    raise UnidentifiedImage("a HEIF file whose primary item has no properties")


def _search(data: bytes, item: int) -> list[int] | None:
    id_size = 4 if data[:1] > b"\0" else 2
    index_size = 2 if data[3:4] and data[3] & 1 else 1
    mask = 0x7FFF if index_size > 1 else 0x7F  # the highest bit says "essential"
    at = 8
    while at + id_size < len(data):
        number, count = int.from_bytes(data[at : at + id_size]), data[at + id_size]
        at += id_size + 1
        end = at + count * index_size
        if number == item:
            indices = (data[start : start + index_size] for start in range(at, end, index_size))
            return [value for piece in indices if (value := int.from_bytes(piece) & mask)]
        at = end
    return None


def _collected(boxes: list[Box]) -> Reading[_Properties]:
    found = _Properties()
    for box in boxes:
        data = yield from at_most(box.start, min(box.end - box.start, 12))
        if box.kind == b"ispe":
            found.width, found.height = int.from_bytes(data[4:8]), int.from_bytes(data[8:12])
        elif box.kind == b"irot":
            turns = data[0] & 3 if data else 0
            # They are done in this order; turning after a mirror is turning back before it.
            found.turns = -turns % 4 if found.mirror else turns
        elif box.kind == b"imir":
            found.mirror = "sides" if data and data[0] & 1 else "top"
        elif box.kind == b"colr":
            found.has_icc = found.has_icc or data[:4] in {b"prof", b"rICC"}
        elif box.kind == b"pixi":
            found.bits = data[5] if len(data) > 5 else 8  # noqa: PLR2004 - of the first channel
    return found


def _has_alpha(properties: list[Box]) -> Reading[bool]:
    for box in properties:
        if box.kind == b"auxC":
            length = min(box.end - box.start, 4 + len(_ALPHA))
            if (yield from at_most(box.start, length))[4:] == _ALPHA:
                return True
    return False
