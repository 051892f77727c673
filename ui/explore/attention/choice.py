"""What is chosen on the attention page: of each side a block and what of it is shown, and who asks."""

from __future__ import annotations

from dataclasses import dataclass

from analysis import nearest_place
from models.networks.adapter import LayerRef
from models.networks.tracing import Run
from ui.explore.attention.settings import DIRECTION, LAYER, QUERY, SHOW
from ui.session.options import option, set_option
from ui.session.state import SideName, view
from ui.show.words import t

BY_BLOCK = ("mean", "max", "rollout")
"""What a block shows besides its heads."""

BY_CLASS = ("relevance", "legrad")
"""What explains a class, through all blocks."""


@dataclass(frozen=True)
class Chosen:
    """One side's choice.

    Attributes:
        run: the network and what it did.
        side: where it stands.
        layers: its attention layers, in order of depth.
        index: of the chosen block.
        show: one of :data:`BY_BLOCK`, of :data:`BY_CLASS`, or ``h3`` for the third head.
    """

    run: Run
    side: SideName
    layers: tuple[LayerRef, ...]
    index: int
    show: str

    @property
    def layer(self) -> LayerRef:
        return self.layers[self.index]

    @property
    def head(self) -> int | None:
        """Index of the shown head, if one head is shown."""
        return int(self.show[1:]) - 1 if self.show.startswith("h") else None


def chosen(run: Run, side: SideName) -> Chosen | None:
    """What is chosen for a side; None for a network without attention."""
    if not run.has_attention:
        return None
    layers = run.attention.layers
    names = [layer.name for layer in layers]
    before = view().side(side).layer
    # The last but one: the class token looks at the object there, and what it looks at still matters.
    late = names[max(len(names) - 2, 0)]
    name = option(LAYER[side], names, before if before in names else late)
    index = names.index(name)
    show = option(SHOW[side], shows(run, layers[index]))
    return Chosen(run, side, layers, index, show)


def shows(run: Run, layer: LayerRef) -> tuple[str, ...]:
    """All that can be shown of a block."""
    heads = len(run.trace.attentions[layer.name])
    return (*BY_BLOCK, *BY_CLASS, *(f"h{head + 1}" for head in range(heads)))


def choose_head(side: SideName, head: int) -> None:
    """Show one head, counted from 0."""
    set_option(SHOW[side], f"h{head + 1}")


def query() -> str:
    """Who asks: ``point`` or ``class``."""
    return option(QUERY)


def direction() -> str:
    """``from`` the one who asks, or ``to`` it."""
    return option(DIRECTION)


def query_token(run: Run, layer: LayerRef) -> int | None:
    """Index of the token that asks; None for a patch where the network does not see the point."""
    if query() == "class":
        return run.attention.reader(layer)
    if not run.trace.crop_box.contains(*view().point):
        return None
    return layer.prefix_tokens + query_cell(run, layer)


def query_cell(run: Run, layer: LayerRef) -> int:
    """Index of the place nearest to the point, row by row."""
    size = run.trace.input_view.shape[0]
    row, column = nearest_place(run.loaded.adapter, layer, run.trace.crop_box.to_view(*view().point, size))
    return row * layer.grid[1] + column


def name_of_show(show: str) -> str:
    """What is shown, in words."""
    if show.startswith("h"):
        return t("attention.show.head", head=int(show[1:]))
    return t(f"attention.show.{show}")


def name_of_token(layer: LayerRef, token: int) -> str:
    """The class token, or a patch by its row and column."""
    if token < layer.prefix_tokens:
        return t("attention.token.class")
    row, column = divmod(token - layer.prefix_tokens, layer.grid[1])
    return t("attention.token.patch", row=row + 1, column=column + 1)
