"""Which engine turns the pixels of a picture into pixels.

libvips streams and takes little memory; Pillow is there where libvips is not, and for formats that
libvips does not read.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Literal, get_args

from storage_stream.images.conversion.engines.pillow_engine import PillowEngine
from storage_stream.images.conversion.engines.vips_engine import LOADERS, VipsEngine
from storage_stream.images.errors import ValidationError

if TYPE_CHECKING:
    from storage_stream.images.conversion.engines.engine_values import Engine

__all__ = ["EngineName", "checked_engine", "engine_for"]

EngineName = Literal["auto", "vips", "pillow"]
_NAMES: tuple[EngineName, ...] = get_args(EngineName)


def checked_engine(name: object) -> EngineName:
    """That there is an engine of that name.

    Raises:
        ValidationError: There is none.
    """
    for known in _NAMES:
        if name == known:
            return known
    raise ValidationError(f"{', '.join(_NAMES)} are known, not {name!r:.80}", field="engine")


def engine_for(image_format: str, name: EngineName) -> Engine:
    """The engine for pictures of a format.

    Args:
        image_format: As `ImageInfo` names it.
        name: `auto` is libvips where it is installed and reads that format, and Pillow else.
    """
    if name == "auto":
        has_vips = importlib.util.find_spec("pyvips") is not None
        name = "vips" if has_vips and image_format in LOADERS else "pillow"
    return VipsEngine() if name == "vips" else PillowEngine()
