"""The pictures: noise on colours that differ from place to place, so that they compress as photos.

They are made in processes of their own, which take their memory with them, and kept.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["SAMPLES", "make_samples"]

_LARGE, _SMALL = (16384, 12288), (4096, 3072)
_PHOTO = (4000, 3000)
_AVIF = (8192, 6144)

SAMPLES: dict[str, tuple[str, dict[str, Any]]] = {
    "jpeg": (".jpg", {"Q": 75}),
    "progressive": (".jpg", {"Q": 75, "interlace": True}),
    "png": (".png", {"compression": 1}),
    "strips": (".tif", {"compression": "deflate", "predictor": "horizontal"}),
    "tiles": (".tif", {"tile": True, "tile_width": 256, "tile_height": 256, "compression": "jpeg"}),
    "pyramid": (
        ".tif",
        {
            "tile": True,
            "pyramid": True,
            "tile_width": 256,
            "tile_height": 256,
            "compression": "jpeg",
        },
    ),
    "webp": (".webp", {"effort": 0, "Q": 60}),
    "avif": (".avif", {"effort": 0, "Q": 50}),
    "photo": (".jpg", {"Q": 85}),
    "photo-progressive": (".jpg", {"Q": 85, "interlace": True}),
    "photo-png": (".png", {"compression": 6}),
    "photo-png-twice": (".png", {"compression": 6}),
}
"""By name: the suffix, and the saver's options."""


def make_samples(folder: Path, names: Iterable[str], *, small: bool) -> None:
    """Make those that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in sorted(names):
        if not (folder / name).exists():
            print(f"making {name}", file=sys.stderr)
            size = "small" if small else "large"
            command = ["-m", "benchmarks.media_parts.samples", name, size, str(folder)]
            subprocess.run([sys.executable, *command], check=True)


def _make(name: str, size: str, folder: Path) -> None:
    import pyvips  # noqa: PLC0415 - the process that measures others does not load it

    width, height = _LARGE if size == "large" else _SMALL
    if name.startswith("photo") and size == "large":
        width, height = _PHOTO
    if name in {"avif", "webp"} and size == "large":
        width, height = _AVIF if name == "avif" else (16383, 12288)
    if name.endswith("-twice"):
        height *= 2
    places = pyvips.Image.xyz(width, height)
    noise = pyvips.Image.gaussnoise(1024, 1024, sigma=14, mean=0, seed=7)
    noise = noise.replicate(width // 1024 + 1, height // 1024 + 1).crop(0, 0, width, height)
    colours = (places[0] * (200 / width)).bandjoin(
        [places[1] * (200 / height), (places[0] + places[1]) * (180 / (width + height))]
    )
    image = (colours + noise + 20).cast("uchar").copy(interpretation="srgb")
    suffix, options = SAMPLES[name]
    part = folder / f"{name}.part{suffix}"
    image.write_to_file(str(part), **options)
    part.replace(folder / name)


if __name__ == "__main__":
    from pathlib import Path

    _make(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
