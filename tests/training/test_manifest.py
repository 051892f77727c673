"""The manifest: it adds up, and says whether pictures are those that it describes."""

from __future__ import annotations

import tomllib
from pathlib import Path

from training.data import Picture, class_names, find_pictures
from training.manifest import MANIFEST, describe, origins

DATA = tomllib.loads(MANIFEST.read_text(encoding="utf-8"))


def test_the_sources_add_up_to_the_whole() -> None:
    assert sum(origin.train for origin in origins()) == DATA["train"]["pictures"]
    assert sum(origin.validation for origin in origins()) == DATA["validation"]["pictures"]
    assert sum(origin.classes for origin in origins()) == DATA["layout"]["classes"] == len(class_names())


def test_every_source_says_where_it_is_and_under_which_terms() -> None:
    for origin in origins():
        assert origin.terms and origin.taken and origin.authors
        assert all(page.startswith("https://") for page in origin.homepages) and origin.homepages


def pictures(change: int = 0) -> list[Picture]:
    counts = {origin.prefix: origin.train for origin in origins()}
    counts["catsdogs"] += change
    return [
        Picture(f"cat/{prefix}_{n}.jpg", 0, bytes) for prefix, count in counts.items() for n in range(count)
    ]


def test_the_pictures_of_the_reference_runs_are_recognised() -> None:
    assert describe(pictures()) == "19595 pictures, as many as the reference runs had."


def test_other_pictures_are_told_apart(data: Path) -> None:
    said = describe(pictures(change=-1))
    assert said.startswith("19594 pictures; the reference runs had 19595 (9469 imagenette")
    assert said.endswith("Expect other results.")
    assert describe(find_pictures(data, class_names())).startswith("40 pictures; ")
