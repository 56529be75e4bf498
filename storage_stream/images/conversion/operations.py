"""The operations of a converter: their names, their arguments, and the size each one leads to.

Pure: what they do to pixels is in `vips_engine` and `pillow_engine`, by the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from fractions import Fraction
from typing import Any, TypeAlias, cast

from storage_stream.images.checks import known_words, sequence_of
from storage_stream.images.errors import ValidationError

__all__ = [
    "AbsScale",
    "AspectCrop",
    "AutoOrient",
    "Blur",
    "Crop",
    "FlipHorizontal",
    "FlipVertical",
    "Operation",
    "Resize",
    "Rotate",
    "Scale",
    "SetBackgroundColorRgb",
    "operation_of",
]

Size: TypeAlias = tuple[int, int]

MAX_SIDE = 65_500
"""Pixels of a side; JPEG has no more than 65 535, and libjpeg takes 65 500."""
_MAX_SCALE = 10
_QUARTER = 90
_COLOURS = 3
_MAX_LEVEL = 255


@dataclass(frozen=True, slots=True)
class Operation:
    """One step; made by `operation_of`."""

    def size_after(self, size: Size) -> Size:
        """Width and height that it leads to."""
        return size

    def needs_random_access(self) -> bool:
        """Whether it needs rows in another order than from top to bottom."""
        return False


@dataclass(frozen=True, slots=True)
class Resize(Operation):
    """To exactly this width and height; the proportions may change."""

    size: Size

    def size_after(self, size: Size) -> Size:
        """See `Operation`."""
        del size
        return self.size


@dataclass(frozen=True, slots=True)
class Crop(Operation):
    """The part inside `(left, top, right, bottom)`, as far as the picture reaches."""

    rect: tuple[int, int, int, int]

    def box(self, size: Size) -> tuple[int, int, int, int]:
        """The part that there is.

        Raises:
            ValidationError: There is none.
        """
        left, top = max(0, self.rect[0]), max(0, self.rect[1])
        right, bottom = min(size[0], self.rect[2]), min(size[1], self.rect[3])
        if right <= left or bottom <= top:
            raise ValidationError(f"crop {self.rect} leaves nothing of {size[0]} x {size[1]}")
        return left, top, right, bottom

    def size_after(self, size: Size) -> Size:
        """See `Operation`."""
        left, top, right, bottom = self.box(size)
        return right - left, bottom - top


@dataclass(frozen=True, slots=True)
class Rotate(Operation):
    """Clockwise, by a multiple of 90 degrees."""

    angle: int

    def size_after(self, size: Size) -> Size:
        """See `Operation`."""
        return (size[1], size[0]) if self.angle % 180 else size

    def needs_random_access(self) -> bool:
        """See `Operation`."""
        return self.angle % 360 != 0


@dataclass(frozen=True, slots=True)
class SetBackgroundColorRgb(Operation):
    """What is transparent shows this colour, three levels from 0 to 255."""

    color: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class AutoOrient(Operation):
    """Upright; pictures are turned upright when they are read, so that nothing is left to do."""


@dataclass(frozen=True, slots=True)
class Scale(Operation):
    """Both sides times `scale`."""

    scale: float

    def size_after(self, size: Size) -> Size:
        """See `Operation`."""
        return max(1, round(size[0] * self.scale)), max(1, round(size[1] * self.scale))


@dataclass(frozen=True, slots=True)
class AbsScale(Operation):
    """The longer side becomes `size` pixels, the proportions stay.

    Without `enlarge` a picture that is smaller stays as it is.
    """

    size: int
    enlarge: bool = True

    def size_after(self, size: Size) -> Size:
        """See `Operation`."""
        width, height = size
        if not self.enlarge and max(size) <= self.size:
            return size
        if width > height:
            return self.size, max(1, round(self.size * Fraction(height, width)))
        return max(1, round(self.size * Fraction(width, height))), self.size


@dataclass(frozen=True, slots=True)
class AspectCrop(Operation):
    """The largest part with these proportions, at `rel_shift` of what is left over."""

    ratio: tuple[int, int]
    rel_shift: tuple[float, float] = (0.5, 0.5)

    def box(self, size: Size) -> tuple[int, int, int, int]:
        """Left, top, right, bottom."""
        width, height = size
        wanted = Fraction(*self.ratio)
        if Fraction(width, height) < wanted:
            new = width, max(1, int(width / wanted))
        else:
            new = max(1, int(height * wanted)), height
        left = int((width - new[0]) * self.rel_shift[0])
        top = int((height - new[1]) * self.rel_shift[1])
        return left, top, left + new[0], top + new[1]

    def size_after(self, size: Size) -> Size:
        """See `Operation`."""
        left, top, right, bottom = self.box(size)
        return right - left, bottom - top


@dataclass(frozen=True, slots=True)
class Blur(Operation):
    """Each pixel the mean of the ring around it, as Pillow's `ImageFilter.BLUR`."""


@dataclass(frozen=True, slots=True)
class FlipHorizontal(Operation):
    """Left becomes right."""


@dataclass(frozen=True, slots=True)
class FlipVertical(Operation):
    """Top becomes bottom."""

    def needs_random_access(self) -> bool:
        """See `Operation`."""
        return True


# -- from a caller's settings ---------------------------------------------------------------


def operation_of(given: object, field: str) -> Operation:
    """An operation of `{"name": …, "params": …}`.

    `params` is a mapping of arguments, or the first argument alone, or missing.

    Raises:
        ValidationError: There is no such operation, or it does not take that.
    """
    words = known_words(given, field, {"name", "params"})
    name: object = words.get("name")
    if not isinstance(name, str) or name not in _KINDS:
        known = ", ".join(_KINDS)
        raise ValidationError(f"{name!r:.80} is none of {known}", field=f"{field}.name")
    kind, checks = _KINDS[name]
    arguments = _arguments(words.get("params"), list(checks), f"{field}.params")
    for each, value in arguments.items():
        arguments[each] = checks[each](value, f"{field}.params.{each}")
    needed = [each.name for each in fields(kind) if each.default is MISSING]
    missing = [each for each in needed if each not in arguments]
    if missing:
        raise ValidationError(f"{name} needs {missing[0]}", field=f"{field}.params")
    return kind(**arguments)


def _arguments(params: Any, names: list[str], field: str) -> dict[str, Any]:
    if params is None:
        return {}
    if not isinstance(params, Mapping):
        params = {names[0]: params} if names else {"params": params}
    return known_words(cast("object", params), field, set(names))


def _integer(value: object, field: str, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValidationError(
            f"a whole number from {low} to {high}, not {value!r:.80}", field=field
        )
    return value


def _number(value: object, field: str, high: float) -> float:
    if not isinstance(value, (int, float)) or value is True or not 0 <= value <= high:
        raise ValidationError(f"a number from 0 to {high}, not {value!r:.80}", field=field)
    return float(value)


def _several(value: object, field: str, count: int) -> list[Any]:
    found = sequence_of(value, field, f"{count} numbers are expected")
    if len(found) != count:
        raise ValidationError(f"{count} numbers are expected, not {value!r:.80}", field=field)
    return found


def _integers(count: int, low: int, high: int) -> Callable[[object, str], Any]:
    def check(value: object, field: str) -> tuple[int, ...]:
        return tuple(_integer(each, field, low, high) for each in _several(value, field, count))

    return check


def _side(value: object, field: str) -> int:
    return _integer(value, field, 1, MAX_SIDE)


def _shift(value: object, field: str) -> tuple[float, ...]:
    return tuple(_number(each, field, 1) for each in _several(value, field, 2))


def _truth(value: object, field: str) -> bool:
    if not isinstance(value, bool):
        raise ValidationError(f"true or false, not {value!r:.80}", field=field)
    return value


def _factor(value: object, field: str) -> float:
    factor = _number(value, field, _MAX_SCALE)
    if factor == 0:
        raise ValidationError("nothing would be left", field=field)
    return factor


def _angle(value: object, field: str) -> int:
    angle = _integer(value, field, -360, 360)
    if angle % _QUARTER:
        raise ValidationError(f"a multiple of {_QUARTER}, not {angle}", field=field)
    return angle


_KINDS: dict[str, tuple[type[Operation], dict[str, Callable[[object, str], Any]]]] = {
    "resize": (Resize, {"size": _integers(2, 1, MAX_SIDE)}),
    "crop": (Crop, {"rect": _integers(4, 0, 1_000_000)}),
    "rotate": (Rotate, {"angle": _angle}),
    "set_background_color_rgb": (
        SetBackgroundColorRgb,
        {"color": _integers(_COLOURS, 0, _MAX_LEVEL)},
    ),
    "auto_orient": (AutoOrient, {}),
    "scale": (Scale, {"scale": _factor}),
    "abs_scale": (AbsScale, {"size": _side, "enlarge": _truth}),
    "aspect_crop": (AspectCrop, {"ratio": _integers(2, 1, 10_000), "rel_shift": _shift}),
    "blur": (Blur, {}),
    "flip_horizontal": (FlipHorizontal, {}),
    "flip_vertical": (FlipVertical, {}),
}
