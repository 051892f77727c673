"""From a key to a network that is ready to be traced."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import nn

from models.errors import ModelError
from models.networks.adapter import Adapter
from models.networks.families import adapter_for, family_of
from models.networks.family import Role
from models.networks.recording import install
from models.networks.references import NetworkRef
from models.networks.registry import REGISTRY
from models.networks.spec import ModelSpec
from models.networks.two_sided import TWO_SIDED
from models.networks.untrained import TAG
from models.pictures.fit import Preprocess
from models.weights.locate import build, categories


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A network in memory, shared by every session: never change its parameters or its mode.

    Attributes:
        spec: what it is.
        module: in evaluation mode, parameters without gradients.
        adapter: what its family can be asked.
        categories: English class names, one per logit.
        device: where the module lives.
    """

    spec: ModelSpec
    module: nn.Module
    adapter: Adapter
    categories: tuple[str, ...]
    device: torch.device

    @property
    def preprocess(self) -> Preprocess:
        return self.spec.preprocess

    @property
    def role(self) -> Role:
        """How its family mixes places."""
        return family_of(self.spec).role

    @property
    def reference(self) -> NetworkRef:
        """What stands for it in tasks."""
        return NetworkRef(self.spec.key, self.spec.weights, str(self.device), self.preprocess)

    def prepared(self, preprocess: Preprocess) -> LoadedModel:
        """The same network with another recipe for its input; parameters are shared."""
        if preprocess == self.preprocess:
            return self
        return replace(self, spec=replace(self.spec, preprocess=preprocess))

    @cached_property
    def nbytes(self) -> int:
        """Memory of the parameters and buffers; counted once, since both stay what they are."""
        tensors = (*self.module.parameters(), *self.module.buffers())
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def best_device() -> torch.device:
    """CUDA or MPS where there is one, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


# Built where gradients are off for good, weights would be of no use to any gradient later, in any thread.
@torch.inference_mode(False)
def load_model(key: str, device: str | torch.device | None = None) -> LoadedModel:
    """Build a network of the registry with its weights.

    >>> load_model("resnet18_classroom").categories[17]
    'cat'

    Raises:
        ModelError: ``model_unknown``, or what :func:`models.weights.locate.build` raises.
    """
    spec = REGISTRY.get(key)
    if spec is None:
        raise ModelError("model_unknown", f"There is no network called {key}.", name=key)
    target = torch.device(device) if device is not None else best_device()
    module = build(spec).to(target)
    adapter = adapter_for(spec, module)
    install(adapter.taps())
    return LoadedModel(spec, module, adapter, categories(spec.classes), target)


@torch.inference_mode(False)
def with_random_weights(loaded: LoadedModel) -> LoadedModel:
    """The same architecture, classes and preprocessing without anything learnt: weights from a fixed seed.

    A network of its own, which shares nothing with ``loaded`` and is on no shelf: it goes with whoever asked.
    """
    # What was measured of the trained weights does not hold for others; what holds by construction does.
    calibration = TWO_SIDED if loaded.spec.calibration is TWO_SIDED else None
    spec = replace(loaded.spec, source="untrained", weights=TAG, calibration=calibration)
    module = build(spec).to(loaded.device)
    adapter = adapter_for(spec, module)
    install(adapter.taps())
    return LoadedModel(spec, module, adapter, loaded.categories, loaded.device)
