"""`transform`: from a source, through a function of the caller's, to a target, row by row."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal

from storage_stream.media.connections import vips
from storage_stream.media.connections.save_formats import checked_format
from storage_stream.media.connections.thumbnails import checked_source, will_read_all
from storage_stream.media.limits import MAX_MEMORY_PIXELS, MAX_STREAMED_PIXELS, PixelLimits

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage_stream.media.connections.source import Source
    from storage_stream.media.connections.target import Target

__all__ = ["transform"]


async def transform(
    source: Source,
    target: Target,
    fn: Callable[[Any], Any],
    *,
    format: str,  # noqa: A002 - the word that pyvips' users look for
    access: Literal["sequential", "random"] = "sequential",
    max_pixels: int | None = MAX_STREAMED_PIXELS,
    max_memory_pixels: int | None = MAX_MEMORY_PIXELS,
    untrusted: bool = False,
    timeout: float | None = None,  # noqa: ASYNC109 - a limit, as for every call
    **save: Any,
) -> dict[str, Any]:
    """Read a picture, change it, and write it, all at once and in bounded memory.

        await transform(source, target, lambda image: image.invert(), format=".png")

    Bytes are read, computed and written as they come: a picture in row order is never whole in
    memory. Failing or cancelling anywhere leaves no new object and no session.

    Args:
        source: Where it is read from.
        target: Where it is written to.
        fn: Takes a `pyvips.Image` and returns one; called in a worker thread.
        format: The suffix of the new file, with options or without: `.jpg`, `.tif[tile]`.
        access: `random` for what needs rows in another order than they are stored in (flip,
            rotate by 90°); it may take all pixels into memory, or a temporary file.
        max_pixels: Pixels that it may have, 1000 million unless said; None for no limit.
        max_memory_pixels: Pixels that may be in memory at once; None for no limit.
        untrusted: Whether SVG is read, too, and what else libvips' authors do not trust with
            files of strangers (PDF, ImageMagick, numbers as text), where it has it.
        timeout: Seconds for all of it; None for no limit.
        **save: Options of the saver, such as `Q`.

    Returns:
        The resource of the new object; `{}` where the target is none.

    Raises:
        UnsupportedFormat: Nothing here writes such files; nothing was requested.
        UnidentifiedImage: The source is no picture.
        InvalidArgument: A limit less than 1.
        ImageTooLarge: It has too many pixels, or takes too much memory; no pixel was read.
        StorageError: It cannot be read or written.
        pyvips.Error: libvips cannot decode it, compute it or encode it.
    """
    limits = PixelLimits(max_pixels, max_memory_pixels)
    suffix = await checked_format(format, source.pool)
    async with asyncio.timeout(timeout), source.entered() as entered:
        run, opened = entered
        async with target.entered(run, suffix) as written:

            def work() -> None:
                given = checked_source(
                    *(run, opened, limits),
                    random_access=access == "random",
                    untrusted=untrusted,
                )
                image = vips.pyvips().Image.new_from_source(
                    given, "", access=access, fail_on="error"
                )
                made = fn(image)
                if not isinstance(made, vips.pyvips().Image):
                    raise TypeError(f"fn returns an image, not {type(made).__name__}")
                run.watch(made)
                made.write_to_target(written.target(), format, **save)
                written.end()

            opened.read_ahead(lambda first: will_read_all(first, limits))
            await source.work(entered, work)
    return target.made
