"""Pictures of none of the classes, drawn by chance: noise, textures, drawings."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image, ImageDraw

SIDE = 256
_COUNT = 200


def strangers(kind: str, seed: int = 0, count: int = _COUNT) -> Iterator[np.ndarray]:
    """``count`` pictures of a kind, RGB uint8 ``[256, 256, 3]``; the same seed draws the same.

    Args:
        kind: one of :data:`KINDS`.
        seed: where chance begins.
        count: how many.
    """
    makers = KINDS[kind]
    for number in range(count):
        random = np.random.default_rng([seed, list(KINDS).index(kind), number])
        yield makers[number % len(makers)](random)


def _levels(values: np.ndarray) -> np.ndarray:
    levels: np.ndarray = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return levels


def _two_colours(share: np.ndarray, random: np.random.Generator) -> np.ndarray:
    first, second = random.random((2, 3))
    return _levels(first + share[..., None] * (second - first))


def _coordinates() -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    return x, y


def _white(random: np.random.Generator) -> np.ndarray:
    return random.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)


def _grey(random: np.random.Generator) -> np.ndarray:
    grains = _levels(random.normal(random.uniform(0.3, 0.7), random.uniform(0.05, 0.3), (SIDE, SIDE)))
    return np.repeat(grains[..., None], 3, axis=2)


def _blocks(random: np.random.Generator) -> np.ndarray:
    cells = int(random.choice([4, 8, 16, 32, 64]))
    return (
        random.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
        .repeat(SIDE // cells, 0)
        .repeat(SIDE // cells, 1)
    )


def _spectrum(random: np.random.Generator, steepness: float) -> np.ndarray:
    """Noise whose amplitude falls with frequency to the power of ``steepness``, in [0, 1]."""
    frequency = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None])
    frequency[0, 0] = 1 / SIDE
    phases = np.exp(2j * math.pi * random.random(frequency.shape))
    field = np.fft.irfft2(phases / frequency**steepness, s=(SIDE, SIDE))
    whole: np.ndarray = (field - field.min()) / np.ptp(field)
    return whole


def _pink(random: np.random.Generator) -> np.ndarray:
    steepness = random.uniform(0.5, 1.5)
    return _levels(np.stack([_spectrum(random, steepness) for _ in range(3)], axis=-1))


def _stripes(random: np.random.Generator) -> np.ndarray:
    x, y = _coordinates()
    angle, waves = random.uniform(0, math.pi), random.uniform(3, 40)
    wave = np.sin(2 * math.pi * waves * (x * math.cos(angle) + y * math.sin(angle)))
    return _two_colours((wave > 0).astype(float) if random.random() < 0.5 else (wave + 1) / 2, random)


def _plaid(random: np.random.Generator) -> np.ndarray:
    x, y = _coordinates()
    waves = random.uniform(3, 25, 2)
    crossed = np.sin(2 * math.pi * waves[0] * x) * np.sin(2 * math.pi * waves[1] * y)
    return _two_colours((crossed > 0).astype(float) if random.random() < 0.5 else (crossed + 1) / 2, random)


def _marble(random: np.random.Generator) -> np.ndarray:
    x, _ = _coordinates()
    veins = np.sin(2 * math.pi * (random.uniform(2, 12) * x + random.uniform(1, 6) * _spectrum(random, 1.8)))
    return _two_colours((veins + 1) / 2, random)


def _cells(random: np.random.Generator) -> np.ndarray:
    x, y = _coordinates()
    seeds = random.random((int(random.integers(10, 150)), 2))
    distances = np.hypot(x[..., None] - seeds[:, 0], y[..., None] - seeds[:, 1])
    colours = random.random(3) + 0.35 * (random.random((len(seeds), 3)) - 0.5)
    nearest = np.sort(np.partition(distances, 1, axis=-1)[..., :2], axis=-1)
    border = (nearest[..., 1] - nearest[..., 0] < 0.006)[..., None]
    return _levels(np.where(border, 0.1, colours[distances.argmin(axis=-1)]))


def _fur(random: np.random.Generator) -> np.ndarray:
    image = Image.fromarray(_two_colours(_spectrum(random, 2), random))
    pen = ImageDraw.Draw(image)
    direction, base = random.uniform(0, 2 * math.pi), random.random(3)
    for _ in range(2500):
        x, y = random.uniform(0, SIDE, 2)
        turn, length = direction + random.normal(0, 0.3), random.uniform(6, 24)
        end = (x + length * math.cos(turn), y + length * math.sin(turn))
        colour = tuple(int(level) for level in _levels(base + random.normal(0, 0.15)))
        pen.line([(x, y), end], fill=colour)
    return np.asarray(image)


def _paper(random: np.random.Generator) -> tuple[Image.Image, ImageDraw.ImageDraw, tuple[int, ...]]:
    light = random.random() < 0.8
    sheet = tuple(int(level) for level in random.integers(*((235, 256) if light else (0, 40)), 3))
    ink = tuple(int(level) for level in random.integers(*((0, 90) if light else (180, 256)), 3))
    image = Image.new("RGB", (SIDE, SIDE), sheet)
    return image, ImageDraw.Draw(image), ink


def _curve(random: np.random.Generator, points: int = 40) -> list[tuple[float, float]]:
    t = np.linspace(0, 1, points)
    x, y = (_wandering(t, random) * SIDE for _ in range(2))
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _wandering(t: np.ndarray, random: np.random.Generator) -> np.ndarray:
    place = np.full_like(t, random.uniform(0.2, 0.8))
    for k in (1, 2, 3):
        place += random.normal(0, 0.25 / k) * np.sin(2 * math.pi * k * t + random.uniform(0, 6))
    return place


def _doodle(random: np.random.Generator) -> np.ndarray:
    image, pen, ink = _paper(random)
    for _ in range(int(random.integers(2, 8))):
        pen.line(_curve(random), fill=ink, width=int(random.integers(1, 5)), joint="curve")
    return np.asarray(image)


def _figures(random: np.random.Generator) -> np.ndarray:
    image, pen, ink = _paper(random)
    filled = random.random() < 0.5
    for _ in range(int(random.integers(3, 12))):
        x, y = random.uniform(0.1, 0.9, 2) * SIDE
        radius = random.uniform(0.05, 0.25) * SIDE
        fill = tuple(int(level) for level in random.integers(0, 256, 3)) if filled else None
        if random.random() < 0.4:
            pen.ellipse([x - radius, y - radius * 0.7, x + radius, y + radius * 0.7], fill, ink, 3)
        else:
            sides, turn = int(random.integers(3, 8)), float(random.uniform(0, 360))
            pen.regular_polygon((x, y, radius), sides, turn, fill, ink, 3)
    return np.asarray(image)


def _writing(random: np.random.Generator) -> np.ndarray:
    image, pen, ink = _paper(random)
    gap = random.uniform(14, 30)
    for line in np.arange(gap, SIDE - gap / 2, gap):
        t = np.arange(16, SIDE - random.uniform(16, 90), 1.5)
        heights = np.cumsum(random.normal(0, 1, len(t)))
        heights = gap * 0.3 * np.sin(heights) * (np.sin(t / random.uniform(5, 9)) > -0.8)
        pen.line([(float(a), float(line + b)) for a, b in zip(t, heights, strict=True)], fill=ink, width=1)
    return np.asarray(image)


KINDS: dict[str, tuple[Callable[[np.random.Generator], np.ndarray], ...]] = {
    "noise": (_white, _grey, _blocks, _pink),
    "textures": (_stripes, _plaid, _marble, _cells, _fur),
    "drawings": (_doodle, _figures, _writing),
}
"""What there is, and the ways in which each kind is made."""
