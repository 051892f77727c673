"""One forward, everything recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from models.errors import ModelError
from models.networks.adapter import Attention, Missing, needed
from models.networks.calibration import Calibration, probabilities
from models.networks.inputs import to_input
from models.networks.loading import LoadedModel
from models.networks.recording import recording
from models.networks.references import RunRef
from models.networks.spec import ModelSpec
from models.pictures.decode import DecodedImage, PictureRef
from models.pictures.fit import CropBox, preprocess

TraceKey = tuple[str, str, str, str, str]


@dataclass(frozen=True, eq=False)
class Trace:
    """What one network did with one picture. Arrays are read-only float32 on the CPU, without batch axis.

    Attributes:
        key: model, weights, device, picture, preprocessing; never the pixels themselves.
        logits: ``[K]``, never tempered.
        recorded: by layer name, in the layer's own layout: ``[C, h, w]`` (NCHW) or ``[tokens, D]`` (NLC).
        activations: by layer name ``[C, h, w]``, prefix tokens dropped; views of ``recorded``.
        attentions: by layer name ``[heads, tokens, tokens]``, a query's row sums to 1.
        inputs: what the module was given ``[1, C, H, W]``, of three channels or one.
        input_view: the same as RGB pixels, uint8 ``[H, W, 3]``.
        crop_box: where ``input_view`` lies on the original picture.
        calibration: of the network, applied whenever probabilities are asked for.
    """

    key: TraceKey
    logits: np.ndarray
    recorded: Mapping[str, np.ndarray]
    activations: Mapping[str, np.ndarray]
    attentions: Mapping[str, np.ndarray]
    inputs: np.ndarray
    input_view: np.ndarray
    crop_box: CropBox
    calibration: Calibration | None = None

    @property
    def picture(self) -> str:
        """SHA-256 of the picture's bytes."""
        return self.key[3]

    @property
    def probabilities(self) -> np.ndarray:
        """What the network says, ``[K]``; see :func:`models.networks.calibration.probabilities`."""
        return probabilities(self.logits, self.calibration)

    @property
    def nbytes(self) -> int:
        """Memory that this trace keeps alive."""
        owned = (self.logits, self.inputs, self.input_view)
        stored = (*owned, *self.recorded.values(), *self.attentions.values())
        return sum(array.nbytes for array in stored)


def trace_key(spec: ModelSpec, device: torch.device, picture: DecodedImage) -> TraceKey:
    """What tells two traces apart, known before anything runs."""
    return (spec.key, spec.weights, str(device), picture.sha256, spec.preprocess.tag)


def trace(loaded: LoadedModel, picture: DecodedImage) -> Trace:
    """Run a network once on a picture and keep what it did. Threads may share one network.

    Raises:
        ModelError: ``logits_not_finite``.
    """
    view, crop_box = preprocess(picture, loaded.preprocess)
    inputs = to_input(view, loaded.preprocess)
    with torch.inference_mode(), recording(attention=True) as recorder:
        logits = loaded.module(inputs.to(loaded.device))
    if not torch.isfinite(logits).all():
        # Finite weights can still overflow.
        name = loaded.spec.title
        raise ModelError("logits_not_finite", f"The logits of {name} are not finite.", name=name)
    attention = loaded.adapter.attention
    attended = () if isinstance(attention, Missing) else attention.layers
    recorded: dict[str, np.ndarray] = {}
    activations: dict[str, np.ndarray] = {}
    attentions: dict[str, np.ndarray] = {}
    for layer in attended:
        weights = recorder.tensors.pop(layer.name)[0]
        attentions[layer.name] = _array(needed(attention).in_image_order(layer, weights))
    for name, tensor in recorder.tensors.items():
        on_cpu = tensor.float().cpu()
        recorded[name] = _array(on_cpu[0])
        activations[name] = _array(loaded.adapter.to_nchw(loaded.adapter.layer(name), on_cpu)[0])
    return Trace(
        key=trace_key(loaded.spec, loaded.device, picture),
        logits=_array(logits[0]),
        recorded=MappingProxyType(recorded),
        activations=MappingProxyType(activations),
        attentions=MappingProxyType(attentions),
        inputs=_array(inputs),
        input_view=view,
        crop_box=crop_box,
        calibration=loaded.spec.calibration,
    )


@dataclass(frozen=True)
class Run:
    """A network, and what it recorded of a picture."""

    loaded: LoadedModel
    trace: Trace

    @property
    def reference(self) -> RunRef:
        """What stands for it in tasks."""
        return RunRef(self.loaded.reference, PictureRef(self.trace.picture))

    @property
    def has_attention(self) -> bool:
        """Whether the network has attention maps to show."""
        return not isinstance(self.loaded.adapter.attention, Missing)

    @property
    def attention(self) -> Attention:
        """Its attention.

        Raises:
            UnsupportedViewError: it has none.
        """
        return needed(self.loaded.adapter.attention)


def _array(tensor: Tensor) -> np.ndarray:
    array: np.ndarray = tensor.detach().float().cpu().numpy()
    array.setflags(write=False)
    return array
