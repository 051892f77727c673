"""What the engine does on a new picture before the first board can be shown, and after that.

The app computes the shown depth first, its neighbours next and the rest while nobody waits. Beside it stands
what the same would take if everything were computed first.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator

from analysis import FieldProbe, effective_fields
from analysis.classes.evidence import Question
from analysis.classes.explain import explain, quick_explanations, quick_methods
from benchmarks.measure import Line
from models.networks.loading import LoadedModel, load_model
from models.networks.tracing import Run, Trace, trace
from models.pictures.decode import decode_image
from models.pictures.gallery import SAMPLES, sample_bytes
from ui.session.state import View
from ui.show.reach_frames import depths

ROUNDS = 3
Work = Callable[[LoadedModel, Trace], object]


def lines() -> Iterator[Line]:
    """Seconds of engine time for the two networks that the app opens with."""
    networks = [load_model(key, "cpu") for key in (View.left.network, View.right.network)]
    pages = {
        "Receptive fields": (_shown_fields, _all_fields, _fields_in_turn),
        "Class activation": (_shown_map, _all_maps, _maps_in_turn),
    }
    for page, (shown, everything, rest) in pages.items():
        first, at_once, later = (_seconds(networks, work) for work in (shown, everything, rest))
        yield Line(
            f"new picture, engine time before the first board of {page}",
            f"{first:.2f} s",
            f"{at_once:.2f} s if all came first",
        )
        yield Line("  all of it", f"{first + later - _seconds(networks, None):.2f} s", f"{at_once:.2f} s")


def _seconds(networks: list[LoadedModel], work: Work | None) -> float:
    """Median of some rounds of both forwards and the work that follows them."""
    picture = decode_image(sample_bytes(SAMPLES[0].id))
    rounds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for loaded in networks:
            record = trace(loaded, picture)
            if work is not None:
                work(loaded, record)
        rounds.append(time.perf_counter() - start)
    return statistics.median(rounds)


def _point(record: Trace) -> tuple[float, float]:
    height, width = record.inputs.shape[-2:]
    return width / 2, height / 2


def _order(loaded: LoadedModel, record: Trace) -> list[int]:
    """Depths from the shown one outwards."""
    count = len(depths(Run(loaded, record)))
    shown = round(View.depth * (count - 1))
    return sorted(range(count), key=lambda index: abs(index - shown))


def _fields(loaded: LoadedModel, record: Trace, indices: list[int]) -> None:
    layers, probe = depths(Run(loaded, record)), FieldProbe(loaded, record, _point(record))
    for index in indices:
        probe.field(layers[index])


def _shown_fields(loaded: LoadedModel, record: Trace) -> None:
    _fields(loaded, record, _order(loaded, record)[:1])


def _fields_in_turn(loaded: LoadedModel, record: Trace) -> None:
    order = _order(loaded, record)
    _fields(loaded, record, order[1:3])
    _fields(loaded, record, order[3:])


def _all_fields(loaded: LoadedModel, record: Trace) -> None:
    effective_fields(loaded, record, _point(record), depths(Run(loaded, record)))


def _shown_map(loaded: LoadedModel, record: Trace) -> None:
    explain(loaded, record, "grad_cam", _question(record))


def _maps_in_turn(loaded: LoadedModel, record: Trace) -> None:
    make = quick_explanations(loaded, record, _question(record))
    for name in quick_methods(loaded):
        make(name)
    for layer in loaded.adapter.feature_layers():
        explain(loaded, record, "grad_cam", _question(record), layer)


def _all_maps(loaded: LoadedModel, record: Trace) -> None:
    _shown_map(loaded, record)
    _maps_in_turn(loaded, record)


def _question(record: Trace) -> Question:
    return Question(int(record.logits.argmax()))
