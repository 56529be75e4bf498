"""All work that `benchmarks.media` knows, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.media_parts import pillow_work, probe_work, vips_work

if TYPE_CHECKING:
    from benchmarks.media_parts.work import Work

__all__ = ["WORKS"]

WORKS: dict[str, Work] = {**vips_work.WORKS, **probe_work.WORKS, **pillow_work.WORKS}
