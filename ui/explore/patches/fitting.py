"""The networks as this page shows them: with the picture cropped, squashed or padded, as a visitor chose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models.networks.loading import LoadedModel
from models.networks.tracing import Run, trace
from models.pictures.decode import DecodedImage
from models.pictures.fit import Fit
from models.running.task import Task
from ui.explore.patches.settings import FIT
from ui.live.service import current_picture, result, runs
from ui.session.options import option
from ui.session.state import SIDES, SideName

FITS: tuple[Fit, ...] = ("crop", "squash", "pad")


def chosen_fit() -> Fit:
    """How the picture becomes a square on this page."""
    value = option(FIT)
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
    return result(Task.of(_probabilities, loaded, current_picture()), f"fit-{fit}-{side}")


def _probabilities(loaded: LoadedModel, picture: DecodedImage) -> np.ndarray:
    return trace(loaded, picture).probabilities


def _fitted(run: Run, fit: Fit, lane: str) -> Run:
    loaded = _refit(run.loaded, fit)
    if loaded.preprocess == run.loaded.preprocess:
        return run
    return Run(loaded, result(Task.of(trace, loaded, current_picture()), lane))


def _refit(loaded: LoadedModel, fit: Fit) -> LoadedModel:
    """The same network with another recipe for its input; parameters are shared."""
    return loaded.prepared(replace(loaded.preprocess, fit=fit))
