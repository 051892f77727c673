"""What the effective fields of all stages cost, against the backwards that they cannot do without."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from analysis import effective_fields, nearest_place
from benchmarks.measure import Line, alternate, at_most, extent, milliseconds
from models.networks.loading import LoadedModel, load_model
from models.networks.tracing import trace
from models.pictures.decode import decode_image
from models.pictures.gallery import SAMPLES, sample_bytes

KEY = "resnet50_untrained"
PAIRS = 11
PATIENCE = 30.0
"""Seconds for the comparison: on a busy machine fewer pairs must do."""


def bare_backwards(
    loaded: LoadedModel, inputs: torch.Tensor, point: tuple[float, float]
) -> list[torch.Tensor]:
    """One forward of a ResNet and one backward per stage from its place at the point, by torch alone."""
    module: Any = loaded.module
    pixels = inputs.clone().requires_grad_()
    with torch.enable_grad():
        output = module.relu(module.bn1(module.conv1(pixels)))
        ends = {"conv1": output}
        output = module.maxpool(output)
        for stage in ("layer1", "layer2", "layer3", "layer4"):
            output = ends[stage] = getattr(module, stage)(output)
    stages = loaded.adapter.stages()
    gradients: list[torch.Tensor] = []
    for (_, layer), end in zip(stages, ends.values(), strict=True):
        row, column = nearest_place(loaded.adapter, layer, point)
        # Kept to the end: as many backwards as the fields need, of one and the same graph.
        gradients += torch.autograd.grad(end[0, :, row, column].sum(), pixels, retain_graph=True)
    return gradients


def lines() -> Iterator[Line]:
    """The comparison, and its absolute times."""
    loaded = load_model(KEY, "cpu")
    record = trace(loaded, decode_image(sample_bytes(SAMPLES[0].id)))
    layers = [layer for _, layer in loaded.adapter.stages()]
    inputs = torch.tensor(record.inputs)
    point = (record.inputs.shape[-1] / 2, record.inputs.shape[-2] / 2)
    found = alternate(
        lambda: effective_fields(loaded, record, point, layers),
        lambda: bare_backwards(loaded, inputs, point),
        PAIRS,
        patience=PATIENCE,
    )
    yield Line(
        f"effective fields of {len(layers)} stages against bare backwards",
        f"{found.ratio:.2f}",
        extent(found.ratios),
        "at most 1.5",
        at_most(found.ratio, 1.5),
    )
    yield Line(
        "  the fields, and the backwards", f"{milliseconds(found.first)}, {milliseconds(found.second)}"
    )
