"""`ImageConverter`: all versions of a picture, by its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage_stream.images.conversion.engines.engine import checked_engine, engine_for
from storage_stream.images.conversion.planning import Limits, planned
from storage_stream.images.conversion.settings import ConverterSettings
from storage_stream.media import check_pixels, probe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from storage_stream import Storage
    from storage_stream.images.conversion.engines.engine import EngineName
    from storage_stream.images.conversion.engines.engine_values import MadeVersion, ObjectPlace

__all__ = ["ImageConverter"]


class ImageConverter:
    """Makes versions of a picture; see the settings in `ConverterSettings`.

    Args:
        settings: As JSON holds them.
        engine: `vips`, `pillow`, or `auto` for libvips where it is installed and reads the format.
        limits: What a conversion may take.

    Attributes:
        settings: The same, checked.

    Raises:
        ValidationError: Settings that cannot be.
    """

    def __init__(
        self, settings: Mapping[str, Any], *, engine: EngineName = "auto", limits: Limits
    ) -> None:
        self.settings = ConverterSettings.of(settings)
        self._engine: EngineName = checked_engine(engine)
        self._limits = limits

    async def convert(
        self, storage: Storage, source: ObjectPlace, places: Sequence[ObjectPlace]
    ) -> list[MadeVersion]:
        """Read a picture, and store each version at its place.

        Objects that were made before a failure stay; whoever calls this clears them.

        Raises:
            ValidationError: The operations cannot be done with a picture of this size.
            MediaError: It is no picture, or a damaged one, or it takes too much memory.
            StorageError: It cannot be read, or a version not be stored.
        """
        info = await probe(storage, source.bucket, source.name, generation=source.generation)
        check_pixels(info, self._limits.max_pixels, subject=f"gs://{source.bucket}/{source.name}")
        plan = planned(info, self.settings, self._limits)
        engine = engine_for(info.format, self._engine)
        return await engine.convert(storage, source, plan, places)
