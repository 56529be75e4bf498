"""Each operation on a `pyvips.Image`, which ships no types; called in worker threads only."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from storage_stream.images.conversion import operations
from storage_stream.images.conversion.planning import KEPT_BYTES, bytes_of
from storage_stream.media import cancellable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from storage_stream.images.conversion.operations import Operation

__all__ = ["applied", "standard", "without_alpha"]

WHITE = 255
_COLOURS = 3
_BLUR_RING = 2  # pixels around each that count
_CACHED_ROWS, _CACHED_STRIPS = 16, 16
_PROFILE = "icc-profile-data"


def applied(image: Any, steps: Sequence[Operation]) -> Any:
    """A picture after these steps; its pixels are computed when they are asked for."""
    for step in steps:
        image = _STEPS[type(step)](image, step)
    return image


def standard(image: Any) -> Any:
    """The same in 8 bits of grey or sRGB, with or without alpha, whatever it was before."""
    if image.interpretation == "cmyk" and _PROFILE in image.get_fields():
        image = image.icc_transform("srgb", embedded=True)
    space = "b-w" if image.interpretation in ("b-w", "grey16") else "srgb"
    if image.interpretation != space:
        was_cmyk = image.interpretation == "cmyk"
        image = image.colourspace(space)
        if was_cmyk:
            image = image.copy()
            image.remove(_PROFILE)
    return image if image.format == "uchar" else image.cast("uchar")


def without_alpha(image: Any, colour: Sequence[int] = (WHITE, WHITE, WHITE)) -> Any:
    """The same on a ground of that colour, where it was transparent."""
    if not image.hasalpha():
        return image
    if image.bands < _COLOURS:
        if len(set(colour)) == 1:
            return image.flatten(background=list(colour[:1]))
        image = image.colourspace("srgb")
    return image.flatten(background=list(colour))


def _resize(image: Any, step: operations.Resize) -> Any:
    if (image.width, image.height) == step.size:
        return image
    across, down = step.size[0] / image.width, step.size[1] / image.height
    if not image.hasalpha():
        return image.resize(across, vscale=down, kernel="lanczos3")
    # Colours count by how much of them is seen.
    image = image.premultiply().resize(across, vscale=down, kernel="lanczos3")
    return image.unpremultiply().cast("uchar")


def _crop(image: Any, step: operations.Crop) -> Any:
    left, top, right, bottom = step.rect
    return image.crop(left, top, right - left, bottom - top)


def _rotate(image: Any, step: operations.Rotate) -> Any:
    turns: dict[int, Callable[[], Any]] = {
        0: lambda: image,
        90: image.rot90,
        180: image.rot180,
        270: image.rot270,
    }
    return turns[step.angle % 360]()


def _background(image: Any, step: operations.SetBackgroundColorRgb) -> Any:
    return without_alpha(image, step.color)


def _blur(image: Any, step: operations.Blur) -> Any:
    del step
    edge = 2 * _BLUR_RING
    if image.width <= edge or image.height <= edge:
        return image
    image = _computed_once(image)
    ring = [
        [int(max(abs(x), abs(y)) == _BLUR_RING) for x in range(-_BLUR_RING, _BLUR_RING + 1)]
        for y in range(-_BLUR_RING, _BLUR_RING + 1)
    ]
    mask = import_module("pyvips").Image.new_from_array(ring, scale=sum(map(sum, ring)))
    inside = image.conv(mask, precision="integer").crop(
        _BLUR_RING, _BLUR_RING, image.width - edge, image.height - edge
    )
    # The outermost pixels have no whole ring, and stay as they are.
    return image.insert(inside, _BLUR_RING, _BLUR_RING)


def _computed_once(image: Any) -> Any:
    """The same for two readers: else each of them computes it, and a chain of n takes 2^n times."""
    if bytes_of((image.width, image.height), image.bands) <= KEPT_BYTES:
        return cancellable(image).copy_memory()
    strips = {"tile_width": image.width, "tile_height": _CACHED_ROWS, "max_tiles": _CACHED_STRIPS}
    return image.tilecache(access="sequential", threaded=True, **strips)


def _flip_horizontal(image: Any, step: operations.FlipHorizontal) -> Any:
    del step
    return image.fliphor()


def _flip_vertical(image: Any, step: operations.FlipVertical) -> Any:
    del step
    return image.flipver()


_STEPS: dict[type[Operation], Callable[[Any, Any], Any]] = {
    operations.Resize: _resize,
    operations.Crop: _crop,
    operations.Rotate: _rotate,
    operations.SetBackgroundColorRgb: _background,
    operations.Blur: _blur,
    operations.FlipHorizontal: _flip_horizontal,
    operations.FlipVertical: _flip_vertical,
}
