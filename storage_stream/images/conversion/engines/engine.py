"""What turns pixels into pixels: the two that there are, and what they are given.

libvips streams and takes little memory; Pillow is there where libvips is not.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Literal

from storage_stream.images.conversion.engines.pillow_engine import PillowEngine
from storage_stream.images.conversion.engines.vips_engine import VipsEngine
from storage_stream.images.errors import ValidationError

if TYPE_CHECKING:
    from storage_stream.images.conversion.engines.engine_values import Engine

__all__ = ["EngineName", "engine_named"]

EngineName = Literal["auto", "vips", "pillow"]


def engine_named(name: EngineName) -> Engine:
    """The engine of that name; `auto` is libvips where it is installed.

    Raises:
        ValidationError: There is none.
    """
    if name == "auto":
        name = "vips" if importlib.util.find_spec("pyvips") is not None else "pillow"
    if name == "vips":
        return VipsEngine()
    if name == "pillow":
        return PillowEngine()
    raise ValidationError(f"auto, vips or pillow, not {name!r}", field="engine")
