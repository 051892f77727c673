"""Another size, another patch: what it costs, how many tokens, and what does not come out even."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from analysis import Tiling, attention_bytes, attention_pairs
from analysis.network.complexity import Work, work
from models.networks.registry import REGISTRY
from models.networks.spec import ModelSpec
from models.networks.tracing import Run
from models.pictures.decode import DecodedImage
from models.pictures.fit import resize_to
from models.running.task import Task
from ui.explore.patches.first import patch_grid
from ui.explore.patches.settings import HEIGHT, SIDE, WIDTH
from ui.live.service import current_picture, result, runs
from ui.session.options import choose_number_between, set_option
from ui.session.state import View
from ui.show.component import Frame, Outline, Panel
from ui.show.panels import show_board
from ui.show.pictures import encode_photograph
from ui.show.sections import heading, row
from ui.show.tables import show_table
from ui.show.words import exact, name_of_network, network_in_text, percent, rounded_percent, t, verbatim
from viz.tiling import tiling_picture

_PICTURE = 640
"""Pixels of the longer side of the drawn picture, at least."""

_SMALLEST, _LARGEST = 64, 512
_FINEST, _COARSEST = 4, 64


@dataclass(frozen=True)
class _Cutter:
    """How a network cuts its input in reality."""

    spec: ModelSpec
    name: str
    size: int
    patch: int
    heads: int
    prefix: int
    dimensions: int


@row
def show_sizes() -> None:
    """Draw the row: sliders, the picture cut that way, the count, the remainder."""
    heading(t("patches.sizes.title"), t("patches.sizes.text"))
    pair = runs()
    cutters = [cutter for run in pair if (cutter := _cutter(run))]
    first = cutters[0] if cutters else _bundled()
    height, width, patch = _choose(first)
    tiling = Tiling(height, width, patch)
    _show_work(tiling, first, pair)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        show_board("sizes", (_cut(tiling),), columns=1, controls=())
    with right:
        st.markdown(_count(tiling, first))
        _show_tokens(tiling, first, cutters or [first])
        st.caption(t("patches.sizes.note", heads=first.heads))
        st.markdown(_remainder(tiling))
        for run in pair:
            st.markdown(_reality(run, tiling))


def _cutter(run: Run) -> _Cutter | None:
    grid = patch_grid(run)
    if grid is None:
        return None
    heads = len(next(iter(run.trace.attentions.values())))
    name = name_of_network(run.loaded.spec)
    spec = run.loaded.spec
    return _Cutter(spec, name, grid.image_size, grid.patch_size, heads, grid.prefix_tokens, grid.dimensions)


def _bundled() -> _Cutter:
    """The transformer that comes with the app, where neither network on the page cuts patches."""
    spec = REGISTRY[View.right.network]
    numbers = (spec.options[name] for name in ("image_size", "patch_size", "num_heads", "hidden_dim"))
    size, patch, heads, dimensions = numbers
    return _Cutter(spec, spec.title, size, patch, heads, 1, dimensions)


def _choose(own: _Cutter) -> tuple[int, int, int]:
    columns = st.columns([3, 3, 3, 2], gap="medium", vertical_alignment="bottom")
    # Somebody's own network may be set up for less or more than there is to try.
    ends = (min(_SMALLEST, own.size), max(_LARGEST, own.size))
    steps = (min(_FINEST, own.patch), max(_COARSEST, own.patch))
    labels = (t("patches.sizes.height"), t("patches.sizes.width"), t("patches.sizes.side"))
    settings = ((HEIGHT, *ends, own.size), (WIDTH, *ends, own.size), (SIDE, *steps, own.patch))
    numbers = [
        choose_number_between(column.slider, label, setting, low, high, default=default)
        for column, label, (setting, low, high, default) in zip(columns[:3], labels, settings, strict=True)
    ]

    def reset() -> None:
        for setting, *_, default in settings:
            set_option(setting, str(default))

    columns[3].button(t("patches.sizes.reset", name=verbatim(own.name)), key="patches-reset", on_click=reset)
    height, width, patch = numbers
    return height, width, patch


def _cut(tiling: Tiling) -> Panel:
    picture = current_picture()
    height, width = tiling.height, tiling.width

    below, beside = tiling.rest
    lost = [
        Outline(0, height - below, width, height, t("patches.sizes.lost.rows", count=below))
        if below
        else None,
        Outline(width - beside, 0, width, height, t("patches.sizes.lost.columns", count=beside))
        if beside
        else None,
    ]
    return Panel(
        id="cut",
        title=t("patches.sizes.cut", rows=tiling.rows, columns=tiling.columns),
        answer=f"{height} × {width}",
        alt=t("patches.sizes.alt", rows=tiling.rows, columns=tiling.columns),
        picture=result(Task.of(_draw, picture, height, width, tiling.patch)),
        size=(width, height),
        frames=(Frame(label="", grid=(1, 1)),),
        outlines=tuple(outline for outline in lost if outline),
        linked=False,
    )


def _draw(picture: DecodedImage, height: int, width: int, patch: int) -> bytes:
    view = resize_to(picture, height, width)
    scale = max(1, round(_PICTURE / max(height, width)))
    return encode_photograph(tiling_picture(view, patch, scale=scale))


def _count(tiling: Tiling, own: _Cutter) -> str:
    return t(
        "patches.sizes.count" if tiling.divides else "patches.sizes.count.floor",
        height=tiling.height,
        width=tiling.width,
        patch=tiling.patch,
        rows=tiling.rows,
        columns=tiling.columns,
        count=exact(tiling.count),
        values=3 * tiling.patch**2,
        dimensions=own.dimensions,
    )


def _show_work(tiling: Tiling, first: _Cutter, pair: tuple[Run, Run]) -> None:
    """Multiply-adds of the whole networks, at the chosen size and as they are, and what they are spent on."""
    names = {first.spec: first.name} | {run.loaded.spec: name_of_network(run.loaded.spec) for run in pair}
    chosen, real = [], []
    for spec, name in names.items():
        side = spec.preprocess.crop
        own = work(spec, side, side)
        there = work(spec, tiling.height, tiling.width, tiling.patch)
        size = f"{tiling.height} × {tiling.width}"
        chosen.append((f"{name} · {t('patches.sizes.chosen')}", size, *_costs(there, own)))
        real.append((name, f"{side} × {side}", *_costs(own, own)))
    columns = ("size", "work", "times", "pairs_share", "mlp", "projections", "convolutions")
    st.markdown(f"**{t('patches.sizes.work')}**")
    show_table(("", *(t(f"patches.sizes.column.{name}") for name in columns)), [*chosen, *real], chosen=0)
    st.caption(t("patches.sizes.work.text"))


def _costs(there: Work, own: Work) -> tuple[str, ...]:
    shares = (there.pairs, there.mlp, there.projections, there.convolutions)
    return (
        f"{there.total / 1e9:,.2f}",
        _times(there.total / own.total),
        *(percent(share / there.total) if share else "–" for share in shares),
    )


def _show_tokens(tiling: Tiling, own: _Cutter, cutters: list[_Cutter]) -> None:
    """Tokens, and the pairs of them that a head compares."""
    lines = [(t("patches.sizes.chosen"), *_numbers(tiling, own.heads, own.prefix))]
    for cutter in cutters:
        real = Tiling(cutter.size, cutter.size, cutter.patch)
        lines.append((cutter.name, *_numbers(real, cutter.heads, cutter.prefix)))
    names = ("input", "tokens", "pairs", "memory")
    show_table(("", *(t(f"patches.sizes.column.{name}") for name in names)), lines, chosen=0)


def _numbers(tiling: Tiling, heads: int, prefix: int) -> tuple[str, ...]:
    megabytes = attention_bytes(tiling.count, heads, prefix) / 1e6
    return (
        f"{tiling.height} × {tiling.width}, {tiling.patch}",
        f"{exact(tiling.count)} + {prefix}",
        exact(attention_pairs(tiling.count, prefix)),
        f"{megabytes:,.2f} MB" if megabytes < 10 else f"{megabytes:,.0f} MB",
    )


def _times(ratio: float) -> str:
    return f"× {ratio:,.0f}" if ratio >= 10 else f"× {ratio:.2g}"


def _remainder(tiling: Tiling) -> str:
    if tiling.divides:
        return t("patches.sizes.even", patch=tiling.patch)
    below, beside = tiling.rest
    padded = tiling.padded
    return t(
        "patches.sizes.uneven",
        patch=tiling.patch,
        below=below,
        height=tiling.height,
        beside=beside,
        width=tiling.width,
        dropped=rounded_percent(tiling.dropped, 1),
        count=exact(tiling.count),
        padded=f"{padded.height} × {padded.width}",
        padded_count=exact(padded.count),
    )


def _reality(run: Run, tiling: Tiling) -> str:
    """What would happen if the network were given this size."""
    name = network_in_text(run.loaded.spec)
    size = run.loaded.preprocess.crop
    grid = patch_grid(run)
    if grid is not None:
        same = (tiling.height, tiling.width, tiling.patch) == (size, size, grid.patch_size)
        return t(
            "patches.reality.same" if same else "patches.reality.fixed",
            name=name,
            size=size,
            patch=grid.patch_size,
            count=grid.count,
        )
    layers = run.loaded.adapter.feature_layers()
    first, last = (
        f"{-(-tiling.height // layer.stride)} × {-(-tiling.width // layer.stride)}"
        for layer in (layers[0], layers[-1])
    )
    return t(
        "patches.reality.any",
        name=name,
        size=f"{tiling.height} × {tiling.width}",
        first=first,
        last=last,
    )
