"""The picture of the floors is what the imports are."""

import re
from pathlib import Path

import pytest
from architecture import Tree, When, floor_of
from test_architecture import FLOORS

import storage_stream

PICTURE = (Path(__file__).parents[2] / "docs/architecture.svg").read_text(encoding="utf-8")
BOXES = re.findall(
    r'<g data-floor="(\w*)"><rect class="\w+"'
    r' x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"',
    PICTURE,
)
HEIGHTS = {floor: int(y) for floor, _, y, _, _ in BOXES}
# What everybody may use, and nobody would look for in a picture.
LEFT_OUT = {
    *("_version", "_lazy", "_cancellation", "_shielding", "_log", "_open_request", "__main__"),
}


@pytest.fixture(scope="module")
def ours() -> Tree:
    return Tree.read(Path(storage_stream.__file__).parent)


def test_every_floor_is_drawn_once() -> None:
    assert len(BOXES) == len(HEIGHTS)
    assert HEIGHTS.keys() == FLOORS.keys() - LEFT_OUT


def test_nothing_is_imported_that_is_drawn_above(ours: Tree) -> None:
    rising = {
        f"{floor_of(arrow.importer)} -> {floor_of(arrow.target)}"
        for arrow in ours.inside
        if arrow.when is not When.TYPING
        and {floor_of(arrow.importer), floor_of(arrow.target)} <= HEIGHTS.keys()
        and HEIGHTS[floor_of(arrow.importer)] > HEIGHTS[floor_of(arrow.target)]
    }
    assert rising == set()


def test_the_emulator_stands_apart(ours: Tree) -> None:
    left = {floor: int(x) for floor, x, _, _, _ in BOXES}
    beside = {floor for floor in left if left[floor] == left["emulator"]}
    assert beside == {"emulator", "testing"}
    arrows = {floor_of(a.target) for a in ours.inside if floor_of(a.importer) == "emulator"}
    assert arrows <= {"emulator"}


def test_the_boxes_do_not_overlap() -> None:
    corners = [tuple(map(int, box[1:])) for box in BOXES]
    for number, (x, y, width, height) in enumerate(corners):
        for left, top, wide, high in corners[number + 1 :]:
            assert x + width <= left or left + wide <= x or y + height <= top or top + high <= y
