"""The formats that versions are written in, and the settings of each, for libvips and Pillow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from storage_stream.images.checks import mapping_of
from storage_stream.images.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FORMATS", "ImageFormat", "checked_save_settings"]

_QUALITY = range(1, 101)
_LEVELS = range(10)
_EFFORTS = range(7)
_YES_NO = (False, True)


@dataclass(frozen=True, slots=True)
class ImageFormat:
    """A format.

    Attributes:
        mime: Its MIME type.
        suffix: As libvips names it.
        settings: What may be said, by Pillow's names: libvips' name and the values.
        has_alpha: Whether pixels can be transparent.
        vips: What libvips is told besides.
        pillow: The same for Pillow.
    """

    mime: str
    suffix: str
    settings: dict[str, tuple[str | None, Any]]
    has_alpha: bool = True
    vips: dict[str, Any] = field(default_factory=dict[str, Any])
    pillow: dict[str, Any] = field(default_factory=dict[str, Any])

    def vips_options(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Settings in libvips' words."""
        named = {self.settings[name][0]: value for name, value in settings.items()}
        return {**self.vips, **{name: value for name, value in named.items() if name is not None}}

    def pillow_options(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Settings in Pillow's words."""
        return {**self.pillow, **settings}


FORMATS: dict[str, ImageFormat] = {
    "jpeg": ImageFormat(
        "image/jpeg",
        ".jpg",
        {
            "quality": ("Q", _QUALITY),
            "optimize": ("optimize_coding", _YES_NO),
            "progressive": ("interlace", _YES_NO),
        },
        has_alpha=False,
    ),
    "png": ImageFormat(
        "image/png",
        ".png",
        {"compress_level": ("compression", _LEVELS), "optimize": (None, _YES_NO)},
        vips={"filter": "all"},  # which libvips leaves out unless it is told
    ),
    "gif": ImageFormat("image/gif", ".gif", {"optimize": (None, _YES_NO)}),
    "bmp": ImageFormat("image/bmp", ".bmp", {}, has_alpha=False),
    "tiff": ImageFormat(
        "image/tiff",
        ".tif",
        {},
        vips={"compression": "deflate"},
        pillow={"compression": "tiff_deflate"},
    ),
    "webp": ImageFormat(
        "image/webp",
        ".webp",
        {
            "quality": ("Q", _QUALITY),
            "lossless": ("lossless", _YES_NO),
            "method": ("effort", _EFFORTS),
        },
    ),
}
"""By the name that settings have for it."""


def checked_save_settings(image_format: str, given: object, where: str) -> dict[str, Any]:
    """Settings that the format has.

    Raises:
        ValidationError: It has no such, or not with that value.
    """
    if given is None:
        return {}
    words = mapping_of(given, where)
    known = FORMATS[image_format].settings
    for name, value in words.items():
        if name not in known:
            taken = ", ".join(known) or "nothing"
            raise ValidationError(f"{image_format} takes {taken}, not {name!r:.80}", field=where)
        allowed = known[name][1]
        is_kind = type(value) is (bool if allowed is _YES_NO else int)
        if not is_kind or value not in allowed:
            raise ValidationError(f"{value!r:.80} cannot be", field=f"{where}.{name}")
    return words
