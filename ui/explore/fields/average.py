"""Over the gallery: the same measures where no single picture decides them."""

from __future__ import annotations

import numpy as np

from analysis import AverageReach, PictureReach, average_reach, reach_in_the_middle
from models.networks.adapter import LayerRef
from models.networks.loading import LoadedModel
from models.networks.tracing import Run
from models.pictures.decode import decode_image
from models.pictures.gallery import SAMPLES, sample_bytes
from models.running.task import Task, Work, stoppable
from ui.explore.fields.chart import Curve, show_curves
from ui.explore.fields.frames import rings
from ui.explore.fields.measures import Measured, layer_at
from ui.explore.fields.settings import AVERAGE_AXIS
from ui.live.service import asked_for
from ui.session.address import publish
from ui.session.state import SIDES, view
from ui.show import component
from ui.show.component import Board, Frame, Panel, Point, to_uint8_map
from ui.show.panels import depth_slider, words_of_boards
from ui.show.reach_frames import CELL, box_of, strength
from ui.show.sections import heading
from ui.show.words import name_of_layer, name_of_network, t, template

Averages = tuple[AverageReach, AverageReach]


def show_average(pair: tuple[Measured, Measured]) -> None:
    """Draw the button, and once it has been computed the mean fields and the chart with its bands."""
    heading(t("fields.average.title"), t("fields.average.text", count=len(SAMPLES)))
    runs = (pair[0].run, pair[1].run)
    # Whoever waits for minutes can share or reload what is on the screen already.
    publish(view(), "fields-average")
    found: Averages | None = asked_for(
        "fields-average",
        Task.of(_averages, *(_of_pictures(each) for each in pair)),
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
    show_curves(curves, AVERAGE_AXIS, count, average=True)


def _of_pictures(measured: Measured) -> tuple[Task[PictureReach], ...]:
    loaded, layers = measured.run.loaded, measured.layers
    return tuple(Task.of(_of_picture, loaded, layers, sample.id) for sample in SAMPLES)


@stoppable
def _averages(
    work: Work, left: tuple[Task[PictureReach], ...], right: tuple[Task[PictureReach], ...]
) -> Averages:
    # Each picture is a result of its own: who leaves and comes back finds what had been done, and a network
    # that meets another partner is not asked again.
    done, count = 0, len(left) + len(right)
    averages = []
    for tasks in (left, right):
        parts = []
        for task in tasks:
            parts.append(work.part(task, done / count, 1 / count))
            done += 1
            work.report(done / count)
        averages.append(average_reach(parts))
    return averages[0], averages[1]


@stoppable
def _of_picture(work: Work, loaded: LoadedModel, layers: tuple[LayerRef, ...], sample: str) -> PictureReach:
    picture = decode_image(sample_bytes(sample))
    return reach_in_the_middle(loaded, picture, layers, CELL, work.check)


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
