"""The same content with the tools that people use today, one view at a time as their examples do.

pytorch-grad-cam for Grad-CAM, ``torchvision.models.feature_extraction`` for feature maps, hooks for
attention and tokens. Each view runs the network for itself, because none of these tools hands its forward
on. Whatever can be shared outside of the networks is: the maths and the quantisation are Sightlines' own,
extractors are made once, and forwards without gradients run in inference mode.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn

from analysis import outlier_tokens, top_answers
from benchmarks import content
from models.networks.adapter import needed
from models.networks.inputs import to_input
from models.networks.loading import LoadedModel
from models.pictures.decode import DecodedImage
from models.pictures.fit import preprocess
from models.weights.locate import build

from torchvision.models.feature_extraction import create_feature_extractor  # isort: skip (after models.compat)


@dataclass(frozen=True, eq=False)
class Peer:
    """A network as its users have it: no recording hooks, parameters with gradients, which Grad-CAM needs."""

    loaded: LoadedModel
    module: nn.Module

    def inputs(self, picture: DecodedImage) -> Tensor:
        view, _ = preprocess(picture, self.loaded.preprocess)
        return to_input(view, self.loaded.preprocess)


def peer_of(loaded: LoadedModel) -> Peer:
    """The same network with the same weights, built anew."""
    return Peer(loaded, build(loaded.spec).requires_grad_(True))


def answers(peer: Peer, inputs: Tensor) -> np.ndarray:
    """A forward for the five most probable classes; gives all probabilities ``[K]``."""
    with torch.inference_mode():
        probabilities: np.ndarray = peer.module(inputs)[0].softmax(0).numpy()
    top_answers(probabilities, peer.loaded.categories)
    return probabilities


def feature_maps(peer: Peer) -> Callable[[Tensor], object]:
    """A forward of a feature extractor for the default layer."""
    name = content.default_layer(peer.loaded).name
    extractor = create_feature_extractor(peer.module, return_nodes={name: "features"}).eval()

    def run(inputs: Tensor) -> object:
        with torch.inference_mode():
            activation = extractor(inputs)["features"]
        return content.channel_maps(activation[0].numpy()), content.padding(peer.loaded)

    return run


def attention_maps(peer: Peer, inputs: Tensor) -> list[np.ndarray]:
    """A forward with hooks on the attention of every block, per block ``[heads, tokens, tokens]``."""
    weights: list[np.ndarray] = []

    def ask(_module: nn.Module, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        return args, {**kwargs, "need_weights": True, "average_attn_weights": False}

    def keep(_module: nn.Module, _args: tuple, output: tuple[Tensor, Tensor]) -> None:
        weights.append(output[1][0].numpy())

    handles = []
    for layer in needed(peer.loaded.adapter.attention).layers:
        attention = peer.module.get_submodule(layer.name)
        handles += [
            attention.register_forward_pre_hook(ask, with_kwargs=True),
            attention.register_forward_hook(keep),
        ]
    try:
        with torch.inference_mode():
            peer.module(inputs)
    finally:
        for handle in handles:
            handle.remove()
    return weights


def token_outliers(peer: Peer, inputs: Tensor) -> list[np.ndarray]:
    """A forward with hooks on the output of every block, for the norms of its tokens."""
    outliers: list[np.ndarray] = []

    def keep(_module: nn.Module, _args: tuple, output: Tensor) -> None:
        outliers.append(outlier_tokens(output[0].numpy(), prefix_tokens=1))

    handles = [
        peer.module.get_submodule(attention.block(layer)[1]).register_forward_hook(keep)
        for attention in [needed(peer.loaded.adapter.attention)]
        for layer in attention.layers
    ]
    try:
        with torch.inference_mode():
            peer.module(inputs)
    finally:
        for handle in handles:
            handle.remove()
    return outliers


def cam(peer: Peer, inputs: Tensor, target: int) -> np.ndarray:
    """pytorch-grad-cam: a forward and a backward; ``[H, W]``, scaled and enlarged as it does."""
    layer = peer.loaded.adapter.default_cam_layer()

    def to_grid(tokens: Tensor) -> Tensor:
        patches = tokens[:, layer.prefix_tokens :]
        return patches.reshape(len(tokens), *layer.grid, -1).permute(0, 3, 1, 2)

    with GradCAM(
        model=peer.module,
        target_layers=[peer.module.get_submodule(layer.name)],
        reshape_transform=to_grid if layer.layout == "NLC" else None,
    ) as explainer:
        maps: np.ndarray = explainer(input_tensor=inputs, targets=[ClassifierOutputTarget(target)])
    return maps[0]


def first_view(pair: tuple[LoadedModel, LoadedModel]) -> Callable[[DecodedImage], object]:
    """What :func:`benchmarks.content.first_view` gives for a ResNet and a ViT, view by view."""
    convolutional, transformer = (peer_of(loaded) for loaded in pair)
    features = feature_maps(convolutional)
    layers = needed(transformer.loaded.adapter.attention).layers
    chosen = max(len(layers) - 2, 0)

    def run(picture: DecodedImage) -> object:
        inputs = [peer.inputs(picture) for peer in (convolutional, transformer)]
        probabilities = [
            answers(peer, each) for peer, each in zip((convolutional, transformer), inputs, strict=True)
        ]
        target = content.joint_target(*probabilities)
        maps = attention_maps(transformer, inputs[1])
        return (
            features(inputs[0]),
            [content.reach_of(layer, block) for layer, block in zip(layers, maps, strict=True)],
            content.block_maps(layers[chosen], maps[chosen]),
            content.rollout_map(layers[chosen], attention_maps(transformer, inputs[1])[: chosen + 1]),
            token_outliers(transformer, inputs[1]),
            [
                cam(peer, each, target)
                for peer, each in zip((convolutional, transformer), inputs, strict=True)
            ],
        )

    return run
