"""Where position lives: learned embeddings in one role, padding and strides in the other."""

from __future__ import annotations

from dataclasses import dataclass

from models.networks.adapter import Missing
from models.networks.tracing import Run
from ui.live.service import runs
from ui.session.state import SIDES, SideName
from ui.show.columns import network_columns
from ui.show.component import Panel
from ui.show.panels import show_board
from ui.show.position_panels import learned_panels, learned_text, padding_panel
from ui.show.sections import heading, row
from ui.show.words import sentence_for, t


@dataclass(frozen=True)
class _Part:
    """What one network contributes to the row."""

    panels: tuple[Panel, ...]
    text: str


@row
def show_positions() -> None:
    """Draw the row: padding shares or position similarities, and what they mean."""
    pair = runs()
    heading(t("where.title"), t("where.text"), "positions")
    parts = [_part(run, side) for run, side in zip(pair, SIDES, strict=True)]
    panels = tuple(panel for part in parts for panel in part.panels)
    show_board("positions", panels, columns=len(panels), controls=())
    for (column, _), part in zip(network_columns(pair), parts, strict=True):
        column.markdown(part.text)


def _part(run: Run, side: SideName) -> _Part:
    positions = run.loaded.adapter.positions
    if isinstance(positions, Missing):
        return _Part((padding_panel(run, side),), sentence_for(positions.error))
    return _Part(learned_panels(run, side), learned_text(run))
