"""What a page shows of a network before anybody chose: explicit, so that a link carries it."""

from __future__ import annotations

from models.networks.tracing import Run
from ui.explore.side_by_side import attention_side, feature_side
from ui.session.state import SIDES, change_side, view


def settle(pair: tuple[Run, Run]) -> None:
    """Replace layers, channels and heads that a network does not have, or that nobody chose, by good ones."""
    for side, run in zip(SIDES, pair, strict=True):
        chosen = view().side(side)
        if not _fits(run, chosen.layer, chosen.show):
            part = attention_side if run.has_attention else feature_side
            layer, show = part.default(run)
            change_side(side, layer=layer, show=show)


def _fits(run: Run, name: str, show: str) -> bool:
    adapter = run.loaded.adapter
    if run.has_attention:
        layers = {layer.name: len(run.trace.attentions[layer.name]) for layer in run.attention.layers}
        return name in layers and (show in ("mean", "rollout") or _numbered(show, "h", layers[name]))
    channels = {layer.name: layer.channels for layer in adapter.feature_layers()}
    return name in channels and _numbered(show, "c", channels[name])


def _numbered(show: str, letter: str, count: int) -> bool:
    # Compared as text: an address may carry more digits than int() reads, or zeros in front.
    return any(show == f"{letter}{number}" for number in range(1, count + 1))
