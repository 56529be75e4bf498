"""The versions of a picture by Pillow, where libvips is not installed or does not read it.

Pillow decodes pictures whole, so that large ones are refused; and it cannot be stopped in the
middle of one step, so that cancelling waits for that.
"""

from __future__ import annotations

from contextlib import ExitStack
from importlib import import_module
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from storage_stream import Preconditions
from storage_stream.images.conversion import operations
from storage_stream.images.conversion.engines.engine_values import MadeVersion
from storage_stream.images.conversion.engines.pillow_saving import save_with_pillow, without_alpha
from storage_stream.images.formats import FORMATS
from storage_stream.media import DamagedImage, Source, UnidentifiedImage, check_pixels
from storage_stream.media.extras import imported

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from storage_stream import Storage
    from storage_stream.images.conversion.engines.engine_values import ObjectPlace
    from storage_stream.images.conversion.operations import Operation
    from storage_stream.images.conversion.planning import Plan, VersionPlan

__all__ = ["PillowEngine"]

_SPOOL_BYTES = 8 * 1024 * 1024
_PILLOW_PIXELS = 89_478_485  # from where on Pillow itself warns
_NEW = Preconditions(if_generation_match=0)
_STANDARD = {"1": "L", "L": "L", "LA": "LA", "RGB": "RGB", "RGBA": "RGBA", "I;16": "L", "I": "L"}


class PillowEngine:
    """See `Engine`."""

    async def convert(
        self, storage: Storage, source: ObjectPlace, plan: Plan, places: Sequence[ObjectPlace]
    ) -> list[MadeVersion]:
        """See `Engine`."""
        subject = f"gs://{source.bucket}/{source.name}"
        limit = min(plan.limits.max_memory_pixels, _PILLOW_PIXELS)
        check_pixels(plan.info, limit, subject=subject)
        with ExitStack() as files:
            spools = [files.enter_context(_spool()) for _ in plan.versions]
            async with Source.new_from_object(
                storage, source.bucket, source.name, generation=source.generation
            ) as opened:
                await opened.run_reader(lambda file: _make(file, plan, spools, subject))
            return [
                MadeVersion(version.size, await _stored(storage, place, version, spool))
                for version, place, spool in zip(plan.versions, places, spools, strict=True)
            ]


def _spool() -> BinaryIO:
    spool = SpooledTemporaryFile(max_size=_SPOOL_BYTES)  # noqa: SIM115 - the caller's stack closes it
    return cast("BinaryIO", spool)


async def _stored(
    storage: Storage, place: ObjectPlace, version: VersionPlan, spool: BinaryIO
) -> Any:
    mime = FORMATS[version.settings.format].mime
    spool.seek(0)
    return await storage.upload(
        place.bucket, place.name, spool, content_type=mime, preconditions=_NEW
    )


def _make(file: BinaryIO, plan: Plan, spools: Sequence[BinaryIO], subject: str) -> None:
    """All versions; in a worker."""
    original = _decoded(file, plan, subject)
    made: dict[tuple[Operation, ...], Any] = {(): original}
    for version, spool in zip(plan.versions, spools, strict=True):
        if version.base not in made:
            made[version.base] = _applied(original, version.base)
        image = _applied(made[version.base], version.steps[len(version.base) :])
        if version.steps in plan.kept:
            made[version.steps] = image
        settings = version.settings
        save_with_pillow(image, spool, settings.format, settings.save_settings)


def _decoded(file: BinaryIO, plan: Plan, subject: str) -> Any:
    pillow, turning = imported("PIL.Image", "pillow"), imported("PIL.ImageOps", "pillow")
    pillow.init()
    if plan.info.format not in pillow.OPEN:
        raise UnidentifiedImage(f"Pillow does not read {plan.info.format} here", subject=subject)
    try:
        # Told what it is, so that none of the sixty others, PostScript among them, is tried.
        image = pillow.open(file, formats=[plan.info.format])
        if plan.shrink > 1:
            # At least so large: what is nearer to the size that is wanted is not smaller.
            image.draft(None, (-(-image.width // plan.shrink), -(-image.height // plan.shrink)))
        image.load()
        image = turning.exif_transpose(image)
    except (OSError, SyntaxError, ValueError) as error:  # by which Pillow tells of damage
        raise DamagedImage(f"it cannot be decoded: {error}", subject=subject) from error
    return _standard(image)


def _standard(image: Any) -> Any:
    """The same in 8 bits of grey or RGB, with or without alpha."""
    profile = image.info.get("icc_profile") if image.mode != "CMYK" else None
    if image.mode.startswith("I"):
        image = image.point(_high_byte).convert("L")  # 16 bits become 8
    elif image.mode not in _STANDARD:
        has_alpha = image.mode in ("PA", "La", "RGBa") or "transparency" in image.info
        image = image.convert("RGBA" if has_alpha else "RGB")
    elif _STANDARD[image.mode] != image.mode:
        image = image.convert(_STANDARD[image.mode])
    elif "transparency" in image.info:
        image = image.convert("RGBA")
    image.info = {"icc_profile": profile} if profile else {}
    return image


def _high_byte(level: Any) -> Any:
    return level / 256


def _applied(image: Any, steps: Sequence[Operation]) -> Any:
    for step in steps:
        info = image.info
        image = _STEPS[type(step)](image, step)
        image.info = info
    return image


def _resize(image: Any, step: operations.Resize) -> Any:
    return image.resize(step.size, import_module("PIL.Image").Resampling.LANCZOS)


def _crop(image: Any, step: operations.Crop) -> Any:
    return image.crop(step.rect)


def _rotate(image: Any, step: operations.Rotate) -> Any:
    # Pillow counts against the clock.
    turns = {90: "ROTATE_270", 180: "ROTATE_180", 270: "ROTATE_90"}
    return _transposed(image, turns[step.angle % 360]) if step.angle % 360 else image


def _background(image: Any, step: operations.SetBackgroundColorRgb) -> Any:
    return without_alpha(image, step.color)


def _blur(image: Any, step: operations.Blur) -> Any:
    del step
    return image.filter(import_module("PIL.ImageFilter").BLUR)


def _flip_horizontal(image: Any, step: operations.FlipHorizontal) -> Any:
    del step
    return _transposed(image, "FLIP_LEFT_RIGHT")


def _flip_vertical(image: Any, step: operations.FlipVertical) -> Any:
    del step
    return _transposed(image, "FLIP_TOP_BOTTOM")


def _transposed(image: Any, way: str) -> Any:
    return image.transpose(import_module("PIL.Image").Transpose[way])


_STEPS: dict[type[Operation], Callable[[Any, Any], Any]] = {
    operations.Resize: _resize,
    operations.Crop: _crop,
    operations.Rotate: _rotate,
    operations.SetBackgroundColorRgb: _background,
    operations.Blur: _blur,
    operations.FlipHorizontal: _flip_horizontal,
    operations.FlipVertical: _flip_vertical,
}
