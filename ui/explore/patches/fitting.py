"""The networks as this page shows them: with the picture cropped, squashed or padded, as a visitor chose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models.networks.loading import LoadedModel
from models.networks.tracing import Trace, trace, trace_key
from models.pictures.fit import Fit
from ui.options import option
from ui.service import Run, current_picture, result, runs
from ui.state import SIDES, SideName

FIT = "patches-fit"
FITS: tuple[Fit, ...] = ("crop", "squash", "pad")


def chosen_fit() -> Fit:
    """How the picture becomes a square on this page."""
    value = option(FIT, FITS, FITS[0])
    return next(fit for fit in FITS if fit == value)


def fitted_runs() -> tuple[Run, Run]:
    """Both networks and their forward on the picture, made square the chosen way."""
    left, right = (_fitted(run, chosen_fit(), f"fit-{side}") for run, side in zip(runs(), SIDES, strict=True))
    return left, right


def probabilities(run: Run, fit: Fit, side: SideName) -> np.ndarray:
    """What a network answers ``[K]`` when the picture is made square this way."""
    loaded = _refit(run.loaded, fit)
    if loaded.preprocess == run.loaded.preprocess:
        return run.trace.probabilities
    picture = current_picture()
    key = ("probabilities", *trace_key(loaded.spec, loaded.device, picture))
    return result(key, lambda control: trace(loaded, picture).probabilities, f"fit-{fit}-{side}")


def _fitted(run: Run, fit: Fit, lane: str) -> Run:
    loaded = _refit(run.loaded, fit)
    if loaded.preprocess == run.loaded.preprocess:
        return run
    picture = current_picture()

    key = ("trace", *trace_key(loaded.spec, loaded.device, picture))
    record: Trace = result(key, lambda control: trace(loaded, picture), lane)
    return Run(loaded, record)


def _refit(loaded: LoadedModel, fit: Fit) -> LoadedModel:
    """The same network with another recipe for its input; parameters are shared."""
    spec = loaded.spec
    return replace(loaded, spec=replace(spec, preprocess=replace(spec.preprocess, fit=fit)))
