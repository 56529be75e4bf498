"""Landscapes made of figures: the same for the same seed, each unlike the others."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

__all__ = ["SCENES", "Scene", "landscape"]

Plane = NDArray[np.float64]
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Scene:
    """What a landscape looks like.

    Attributes:
        name: Of its file, without extension.
        sky: Colours from the top down to the horizon.
        land: Colours from the farthest ridge to the nearest.
        sun: Its colour and its place, as parts of width and height; None for none.
        water: Whether the lower part mirrors the upper one.
        stars: How many.
        size: Width and height in pixels.
    """

    name: str
    sky: tuple[Colour, ...]
    land: tuple[Colour, ...]
    sun: tuple[Colour, float, float] | None = None
    water: bool = False
    stars: int = 0
    size: tuple[int, int] = (1800, 1200)


SCENES: tuple[Scene, ...] = (
    Scene(
        "first-light",
        ((38, 52, 92), (122, 104, 138), (240, 168, 120), (252, 214, 160)),
        ((146, 120, 140), (104, 88, 116), (66, 60, 88), (34, 36, 58)),
        ((255, 238, 196), 0.62, 0.5),
    ),
    Scene(
        "tarn",
        ((92, 148, 190), (168, 204, 220), (232, 240, 236)),
        ((120, 152, 160), (78, 116, 122), (44, 82, 84)),
        water=True,
    ),
    Scene(
        "dunes-at-noon",
        ((58, 126, 190), (140, 190, 222), (222, 228, 214)),
        ((232, 196, 140), (218, 168, 104), (196, 134, 74), (160, 98, 52)),
        size=(1800, 1350),
    ),
    Scene(
        "pines",
        ((198, 214, 218), (220, 230, 226), (238, 240, 230)),
        ((166, 186, 180), (118, 148, 140), (74, 108, 100), (38, 70, 64), (18, 40, 38)),
        size=(1200, 1600),
    ),
    Scene(
        "milky-night",
        ((8, 10, 26), (18, 24, 56), (44, 48, 92), (96, 78, 116)),
        ((40, 38, 68), (24, 24, 46), (10, 12, 24)),
        stars=1600,
    ),
    Scene(
        "red-ridges",
        ((250, 196, 120), (246, 150, 92), (222, 98, 78)),
        ((190, 76, 74), (142, 54, 66), (92, 36, 56), (48, 22, 42)),
        ((255, 240, 190), 0.3, 0.36),
        size=(1600, 1600),
    ),
    Scene(
        "fjord",
        ((44, 60, 84), (96, 120, 142), (190, 198, 196)),
        ((86, 106, 122), (52, 70, 88), (26, 40, 56)),
        water=True,
        size=(2000, 1125),
    ),
    Scene(
        "spring-hills",
        ((110, 178, 226), (182, 218, 234), (244, 244, 226)),
        ((156, 190, 176), (132, 180, 122), (94, 156, 84), (58, 118, 62)),
        ((255, 252, 226), 0.78, 0.22),
    ),
    Scene(
        "last-glow",
        ((36, 26, 66), (96, 46, 104), (198, 80, 98), (250, 150, 90)),
        ((108, 50, 92), (66, 34, 74), (30, 18, 48)),
        ((255, 214, 150), 0.45, 0.55),
        water=True,
    ),
    Scene(
        "snowfield",
        ((150, 180, 208), (198, 214, 226), (236, 236, 238)),
        ((196, 208, 222), (176, 192, 212), (214, 224, 234), (240, 244, 248)),
        size=(1350, 1800),
    ),
    Scene(
        "lagoon",
        ((24, 110, 160), (84, 176, 200), (198, 230, 220)),
        ((70, 140, 150), (36, 104, 116)),
        ((255, 255, 236), 0.2, 0.2),
        water=True,
        size=(1800, 1013),
    ),
    Scene(
        "moonrise",
        ((14, 20, 40), (34, 46, 78), (90, 100, 128)),
        ((58, 68, 96), (36, 44, 68), (16, 22, 38)),
        ((246, 244, 226), 0.7, 0.26),
        stars=500,
    ),
)
"""What there is to be seen."""


def landscape(scene: Scene, seed: int = 1, image_format: str = "JPEG") -> bytes:
    """The picture of a scene.

    Args:
        scene: It.
        seed: Another one gives another picture.
        image_format: As Pillow names it.
    """
    chance = np.random.default_rng(seed * 1000 + len(scene.name))
    width, height = scene.size
    horizon = int(height * (0.62 if scene.water else 1))
    pixels = _sky(scene, width, horizon)
    _add_stars(pixels, scene.stars, chance)
    if scene.sun:
        _add_sun(pixels, *scene.sun)
    _add_land(pixels, scene.land, chance)
    if scene.water:
        pixels = _mirrored(pixels, height, chance)
    pixels += chance.normal(0, 2.2, pixels.shape[:2])[..., None]  # as film has it
    picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    content = io.BytesIO()
    options = {"quality": 90} if image_format == "JPEG" else {}
    picture.filter(ImageFilter.GaussianBlur(0.6)).save(content, image_format, **options)
    return content.getvalue()


def _sky(scene: Scene, width: int, height: int) -> Plane:
    at = np.linspace(0, len(scene.sky) - 1, height)
    stops = np.arange(len(scene.sky))
    column = np.stack([np.interp(at, stops, [c[each] for c in scene.sky]) for each in range(3)], -1)
    return np.repeat(column[:, None, :], width, axis=1)


def _add_stars(pixels: Plane, count: int, chance: np.random.Generator) -> None:
    height, width, _ = pixels.shape
    rows = (chance.random(count) ** 1.3 * height * 0.75).astype(int)
    columns = chance.integers(1, width - 1, count)
    light = chance.random(count) ** 4 * 200 + 40
    for row, column in ((0, 0), (1, 0), (0, 1)):
        pixels[rows + row, columns + column] += light[:, None]


def _add_sun(pixels: Plane, colour: Colour, across: float, down: float) -> None:
    height, width, _ = pixels.shape
    y, x = np.mgrid[0:height, 0:width]
    radius = 0.04 * min(height, width)
    far = np.hypot(x - across * width, y - down * height)
    disc = np.clip((radius - far) / 2, 0, 1)
    glow = 0.75 * np.exp(-far / (radius * 4)) + disc
    pixels += (np.array(colour) - pixels) * np.clip(glow, 0, 1)[..., None]


def _add_land(pixels: Plane, colours: Sequence[Colour], chance: np.random.Generator) -> None:
    """Ridges, one before the other, each paler where it meets the mist."""
    height, width, _ = pixels.shape
    rows = np.arange(height)[:, None]
    for at, colour in enumerate(colours):
        nearness = (at + 1) / len(colours)
        top = height * (0.44 + 0.42 * nearness) + _ridge(width, chance) * height * 0.17
        depth = np.clip((rows - top[None, :]) / (height * 0.34), 0, 1)
        mist = (1 - depth)[..., None] ** 2 * 26 * (1 - 0.6 * nearness)
        edge = np.clip((rows - top[None, :]) / 1.5, 0, 1)[..., None]
        pixels += (np.array(colour) - 14 * depth[..., None] + mist - pixels) * edge


def _ridge(width: int, chance: np.random.Generator) -> Plane:
    """A line of mountains: waves, each twice as fine and about half as high as the one before."""
    x = np.linspace(0, 1, width)
    line = np.zeros(width)
    for octave in range(8):
        knots = chance.random(2 ** (octave + 2) + 2)
        line += np.interp(x, np.linspace(0, 1, len(knots)), knots) * 0.52**octave
    found: Plane = line - line.mean()
    return found


def _mirrored(pixels: Plane, height: int, chance: np.random.Generator) -> Plane:
    """What stands above, again in water below, broken by waves."""
    horizon, width, _ = pixels.shape
    rows = np.arange(height - horizon)
    part = rows / len(rows)
    source = np.clip(horizon - 1 - rows * 1.15, 0, horizon - 1).astype(int)
    waves = np.sin(rows * 0.9 + chance.random() * 6) * part * 9 + chance.normal(0, 2.5, len(rows))
    columns = (np.arange(width)[None, :] + waves[:, None].astype(int)) % width
    water = pixels[source[:, None], columns] * (0.86 - 0.25 * part[:, None, None])
    water += np.array([8, 22, 34])
    water += (np.sin(rows * 0.35) * 5 * part)[:, None, None]
    return np.concatenate([pixels, water])
