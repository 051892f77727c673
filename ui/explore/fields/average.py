"""Over the gallery: the same measures where no single picture decides them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analysis import AverageReach, PictureReach, average_reach, reach_in_the_middle
from models.networks.tracing import trace_key
from models.pictures.decode import decode_image
from models.pictures.gallery import SAMPLES, sample_bytes
from models.running.engine import Engine
from models.running.jobs import JobControl
from ui import component
from ui.address import publish
from ui.component import Board, Frame, Panel, Point, to_uint8_map
from ui.explore.fields.chart import Curve, show_curves
from ui.explore.fields.frames import rings
from ui.explore.fields.measures import Measured, layer_at
from ui.panels import depth_slider, words_of_boards
from ui.reach_frames import CELL, box_of, strength
from ui.sections import heading
from ui.service import Run, asked_for, background
from ui.state import SIDES, view
from ui.words import name_of_layer, name_of_network, t, template

Averages = tuple[AverageReach, AverageReach]


def show_average(pair: tuple[Measured, Measured]) -> None:
    """Draw the button, and once it has been computed the mean fields and the chart with its bands."""
    heading(t("fields.average.title"), t("fields.average.text", count=len(SAMPLES)))
    runs = (pair[0].run, pair[1].run)
    key = ("fields-average", *((run.trace.key[:3], run.trace.key[4]) for run in runs))
    # Whoever waits for minutes can share or reload what is on the screen already.
    publish(view(), "fields-average")
    found: Averages | None = asked_for(
        "fields-average",
        key,
        _job(pair),
        start=t("fields.average.start", count=len(SAMPLES)),
    )
    if found is None:
        return
    count = max(len(each.layers) for each in pair)
    _show_maps(runs, found, count)
    curves = [
        Curve(run.loaded.spec, average.mean, average.low, average.high)
        for run, average in zip(runs, found, strict=True)
    ]
    show_curves(curves, "fields-average-axis", count, average=True)


def _job(pair: tuple[Measured, Measured]) -> Callable[[JobControl], Averages]:
    store = background()

    # Each picture is a result of its own: who leaves and comes back finds what had been done, and a network
    # that meets another partner is not asked again.
    def job(control: JobControl) -> Averages:
        done = 0
        averages = []
        for each in pair:
            parts = []
            for sample in SAMPLES:
                parts.append(_of_picture(store, each, sample.id))
                done += 1
                control.check()
                control.report(done / (2 * len(SAMPLES)))
            averages.append(average_reach(parts))
        return averages[0], averages[1]

    return job


def _of_picture(store: Engine, measured: Measured, sample: str) -> PictureReach:
    loaded, layers = measured.run.loaded, measured.layers
    picture = decode_image(sample_bytes(sample))
    key = ("fields-of-picture", *trace_key(loaded.spec, loaded.device, picture))

    def job(control: JobControl) -> PictureReach:
        return reach_in_the_middle(loaded, picture, layers, CELL, control.check)

    return store.submit(key, job, cooperative=True).result()


def _show_maps(runs: tuple[Run, Run], averages: Averages, count: int) -> None:
    panels = []
    for run, side, average in zip(runs, SIDES, averages, strict=True):
        frames = tuple(_frame(run, average, index) for index in range(len(average.layers)))
        size = run.trace.input_view.shape[0]
        panels.append(
            Panel(
                id=side,
                title=name_of_network(run.loaded.spec),
                answer=t("fields.average.answer", count=average.count),
                role=run.loaded.role,
                alt=t("fields.average.alt", name=name_of_network(run.loaded.spec)),
                size=(size, size),
                frames=frames,
                frame_of_step=tuple(layer_at(len(frames), step, count) for step in range(count)),
            )
        )
    slider = depth_slider(count)
    board = Board(
        key="fields-average",
        panels=tuple(panels),
        # The middle, whatever the picture: where a field is cut off least.
        point=Point(0.5, 0.5),
        link="fields-average",
        fixed=True,
        steps=slider["steps"],
        strings=words_of_boards(),
    )
    component.show(board, on_step=slider["on_step"])


def _frame(run: Run, average: AverageReach, index: int) -> Frame:
    layer = average.layers[index]
    (half, most), low, high = (
        reach.radii[index].tolist() for reach in (average.mean, average.low, average.high)
    )
    words = {"half": half, "most": most, "half_low": low[0], "half_high": high[0]}
    words |= {"most_low": low[1], "most_high": high[1]}
    return Frame(
        label=name_of_layer(layer),
        grid=layer.grid,
        map=to_uint8_map(np.asarray(strength(average.energy[index])), unit="%"),
        map_of_point=True,
        box=box_of(run, layer),
        readout=template("fields.readout.field"),
        caption=t("fields.average.caption", **{name: f"{value:.0f}" for name, value in words.items()}),
        rings=rings(half, most),
    )
