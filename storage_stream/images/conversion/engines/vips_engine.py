"""The versions of a picture by libvips."""

from __future__ import annotations

import functools
from io import BytesIO
from typing import TYPE_CHECKING, Any

from storage_stream import Preconditions
from storage_stream.images.conversion.engines.engine_values import MadeVersion
from storage_stream.images.conversion.engines.pillow_saving import save_with_pillow
from storage_stream.images.conversion.engines.vips_operations import (
    applied,
    standard,
    without_alpha,
)
from storage_stream.images.conversion.planning import KEPT_BYTES, bytes_of
from storage_stream.images.formats import FORMATS
from storage_stream.media import (
    DamagedImage,
    Source,
    Target,
    UnidentifiedImage,
    cancellable,
    check_memory,
    transform,
)
from storage_stream.media.extras import imported

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from storage_stream import Storage
    from storage_stream.images.conversion.engines.engine_values import ObjectPlace
    from storage_stream.images.conversion.operations import Operation
    from storage_stream.images.conversion.planning import Plan, VersionPlan

__all__ = ["LOADERS", "VipsEngine"]

LOADERS = {
    "JPEG": "jpegload_source",
    "PNG": "pngload_source",
    "GIF": "gifload_source",
    "WEBP": "webpload_source",
    "TIFF": "tiffload_source",
    "AVIF": "heifload_source",
    "HEIF": "heifload_source",
}
"""What reads a format, by the name that its header gave it. libvips is not asked to look for
itself: it might find another, for SVG or PDF, that is not for files of strangers."""
_NEW = Preconditions(if_generation_match=0)


class VipsEngine:
    """See `Engine`."""

    async def convert(
        self, storage: Storage, source: ObjectPlace, plan: Plan, places: Sequence[ObjectPlace]
    ) -> list[MadeVersion]:
        """See `Engine`."""
        kept = await _Kept.of(storage, source, plan) if plan.is_shared else None
        made: list[MadeVersion] = []
        for version, place in zip(plan.versions, places, strict=True):
            if kept is not None:
                resource = await kept.write(storage, version, place)
            else:
                resource = await _streamed(storage, source, plan, version, place)
            made.append(MadeVersion(version.size, resource))
        return made


class _Kept:
    """A picture in memory, and what versions are made of besides.

    Args:
        image: A `pyvips.Image` whose pixels are in memory.
        kept: Steps whose result is used again.
    """

    def __init__(self, image: Any, kept: frozenset[tuple[Operation, ...]], subject: str) -> None:
        self._made: dict[tuple[Operation, ...], Any] = {(): image}
        self._kept = kept
        self._subject = subject

    @classmethod
    async def of(cls, storage: Storage, source: ObjectPlace, plan: Plan) -> _Kept:
        """Read it and decode it."""
        options = {"shrink": plan.shrink} if plan.shrink > 1 else {}
        subject = f"gs://{source.bucket}/{source.name}"
        check_memory(plan.info, plan.limits.max_memory_pixels, subject=subject)

        def decode(given: Any) -> list[Any]:
            library = imported("pyvips", "vips")
            load = _loader(plan.info.format, subject)
            try:
                image = load(given, access="sequential", fail_on="error", **options)
                if plan.info.orientation != 1:
                    image = image.copy_memory().autorot()
                return [cancellable(standard(image)).copy_memory()]
            except library.Error as error:
                raise DamagedImage(f"it cannot be decoded: {error}", subject=subject) from error

        async with _opened(storage, source) as opened:
            (image,) = await opened.run(decode)
        return cls(image, plan.kept, subject)

    async def write(self, storage: Storage, version: VersionPlan, place: ObjectPlace) -> Any:
        """Make a version and store it."""
        settings = version.settings
        if settings.format == "bmp":
            return await _stored(storage, place, await self._computed(version))
        saver = FORMATS[settings.format]

        def save(given: Any) -> None:
            image = cancellable(_ready(self._result(version), settings.format))
            options = saver.vips_options(settings.save_settings)
            image.write_to_target(given, saver.suffix, keep="icc", **options)

        target = _target(storage, place, saver.mime)
        await target.run(save)
        return target.resource

    async def _computed(self, version: VersionPlan) -> bytes:
        # libvips writes no BMP by itself, so that its pixels go to Pillow; in a worker's thread
        # as all else, which a source of memory has one for.
        async with Source.new_from_memory(b"") as worker:
            return await worker.run_reader(lambda _: _bitmap(self._result(version)))

    def _result(self, version: VersionPlan) -> Any:
        """The picture, computed of what is there; in a worker."""
        start = max((each for each in self._made if each == version.steps[: len(each)]), key=len)
        image = self._made[start]
        done = len(start)
        if done < len(version.base):
            image = self._keep(version.base, applied(image, version.base[done:]))
            done = len(version.base)
        return self._keep(version.steps, applied(image, version.steps[done:]))

    def _keep(self, steps: tuple[Operation, ...], image: Any) -> Any:
        if steps not in self._kept or steps in self._made:
            return image
        if bytes_of((image.width, image.height), image.bands) > KEPT_BYTES:
            return image
        self._made[steps] = cancellable(image).copy_memory()
        return self._made[steps]


async def _streamed(
    storage: Storage, source: ObjectPlace, plan: Plan, version: VersionPlan, place: ObjectPlace
) -> Any:
    """A version of a picture that is not kept: read anew, row by row."""
    settings = version.settings
    turned = version.needs_random_access or plan.info.orientation != 1
    limit = plan.limits.max_memory_pixels
    compute = _computing(version, settings.format)
    async with _opened(storage, source) as opened:
        if settings.format == "bmp":
            subject = f"gs://{source.bucket}/{source.name}"
            check_memory(plan.info, limit, random_access=turned, subject=subject)
            load = functools.partial(_loader, plan.info.format, subject)
            return await _stored(storage, place, await opened.run(_bitmap_of(compute, load)))
        saver = FORMATS[settings.format]
        return await transform(
            opened,
            _target(storage, place, saver.mime),
            compute,
            format=saver.suffix,
            access="random" if turned else "sequential",
            max_pixels=plan.limits.max_pixels,
            max_memory_pixels=limit,
            keep="icc",
            **saver.vips_options(settings.save_settings),
        )


def _computing(version: VersionPlan, image_format: str) -> Callable[[Any], Any]:
    def compute(image: Any) -> Any:
        return _ready(applied(standard(image.autorot()), version.steps), image_format)

    return compute


def _loader(image_format: str, subject: str) -> Callable[..., Any]:
    """What reads pictures of a format; in a worker, because it loads libvips."""
    library = imported("pyvips", "vips")
    name = LOADERS.get(image_format)
    if name is None or not library.type_find("VipsOperation", name):
        raise UnidentifiedImage(f"libvips does not read {image_format} here", subject=subject)
    load: Callable[..., Any] = getattr(library.Image, name)
    return load


def _bitmap_of(
    compute: Callable[[Any], Any], load: Callable[[], Callable[..., Any]]
) -> Callable[[Any], bytes]:
    return lambda given: _bitmap(compute(load()(given, fail_on="error")))


def _bitmap(image: Any) -> bytes:
    image = cancellable(without_alpha(image))
    pillow = imported("PIL.Image", "pillow")
    mode = "L" if image.bands == 1 else "RGB"
    file = BytesIO()
    pixels = pillow.frombytes(mode, (image.width, image.height), image.write_to_memory())
    save_with_pillow(pixels, file, "bmp", {})
    return file.getvalue()


def _ready(image: Any, image_format: str) -> Any:
    return image if FORMATS[image_format].has_alpha else without_alpha(image)


def _opened(storage: Storage, source: ObjectPlace) -> Source:
    return Source.new_from_object(storage, source.bucket, source.name, generation=source.generation)


def _target(storage: Storage, place: ObjectPlace, mime: str) -> Target:
    return Target.new_to_object(
        storage, place.bucket, place.name, content_type=mime, if_generation_match=0
    )


async def _stored(storage: Storage, place: ObjectPlace, data: bytes) -> Any:
    return await storage.upload(
        place.bucket, place.name, data, content_type=FORMATS["bmp"].mime, preconditions=_NEW
    )
