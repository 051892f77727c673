"""What a first look and another class cost, against bare forwards and against the usual tools."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import torch

from benchmarks import content
from benchmarks.measure import (
    Comparison,
    Line,
    Met,
    alternate,
    at_least,
    at_most,
    extent,
    milliseconds,
    timed,
)
from models.networks.loading import LoadedModel, load_model
from models.networks.tracing import trace
from models.pictures.decode import DecodedImage, decode_image
from models.pictures.gallery import SAMPLES, sample_bytes
from ui.show.component.encode import MapData
from ui.show.pictures import encode_photograph

KEYS = ("resnet50_untrained", "vit_b_16_untrained")
PAIRS = 11
PATIENCE = 30.0
"""Seconds for one comparison: on a busy machine fewer pairs must do."""


def bare_forwards(
    pair: tuple[LoadedModel, LoadedModel], picture: DecodedImage
) -> Callable[[], list[torch.Tensor]]:
    """One forward of each network and nothing else: what any view of them costs at least."""
    inputs = [torch.tensor(trace(loaded, picture).inputs) for loaded in pair]

    def run() -> list[torch.Tensor]:
        with torch.inference_mode():
            return [loaded.module(each) for loaded, each in zip(pair, inputs, strict=True)]

    return run


def lines() -> Iterator[Line]:
    """The three comparisons, measured as they are asked for, and their absolute times."""
    picture = decode_image(sample_bytes(SAMPLES[0].id))
    left, right = (load_model(key, "cpu") for key in KEYS)
    pair = (left, right)
    for loaded in pair:
        content.constants(loaded)

    def ours() -> tuple[content.FirstView, ...]:
        return content.first_view(pair, picture)

    views = ours()
    first = alternate(ours, bare_forwards(pair, picture), PAIRS, patience=PATIENCE)
    yield _compared("first view against bare forwards", first, "at most 1.3", at_most(first.ratio, 1.3))
    yield Line(
        "  first view, and the two forwards", f"{milliseconds(first.first)}, {milliseconds(first.second)}"
    )

    from benchmarks import peers  # pytorch-grad-cam takes seconds to import: only once it is needed

    theirs = peers.first_view(pair)
    against = alternate(lambda: theirs(picture), ours, PAIRS, patience=PATIENCE)
    yield _compared(
        "usual tools, view by view, against first view", against, "at least 4", at_least(against.ratio, 4)
    )
    yield Line("  the usual tools", milliseconds(against.first))

    classes = itertools.cycle(range(len(left.categories)))

    def another_class() -> list[MapData]:
        target = next(classes)
        return [content.cam(loaded, view.trace, target) for loaded, view in zip(pair, views, strict=True)]

    other = alternate(another_class, ours, PAIRS, patience=PATIENCE)
    yield _compared("another class against first view", other, "at most 0.2", at_most(other.ratio, 0.2))
    yield Line("  another class", milliseconds(other.first))

    encoded = [timed(lambda: encode_photograph(picture.rgb)) for _ in range(3)]
    yield Line("  encoding the original picture", milliseconds(encoded))


def _compared(what: str, comparison: Comparison, aim: str, met: Met) -> Line:
    return Line(what, f"{comparison.ratio:.2f}", extent(comparison.ratios), aim, met)
