"""Settings of pages: kept, checked, carried by a link."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from ui.links import decode, encode
from ui.state import View


def script() -> None:
    import streamlit as st

    from ui.options import choose_option, number_option, option, switch_option
    from ui.state import View, is_restored

    if not is_restored():
        st.session_state["view"] = View(
            options={"attention-head": "h99", "attention-count": "x", "fields-a": "1"}
        )
    head = choose_option(
        st.selectbox, "head", {"h1": "one", "h2": "two"}, name="attention-head", default="h2"
    )
    count = number_option(st.slider, "count", 1, 9, name="attention-count", default=4)
    marked = switch_option("marked", name="attention-marked", default=True)
    kept = option("fields-a", ("1", "2"), "2")
    st.text(f"{head} {count} {marked} {kept}")


def opened() -> AppTest:
    return AppTest.from_function(script, default_timeout=30).run()


def test_what_a_page_cannot_use_gives_way_to_the_default() -> None:
    page = opened()
    assert page.text[0].value == "h2 4 True 1"
    assert page.session_state["view"].options == {
        "attention-head": "h2",
        "attention-count": "4",
        "attention-marked": "on",
        "fields-a": "1",
    }


def test_what_a_person_chooses_is_kept() -> None:
    page = opened()
    page.selectbox(key="attention-head").set_value("h1")
    page.slider(key="attention-count").set_value(7)
    page.toggle(key="attention-marked").set_value(False)
    page.run()
    assert page.text[0].value == "h1 7 False 1"


def test_a_link_carries_the_settings_of_its_own_page() -> None:
    view = View(options={"attention-head": "h1", "fields-scale": "log"})
    assert "attention-head" not in encode(view)
    query = encode(view, "attention")
    assert query["attention-head"] == "h1"
    assert "fields-scale" not in query
    # What the other page was set to is still known to this session, and unknown to a new one.
    assert decode(query, view).options == view.options
    assert decode(query, View()).options == {"attention-head": "h1"}


def test_an_address_cannot_store_what_is_no_setting() -> None:
    query = {"attention-head": "h" * 301, "attention-" + "x" * 60: "1", "stranger": "1", "fields-a": "1"}
    assert decode(query, View()).options == {"fields-a": "1"}
