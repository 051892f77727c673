"""What a visitor has chosen: one frozen value in the session."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from models.pictures.gallery import SAMPLES
from tests.conftest import Picture
from ui.session import state
from ui.session.state import AUTO, OWN, Side, View


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A session without a server."""
    values: dict[str, Any] = {"view": View()}
    monkeypatch.setattr("streamlit.session_state", values)
    return values


def test_the_first_view_is_a_finished_comparison() -> None:
    first = View()
    assert first.picture == SAMPLES[0].id
    assert first.point == SAMPLES[0].focus
    assert [first.side(side).network for side in state.SIDES] == ["resnet18_distilled", "vit_s_14_classroom"]
    assert first.target == AUTO


def test_a_view_cannot_be_changed_in_place() -> None:
    with pytest.raises(FrozenInstanceError):
        View().depth = 0.1  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        View().left.layer = "maxpool"  # type: ignore[misc]


def test_a_change_keeps_the_rest() -> None:
    before = state.view()
    state.change(depth=0.25, query="point")
    assert state.view() == View(depth=0.25, query="point")
    assert before == View()
    state.change(depth=before.depth, query=before.query)
    assert state.view() == before


def test_one_side_changes_alone() -> None:
    state.change_side("right", network="vit_b_32_untrained", layer="", show="")
    state.change_side("left", layer="layer2.0")
    assert state.view().left == Side("resnet18_distilled", "layer2.0")
    assert state.view().right == Side("vit_b_32_untrained")


def test_an_unknown_choice_is_an_error() -> None:
    with pytest.raises(TypeError):
        state.change(colour="blue")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.id)
def test_a_sample_brings_its_point_and_no_class(sample: Any) -> None:
    state.change(target="classroom.17", depth=0.5)
    state.choose_picture(sample.id)
    assert state.view() == View(picture=sample.id, point=sample.focus, target=AUTO, depth=0.5)


def test_an_own_picture_is_kept_in_the_session_alone(make_picture: Picture) -> None:
    assert state.own_picture() is None
    picture = make_picture(60, 40)
    state.keep_own_picture(picture)
    assert state.own_picture() is picture
    assert (state.view().picture, state.view().point) == (OWN, (0.5, 0.5))
    state.choose_picture(SAMPLES[0].id)
    assert state.own_picture() is picture
    assert not any(picture is value for value in vars(state.view()).values())
