"""Ranges that are cut: always the whole, and even, however the names are spread."""

import itertools
import math
from collections import deque

import pytest

from benchmarks.filled_emulator import names
from storage_stream import Storage
from storage_stream.integrations.dask.names import NameRange
from storage_stream.integrations.dask.order import Order, Verb
from storage_stream.integrations.dask.splitting import Piece, Splitter
from storage_stream.testing.emulator_handle import EmulatorHandle

OBJECTS = 600
SMALL = 10


def inside(piece: Piece, all_names: list[str]) -> list[str]:
    end = piece.names.end
    return [one for one in all_names if piece.names.start <= one and (end is None or one < end)]


@pytest.mark.parametrize("kind", ["even", "skewed"])
async def test_pieces_are_the_whole_and_even(
    storage: Storage, gcs: EmulatorHandle, kind: str
) -> None:
    all_names = sorted(names(kind, OBJECTS))
    for name in all_names:
        gcs.put("source", name, b"")
    gcs.log.clear()
    splitter = Splitter(storage, Order(Verb.COPY, "source", "data/"), SMALL)
    queue, pieces = deque([Piece(NameRange("data/"))]), list[Piece]()
    while queue and len(queue) + len(pieces) < 16:
        piece = queue.popleft()
        found = [piece] if piece.is_small else await splitter.split(piece.names)
        (pieces if len(found) == 1 else queue).extend(found)
    pieces += queue
    pieces.sort(key=lambda piece: piece.names.start)
    assert pieces[0].names.start == "data/"
    assert pieces[-1].names.end is None
    for one, other in itertools.pairwise(pieces):
        assert one.names.end == other.names.start  # no name is between two, or in both
    counts = [len(inside(piece, all_names)) for piece in pieces]
    assert sum(counts) == OBJECTS
    assert max(counts) < OBJECTS / 2  # the names of the skewed ones begin alike for 34 letters
    assert all(
        count <= SMALL for piece, count in zip(pieces, counts, strict=True) if piece.is_small
    )
    assert splitter.requests == len(gcs.log) <= 14 * len(pieces)
    assert splitter.requests <= 12 * len(pieces) + 8 * math.log2(OBJECTS)


async def test_what_is_small_is_left_whole(storage: Storage, gcs: EmulatorHandle) -> None:
    for number in range(SMALL):
        gcs.put("source", f"data/{number}", b"")
    splitter = Splitter(storage, Order(Verb.COPY, "source", "data/"), SMALL)
    names_ = NameRange("data/")
    assert await splitter.split(names_) == [Piece(names_, is_small=True, count=SMALL)]
    assert splitter.requests == 1


async def test_nothing_is_small(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.create_bucket("source")
    splitter = Splitter(storage, Order(Verb.COPY, "source", ""), SMALL)
    assert await splitter.split(NameRange("")) == [Piece(NameRange(""), is_small=True)]
