"""Pictures of Pillow's, written as files."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO

from storage_stream.images.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["save_with_pillow", "without_alpha"]

_WHITE = 255


def save_with_pillow(
    image: Any, file: BinaryIO, image_format: str, settings: Mapping[str, Any]
) -> None:
    """Write a picture.

    Args:
        image: A `PIL.Image.Image`.
        file: What it is written to.
        image_format: One of `FORMATS`.
        settings: Checked ones, for that format.
    """
    saver = FORMATS[image_format]
    if not saver.has_alpha:
        image = without_alpha(image)
    options = saver.pillow_options(settings)
    profile = image.info.get("icc_profile")
    if profile:
        options["icc_profile"] = profile
    image.save(file, format=image_format, **options)


def without_alpha(image: Any, colour: Sequence[int] = (_WHITE, _WHITE, _WHITE)) -> Any:
    """The same on a ground of that colour, where it was transparent."""
    if image.mode not in ("LA", "RGBA"):
        return image
    ground = import_module("PIL.Image").new("RGB", image.size, tuple(colour))
    ground.paste(image.convert("RGB"), mask=image.getchannel("A"))
    ground.info.update(image.info)
    return ground.convert("L") if image.mode == "LA" and len(set(colour)) == 1 else ground
