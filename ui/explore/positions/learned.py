"""What was learned: every position vector compared with all others, facing what padding tells."""

from __future__ import annotations

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


@row
def show_learned() -> None:
    """Draw the row: tiles and the tile at the point, or the share of padding."""
    pair = runs()
    heading(t("positions.learned.title"), t("positions.learned.text"))
    drawn = [_panels(run, side) for run, side in zip(pair, SIDES, strict=True)]
    panels = tuple(panel for part in drawn for panel in part)
    show_board("learned", panels, columns=3 if len(panels) == 3 else 2, controls=())
    for column, run in network_columns(pair):
        column.markdown(_text(run))


def _panels(run: Run, side: SideName) -> tuple[Panel, ...]:
    if isinstance(run.loaded.adapter.positions, Missing):
        return (padding_panel(run, side),)
    return learned_panels(run, side)


def _text(run: Run) -> str:
    positions = run.loaded.adapter.positions
    return sentence_for(positions.error) if isinstance(positions, Missing) else learned_text(run)
