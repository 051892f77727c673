"""What tests share: networks loaded once, and pictures made by code."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models import DecodedImage, LoadedModel, Trace, decode_image, load_model, trace

SAMPLES = Path(__file__).parent.parent / "assets" / "samples"

Network = Callable[[str], LoadedModel]
Picture = Callable[..., DecodedImage]
Record = Callable[[str], Trace]


def temperature(loaded: LoadedModel) -> float:
    """What references have to divide the network's logits by before their softmax."""
    calibration = loaded.spec.calibration
    return 1.0 if calibration is None else calibration.temperature


@cache
def _network(key: str) -> LoadedModel:
    return load_model(key, "cpu")


@cache
def _picture(width: int = 400, height: int = 300, seed: int = 0) -> DecodedImage:
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width] / max(width, height)
    waves = [np.sin(2 * np.pi * (f * rows + g * columns)) for f, g in generator.uniform(0.5, 6, (3, 2))]
    pixels = 128 + 90 * np.stack(waves, axis=-1) + generator.normal(0, 12, (height, width, 3))
    data = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(data, "PNG")
    return decode_image(data.getvalue())


@cache
def _record(key: str) -> Trace:
    return trace(_network(key), _picture())


@pytest.fixture(scope="session")
def network() -> Network:
    """Loads a network of the registry once for all tests, on the CPU. Never change it."""
    return _network


@pytest.fixture(scope="session")
def make_picture() -> Picture:
    """Makes a picture: width, height, seed. Waves under noise, so that every resampling error shows."""
    return _picture


@pytest.fixture(scope="session")
def picture() -> DecodedImage:
    """One picture, 400 × 300."""
    return _picture()


@pytest.fixture(scope="session")
def record() -> Record:
    """The trace of ``picture`` by a network, made once."""
    return _record


@pytest.fixture(scope="session")
def samples() -> tuple[DecodedImage, ...]:
    """The pictures of the gallery, decoded."""
    files = sorted(path for path in SAMPLES.iterdir() if path.suffix in {".jpg", ".png", ".webp"})
    if not files:
        pytest.skip("assets/samples holds no pictures")
    return tuple(decode_image(path.read_bytes()) for path in files)
