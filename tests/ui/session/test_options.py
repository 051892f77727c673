"""Settings of pages: declared once, kept, checked, carried by a link."""

from __future__ import annotations

from collections import Counter

import pytest
from streamlit.testing.v1 import AppTest

from ui.explore.attention.settings import DIRECTION, KEY
from ui.explore.fields.settings import SCALE
from ui.session.links import decode, encode
from ui.session.options import option, set_option
from ui.session.pages import EXPLORE, owns
from ui.session.schema import SETTINGS, accepted
from ui.session.settings import Number
from ui.session.short_links import PICTURES, TABLES
from ui.session.state import View


def script() -> None:
    import streamlit as st

    from ui.explore.activation.settings import SIGNED, WINDOW
    from ui.explore.attention.settings import RESIDUAL, SHOW
    from ui.explore.patches.settings import SIDE
    from ui.session.options import choose_number, choose_number_between, choose_option, choose_switch, option
    from ui.session.state import View, is_restored

    if not is_restored():
        st.session_state["view"] = View(
            options={
                "attention-left-show": "h99",
                "attention-residual": "x",
                "activation-window": "16",
                "patches-side": "9" * 5000,
            }
        )
    head = choose_option(st.selectbox, "head", {"h1": "one", "h2": "two"}, SHOW["left"], default="h2")
    share = choose_number(st.slider, "share", RESIDUAL)
    side = choose_number_between(st.slider, "side", SIDE, 4, 64, default=14)
    marked = choose_switch("marked", SIGNED)
    st.text(f"{head} {share} {side} {marked} {option(WINDOW)}")


def opened() -> AppTest:
    return AppTest.from_function(script, default_timeout=30).run()


def test_what_a_page_cannot_use_gives_way_to_the_default() -> None:
    page = opened()
    assert page.text[0].value == "h2 50 14 False 16"
    assert page.session_state["view"].options == {
        "attention-left-show": "h2",
        "attention-residual": "50",
        "patches-side": "14",
        "activation-signed": "off",
        "activation-window": "16",
    }


def test_what_a_person_chooses_is_kept() -> None:
    page = opened()
    page.selectbox(key="attention-left-show").set_value("h1")
    page.slider(key="attention-residual").set_value(7)
    page.slider(key="patches-side").set_value(16)
    page.toggle(key="activation-signed").set_value(True)
    page.run()
    assert page.text[0].value == "h1 7 16 True 16"


def test_our_own_code_cannot_choose_what_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamlit.session_state", {"view": View()})
    with pytest.raises(ValueError, match="attention-direction cannot be 'too'"):
        set_option(DIRECTION, "too")
    with pytest.raises(ValueError, match="attention-key"):
        option(KEY)
    assert option(KEY, ["auto", "p3"]) == "auto"
    set_option(KEY, "p3")
    assert option(KEY, ["auto", "p3"]) == "p3"


def test_every_setting_belongs_to_a_page_and_begins_as_something_that_it_can_be() -> None:
    for name, setting in SETTINGS.items():
        assert sum(owns(page, name) for page in EXPLORE) == 1, name
        assert len(name) <= 48
        assert setting.default is None or setting.accepts(setting.default), name
        assert max(Counter(setting.choices).values(), default=1) == 1, name
        if isinstance(setting, Number):
            assert setting.choices == tuple(str(each) for each in range(setting.low, setting.high + 1))
    assert {page for page in EXPLORE for name in SETTINGS if owns(page, name)} == set(EXPLORE)


def test_what_links_have_carried_is_still_a_setting() -> None:
    tables = [*TABLES.values(), *(table for version in PICTURES.values() for table in version.values())]
    carried = [(name, value) for table in tables for name, value in table.items()]
    settings = [(name, value) for name, value in carried if any(owns(page, name) for page in EXPLORE)]
    assert len(settings) > 100
    assert [each for each in settings if not accepted(*each)] == []


def test_a_link_carries_the_settings_of_its_own_page() -> None:
    view = View(options={KEY.name: "p3", SCALE.name: "common"})
    assert KEY.name not in encode(view)
    query = encode(view, "attention")
    assert query[KEY.name] == "p3"
    assert SCALE.name not in query
    # What the other page was set to is still known to this session, and unknown to a new one.
    assert decode(query, view).options == view.options
    assert decode(query, View()).options == {KEY.name: "p3"}


def test_an_address_cannot_store_what_is_no_setting() -> None:
    query = {
        "attention-key": "p" * 301,
        "attention-unheard-of": "1",
        "attention-direction": "up",
        "stranger": "1",
        "fields-scale": "common",
    }
    assert decode(query, View()).options == {"fields-scale": "common"}
