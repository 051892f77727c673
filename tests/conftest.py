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

# By file or test, relative to this folder: servers that are restarted or begin cold, downloads from slow
# hosts, whole trainings, hundreds of forwards, axe on every page, a second session for each page's link, the
# whole app with one family more.
LONG = frozenset(
    {
        "analysis/places/test_dots.py::test_a_projection_of_patches_is_equivariant_and_the_blocks_after_it_are_not",
        "e2e/test_accessibility.py::test_axe_finds_nothing_of_ours",
        "e2e/test_camera.py",
        "e2e/test_explore_activation.py::test_long_work_shows_progress_can_be_left_and_is_kept",
        "e2e/test_explore_activation.py::test_sheets_choose_and_a_link_shows_the_same",
        "e2e/test_explore_attention.py::test_a_link_shows_the_same_in_a_new_session",
        "e2e/test_explore_features.py::test_tiles_choose_and_choices_survive_a_new_session",
        "e2e/test_explore_fields.py::test_a_long_average_can_be_cancelled_and_left",
        "e2e/test_explore_fields.py::test_settings_travel_and_the_range_of_colours_costs_little",
        "e2e/test_explore_positions.py::test_a_link_shows_the_same_in_another_session",
        "e2e/test_explore_positions.py::test_the_dot_moves_and_its_trace_follows",
        "e2e/test_first_screen.py::test_a_class_on_one_picture_costs_what_one_visitor_costs",
        "e2e/test_first_visit.py",
        "e2e/test_history.py::test_a_link_into_a_new_server_leaves_in_one_press",
        "e2e/test_history.py::test_every_page_is_one_entry_and_opens_as_it_was_left",
        "e2e/test_links.py::test_the_link_of_a_server_for_others_has_a_code_to_scan",
        "e2e/test_meaning.py",
        "e2e/test_models_page.py",
        "e2e/test_returning.py",
        "models/networks/test_family.py::test_a_family_more_is_one_file",
        "training/making/test_loop.py",
        "training/making/test_recipes.py",
        "ui/explore/test_fields_page.py::test_the_whole_vector_waits_to_be_asked_for_and_says_how_sure_it_is",
        "ui/shell/test_own_networks.py",
    }
)

Network = Callable[[str], LoadedModel]
Picture = Callable[..., DecodedImage]
Record = Callable[[str], Trace]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what opens pages, and what belongs to `make test-long`."""
    for item in items:
        if "open_page" in getattr(item, "fixturenames", ()) and "tests/ui/" in item.nodeid:
            item.add_marker(pytest.mark.page)
        name = item.nodeid.partition("[")[0].removeprefix("tests/")
        if name in LONG or name.partition("::")[0] in LONG:
            item.add_marker(pytest.mark.long)


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
